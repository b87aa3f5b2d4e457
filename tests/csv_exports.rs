//! CSV files as Windows, Excel, PowerShell and SAP write them.

use rollcall_connectors::file::TextEncoding;
use rollcall_model::attributes::Attribute;
use rollcall_model::people::PeopleTable;

use crate::csv_file::CsvFixture;
use crate::support::external_ids;

const HEADER: &str = "employee_id;work_email;full_name;department";
const ADA: &str = "1;ada@corp.example;Ada Lovelace;Sales";
const EMMY: &str = "2;emmy@corp.example;Emmy Noether;Research";

const LINE_BREAKS: [&str; 3] = ["\n", "\r\n", "\r"];

/// Lines with a line break after each.
fn lines(lines: &[&str], end: &str) -> String {
    lines.iter().map(|line| format!("{line}{end}")).collect()
}

/// The warnings of a reading: subjects and messages.
fn set_aside(people: &PeopleTable) -> Vec<(String, String)> {
    people.set_aside_problems().map(|problem| (problem.subject, problem.message)).collect()
}

/// Rows of delimiters, blanks and empty quotes are no records: not above the people, not among them, not below.
#[tokio::test]
async fn rows_without_text_are_no_records() {
    for end in LINE_BREAKS {
        for empty in [";;;", ";;;;;;", ";", " ; ;\u{a0};\t", "\"\";\"\";\"\";\"\"", "=\"\";;;"] {
            let mut rows = vec![";;;", HEADER, empty, ADA, empty, "", EMMY];
            rows.extend([empty; 30]);
            let people = CsvFixture::of(lines(&rows, end)).people().await;
            assert_eq!(
                (external_ids(&people), people.set_aside()),
                (vec!["1".into(), "2".into()], 0),
                "{empty:?}"
            );
        }
        let only_empty = CsvFixture::of(lines(&[HEADER, ";;;", ";;;"], end)).told().await;
        assert_eq!(only_empty, ("incomplete", "the file contains no people".to_owned()));
    }
}

/// Every message names the line of its row as an editor counts, with LF, CRLF and CR, below blank lines and below
/// values on several lines.
#[tokio::test]
async fn messages_name_the_line_of_their_row() {
    let wrong: [(&[u8], &str); 5] = [
        (b"2;b@corp.example;B;Sales;", "line {} has 5 fields, but the header has 4"),
        (b"2;b@corp.example;B", "line {} has 3 fields, but the header has 4"),
        (b"2;b@corp.example;J\xf6rg;Sales", "line {} is not UTF-8"),
        (b"2;b@corp.example;J\"rg\";Sales", "line {}: quote inside an unquoted field: "),
        (b"2;b@corp.example;\"B;Sales", "line {}: the quote that starts here is not closed"),
    ];
    for end in LINE_BREAKS {
        let name = format!("3;c@corp.example;\"Carl{end}{end}Friedrich\";Sales");
        for (above, line) in
            [(&[HEADER, ADA][..], 3), (&["", "", HEADER, "", ADA, ""], 7), (&[HEADER, &name, ADA, ";;;"], 7)]
        {
            let above = lines(above, end);
            for (row, message) in wrong {
                let content = [above.as_bytes(), row, end.as_bytes()].concat();
                let (kind, told) = CsvFixture::of(content).told().await;
                let expected = message.replace("{}", &line.to_string());
                assert_eq!(
                    (kind, told.starts_with(&expected)),
                    ("bad_file", true),
                    "{end:?}: {told}, {expected}"
                );
            }
            let no_id = CsvFixture::of(above + ";b@corp.example;B;Sales" + end).people().await;
            assert_eq!(set_aside(&no_id)[0].0, format!("line {line}"), "{end:?}");
        }
        let split =
            [HEADER.as_bytes(), end.as_bytes(), b"4;d;\"D", end.as_bytes(), b"\xf6\";x", end.as_bytes()];
        let (_, told) = CsvFixture::of(split.concat()).told().await;
        assert_eq!(told, "line 3 is not UTF-8", "{end:?}");
    }
}

/// A file with a mark is read whatever its encoding, and one without a mark in the encoding of the settings.
#[tokio::test]
async fn files_of_windows_are_read_in_their_encoding() {
    let text = lines(&[HEADER, "1;ada@corp.example;Zoë Müller;Größe", EMMY], "\r\n");
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(c).expect("of Latin-1")).collect();
    let marked = format!("\u{feff}{text}");
    for (content, encoding) in [
        (marked.clone().into_bytes(), TextEncoding::Utf8),
        (utf16(&marked), TextEncoding::Utf8),
        (utf16(&marked), TextEncoding::Windows1252),
        (utf16(&text), TextEncoding::Utf16),
        (latin.clone(), TextEncoding::Windows1252),
    ] {
        let fixture = CsvFixture::of(&content).set(|settings| settings.file.encoding = encoding);
        let people = fixture.people().await;
        assert_eq!(people.first(0, Attribute::NAME), "Zoë Müller", "{encoding:?}");
        let cut = &content[..content.len() - if encoding == TextEncoding::Windows1252 { 9 } else { 12 }];
        let cut = CsvFixture::of(cut).set(|settings| settings.file.encoding = encoding).read().await;
        assert!(cut.is_err(), "a truncated file, {encoding:?}");
    }
    let error = CsvFixture::of(latin).read().await.expect_err("not UTF-8");
    assert!(error.hint().is_some_and(|hint| hint.contains("`encoding`")), "{:?}", error.hint());
    let odd = CsvFixture::of([utf16(&marked), vec![b'x']].concat()).told().await;
    assert_eq!(odd, ("bad_file", "line 4 is not UTF-16".to_owned()));
}

