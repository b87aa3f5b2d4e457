//! Dates in the names of files.

use std::sync::LazyLock;

use chrono::{NaiveDate, NaiveDateTime};
use regex::{Captures, Regex};

/// Year, month and day in this order with four, two and two digits, and a time behind them: other orders have several
/// meanings.
static DATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?:^|[^0-9])([0-9]{4})(?:-([0-9]{2})-|_([0-9]{2})_|\.([0-9]{2})\.|([0-9]{2}))([0-9]{2})",
        r"(?:[T_. -]?([0-9]{2})[-_.h]?([0-9]{2})(?:[-_.m]?([0-9]{2}))?)?(?:[^0-9]|$)"
    ))
    .ok()
});

/// The first and last year that digits in a name can mean.
const YEARS: std::ops::RangeInclusive<i32> = 1990..=2199;

/// The date in a text; `None` if there is none, or there are several.
pub(super) fn find_date(text: &str) -> Option<NaiveDateTime> {
    let expression = DATE.as_ref()?;
    let (mut date, mut from) = (None, 0);
    while let Some(found) = expression.captures_at(text, from) {
        // What stands behind the day may be a time, or the boundary before another date.
        from = found.get(6)?.end();
        if let Some(another) = date_of(&found) {
            if date.is_some() {
                return None;
            }
            date = Some(another);
        }
    }
    date
}

fn date_of(found: &Captures<'_>) -> Option<NaiveDateTime> {
    let number = |group: usize| found.get(group).and_then(|text| text.as_str().parse::<u32>().ok());
    let month = (2..=5).find_map(number)?;
    let year = i32::try_from(number(1)?).ok().filter(|year| YEARS.contains(year))?;
    let time = |group| number(group).unwrap_or_default();
    NaiveDate::from_ymd_opt(year, month, number(6)?)?.and_hms_opt(time(7), time(8), time(9))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_with_the_year_first_are_found() {
        for (text, expected) in [
            ("2026-11-28", "2026-11-28 00:00:00"),
            ("20261128", "2026-11-28 00:00:00"),
            ("hr_2026_11_28_full", "2026-11-28 00:00:00"),
            ("20261128T0215", "2026-11-28 02:15:00"),
            ("2026-11-28_02-15-30", "2026-11-28 02:15:30"),
            ("20261128021530", "2026-11-28 02:15:30"),
        ] {
            assert_eq!(find_date(text).map(|date| date.to_string()).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_no_dates() {
        for text in
            ["", "12", "28-11-2026", "28112026", "20261328", "120261128", "2026112", "2026-11-27 2026-11-28"]
        {
            assert_eq!(find_date(text), None, "{text}");
        }
    }
}
