//! Dates in the forms of standards: ISO 8601, RFC 3339, xs:date, generalized time, OData.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeDelta};
use chrono_tz::Tz;

/// Reads a date in one of the forms.
pub(crate) fn read_standard(text: &str, zone: Tz) -> Option<NaiveDate> {
    if let Some(inner) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        return read_odata(inner, zone);
    }
    if text.as_bytes().get(4) == Some(&b'-') {
        return read_iso(text, zone);
    }
    read_compact(text, zone)
}

/// `2026-12-31`, the same with an offset (xs:date), or with a time and perhaps an offset (RFC 3339).
fn read_iso(text: &str, zone: Tz) -> Option<NaiveDate> {
    let day = read_digits(text.get(..10)?, "%Y-%m-%d")?;
    let rest = text.get(10..)?;
    let Some(time) = rest.strip_prefix(['T', 't', ' ']) else {
        return (rest.is_empty() || parse_offset(rest).is_some()).then_some(day);
    };
    let at = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (clock, offset) = (time[..at].trim_end(), &time[at..]);
    let clock = parse_clock(clock)?;
    if offset.is_empty() {
        return Some(day);
    }
    let local = day.and_time(clock).and_local_timezone(parse_offset(offset)?).single()?;
    Some(day_of(local, zone))
}

/// `20261231`, or generalized time such as `20261231120000Z` (RFC 4517, section 3.3.13).
fn read_compact(text: &str, zone: Tz) -> Option<NaiveDate> {
    let day = read_digits(text.get(..8)?, "%Y%m%d")?;
    let rest = text.get(8..)?;
    if rest.is_empty() {
        return Some(day);
    }
    let at = rest.find(['Z', '+', '-'])?;
    let (clock, offset) = rest.split_at(at);
    let whole = clock.split(['.', ',']).next()?;
    let digits = |range: std::ops::Range<usize>| -> Option<u32> {
        let part = whole.get(range)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten()
    };
    let (minutes, seconds) = match whole.len() {
        2 => (0, 0),
        4 => (digits(2..4)?, 0),
        // A leap second is the last second of its minute.
        6 => (digits(2..4)?, digits(4..6)?.min(59)),
        _ => return None,
    };
    let clock = NaiveTime::from_hms_opt(digits(0..2)?, minutes, seconds)?;
    let local = day.and_time(clock).and_local_timezone(parse_offset(offset)?).single()?;
    Some(day_of(local, zone))
}

/// The milliseconds since 1970 of OData 2, perhaps with an offset in minutes.
fn read_odata(inner: &str, zone: Tz) -> Option<NaiveDate> {
    let end = inner.rfind(['+', '-']).filter(|&at| at > 0).unwrap_or(inner.len());
    let at = DateTime::from_timestamp_millis(inner[..end].parse().ok()?)?;
    Some(day_of(at.fixed_offset(), zone))
}

/// The day of an instant in `zone`; an instant at midnight of its own offset is that day.
pub(crate) fn day_of(at: DateTime<FixedOffset>, zone: Tz) -> NaiveDate {
    let is_midnight = at.time() == NaiveTime::MIN;
    if is_midnight { at.date_naive() } else { at.with_timezone(&zone).date_naive() }
}

/// Reads digits and separators: chrono alone accepts signs and spaces, too.
fn read_digits(text: &str, pattern: &str) -> Option<NaiveDate> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    plain.then(|| NaiveDate::parse_from_str(text, pattern).ok()).flatten()
}

/// `08:30`, `08:30:15` or `08:30:15.123`.
fn parse_clock(text: &str) -> Option<NaiveTime> {
    let whole = text.split(['.', ',']).next()?;
    NaiveTime::parse_from_str(whole, "%H:%M:%S").or_else(|_| NaiveTime::parse_from_str(whole, "%H:%M")).ok()
}

/// `Z`, `+02:00`, `-0700` or `+02`, of less than a day.
fn parse_offset(text: &str) -> Option<FixedOffset> {
    if matches!(text, "Z" | "z") {
        return FixedOffset::east_opt(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(|c| *c != ':').collect();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i64, i64) = match digits.len() {
        2 => (digits.parse().ok()?, 0),
        4 => (digits[..2].parse().ok()?, digits[2..].parse().ok()?),
        _ => return None,
    };
    let seconds = (TimeDelta::hours(hours) + TimeDelta::minutes(minutes)).num_seconds();
    FixedOffset::east_opt(sign * i32::try_from(seconds).ok()?)
}