/// A row in UTF-16 has the same bound as in UTF-8.
#[tokio::test]
async fn bound_on_rows_holds_in_every_encoding() {
    let row = format!("{HEADER}\n9;{}", "a".repeat(17 << 20));
    let content: Vec<u8> = format!("\u{feff}{row}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let error = CsvFixture::of(content).read().await.expect_err("a row too large");
    assert_eq!(error.kind(), "limit_exceeded");
    assert!(error.to_string().contains("the row at line 2 exceeds"), "{error}");
}

/// The separator of lists divides skills, never a name, an address, a date or a status.
#[tokio::test]
async fn list_separator_does_not_divide_names_and_addresses() {
    for mark in [",", "-", ";"] {
        let name = format!("\"M\u{fc}ller{mark} J\u{f6}rg\"");
        let mail = "jean-luc@corp.example";
        let content = lines(&[HEADER, &format!("A-1;{mail};{name};\"Sales{mark}HR\"")], "\n");
        let people = CsvFixture::of(content)
            .set(|settings| settings.list_separator = Some(mark.to_owned()))
            .people()
            .await;
        assert_eq!(external_ids(&people), ["A-1"]);
        assert_eq!(people.first(0, Attribute::EMAIL), mail);
        let all =
            |attribute| people.values.all(people.cell(0, attribute)).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(all(Attribute::NAME), [format!("M\u{fc}ller{mark} J\u{f6}rg")]);
        assert_eq!(all(Attribute::DEPARTMENT), ["HR", "Sales"]);
    }
}

/// An attribute with a separator of its own is divided by it alone.
#[tokio::test]
async fn attribute_has_its_own_list_separator() {
    let content = lines(&[HEADER, "1;a@corp.example;Ada;Sales, North/HR"], "\n");
    let people = CsvFixture::of(content)
        .set(|settings| {
            settings.list_separator = Some(",".to_owned());
            settings.list_separators.insert(Attribute::DEPARTMENT, "/".to_owned());
        })
        .people()
        .await;
    let departments: Vec<&str> = people.values.all(people.cell(0, Attribute::DEPARTMENT)).collect();
    assert_eq!(departments, ["HR", "Sales, North"]);
}

/// `sep=` of Excel and `#TYPE` of PowerShell are no header, and a repeated header is no record.
#[tokio::test]
async fn lines_that_describe_the_file_are_understood() {
    for end in LINE_BREAKS {
        for above in [
            &["sep=;"][..],
            &["\"sep=;\""],
            &["#TYPE Corp.Export.User"],
            &["\"#TYPE X\"", "sep=;"],
            &["", ";;;"],
        ] {
            let rows = [above, &[HEADER, ADA, HEADER, EMMY]].concat();
            let people = CsvFixture::of(lines(&rows, end)).people().await;
            assert_eq!(external_ids(&people), ["1", "2"], "{above:?}");
        }
    }
    let tabs = lines(&["sep=\t", HEADER, ADA], "\r\n").replace(';', "\t");
    assert_eq!(external_ids(&CsvFixture::of(tabs).people().await), ["1"]);
}

/// A title above the header is named with its line and with the setting that skips it.
#[tokio::test]
async fn title_above_the_header_is_named_or_skipped() {
    for end in LINE_BREAKS {
        for (title, header) in [(&["All active workers, 28 November", ""][..], 3), (&["Report;;;"], 2)] {
            let content = lines(&[title, &[HEADER, ADA, EMMY]].concat(), end);
            let fixture = CsvFixture::of(content);
            let error = fixture.read().await.expect_err("not the header");
            let told = error.to_string();
            let expected =
                format!("line 1, `{}`, is not the header: the mapped columns are in line {header}", title[0]);
            assert!(told.ends_with(&expected), "{told}");
            assert_eq!(error.hint().as_deref(), Some(format!("set `skip_lines = {}`", header - 1).as_str()));
            let skipped = fixture.set(|settings| settings.skip_lines = header - 1).people().await;
            assert_eq!(external_ids(&skipped), ["1", "2"]);
        }
    }
    let beyond =
        CsvFixture::of(lines(&[HEADER, ADA], "\n")).set(|settings| settings.skip_lines = 2).told().await;
    assert_eq!(beyond, ("bad_header", "the file has no header: there is no text from line 3 on".to_owned()));
}

/// A line of totals makes no person; a person of that id is neither read nor absent.
#[tokio::test]
async fn totals_below_the_people_are_set_aside_with_their_line() {
    for total in ["TOTAL;;;", "Total: 2;;;", "Summe;;;2", "=\"Total\";;;", "\"Rows: 2\";\" \";;"] {
        let people = CsvFixture::of(lines(&[HEADER, ADA, EMMY, "", total], "\r\n")).people().await;
        assert_eq!(external_ids(&people), ["1", "2"]);
        let (line, message) = set_aside(&people).remove(0);
        assert_eq!(line, "line 5");
        assert!(message.ends_with("has neither an address nor a name: set aside"), "{message}");
    }
    let known = CsvFixture::of(lines(&[HEADER, ADA, "2;;;"], "\n")).people().await;
    assert!(known.is_set_aside("2") && known.row("2").is_none());
    let told = CsvFixture::of(lines(&[HEADER, ADA, "2 rows", ADA], "\n")).told().await;
    assert_eq!(told.1, "line 3 has 1 fields, but the header has 4");
}

/// `="00123"` is 00123, quoted or not, in every column.
#[tokio::test]
async fn formulas_that_keep_zeros_are_their_text() {
    for row in [
        "=\"00123\";=\"ada@corp.example\";=\"Ada\";=\"0042\"",
        "\"=\"\"00123\"\"\";\"=\"\"ada@corp.example\"\"\";\"=\"\"Ada\"\"\";\"=\"\"0042\"\"\"",
    ] {
        let people = CsvFixture::of(lines(&[HEADER, row], "\r\n")).people().await;
        assert_eq!(external_ids(&people), ["00123"]);
        let first = |attribute| people.first(0, attribute);
        assert_eq!(
            [Attribute::EMAIL, Attribute::NAME, Attribute::DEPARTMENT].map(first),
            ["ada@corp.example", "Ada", "0042"]
        );
    }
    let (kind, told) = CsvFixture::of(lines(&[HEADER, "=\"1\"2;a;b;c"], "\n")).told().await;
    assert_eq!((kind, told.starts_with("line 2: quote")), ("bad_file", true), "{told}");
}

/// Delimiters at the end of the header and of each row are columns without a name.
#[tokio::test]
async fn delimiters_at_the_end_of_header_and_rows_are_accepted() {
    let rows = [HEADER, ADA, EMMY].map(|row| format!("{row};;"));
    let people = CsvFixture::of(lines(&rows.each_ref().map(String::as_str), "\r\n")).people().await;
    assert_eq!(external_ids(&people), ["1", "2"]);
}

/// A workbook or an archive is named as such, with what to do.
#[tokio::test]
async fn workbook_is_named_and_not_parsed() {
    for (first, expected) in [
        (
            &b"PK\x03\x04\x14\x00\x06\x00"[..],
            "this is an Excel workbook (.xlsx) or another ZIP archive, not a text file",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "this is an Excel workbook (.xls), not a text file"),
    ] {
        let fixture = CsvFixture::of([first, &[0; 600]].concat());
        assert_eq!(fixture.told().await, ("bad_file", expected.to_owned()));
        let error = fixture.read().await.expect_err("not text");
        assert!(error.hint().is_some_and(|hint| hint.contains("save it as CSV")), "{:?}", error.hint());
    }
}

/// A word for a total in place of the id makes no person, whatever its count stands under; a person of that name does.
#[tokio::test]
async fn row_of_totals_with_a_count_is_set_aside() {
    for total in ["Summe;;400;", "Gesamt: 2;;2;x", "2 records;;2;"] {
        let people = CsvFixture::of(lines(&[HEADER, ADA, EMMY, total], "\r\n")).people().await;
        assert_eq!(external_ids(&people), ["1", "2"], "{total}");
        let (line, message) = set_aside(&people).remove(0);
        assert_eq!(line, "line 4");
        assert!(message.ends_with("is a row of totals, not a person: set aside"), "{message}");
    }
    for person in ["Summe;sum@corp.example;Sum;", "4711;;400;", "Sumner;;Sumner;"] {
        let people = CsvFixture::of(lines(&[HEADER, ADA, person], "\r\n")).people().await;
        assert_eq!(people.len(), 2, "{person}");
    }
}

/// A header that `skip_lines` skips is found, and a file without a header shows nobody in the message.
#[tokio::test]
async fn missing_header_is_told_without_a_person() {
    for end in LINE_BREAKS {
        let content = lines(&["Report", HEADER, ADA, EMMY], end);
        let error = CsvFixture::of(content).set(|settings| settings.skip_lines = 2).error().await;
        let told = "the mapped columns are in line 2, which `skip_lines` skips";
        assert!(error.to_string().ends_with(told), "{error}");
        assert_eq!(error.hint().as_deref(), Some("set `skip_lines = 1`"));
        let error = CsvFixture::of(lines(&[ADA, EMMY], end)).error().await;
        assert!(error.to_string().contains("line 1 is not a header"), "{error}");
        assert!(!error.to_string().contains("ada@corp.example"), "{error}");
    }
}
