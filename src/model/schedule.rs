//! Schedules of connectors: cron expressions with five fields in civil time.
//!
//! Schedules are written in local time. An expression is evaluated in civil time, and each civil time is converted to one
//! instant: a time in the skipped hour of spring to the moment after it, a time in the repeated hour of autumn to the
//! first of the two. Each civil time fires once.

use std::str::FromStr;

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// A cron expression in a time zone.
#[derive(Debug, Clone)]
pub struct CronSchedule {
    text: String,
    zone: Tz,
    /// One schedule, or two whose union counts: day of month and day of week, when both are given.
    civil: Vec<cron::Schedule>,
}

/// The reason why a text is not a valid schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSchedule {
    /// The number of fields is not five.
    #[error(
        "a schedule must have five fields (minute hour day-of-month month day-of-week), this one has {0}"
    )]
    Fields(usize),
    /// The day of week is not valid.
    #[error("invalid day of week `{0}`: expected 0 to 7 or sun to sat")]
    Weekday(String),
    /// Another field is not valid.
    #[error("`{text}` is not a valid schedule: {reason}")]
    Unreadable {
        /// The expression.
        text: String,
        /// The field that is wrong, and its values.
        reason: String,
    },
    /// No day has this combination, such as 30 February.
    #[error("the schedule `{0}` never matches a date")]
    Never(String),
}

const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl CronSchedule {
    /// Parses five fields as in cron(5): 0 and 7 are Sunday; if day of month and day of week are both restricted,
    /// either one matches.
    ///
    /// # Errors
    /// If the text is not a valid expression, or never matches a date.
    pub fn parse(text: &str, zone: Tz) -> Result<Self, BadSchedule> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let &[minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(BadSchedule::Fields(fields.len()));
        };
        let read = |day: &str, weekday: &str| {
            let six = format!("0 {minute} {hour} {day} {month} {weekday}");
            cron::Schedule::from_str(&six).map_err(|_| BadSchedule::Unreadable {
                text: text.to_owned(),
                reason: explain_field([minute, hour, day, month]),
            })
        };
        let names = weekday_names(weekday)?;
        let both = !day.starts_with(['*', '?']) && !weekday.starts_with(['*', '?']);
        let civil = if both { vec![read(day, "*")?, read("*", &names)?] } else { vec![read(day, &names)?] };
        let schedule = Self { text: text.to_owned(), zone, civil };
        if schedule.next_civil(DateTime::UNIX_EPOCH.naive_utc()).is_none() {
            return Err(BadSchedule::Never(text.to_owned()));
        }
        Ok(schedule)
    }

    /// The expression as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first instant after `instant`; `None` if there is none before the end of the supported years.
    #[must_use]
    pub fn next(&self, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut civil = instant.with_timezone(&self.zone).naive_local();
        loop {
            civil = self.next_civil(civil)?;
            let due = self.instant(civil);
            if due > instant {
                return Some(due);
            }
        }
    }

    /// Returns true if an instant of this schedule is after `since` and not after `now`.
    #[must_use]
    pub fn is_due(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        self.next(since).is_some_and(|due| due <= now)
    }

    fn next_civil(&self, civil: NaiveDateTime) -> Option<NaiveDateTime> {
        let as_if_utc = civil.and_utc();
        self.civil
            .iter()
            .filter_map(|schedule| schedule.after(&as_if_utc).next())
            .min()
            .map(|next| next.naive_utc())
    }

    fn instant(&self, civil: NaiveDateTime) -> DateTime<Utc> {
        match self.zone.from_local_datetime(&civil) {
            LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => instant.with_timezone(&Utc),
            LocalResult::None => self.end_of_gap(civil),
        }
    }

    /// The moment at which clocks skip `civil`: one minute after the last existing civil minute before it.
    fn end_of_gap(&self, civil: NaiveDateTime) -> DateTime<Utc> {
        (1..=LONGEST_GAP_MINUTES)
            .find_map(|minutes| {
                let before = civil - TimeDelta::minutes(minutes);
                self.zone.from_local_datetime(&before).latest()
            })
            .map_or_else(|| civil.and_utc(), |last| (last + TimeDelta::minutes(1)).with_timezone(&Utc))
    }
}

/// Samoa skipped the whole of 30 December 2011, the longest gap so far.
const LONGEST_GAP_MINUTES: i64 = 25 * 60;

/// The fields before the day of week, and their values.
const FIELDS: [(&str, &str); 4] = [
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of month", "1 to 31"),
    ("month", "1 to 12 or jan to dec"),
];

/// Names the first field that is not valid by itself.
fn explain_field(fields: [&str; 4]) -> String {
    let is_wrong = |place: usize| {
        let mut alone = ["*"; 4];
        alone[place] = fields[place];
        let [minute, hour, day, month] = alone;
        cron::Schedule::from_str(&format!("0 {minute} {hour} {day} {month} *")).is_err()
    };
    // The parser reads each field by itself, so one is always found.
    let wrong = (0..fields.len()).find(|&place| is_wrong(place));
    wrong.map_or_else(String::new, |place| {
        let (name, expected) = FIELDS[place];
        format!("invalid {name} `{}`: expected {expected}", fields[place])
    })
}

