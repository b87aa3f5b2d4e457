//! Dates as sources write them, and the days that they mean.
//!
//! A day is never guessed: text that can mean two days is unreadable, unless the mapping says how the source writes it.

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::standard_date::{day_of, read_standard};

/// The first and the last year of a date. Other years are typing errors or numbers that are not dates.
pub(crate) const YEARS: std::ops::RangeInclusive<i32> = 1900..=9999;

/// Two digits of a year mean 1950 to 2049, as in certificates (RFC 5280, 4.1.2.5.1). strftime reads these as later years.
const TWO_DIGITS_OF_1900: std::ops::RangeInclusive<i32> = 2050..=2069;

/// Intervals of 100 nanoseconds from 1601, the epoch of Windows, to 1970 (MS-DTYP 2.3.3).
const FILETIME_TO_1970: i64 = 116_444_736_000_000_000;

/// Intervals of 100 nanoseconds in a microsecond.
const FILETIME_MICROSECOND: i64 = 10;

/// `accountExpires` of an account that never expires: the largest number of 63 bits.
const FILETIME_NEVER: i64 = i64::MAX;

/// The instant of a count of 100 nanoseconds since 1601; none if it is too far away.
#[must_use]
pub fn filetime_instant(ticks: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(ticks.checked_sub(FILETIME_TO_1970)?.div_euclid(FILETIME_MICROSECOND))
}

/// The day zero of spreadsheets (ECMA-376 part 1, section 18.17.4.1). It makes up for 1900-02-29, which they count.
const EXCEL_EPOCH: Option<NaiveDate> = NaiveDate::from_ymd_opt(1899, 12, 30);

/// How a source writes the dates of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DateFormat {
    /// The forms of standards: ISO 8601, RFC 3339, xs:date, LDAP's generalized time, OData.
    #[default]
    Standard,
    /// A pattern of strftime, such as `%d.%m.%Y`.
    Pattern(String),
    /// Intervals of 100 nanoseconds since 1601, as Windows counts.
    Filetime,
    /// Seconds since 1970.
    UnixSeconds,
    /// Days since 1899-12-30, as spreadsheets count them; a fraction is the time.
    ExcelDays,
}

/// The meaning of a text that should be a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceDate {
    /// A day.
    Day(NaiveDate),
    /// A value that means that there is no date.
    NoDate,
    /// A text that is not a date in this format.
    Unreadable,
}

impl DateFormat {
    /// Parses the format of the file: `filetime`, `unix`, `excel`, or a pattern that names day, month and year.
    ///
    /// # Errors
    /// The reason why the text is not a format, as the rest of a sentence.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match text {
            "filetime" => return Ok(Self::Filetime),
            "unix" => return Ok(Self::UnixSeconds),
            "excel" => return Ok(Self::ExcelDays),
            _ => {}
        }
        let items: Option<Vec<Item<'_>>> =
            StrftimeItems::new(text).map(|item| (item != Item::Error).then_some(item)).collect();
        if items.is_none() {
            return Err("contains an unknown letter after `%`");
        }
        // A day that is written and read again proves that the pattern names day, month and year.
        let sample = NaiveDate::from_ymd_opt(2033, 11, 25).unwrap_or_default().and_time(NaiveTime::MIN);
        let format = Self::Pattern(text.to_owned());
        let written = sample.and_utc().format(text).to_string();
        if format.read(&written, Tz::UTC) == SourceDate::Day(sample.date()) {
            Ok(format)
        } else {
            Err("does not name day, month and year")
        }
    }

    /// The text in the file; empty for the standard forms.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Standard => "",
            Self::Pattern(pattern) => pattern,
            Self::Filetime => "filetime",
            Self::UnixSeconds => "unix",
            Self::ExcelDays => "excel",
        }
    }

    /// Reads a text. An instant is the day on which it falls in `zone`; an instant at midnight of its own offset is a
    /// day that was written as an instant, and that day.
    #[must_use]
    pub fn read(&self, text: &str, zone: Tz) -> SourceDate {
        let text = text.trim();
        let day = match self {
            Self::Standard => read_standard(text, zone),
            Self::Pattern(pattern) => read_pattern(text, pattern, zone).or_else(|| read_standard(text, zone)),
            Self::Filetime => match text.parse() {
                Ok(0 | FILETIME_NEVER) => return SourceDate::NoDate,
                Ok(ticks) => filetime_instant(ticks).map(|at| day_of(at.fixed_offset(), zone)),
                Err(_) => None,
            },
            Self::UnixSeconds => match text.parse::<i64>() {
                Ok(0) => return SourceDate::NoDate,
                Ok(seconds) => DateTime::from_timestamp(seconds, 0).map(|at| day_of(at.fixed_offset(), zone)),
                Err(_) => None,
            },
            Self::ExcelDays => match read_excel_days(text) {
                Some(0) => return SourceDate::NoDate,
                Some(days) => {
                    EXCEL_EPOCH.and_then(|epoch| epoch.checked_add_signed(TimeDelta::try_days(days)?))
                }
                None => None,
            },
        };
        match day {
            _ if is_placeholder(text) => SourceDate::NoDate,
            Some(day) if is_no_date(day) => SourceDate::NoDate,
            Some(day) if YEARS.contains(&day.year()) => SourceDate::Day(day),
            Some(_) | None => SourceDate::Unreadable,
        }
    }
}

