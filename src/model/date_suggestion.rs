//! The formats in which texts would be dates, for a message about dates that cannot be read.

use chrono::Datelike;
use chrono_tz::Tz;

use crate::source_date::{DateFormat, SourceDate, YEARS, read_pattern};

/// Patterns that sources use.
const PATTERNS: [&str; 22] = [
    "%d.%m.%Y",
    "%d.%m.%y",
    "%m.%d.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d-%m-%y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %B %Y",
    "%B %d, %Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
];

/// The days that spreadsheets count from 1927 to 2119. Smaller and larger numbers are no days of a job.
const EXCEL_DAYS: std::ops::RangeInclusive<u32> = 10_000..=80_000;

/// Returns the formats in which all texts would be dates, except the one that is set.
#[must_use]
pub fn suggest_formats(texts: &[String], set: &DateFormat) -> Vec<&'static str> {
    let mut formats: Vec<&'static str> = ["excel", "unix", "filetime"].into_iter().chain(PATTERNS).collect();
    formats.retain(|format| *format != set.text());
    // Words such as `unbefristet` stand beside dates of any format.
    let has_digits = |text: &&String| text.bytes().any(|byte| byte.is_ascii_digit());
    let mut is_known = false;
    for text in texts.iter().filter(has_digits) {
        is_known = true;
        formats.retain(|format| fits(text.trim(), format));
    }
    if is_known { formats } else { Vec::new() }
}

fn fits(text: &str, format: &str) -> bool {
    let whole = text.split(['.', ',']).next().unwrap_or_default();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match format {
        "excel" => {
            let is_count = DateFormat::ExcelDays.read(text, Tz::UTC) != SourceDate::Unreadable;
            is_count && whole.parse().is_ok_and(|days| EXCEL_DAYS.contains(&days))
        }
        "unix" => is_number && (9..=11).contains(&text.len()),
        "filetime" => is_number && (17..=19).contains(&text.len()),
        pattern => read_pattern(text, pattern, Tz::UTC).is_some_and(|day| YEARS.contains(&day.year())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggest(texts: &[&str], set: &str) -> Vec<&'static str> {
        let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
        let set = DateFormat::parse(set).unwrap_or_default();
        suggest_formats(&texts, &set)
    }

    #[test]
    fn formats_are_those_of_all_texts() {
        for (texts, formats) in [
            (&["31.12.2026"][..], &["%d.%m.%Y"][..]),
            (&["05/06/2026"], &["%d/%m/%Y", "%m/%d/%Y"]),
            (&["05/06/2026", "01/14/2010"], &["%m/%d/%Y"]),
            (&["01.14.2010", "02.01.2010"], &["%m.%d.%Y"]),
            (&["1/14/10", "12/1/10"], &["%m/%d/%y"]),
            (&["14/1/10"], &["%d/%m/%y"]),
            (&["01.02.2010 00:00:00"], &["%d.%m.%Y %H:%M:%S"]),
            (&["30-Jun-2021"], &["%d-%b-%Y"]),
            (&["40179", "40192.5"], &["excel"]),
            (&["1782858600"], &["unix"]),
            (&["133800000000000000"], &["filetime"]),
            (&["unbefristet", "31.12.2026"], &["%d.%m.%Y"]),
            (&["soon"], &[]),
            (&[], &[]),
        ] {
            assert_eq!(suggest(texts, ""), formats, "{texts:?}");
        }
    }

    #[test]
    fn format_that_is_set_is_not_suggested() {
        assert_eq!(suggest(&["05/06/2026"], "%d/%m/%Y"), ["%m/%d/%Y"]);
        assert!(suggest(&["31.12.2026"], "%d.%m.%Y").is_empty());
    }
}
