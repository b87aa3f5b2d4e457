//! Instants as people write them.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

/// An RFC 3339 time, or a day at noon in a zone; nothing where it is neither.
#[must_use]
pub fn parse_timestamp(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant.with_timezone(&Utc));
    }
    let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default();
    let day: NaiveDate = text.parse().ok()?;
    let instant = zone.from_local_datetime(&day.and_time(noon)).earliest()?;
    Some(instant.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_its_noon_where_the_file_lives_and_a_time_is_itself() {
        let read = |text: &str| parse_timestamp(text, chrono_tz::Europe::Berlin).map(|at| at.to_rfc3339());
        assert_eq!(read("2026-12-31").as_deref(), Some("2026-12-31T11:00:00+00:00"));
        assert_eq!(read("2026-12-31T09:30:00Z").as_deref(), Some("2026-12-31T09:30:00+00:00"));
        assert_eq!(read("31.12.2026"), None);
    }
}
