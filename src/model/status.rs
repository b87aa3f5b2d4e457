//! The state of a learner on a day.

use chrono::{DateTime, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::column::column;

/// The employment status in the directory, mapped by `[connector.status]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmploymentStatus {
    /// Employed.
    Active,
    /// On leave; keeps memberships.
    Leave,
    /// Left.
    Left,
}

impl EmploymentStatus {
    /// The text that stands in the `status` column of people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Leave => "leave",
            Self::Left => "left",
        }
    }

    /// Parses the output of [`EmploymentStatus::as_str`]; any other text is active.
    #[must_use]
    pub fn read(text: &str) -> Self {
        match text {
            "leave" => Self::Leave,
            "left" => Self::Left,
            _ => Self::Active,
        }
    }
}

/// The state of a learner on a given day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LearnerStatus {
    /// Starts more than `prehire_days` after today; has no access yet.
    Upcoming,
    /// Employed.
    Active,
    /// On leave; keeps memberships and access.
    Leave,
    /// Left: record and history are kept, memberships end.
    Left,
}

column!(LearnerStatus, String, |text: String| Self::read(&text)
    .ok_or_else(|| format!("unknown status `{text}`").into()));

impl std::fmt::Display for LearnerStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl LearnerStatus {
    /// The text in tables and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upcoming => "upcoming",
            Self::Active => "active",
            Self::Leave => "leave",
            Self::Left => "left",
        }
    }

    /// Parses the output of [`LearnerStatus::as_str`].
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        match text {
            "upcoming" => Some(Self::Upcoming),
            "active" => Some(Self::Active),
            "leave" => Some(Self::Leave),
            "left" => Some(Self::Left),
            _ => None,
        }
    }

    /// Returns true if memberships and enrollments are in force.
    #[must_use]
    pub fn has_access(self) -> bool {
        matches!(self, Self::Active | Self::Leave)
    }

    /// Computes the state on `today` from the employment status and the dates of employment.
    ///
    /// `end` is the last day of access; access starts `prehire_days` before `start`.
    #[must_use]
    pub fn on(
        today: NaiveDate,
        standing: EmploymentStatus,
        start: Option<NaiveDate>,
        end: Option<NaiveDate>,
        prehire_days: u32,
    ) -> Self {
        let over = end.is_some_and(|end| end < today);
        let first_day = start
            .map(|start| start.checked_sub_days(chrono::Days::new(u64::from(prehire_days))).unwrap_or(start));
        match standing {
            EmploymentStatus::Left => Self::Left,
            EmploymentStatus::Active | EmploymentStatus::Leave if over => Self::Left,
            EmploymentStatus::Active | EmploymentStatus::Leave
                if first_day.is_some_and(|first| first > today) =>
            {
                Self::Upcoming
            }
            EmploymentStatus::Active => Self::Active,
            EmploymentStatus::Leave => Self::Leave,
        }
    }
}

/// Reads a date as directories write it: `2026-12-31`, the same with a time behind it (RFC 3339), `20261231`, or
/// LDAP's generalized time `20261231120000Z` (RFC 4517 3.3.13). The day is taken as it stands. `OData`'s `/Date(ms)/` is the
/// day in UTC, as which it was made from one.
#[must_use]
pub fn read_date(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        let end = inner.rfind(['+', '-']).filter(|&at| at > 0).unwrap_or(inner.len());
        return Some(DateTime::from_timestamp_millis(inner[..end].parse().ok()?)?.date_naive());
    }
    let dashed = text.len() >= 10 && text.as_bytes()[4] == b'-';
    if dashed {
        let day = text.get(..10)?;
        let rest = text.get(10..)?;
        let rest_is_time = rest.is_empty() || rest.starts_with(['T', ' ']);
        return rest_is_time.then(|| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()).flatten();
    }
    let day = text.get(..8)?;
    let rest = text.get(8..)?;
    let digits = day.bytes().all(|byte| byte.is_ascii_digit());
    let rest_is_time = rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit());
    (digits && rest_is_time).then(|| NaiveDate::parse_from_str(day, "%Y%m%d").ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        read_date(text).expect("a date")
    }

    #[test]
    fn a_person_is_out_until_the_days_before_the_start_and_in_on_the_last_day() {
        let status = |today: &str| {
            LearnerStatus::on(
                day(today),
                EmploymentStatus::Active,
                Some(day("2026-06-10")),
                Some(day("2026-06-20")),
                7,
            )
        };
        assert_eq!(status("2026-06-02"), LearnerStatus::Upcoming);
        assert_eq!(status("2026-06-03"), LearnerStatus::Active);
        assert_eq!(status("2026-06-20"), LearnerStatus::Active);
        assert_eq!(status("2026-06-21"), LearnerStatus::Left);
    }

    #[test]
    fn who_left_stays_left_whatever_the_dates_say() {
        let status =
            LearnerStatus::on(day("2026-06-01"), EmploymentStatus::Left, Some(day("2027-01-01")), None, 0);
        assert_eq!(status, LearnerStatus::Left);
    }

    #[test]
    fn dates_are_read_in_the_forms_of_directories() {
        for text in ["2026-12-31", "2026-12-31T08:00:00Z", "20261231", "20261231120000Z", " 2026-12-31 "] {
            assert_eq!(read_date(text), NaiveDate::from_ymd_opt(2026, 12, 31), "{text}");
        }
        for text in ["", "31.12.2026", "2026-13-01", "2026-12-31x", "never", "2026123", "äöüäöü"] {
            assert_eq!(read_date(text), None, "{text}");
        }
    }
}
