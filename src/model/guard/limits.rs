//! The limits of `[safety]` in the configuration file.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A percentage from 0 to 100 %, or more for growth.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Percent(f64);

/// The error of a text that is not a valid percentage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write a percentage in quotes, such as \"5%\"")]
pub struct BadPercent;

impl Percent {
    /// A whole number of percent.
    #[must_use]
    pub const fn new(percent: u32) -> Self {
        Self(percent as f64)
    }

    /// Returns this share of `whole`, rounded down.
    #[must_use]
    pub fn of(self, whole: u64) -> u64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts of people and memberships are far below 2^52, and shares are not negative"
        )]
        let share = (whole as f64 * self.0 / 100.0).floor() as u64;
        share
    }
}

impl Percent {
    /// Returns a number of which this share is at least `part`; `None` if the share is 0.
    #[must_use]
    pub fn whole_of(self, part: u64) -> Option<u64> {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts of memberships are far below 2^52, and a cast to an integer saturates"
        )]
        let whole = (part as f64 * 100.0 / self.0).ceil() as u64;
        (self.0 > 0.0).then_some(whole)
    }

    /// Returns true if this share of `whole` is greater than `part`.
    #[must_use]
    pub fn is_more_than(self, part: u64, whole: u64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "counts of people are far below 2^52")]
        let (part, whole) = (part as f64, whole as f64);
        part * 100.0 < whole * self.0
    }
}

impl FromStr for Percent {
    type Err = BadPercent;

    fn from_str(text: &str) -> Result<Self, BadPercent> {
        let number = text.trim().strip_suffix('%').ok_or(BadPercent)?;
        let percent: f64 = number.trim().parse().map_err(|_| BadPercent)?;
        if percent.is_finite() && (0.0..=10_000.0).contains(&percent) {
            Ok(Self(percent))
        } else {
            Err(BadPercent)
        }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

/// The limits of `[safety]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SafetyLimits {
    /// The maximum share of memberships, learners or enrollments that may be removed within 24 hours.
    pub max_removals: Percent,
    /// The maximum number of people who may lose something within 24 hours.
    pub max_removals_total: u64,
    /// The maximum share of members of a group of 20 or more that may be removed.
    pub max_group_removals: Percent,
    /// The minimum number of people, as a share of the last good reading.
    pub min_read: Percent,
    /// The maximum share of people whose value of a mapped attribute may become empty.
    pub max_blanked: Percent,
    /// The maximum share of known addresses that may have new ids.
    pub max_rekeyed: Percent,
    /// The maximum number of new groups in one run.
    pub max_new_groups: u64,
    /// The maximum growth of a group that an edit may cause.
    pub max_growth: Percent,
}

impl Default for SafetyLimits {
    fn default() -> Self {
        Self {
            max_removals: Percent::new(5),
            max_removals_total: 500,
            max_group_removals: Percent::new(30),
            min_read: Percent::new(80),
            max_blanked: Percent::new(5),
            max_rekeyed: Percent::new(1),
            max_new_groups: 50,
            max_growth: Percent::new(100),
        }
    }
}

impl SafetyLimits {
    /// Returns the number of `had` that may be removed within 24 hours: the configured share, but at least 10, or half of
    /// them if 10 is more than half.
    #[must_use]
    pub fn removals_of(&self, had: u64) -> u64 {
        self.max_removals.of(had).max(ALWAYS.min(had / 2))
    }

    /// Returns true if `people` who lose something at once, of `had`, are more than may without a confirmation.
    #[must_use]
    pub fn is_large_removal(&self, people: u64, had: u64) -> bool {
        people > self.max_removals_total || people > self.removals_of(had)
    }

    /// Returns true if a change by hand that takes something from `people` of `had` needs a confirmation.
    #[must_use]
    pub fn needs_confirmation(&self, people: u64, had: u64) -> bool {
        people > UNCONFIRMED_PEOPLE && self.is_large_removal(people, had)
    }

    /// Returns the number of known addresses that may have new ids: the configured share, but at least 5.
    #[must_use]
    pub fn rekeyed_of(&self, people: u64) -> u64 {
        self.max_rekeyed.of(people).max(ALWAYS_REKEYED)
    }

    /// Returns true if the number of people who lost a value exceeds the limit. A single person is never a sign of a
    /// broken source.
    #[must_use]
    pub fn is_blanked(&self, blank: u64, had: u64) -> bool {
        blank > self.max_blanked.of(had) && blank > 1
    }

    /// Returns true if a reading with `still` of the `known` people of the last good reading is too small.
    #[must_use]
    pub fn is_too_small(&self, still: u64, known: u64) -> bool {
        self.min_read.is_more_than(still, known)
    }

    /// Returns true if a group of `size` loses too many members, by the limit that applies to it.
    #[must_use]
    pub fn group_loses_too_many(share: Percent, lost: u64, size: u64) -> bool {
        !Self::is_small_group(size) && lost > share.of(size)
    }

    /// Returns true if a group is too small for its own limit.
    #[must_use]
    pub fn is_small_group(size: u64) -> bool {
        size < SMALL_GROUP
    }

    /// Returns true if the growth of a group from `before` to `after` members exceeds the limit of an edit.
    #[must_use]
    pub fn grows_too_much(&self, before: u64, after: u64) -> bool {
        let more = after.saturating_sub(before);
        more > SMALL_GROWTH && more > self.max_growth.of(before)
    }
}

/// This many removals are always allowed, because small companies have fluctuation too.
const ALWAYS: u64 = 10;

/// A change by hand that takes something from this many people needs no confirmation: their list can be read at a glance.
const UNCONFIRMED_PEOPLE: u64 = 10;

/// This many addresses may always have new ids.
const ALWAYS_REKEYED: u64 = 5;

/// Smaller groups have no limit of their own, because a share of few members is not significant.
const SMALL_GROUP: u64 = 20;

/// Growth by this many members is always allowed.
const SMALL_GROWTH: u64 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_may_always_go_but_never_more_than_half() {
        let limits = SafetyLimits::default();
        let of = |had| limits.removals_of(had);
        assert_eq!([of(0), of(1), of(8), of(20), of(200), of(201), of(1_000)], [0, 0, 4, 10, 10, 10, 50]);
    }

    #[test]
    fn a_reading_is_too_small_below_its_share_and_not_at_it() {
        let limits = SafetyLimits::default();
        assert!(!limits.is_too_small(80, 100) && limits.is_too_small(79, 100));
        assert!(!limits.is_too_small(0, 0) && !limits.is_too_small(4, 5) && limits.is_too_small(3, 4));
    }

    #[test]
    fn small_groups_and_small_growth_have_no_limit() {
        let share = Percent::new(30);
        assert!(!SafetyLimits::group_loses_too_many(share, 19, 19));
        assert!(
            !SafetyLimits::group_loses_too_many(share, 6, 20)
                && SafetyLimits::group_loses_too_many(share, 7, 20)
        );
        let limits = SafetyLimits::default();
        assert!(!limits.grows_too_much(0, 20) && limits.grows_too_much(0, 21));
        assert!(!limits.grows_too_much(30, 60) && limits.grows_too_much(30, 61));
    }

    #[test]
    fn a_percentage_is_written_with_its_sign() {
        assert_eq!("5%".parse(), Ok(Percent::new(5)));
        assert_eq!(" 12.5 % ".parse::<Percent>().map(|share| share.of(80)), Ok(10));
        for bad in ["5", "%", "-1%", "NaN%", "five%"] {
            assert_eq!(bad.parse::<Percent>(), Err(BadPercent), "{bad}");
        }
    }
}
