//! Import of courses from CSV (RFC 4180) with the columns `code` and `title`, in UTF-8.
//!
//! The columns may be in any order, and other columns are ignored. Semicolons or tabs may replace the commas, as
//! spreadsheets of some countries write them. All errors are reported at once, each with its line.

use std::collections::HashMap;
use std::fmt;

use rollcall_model::format::count;
use rollcall_model::names::fold;

/// Maximum length of a code or title in characters, which an index of the database can hold.
const MAX_CHARS: usize = 500;

/// Maximum number of errors that a message lists; the rest is counted.
const MAX_LISTED_ERRORS: usize = 10;

/// A course of the imported file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ImportRow {
    /// Line number, from 1.
    pub at: u64,
    /// The code.
    pub code: String,
    /// The title.
    pub title: String,
}

/// An error in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportError {
    /// Line number, from 1.
    pub line: u64,
    /// Description of the error.
    pub why: String,
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

/// Formats the first errors and counts the rest.
pub(super) fn format_errors(mistakes: &[ImportError]) -> String {
    let mut parts: Vec<String> =
        mistakes.iter().take(MAX_LISTED_ERRORS).map(ImportError::to_string).collect();
    if let Some(more) = mistakes.len().checked_sub(MAX_LISTED_ERRORS).filter(|more| *more > 0) {
        parts.push(format!("and {}", count(more as u64, "more", "more")));
    }
    parts.join("; ")
}

fn single_error(line: u64, why: impl Into<String>) -> Vec<ImportError> {
    vec![ImportError { line, why: why.into() }]
}

/// Parses the file, or returns all its errors.
pub(super) fn parse_courses(bytes: &[u8]) -> Result<Vec<ImportRow>, Vec<ImportError>> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n');
        single_error(before.count() as u64 + 1, "the text is not valid UTF-8")
    })?;
    let text = text.trim_start_matches('\u{feff}');
    let first = text.lines().next().unwrap_or_default();
    let delimiter = [',', ';', '\t'].into_iter().find(|one| first.contains(*one)).unwrap_or(',');
    let mut reader = csv::ReaderBuilder::new();
    let reader = reader.delimiter(delimiter as u8).flexible(true);
    let mut reader = reader.from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| single_error(1, error.to_string()))?.clone();
    let column = |name: &str| header.iter().position(|field| field.trim().eq_ignore_ascii_case(name));
    let missing = |name: &str| {
        single_error(1, format!("column `{name}` is missing: the first line must be `code,title`"))
    };
    let code = column("code").ok_or_else(|| missing("code"))?;
    let title = column("title").ok_or_else(|| missing("title"))?;
    let (mut lines, mut mistakes) = (Vec::<ImportRow>::new(), Vec::new());
    let mut known: HashMap<String, usize> = HashMap::new();
    let (mut counted, mut at) = (0, 1);
    for record in reader.records() {
        let record = record.map_err(|error| single_error(1, error.to_string()))?;
        // The reader counts a line break of two characters to the record behind it.
        let begin = record.position().and_then(|place| usize::try_from(place.byte()).ok()).unwrap_or(counted);
        let breaks = text[begin..].bytes().take_while(|byte| b"\r\n".contains(byte)).count();
        at += text[counted..begin + breaks].matches('\n').count() as u64;
        counted = begin + breaks;
        let field = |at: usize| record.get(at).unwrap_or_default().trim().to_owned();
        let line = ImportRow { at, code: field(code), title: field(title) };
        let twin = known.get(&fold(&line.code)).and_then(|at| lines.get(*at));
        match check_row(&record, header.len(), &line, twin) {
            Some(why) => mistakes.push(ImportError { line: at, why }),
            None if twin.is_some() => {}
            None => {
                known.insert(fold(&line.code), lines.len());
                lines.push(line);
            }
        }
    }
    if mistakes.is_empty() { Ok(lines) } else { Err(mistakes) }
}

/// Returns the error of a line, if any; `twin` is an earlier line with the same code.
fn check_row(
    record: &csv::StringRecord,
    columns: usize,
    line: &ImportRow,
    twin: Option<&ImportRow>,
) -> Option<String> {
    let texts = [&line.code, &line.title];
    if record.len() != columns {
        let fields = count(record.len() as u64, "field", "fields");
        return Some(format!("{fields} instead of {columns}: put titles that contain commas in quotes"));
    }
    if texts.iter().any(|text| text.is_empty()) {
        return Some("a course must have a code and a title".to_owned());
    }
    if texts.iter().any(|text| text.chars().count() > MAX_CHARS) {
        return Some(format!("a code or a title must have at most {MAX_CHARS} characters"));
    }
    if texts.iter().any(|text| text.contains('\0')) {
        return Some("a code or a title must not contain the character U+0000".to_owned());
    }
    let other = twin.filter(|twin| twin.title != line.title)?;
    Some(format!("`{}` has another title on line {}", line.code, other.at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> Vec<String> {
        parse_courses(text.as_bytes()).expect_err("a mistake").iter().map(ImportError::to_string).collect()
    }

    #[test]
    fn a_sheet_reads_as_whatever_a_spreadsheet_makes_of_it() {
        let sheets = [
            "code,title\nGDPR-101,\"Data, protected\"\n",
            "\u{feff}Code;Title;Owner\r\nGDPR-101;Data, protected;Ada\r\n\r\n",
            "title\tcode\nData, protected\t GDPR-101 \ngdpr-101\tgdpr-101\n",
        ];
        for sheet in &sheets[..2] {
            let lines = parse_courses(sheet.as_bytes()).expect("a sheet");
            let expected =
                ImportRow { at: 2, code: "GDPR-101".to_owned(), title: "Data, protected".to_owned() };
            assert_eq!(lines, [expected], "{sheet}");
        }
        assert_eq!(mistakes(sheets[2]), ["line 3: `gdpr-101` has another title on line 2"]);
        assert_eq!(parse_courses(b"code,title\n").expect("a sheet"), []);
        assert_eq!(
            parse_courses(b"code,title\nA,B\na,B\n").expect("a sheet").len(),
            1,
            "said twice is said once"
        );
    }

    #[test]
    fn every_mistake_is_named_by_its_line() {
        let header = "column `code` is missing: the first line must be `code,title`";
        assert_eq!(mistakes(""), [format!("line 1: {header}")]);
        assert_eq!(mistakes("GDPR,Data protection\n"), [format!("line 1: {header}")]);
        let found = mistakes("code,title\nA,\nB,\"two\nlines\"\nC,one,two\n,\n");
        assert_eq!(
            found,
            [
                "line 2: a course must have a code and a title",
                "line 5: 3 fields instead of 2: put titles that contain commas in quotes",
                "line 6: a course must have a code and a title",
            ]
        );
        assert_eq!(mistakes(&format!("code,title\nA,{}\n", "x".repeat(501))).len(), 1);
        assert_eq!(
            mistakes("code,title\nA,a\0b\n"),
            ["line 2: a code or a title must not contain the character U+0000"]
        );
        assert_eq!(
            mistakes("code,title\r\n\r\nA,B\r\nC,\r\n"),
            ["line 4: a course must have a code and a title"]
        );
        let latin = parse_courses(b"code,title\nA,B\nC,Caf\xe9\n").expect_err("no UTF-8");
        assert_eq!(latin[0].to_string(), "line 3: the text is not valid UTF-8");
        let many: Vec<ImportError> = (2..15).flat_map(|line| single_error(line, "x")).collect();
        assert!(format_errors(&many).ends_with("line 11: x; and 3 more"), "{}", format_errors(&many));
    }
}
