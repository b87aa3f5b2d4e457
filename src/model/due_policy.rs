//! Due dates of courses for one learner.
//!
//! A due date depends on the assignment, on the day from which it counts for the learner, and on the learner's start
//! date, but not on the current day. The result is the same at any time.

use chrono::{Days, NaiveDate};

/// The due date policy of an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DuePolicy {
    /// No due date.
    Never,
    /// A fixed day; learners who join late get a later one.
    On(NaiveDate),
    /// Days after joining the group.
    AfterJoining(u32),
    /// Days after the later of `start_date` and joining; without a `start_date`, after joining.
    AfterStart(u32),
}

/// The default minimum number of days for learners who join late for a fixed day.
pub const DEFAULT_LATE_DAYS: u32 = 14;

/// The maximum number of days of a relative due date: ten years.
pub const MAX_DUE_DAYS: u32 = 3650;

/// The number of days for which the due date of a learner who left is kept in case the learner returns.
pub const RETENTION_DAYS: u64 = 30;

/// The names of the policies in the database.
pub const DUE_KINDS: [&str; 4] = ["none", "fixed", "after_joining", "after_start"];

impl DuePolicy {
    /// The name of the kind in the database, one of [`DUE_KINDS`].
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Never => DUE_KINDS[0],
            Self::On(_) => DUE_KINDS[1],
            Self::AfterJoining(_) => DUE_KINDS[2],
            Self::AfterStart(_) => DUE_KINDS[3],
        }
    }

    /// The calendar day of a fixed date.
    #[must_use]
    pub fn fixed(self) -> Option<NaiveDate> {
        match self {
            Self::On(day) => Some(day),
            Self::Never | Self::AfterJoining(_) | Self::AfterStart(_) => None,
        }
    }

    /// The number of days of a relative date.
    #[must_use]
    pub fn days(self) -> Option<u32> {
        match self {
            Self::AfterJoining(days) | Self::AfterStart(days) => Some(days),
            Self::Never | Self::On(_) => None,
        }
    }

    /// Creates a policy from the values of [`DuePolicy::kind`], [`DuePolicy::fixed`] and [`DuePolicy::days`].
    #[must_use]
    pub fn from_parts(kind: &str, fixed: Option<NaiveDate>, days: Option<u32>) -> Option<Self> {
        match (kind, fixed, days) {
            ("none", _, _) => Some(Self::Never),
            ("fixed", Some(day), _) => Some(Self::On(day)),
            ("after_joining", _, Some(days)) => Some(Self::AfterJoining(days)),
            ("after_start", _, Some(days)) => Some(Self::AfterStart(days)),
            _ => None,
        }
    }

    /// Computes the due date for one learner.
    ///
    /// `counts_from` is the later of the day the learner joined and the day the course was assigned. A calendar day
    /// before `counts_from` + `late_days` is replaced by that day, so that no learner is overdue on the first day.
    #[must_use]
    pub fn date(self, late_days: u32, counts_from: NaiveDate, start: Option<NaiveDate>) -> Option<NaiveDate> {
        match self {
            Self::Never => None,
            Self::On(day) => Some(day.max(after(counts_from, late_days))),
            Self::AfterJoining(days) => Some(after(counts_from, days)),
            Self::AfterStart(days) => {
                let from = start.map_or(counts_from, |start| start.max(counts_from));
                Some(after(from, days))
            }
        }
    }
}

/// Returns the due date of a learner who returns after losing access on `lost_on`: the earlier of the two dates if the new
/// grant counts from at most [`RETENTION_DAYS`] after the loss, otherwise the new one.
#[must_use]
pub fn retained_due_date(
    due: Option<NaiveDate>,
    counts_from: NaiveDate,
    lost_due: NaiveDate,
    lost_on: NaiveDate,
) -> Option<NaiveDate> {
    let came_back = counts_from >= lost_on && counts_from <= lost_on + Days::new(RETENTION_DAYS);
    match due {
        Some(due) if came_back => Some(due.min(lost_due)),
        None if came_back => Some(lost_due),
        Some(_) | None => due,
    }
}

fn after(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_add_days(Days::new(u64::from(days))).unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn a_calendar_day_that_is_too_near_leaves_late_days() {
        let due = DuePolicy::On(day("2026-12-31"));
        assert_eq!(due.date(14, day("2026-06-01"), None), Some(day("2026-12-31")));
        assert_eq!(due.date(14, day("2026-12-17"), None), Some(day("2026-12-31")));
        assert_eq!(due.date(14, day("2026-12-18"), None), Some(day("2027-01-01")));
        assert_eq!(due.date(14, day("2027-03-01"), None), Some(day("2027-03-15")));
    }

    #[test]
    fn days_after_start_count_from_the_later_of_start_and_joining() {
        let due = DuePolicy::AfterStart(10);
        let joined = day("2026-06-10");
        assert_eq!(due.date(14, joined, Some(day("2026-07-01"))), Some(day("2026-07-11")));
        assert_eq!(due.date(14, joined, Some(day("2020-01-01"))), Some(day("2026-06-20")));
        assert_eq!(due.date(14, joined, None), Some(day("2026-06-20")));
    }

    #[test]
    fn a_date_given_up_is_kept_for_thirty_days() {
        let lost = (day("2026-06-01"), day("2026-05-01"));
        let due = Some(day("2026-07-01"));
        assert_eq!(retained_due_date(due, day("2026-05-01"), lost.0, lost.1), Some(day("2026-06-01")));
        assert_eq!(retained_due_date(due, day("2026-05-31"), lost.0, lost.1), Some(day("2026-06-01")));
        assert_eq!(retained_due_date(due, day("2026-06-01"), lost.0, lost.1), due);
        assert_eq!(retained_due_date(due, day("2026-04-30"), lost.0, lost.1), due);
        assert_eq!(retained_due_date(None, day("2026-05-02"), lost.0, lost.1), Some(day("2026-06-01")));
    }

    #[test]
    fn a_kind_survives_the_database() {
        for due in [
            DuePolicy::Never,
            DuePolicy::On(day("2026-01-02")),
            DuePolicy::AfterJoining(3),
            DuePolicy::AfterStart(4),
        ] {
            assert_eq!(DuePolicy::from_parts(due.kind(), due.fixed(), due.days()), Some(due));
        }
    }
}
