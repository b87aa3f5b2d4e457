//! The limits on what one run may take away.
//!
//! The place of the guard, between plan and commit. It will look at a plan's effect, whatever caused it; here are the
//! limits that it goes by, as the file gives them.

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
pub struct Limits {
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

impl Default for Limits {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_written_with_its_sign() {
        assert_eq!("5%".parse(), Ok(Percent::new(5)));
        assert_eq!(" 12.5 % ".parse::<Percent>().map(|share| share.of(80)), Ok(10));
        for bad in ["5", "%", "-1%", "NaN%", "five%"] {
            assert_eq!(bad.parse::<Percent>(), Err(BadPercent), "{bad}");
        }
    }
}
