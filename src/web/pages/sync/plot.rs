//! Numbers of the last days as bars, drawn by the server, with the figures behind them.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::model::words::thousands;

/// The width of a day and the height of the whole, in units of the drawing.
const STEP: usize = 8;
const HEIGHT: i64 = 100;

/// A plot of one number a day.
pub(in crate::web::pages) struct Plot {
    pub title: &'static str,
    /// What it shows, for whoever does not see it.
    pub said: String,
    pub width: usize,
    pub bars: Vec<Bar>,
    pub rows: Vec<(NaiveDate, String)>,
}

/// A bar of it.
pub(in crate::web::pages) struct Bar {
    pub x: usize,
    pub y: i64,
    pub height: i64,
}

/// The days up to today, each with what stands for it; nothing for days without any.
pub(in crate::web::pages) fn by_day<T>(
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

impl Plot {
    /// Draws the days.
    pub fn new(title: &'static str, days: &[(NaiveDate, Option<i64>)]) -> Self {
        let most = days.iter().filter_map(|(_, number)| *number).max().unwrap_or(0);
        let bar = |(at, (_, number)): (usize, &(NaiveDate, Option<i64>))| {
            let number = (*number)?;
            let height = if most > 0 { (number * HEIGHT).div_euclid(most) } else { 0 };
            // A day with a run is seen even where the number is small.
            let height = height.max(1);
            Some(Bar { x: at * STEP, y: HEIGHT - height, height })
        };
        let text = |number: i64| thousands(number.unsigned_abs());
        let with = days.iter().filter_map(|(day, number)| Some((*day, (*number)?)));
        let rows: Vec<(NaiveDate, String)> = with.clone().map(|(day, number)| (day, text(number))).collect();
        let peak = with.max_by_key(|(_, number)| *number);
        let said = match (peak, rows.last()) {
            (Some((day, number)), Some((last, now))) => {
                format!("at most {} on {day}; {now} on {last}", text(number))
            }
            _ => "no figures".to_owned(),
        };
        let bars = days.iter().enumerate().filter_map(bar).collect();
        Self { title, said, width: days.len() * STEP, bars, rows }
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
        let days = by_day(&all, (day(4), 4, Tz::UTC), |one| one.0, |of| of.iter().map(|one| one.1).sum());
        assert_eq!(days, [(day(1), Some(5)), (day(2), None), (day(3), Some(50)), (day(4), Some(0))]);
        let plot = Plot::new("x", &days);
        let bars: Vec<_> = plot.bars.iter().map(|bar| (bar.x, bar.y, bar.height)).collect();
        assert_eq!(bars, [(0, 90, 10), (16, 0, 100), (24, 99, 1)]);
        assert_eq!(plot.said, "at most 50 on 2026-11-03; 0 on 2026-11-04");
    }
}
