//! The totals before a hold. While changes wait, limits are measured against at most these totals.
//!
//! A held run still applies new people and additions. If they were counted, a directory that doubles while changes wait
//! would allow twice as many removals.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::GroupId;

/// The totals of a connector's people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessTotals {
    /// Learners with access.
    pub learners: u64,
    /// Memberships.
    pub memberships: u64,
    /// Enrollments.
    pub enrollments: u64,
}

/// The totals before the first run with waiting changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldBaseline {
    /// The first of those runs.
    pub run: i64,
    /// The number of people of the connector.
    pub people: u64,
    /// Their totals.
    pub had: AccessTotals,
    /// The members of each group, from all connectors.
    pub groups: BTreeMap<i64, u64>,
}

impl HoldBaseline {
    /// Parses the output of [`HoldBaseline::json`]; `None` for an empty text.
    #[must_use]
    pub fn read(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// Returns the form that is stored in the database.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Returns the number of members that a group had; `today` for a group that did not exist.
    #[must_use]
    pub fn members(&self, group: GroupId, today: u64) -> u64 {
        self.groups.get(&group.0).map_or(today, |then| today.min(*then))
    }
}

/// What one limit is measured against: what there is `today` and what went in the last 24 hours, `charged`, but no more
/// than there was before the hold, `then`, and what had gone of that in those hours, without `since`.
#[must_use]
pub fn limit_base(today: u64, charged: u64, then: Option<u64>, since: u64) -> u64 {
    let all = today + charged;
    then.map_or(all, |then| all.min(then + charged.saturating_sub(since)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_measured_against_what_there_was_before_the_hold_and_never_against_more() {
        assert_eq!(limit_base(100, 5, None, 0), 105, "nothing waits");
        assert_eq!(limit_base(100, 5, Some(100), 0), 105, "nothing came since");
        assert_eq!(limit_base(180, 5, Some(100), 0), 105, "80 came since");
        assert_eq!(limit_base(176, 9, Some(100), 4), 105, "80 came since and 4 went");
        assert_eq!(limit_base(40, 0, Some(100), 0), 40, "60 were let go by somebody");
    }

    #[test]
    fn a_group_that_is_new_since_the_hold_has_the_members_of_today() {
        let before = HoldBaseline { groups: [(1, 30)].into(), ..HoldBaseline::default() };
        let members = |group, today| before.members(GroupId(group), today);
        assert_eq!([members(1, 50), members(1, 20), members(2, 50)], [30, 20, 50]);
        assert_eq!(HoldBaseline::read(&before.json()), Some(before));
        assert_eq!(HoldBaseline::read(""), None);
    }
}
