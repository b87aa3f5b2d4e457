//! Bar charts of recent days or hours, rendered as SVG, with their values.

use std::fmt::Display;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use rollcall_model::format::thousands;

/// Width of a bar and height of the chart, in SVG units.
const BAR_STEP: usize = 8;
const CHART_HEIGHT: i64 = 100;

/// Chart with one value per day or shorter interval.
pub(in crate::pages) struct BarChart {
    pub title: &'static str,
    /// Interval of a bar.
    pub each: &'static str,
    /// Description for screen readers.
    pub said: String,
    pub width: usize,
    pub bars: Vec<ChartBar>,
    pub rows: Vec<(String, String)>,
}

/// Bar of a chart.
pub(in crate::pages) struct ChartBar {
    pub x: usize,
    pub y: i64,
    pub height: i64,
}

/// Returns the days up to today, each with its value. Days without data have `None`.
pub(in crate::pages) fn group_by_day<T>(
    all: &[T],
    (today, days, zone): (NaiveDate, i64, Tz),
    at: impl Fn(&T) -> DateTime<Utc>,
    number: impl Fn(&[&T]) -> i64,
) -> Vec<(NaiveDate, Option<i64>)> {
    let first = today - TimeDelta::days(days - 1);
    let day = |one: &T| at(one).with_timezone(&zone).date_naive();
    let of_day = |wanted: NaiveDate| {
        let of: Vec<&T> = all.iter().filter(|one| day(one) == wanted).collect();
        (wanted, (!of.is_empty()).then(|| number(&of)))
    };
    first.iter_days().take_while(|one| *one <= today).map(of_day).collect()
}

impl BarChart {
    /// Builds a chart with one bar per day.
    pub(crate) fn of_days(title: &'static str, days: &[(NaiveDate, Option<i64>)]) -> Self {
        Self::new(title, ("Day", "on"), days)
    }

    /// Builds a chart with one bar per interval that has a value. `name` and the preposition label the intervals.
    pub(crate) fn new<T: Display>(
        title: &'static str,
        (each, at): (&'static str, &str),
        all: &[(T, Option<i64>)],
    ) -> Self {
        let most = all.iter().filter_map(|(_, number)| *number).max().unwrap_or(0);
        let bar = |(place, (_, number)): (usize, &(T, Option<i64>))| {
            let number = (*number)?;
            let height = if most > 0 { (number * CHART_HEIGHT).div_euclid(most) } else { 0 };
            // Small values have a visible bar, too.
            let height = height.max(1);
            Some(ChartBar { x: place * BAR_STEP, y: CHART_HEIGHT - height, height })
        };
        let text = |number: i64| thousands(number.unsigned_abs());
        let with: Vec<(String, i64)> =
            all.iter().filter_map(|(name, number)| Some((name.to_string(), (*number)?))).collect();
        let said = match (with.iter().max_by_key(|(_, number)| *number), with.last()) {
            (Some((name, number)), Some((last, now))) => {
                format!("at most {} {at} {name}; {} {at} {last}", text(*number), text(*now))
            }
            _ => "no figures".to_owned(),
        };
        let bars = all.iter().enumerate().filter_map(bar).collect();
        let rows = with.into_iter().map(|(name, number)| (name, text(number))).collect();
        Self { title, each, said, width: all.len() * BAR_STEP, bars, rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_day_fills_the_height_and_a_day_without_runs_has_no_bar() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 11, day).expect("a day");
        let noon =
            |day: u32| NaiveDate::from_ymd_opt(2026, 11, day).and_then(|one| one.and_hms_opt(12, 0, 0));
        let all = [(1, 5), (3, 20), (3, 30), (4, 0)]
            .map(|(day, number)| (noon(day).expect("noon").and_utc(), number));
        let days =
            group_by_day(&all, (day(4), 4, Tz::UTC), |one| one.0, |of| of.iter().map(|one| one.1).sum());
        assert_eq!(days, [(day(1), Some(5)), (day(2), None), (day(3), Some(50)), (day(4), Some(0))]);
        let plot = BarChart::of_days("x", &days);
        let bars: Vec<_> = plot.bars.iter().map(|bar| (bar.x, bar.y, bar.height)).collect();
        assert_eq!(bars, [(0, 90, 10), (16, 0, 100), (24, 99, 1)]);
        assert_eq!(plot.said, "at most 50 on 2026-11-03; 0 on 2026-11-04");
    }
}