/// Rewrites days of the week as names, because the parser counts Sunday as 1 instead of 0.
fn weekday_names(field: &str) -> Result<String, BadSchedule> {
    if field == "*" || field == "?" {
        return Ok("*".to_owned());
    }
    let bad = || BadSchedule::Weekday(field.to_owned());
    let mut days = [false; 7];
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<usize>().map_err(|_| bad())?)),
            None => (part, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (0, 6),
            Some((first, last)) => (weekday(first).ok_or_else(bad)?, weekday(last).ok_or_else(bad)?),
            None if step.is_some() => (weekday(range).ok_or_else(bad)?, 6),
            None => (weekday(range).ok_or_else(bad)?, weekday(range).ok_or_else(bad)?),
        };
        let step = step.unwrap_or(1);
        // `fri-mon` and `5-1` wrap around the end of the week.
        let last = if last < first { last + 7 } else { last };
        if step == 0 {
            return Err(bad());
        }
        for day in (first..=last).step_by(step) {
            days[day % 7] = true;
        }
    }
    let names: Vec<&str> =
        WEEKDAYS.iter().zip(days).filter_map(|(&name, wanted)| wanted.then_some(name)).collect();
    Ok(names.join(","))
}

fn weekday(text: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    let named = WEEKDAYS.iter().position(|&name| lower.len() >= 3 && lower.starts_with(name));
    named.or_else(|| text.parse().ok().filter(|&number| number <= 7))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(text: &str, zone: &str) -> CronSchedule {
        CronSchedule::parse(text, zone.parse().expect("a zone")).expect("a schedule")
    }

    fn next_three(text: &str, zone: &str, after: &str) -> Vec<String> {
        let schedule = schedule(text, zone);
        let mut instant: DateTime<Utc> = after.parse().expect("an instant");
        (0..3)
            .map(|_| {
                instant = schedule.next(instant).expect("another one");
                instant.format("%Y-%m-%dT%H:%MZ").to_string()
            })
            .collect()
    }

    #[test]
    fn a_time_in_the_missing_hour_comes_once_right_after_it() {
        let times = next_three("30 2 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z");
        assert_eq!(times, ["2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"]);
    }

    #[test]
    fn a_time_in_the_doubled_hour_comes_once_the_first_time() {
        let times = next_three("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z");
        assert_eq!(times, ["2026-10-25T00:30Z", "2026-10-26T01:30Z", "2026-10-27T01:30Z"]);
    }

    #[test]
    fn monday_is_one_and_sunday_is_zero_and_seven() {
        let monday = next_three("0 0 * * 1", "UTC", "2026-11-23T12:00:00Z");
        assert_eq!(monday[0], "2026-11-30T00:00Z");
        for sunday in ["0 0 * * 0", "0 0 * * 7", "0 0 * * sun"] {
            assert_eq!(next_three(sunday, "UTC", "2026-11-23T12:00:00Z")[0], "2026-11-29T00:00Z");
        }
        let round_the_week = next_three("0 0 * * 6-1", "UTC", "2026-11-23T12:00:00Z");
        assert_eq!(round_the_week, ["2026-11-28T00:00Z", "2026-11-29T00:00Z", "2026-11-30T00:00Z"]);
    }

    #[test]
    fn day_of_month_and_day_of_week_given_together_mean_either() {
        let times = next_three("0 0 1 * fri", "UTC", "2026-11-23T12:00:00Z");
        assert_eq!(times, ["2026-11-27T00:00Z", "2026-12-01T00:00Z", "2026-12-04T00:00Z"]);
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        let parse = |text: &str| CronSchedule::parse(text, Tz::UTC).expect_err("refused");
        assert_eq!(parse("0 2 * *"), BadSchedule::Fields(4));
        assert_eq!(parse("0 0 2 * * *"), BadSchedule::Fields(6));
        assert_eq!(parse("0 2 * * 8"), BadSchedule::Weekday("8".into()));
        for (text, reason) in [
            ("61 2 * * *", "invalid minute `61`: expected 0 to 59"),
            ("0 25 * * *", "invalid hour `25`: expected 0 to 23"),
            ("0 2 1-32 * mon", "invalid day of month `1-32`: expected 1 to 31"),
            ("0 2 * foo *", "invalid month `foo`: expected 1 to 12 or jan to dec"),
        ] {
            assert_eq!(parse(text).to_string(), format!("`{text}` is not a valid schedule: {reason}"));
        }
        assert_eq!(parse("0 0 30 2 *"), BadSchedule::Never("0 0 30 2 *".into()));
    }
}
