//! Every zone of the world, 2024 to 2037, every half hour of the day: one run a civil day, and no more.

use std::collections::BTreeMap;

use chrono::{
    DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Utc,
};
use chrono_tz::{TZ_VARIANTS, Tz};
use rollcall_model::schedule::CronSchedule;

use super::{SeededRng, is_long_run};

/// A time during which a zone keeps one distance from UTC: where it begins, and the distance in seconds.
type OffsetPeriod = (DateTime<Utc>, i64);

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a day")
}

fn first_day() -> NaiveDate {
    day(2024, 1, 1)
}

/// The day after the last one.
fn end() -> NaiveDate {
    day(2038, 1, 1)
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

fn distance(zone: Tz, instant: DateTime<Utc>) -> i64 {
    i64::from(zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc())
}

/// All stretches of a zone around the years, found from UTC alone: rollcall comes from the time on the wall.
fn list_offset_periods(zone: Tz) -> Vec<OffsetPeriod> {
    let (mut at, last) = (midnight(first_day()) - TimeDelta::days(9), midnight(end()) + TimeDelta::days(9));
    let mut found = vec![(at, distance(zone, at))];
    while at < last {
        let next = at + TimeDelta::hours(12);
        if distance(zone, at) != distance(zone, next) {
            // Between these two it changes: find the second.
            let (mut before, mut after) = (at, next);
            while after - before > TimeDelta::seconds(1) {
                let middle = before + TimeDelta::seconds((after - before).num_seconds() / 2);
                if distance(zone, middle) == distance(zone, at) {
                    before = middle;
                } else {
                    after = middle;
                }
            }
            found.push((after, distance(zone, after)));
        }
        at = next;
    }
    found
}

/// The first instant at which clocks show this time or a later one: in spring's missing hour the moment right after it,
/// in autumn's doubled hour the first time.
fn first_shown(stretches: &[OffsetPeriod], civil: NaiveDateTime) -> DateTime<Utc> {
    let ends = stretches.iter().skip(1).map(|(begin, _)| Some(*begin)).chain([None]);
    for ((begin, distance), end) in stretches.iter().zip(ends) {
        let instant = civil.and_utc() - TimeDelta::seconds(*distance);
        if end.is_none_or(|end| instant < end) {
            return instant.max(*begin);
        }
    }
    unreachable!("the last stretch has no end")
}

/// Zones whose clocks always agree in these years, under one of their names each.
fn distinct() -> Vec<(Tz, Vec<OffsetPeriod>)> {
    let mut distinct: BTreeMap<Vec<OffsetPeriod>, Tz> = BTreeMap::new();
    for zone in TZ_VARIANTS {
        distinct.entry(list_offset_periods(zone)).or_insert(zone);
    }
    distinct.into_iter().map(|(stretches, zone)| (zone, stretches)).collect()
}

/// Lets a service live from one day to another; answers how many runs it began.
fn count_runs(
    schedule: &CronSchedule,
    zone: Tz,
    stretches: &[OffsetPeriod],
    (from, to): (NaiveDate, NaiveDate),
    time: NaiveTime,
) -> u64 {
    let mut since = first_shown(stretches, from.and_time(NaiveTime::MIN)) - TimeDelta::seconds(1);
    let mut runs = 0;
    for day in from.iter_days().take_while(|day| *day < to) {
        let due = schedule.next(since).expect("another day");
        assert_eq!(due, first_shown(stretches, day.and_time(time)), "{zone}: {day} {time}");
        // The service looks a moment later, and writes down when it looked.
        since = due + TimeDelta::milliseconds(i64::from(day.num_days_from_ce() % 60) * 997);
        runs += 1;
    }
    runs
}

fn half_hours() -> impl Iterator<Item = (NaiveTime, String)> {
    (0..48).map(|half| {
        let (hour, minute) = (half / 2, half % 2 * 30);
        (NaiveTime::from_hms_opt(hour, minute, 0).expect("a time"), format!("{minute} {hour} * * *"))
    })
}

/// The days around each change of a zone's clocks, and some in which nothing happens.
fn changes(zone: Tz, stretches: &[OffsetPeriod]) -> Vec<(NaiveDate, NaiveDate)> {
    let around = stretches.iter().skip(1).map(|(instant, _)| {
        let day = instant.with_timezone(&zone).date_naive();
        (day - Days::new(2), day + Days::new(3))
    });
    let within = around.filter(|(from, to)| *from >= first_day() && *to <= end());
    within.chain([(day(2024, 2, 26), day(2024, 3, 4))]).collect()
}

/// Serves every half hour of the day through these days; answers how many runs that were.
fn serve_half_hours(zone: Tz, stretches: &[OffsetPeriod], spans: &[(NaiveDate, NaiveDate)]) -> u64 {
    let mut runs = 0;
    for (time, text) in half_hours() {
        let schedule = CronSchedule::parse(&text, zone).expect("a schedule");
        runs += spans.iter().map(|span| count_runs(&schedule, zone, stretches, *span, time)).sum::<u64>();
    }
    runs
}

/// Each half hour of the day is due once per civil day in every time zone.
#[test]
fn each_time_of_day_runs_once_per_civil_day() {
    let distinct = distinct();
    let mut runs = 0;
    for (zone, stretches) in &distinct {
        // Every day in a long run.
        let spans = if is_long_run() { vec![(first_day(), end())] } else { changes(*zone, stretches) };
        runs += serve_half_hours(*zone, stretches, &spans);
    }
    eprintln!("{} kinds of {} zones, {runs} runs", distinct.len(), TZ_VARIANTS.len());
    assert!(distinct.len() > 50 && runs > 100_000, "{} kinds, {runs} runs", distinct.len());
    if is_long_run() {
        // And each zone under each of its names.
        for zone in TZ_VARIANTS {
            let stretches = list_offset_periods(zone);
            serve_half_hours(zone, &stretches, &changes(zone, &stretches));
        }
    }
}

/// A schedule is due between two instants exactly if one of its times lies between them.
#[test]
fn schedule_due_exactly_when_time_has_passed() {
    let mut dice = SeededRng::new();
    let zones = distinct();
    for _ in 0..20_000 {
        let (zone, stretches) = &zones[dice.next_below(zones.len())];
        // Around a change of the clocks, where there is one.
        let around = stretches[dice.next_below(stretches.len())].0.max(midnight(first_day()));
        let moment = |dice: &mut SeededRng| {
            let minutes = i64::try_from(dice.next_below(60 * 60)).expect("few");
            around + TimeDelta::minutes(minutes - 30 * 60)
        };
        let (one, other) = (moment(&mut dice), moment(&mut dice));
        let (since, now) = (one.min(other), one.max(other));
        let (time, text) = half_hours().nth(dice.next_below(48)).expect("one of 48");
        let first = since.with_timezone(zone).date_naive() - Days::new(2);
        let came = first.iter_days().take(7).any(|day| {
            let due = first_shown(stretches, day.and_time(time));
            since < due && due <= now
        });
        let schedule = CronSchedule::parse(&text, *zone).expect("a schedule");
        assert_eq!(schedule.is_due(since, now), came, "{zone}: {text} between {since} and {now}");
    }
}