/// Days that systems store where there is no date.
fn is_no_date(day: NaiveDate) -> bool {
    matches!((day.year(), day.month(), day.day()), (1 | 1900, 1, 1) | (9999, 12, 31))
}

/// Zeros in place of a date, as databases and SAP write them: `0000-00-00`, `00.00.0000`, `00000000`, perhaps with a
/// time. Fewer digits than in `00.00.00` are a number.
fn is_placeholder(text: &str) -> bool {
    const FEWEST_DIGITS: usize = 6;
    text.bytes().all(|byte| matches!(byte, b'0' | b'.' | b'-' | b'/' | b':' | b' ' | b'T'))
        && text.bytes().filter(|byte| *byte == b'0').count() >= FEWEST_DIGITS
}

/// The days of a count such as `40179` or `40179.75`.
fn read_excel_days(text: &str) -> Option<i64> {
    let (days, time) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(days) && is_number(time)).then(|| days.parse().ok()).flatten()
}

pub(crate) fn read_pattern(text: &str, pattern: &str, zone: Tz) -> Option<NaiveDate> {
    if let Ok(at) = DateTime::parse_from_str(text, pattern) {
        return Some(day_of(at, zone));
    }
    let with_time = NaiveDateTime::parse_from_str(text, pattern).map(|at| at.date());
    let day = with_time.or_else(|_| NaiveDate::parse_from_str(text, pattern)).ok()?;
    let has_two_digits = pattern.contains("%y") || pattern.contains("%D") || pattern.contains("%x");
    if has_two_digits && TWO_DIGITS_OF_1900.contains(&day.year()) {
        day.with_year(day.year() - 100)
    } else {
        Some(day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u32, day: u32) -> SourceDate {
        SourceDate::Day(NaiveDate::from_ymd_opt(year, month, day).expect("a day"))
    }

    fn read(text: &str) -> SourceDate {
        DateFormat::Standard.read(text, Tz::Europe__Berlin)
    }

    /// A day stands as it is written, whatever offset follows it.
    #[test]
    fn a_bare_day_is_that_day() {
        for text in [
            "2026-12-31",
            " 2026-12-31 ",
            "20261231",
            "2026-12-31Z",
            "2026-12-31-07:00",
            "2026-12-31+14:00",
            "2026-12-31T23:30:00",
            "2026-12-31 23:30",
            "2026-12-31T00:00:00Z",
            "2026-12-31T00:00:00-11:00",
            "20261231000000Z",
            "20261231000000.0Z",
            "/Date(1798675200000)/",
            "/Date(1798675200000+0060)/",
        ] {
            assert_eq!(read(text), day(2026, 12, 31), "{text}");
        }
    }

    /// An instant falls on a day of the connector's zone.
    #[test]
    fn an_instant_is_the_day_in_the_zone() {
        for text in [
            "2026-06-30T22:30:00Z",
            "2026-06-30T22:30:00.123Z",
            "20260630223000Z",
            "202606302230Z",
            "20260630223000.5Z",
            "20260701003000+0200",
            "2026-06-30T17:30:00-05:00",
            "2026-06-30 22:30:00+00:00",
            "/Date(1782858600000)/",
        ] {
            assert_eq!(read(text), day(2026, 7, 1), "{text}");
            assert_eq!(DateFormat::Standard.read(text, Tz::America__New_York), day(2026, 6, 30), "{text}");
        }
    }

    /// Numbers and national forms are never guessed.
    #[test]
    fn ambiguous_text_is_unreadable() {
        for text in [
            "31.12.2026",
            "12/31/2026",
            "30-Jun-2021",
            "2026-13-01",
            "2026-02-30",
            "2026-12-31x",
            "never",
            "2026123",
            "äöüäöü",
            "157101010000000000",
            "2025123100",
            "2012123100000",
            "133800000000000000",
            "1830-01-01",
            "2026-12-31T25:00:00Z",
            "2026-12-31T10:00:00+99:99",
            "20261231120000",
            "+2026-12-1",
            "/Date(x)/",
        ] {
            assert_eq!(read(text), SourceDate::Unreadable, "{text}");
        }
    }

    /// Values of systems that store something where there is no date.
    #[test]
    fn placeholders_mean_no_date() {
        for text in ["1900-01-01", "0001-01-01T00:00:00Z", "9999-12-31", "99991231235959Z", "0000-00-00"] {
            assert_eq!(DateFormat::Standard.read(text, Tz::UTC), SourceDate::NoDate, "{text}");
        }
        for text in ["00.00.0000", "0000-00-00", "00000000", "00/00/0000", "00.00.00", "0000-00-00T00:00:00"]
        {
            for format in ["%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "filetime", "unix", "excel"] {
                let format = DateFormat::parse(format).expect("a format");
                assert_eq!(format.read(text, Tz::UTC), SourceDate::NoDate, "{text} in {format:?}");
            }
        }
        assert_eq!(DateFormat::Standard.read("00:00", Tz::UTC), SourceDate::Unreadable);
        let filetime = |text| DateFormat::Filetime.read(text, Tz::UTC);
        assert_eq!(filetime("0"), SourceDate::NoDate);
        assert_eq!(filetime("9223372036854775807"), SourceDate::NoDate);
        assert_eq!(DateFormat::UnixSeconds.read("0", Tz::UTC), SourceDate::NoDate);
    }

    #[test]
    fn a_format_of_the_mapping_is_read() {
        let read = |format: &str, text: &str| {
            DateFormat::parse(format).expect(format).read(text, Tz::Europe__Berlin)
        };
        assert_eq!(read("%d.%m.%Y", "31.12.2026"), day(2026, 12, 31));
        assert_eq!(read("%d.%m.%Y", "2026-12-31"), day(2026, 12, 31));
        assert_eq!(read("%d-%b-%Y", "30-Jun-2021"), day(2021, 6, 30));
        assert_eq!(read("%m/%d/%Y %H:%M", "12/31/2026 23:30"), day(2026, 12, 31));
        assert_eq!(read("%d.%m.%Y", "12/31/2026"), SourceDate::Unreadable);
        assert_eq!(read("filetime", "133800000000000000"), day(2024, 12, 30));
        assert_eq!(read("filetime", "2024-12-29"), SourceDate::Unreadable);
        assert_eq!(read("unix", "1782858600"), day(2026, 7, 1));
        assert_eq!(read("unix", "99999999999999999"), SourceDate::Unreadable);
        assert_eq!(read("excel", "40179"), day(2010, 1, 1));
        assert_eq!(read("excel", "40179.75"), day(2010, 1, 1));
        assert_eq!(read("excel", "40179,5"), day(2010, 1, 1));
        assert_eq!(read("excel", "61"), day(1900, 3, 1));
        assert_eq!(read("excel", "2958465"), SourceDate::NoDate);
        for text in ["01.01.2010", "-1", "4e4", "99999999999999999999", ""] {
            assert_eq!(read("excel", text), SourceDate::Unreadable, "{text}");
        }
    }

    #[test]
    fn a_format_must_name_day_month_and_year() {
        assert!(DateFormat::parse("%d.%m.").is_err());
        assert!(DateFormat::parse("%Q").is_err());
        assert!(DateFormat::parse("DD.MM.YYYY").is_err());
        assert_eq!(DateFormat::parse("%d.%m.%y"), Ok(DateFormat::Pattern("%d.%m.%y".to_owned())));
    }

    #[test]
    fn two_digits_of_a_year_mean_1950_to_2049() {
        let year = |text: &str| match DateFormat::Pattern("%d.%m.%y".to_owned()).read(text, Tz::UTC) {
            SourceDate::Day(day) => day.year(),
            SourceDate::NoDate | SourceDate::Unreadable => 0,
        };
        let years = ["02.05.68", "29.02.52", "01.01.50", "31.12.49", "31.12.99", "02.05.69"].map(year);
        assert_eq!(years, [1968, 1952, 1950, 2049, 1999, 1969]);
    }
}
