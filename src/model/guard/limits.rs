//! The limits of `[safety]`, as the file gives them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A share of a whole, from 0 to 100 %, or more where a growth is meant.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Percent(f64);

/// A text that is no percentage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("write a percentage in quotes, such as \"5%\"")]
pub struct BadPercent;

impl Percent {
    /// A whole number of percent.
    #[must_use]
    pub const fn new(percent: u32) -> Self {
        Self(percent as f64)
    }

    /// How many of `whole` this share is, rounded down.
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
    /// Whether this share of `whole` is more than `part`.
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
    /// The share of memberships, learners or enrollments that may go over 24 hours.
    pub max_removals: Percent,
    /// The most people who may lose something at once.
    pub max_removals_total: u64,
    /// The share of one group of 20 or more that may go.
    pub max_group_removals: Percent,
    /// The share of the last good reading's people that must be there.
    pub min_read: Percent,
    /// The share of people whose value of a mapped attribute may go blank.
    pub max_blanked: Percent,
    /// The share of known addresses that may come under new ids.
    pub max_rekeyed: Percent,
    /// The most new groups in one run.
    pub max_new_groups: u64,
    /// The growth of a group that an edit may cause.
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
    /// How many of `had` may go over 24 hours: the share of the file, but always 10, and of so few that 10 would be
    /// more than half of them, half.
    #[must_use]
    pub fn removals_of(&self, had: u64) -> u64 {
        self.max_removals.of(had).max(ALWAYS.min(had / 2))
    }

    /// How many known addresses may come under new ids, of so many people: the share of the file, but always 5.
    #[must_use]
    pub fn rekeyed_of(&self, people: u64) -> u64 {
        self.max_rekeyed.of(people).max(ALWAYS_REKEYED)
    }

    /// Whether so many of those who had a value losing it is more than an attribute may lose. One person alone is
    /// no sign of a broken source, however few had a value.
    #[must_use]
    pub fn is_blanked(&self, blank: u64, had: u64) -> bool {
        blank > self.max_blanked.of(had) && blank > 1
    }

    /// Whether a reading with `still` of the `known` people of the last good one is too small.
    #[must_use]
    pub fn is_too_small(&self, still: u64, known: u64) -> bool {
        self.min_read.is_more_than(still, known)
    }

    /// Whether a group of `size` losing `lost` members loses too many, by the share that counts for it.
    #[must_use]
    pub fn group_loses_too_many(share: Percent, lost: u64, size: u64) -> bool {
        !Self::is_small_group(size) && lost > share.of(size)
    }

    /// Whether a group is too small to have a limit of its own.
    #[must_use]
    pub fn is_small_group(size: u64) -> bool {
        size < SMALL_GROUP
    }

    /// Whether a group that grows from `before` to `after` members grows too much for an edit of the file.
    #[must_use]
    pub fn grows_too_much(&self, before: u64, after: u64) -> bool {
        let more = after.saturating_sub(before);
        more > SMALL_GROWTH && more > self.max_growth.of(before)
    }
}

/// So many may always go: people come and go in small companies too.
const ALWAYS: u64 = 10;

/// So many addresses may always come under new ids.
const ALWAYS_REKEYED: u64 = 5;

/// Smaller groups have no limit of their own: a share of so few says nothing.
const SMALL_GROUP: u64 = 20;

/// Growth by so many is never too much.
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
