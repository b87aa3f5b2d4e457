//! From a directory to memberships: read, plan, guard, commit.
//!
//! [`run()`] is one passage. The reading and what the database knows are gathered at the same time;
//! [`rollcall_planner`] and the pure planner turn both into a plan; [`commit`] writes it through
//! [`crate::enrollment::ChangeTransaction`]. A dry run is the same code stopped before the commit; [`claim`]
//! and [`go_on`] are the same for a schedule. When memberships, rules or assignments moved since they were
//! gathered, the same reading is planned again.

pub mod approve;
pub mod cancel_run;
pub mod catalogue;
pub mod commit;
pub mod connector_status;
mod date_rules;
mod error;
mod execute;
pub mod format;
mod include_filter;
pub mod lease;
pub mod link_learners;
mod load;
mod reading;
pub mod report;
pub mod resync_learner;
pub mod retire_connector;
pub mod rule_preview;
mod run;
mod schedule_claim;
mod stored_people;
pub mod undo;

use std::fmt;

use chrono_tz::Tz;

use rollcall_connectors::Connector;
use rollcall_model::attributes::AttributeSet;
use rollcall_model::catalogue::{FileAssignment, FileCourse};
use rollcall_model::guard::SafetyLimits;
use rollcall_model::names::ConnectorName;
use rollcall_planner::{ConnectorProfile, RuleSet};
use rollcall_rules::rule::Rule;

pub use error::SyncError;
pub use reading::full_reading;
pub use report::{RunOutcome, RunReport};
pub use run::{RUN_DEADLINE, RunOptions, go_on, run, start};
pub use schedule_claim::{ClaimResult, DueTimes, StartedRun, claim};

/// What a sync needs of the file.
#[derive(Clone, Copy)]
pub struct File<'a> {
    /// Where dates live.
    pub zone: Tz,
    /// Every attribute.
    pub attributes: &'a AttributeSet,
    /// Every connector, in the order in which their values win.
    pub connectors: &'a [Connector],
    /// Every rule.
    pub rules: &'a [Rule],
    /// Courses of the file.
    pub courses: &'a [FileCourse],
    /// Assignments of the file.
    pub assignments: &'a [FileAssignment],
    /// The limits of `[safety]`.
    pub limits: SafetyLimits,
    /// Tells this file from another one.
    pub digest: &'a str,
}

impl fmt::Debug for File<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("digest", &self.digest).finish_non_exhaustive()
    }
}

impl File<'_> {
    fn profiles(&self) -> Vec<ConnectorProfile> {
        profiles(self.connectors, self.attributes)
    }

    /// What a plan for one connector depends on.
    fn rule_set<'a>(&'a self, connectors: &'a [ConnectorProfile], connector: usize) -> RuleSet<'a> {
        RuleSet {
            attributes: self.attributes,
            connectors,
            connector,
            rules: self.rules,
            courses: self.courses,
            assignments: self.assignments,
            limits: self.limits,
        }
    }

    fn connector_names(&self) -> Vec<ConnectorName> {
        self.connectors.iter().map(|connector| connector.name.clone()).collect()
    }
}

/// What plans and explanations need of the settings of connectors.
pub(crate) fn profiles(connectors: &[Connector], attributes: &AttributeSet) -> Vec<ConnectorProfile> {
    let profile = |connector: &Connector| ConnectorProfile {
        name: connector.name.clone(),
        prehire_days: connector.prehire_days,
        match_attribute: connector.match_attribute,
        mapped: connector.mapping.columns.iter().map(|(attribute, _)| *attribute).collect(),
        mapping_digest: connector.mapping.digest(attributes),
    };
    connectors.iter().map(profile).collect()
}
