//! The state of a learner on a day.

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::column::column;
use crate::source_date::{DateFormat, SourceDate};

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
    /// Suspended by hand: without access until restored, whatever the sources say.
    Suspended,
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
            Self::Suspended => "suspended",
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
            "suspended" => Some(Self::Suspended),
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

/// Reads the date of a stored record. Records are stored with days such as `2026-12-31`; those of earlier versions with
/// the text of the source.
#[must_use]
pub fn read_date(text: &str) -> Option<NaiveDate> {
    match DateFormat::Standard.read(text, Tz::UTC) {
        SourceDate::Day(day) => Some(day),
        SourceDate::NoDate | SourceDate::Unreadable => None,
    }
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
}
