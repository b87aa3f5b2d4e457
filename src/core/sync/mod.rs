//! Runs: from a directory to memberships.
//!
//! [`run()`] executes one run. The source is read and the state of the database is loaded at the same time;
//! [`rollcall_planner`] makes a plan from both; [`commit`] writes it through [`crate::enrollment::ChangeTransaction`]. A
//! dry run is the same code without the commit; [`claim`] and [`go_on`] execute scheduled runs. If another change was
//! committed since the state was loaded, the same reading is planned again.

pub mod approve;
mod begin_run;
pub mod cancel_run;
pub mod catalogue;
pub mod commit;
pub mod connector_status;
mod date_rules;
mod decision_changes;
mod decision_request;
mod error;
mod execute;
pub mod format;
mod include_filter;
mod learner_row;
pub mod lease;
mod limit_totals;
pub mod link_learners;
mod load;
mod managers;
#[cfg(test)]
mod message_snapshot;
mod person_search;
mod reading;
pub mod report;
pub mod restore_learner;
pub mod resync_learner;
pub mod retire_connector;
pub mod rule_check;
pub mod rule_preview;
mod run;
mod run_interrupt;
mod run_kind;
mod run_options;
mod run_task;
mod schedule_claim;
mod stored_people;
mod stored_population;
pub mod undo;

use std::fmt;

use chrono_tz::Tz;

use rollcall_connectors::Connector;
use rollcall_model::attributes::AttributeSet;
use rollcall_model::catalogue::{FileAssignment, FileCourse};
use rollcall_model::guard::SafetyLimits;
use rollcall_model::names::ConnectorName;
use rollcall_model::resource_limits::ResourceLimits;
use rollcall_planner::{ConnectorProfile, RuleSet};
use rollcall_rules::rule::Rule;

pub use begin_run::StartedRun;
pub use decision_request::ApprovalRequest;
pub use error::{ApprovalError, SyncError};
pub(crate) use managers::load_managers_above;
pub use reading::full_reading;
pub use report::{RunOutcome, RunReport};
pub use run::{OUTCOME_LOG_TARGET, go_on, run, start};
pub use run_options::RunOptions;
pub use schedule_claim::{ClaimResult, DueTimes, claim};

/// The part of the configuration that runs use.
#[derive(Clone, Copy)]
pub struct File<'a> {
    /// The time zone of dates.
    pub zone: Tz,
    /// Every attribute.
    pub attributes: &'a AttributeSet,
    /// Every connector, in the order of precedence.
    pub connectors: &'a [Connector],
    /// Every rule.
    pub rules: &'a [Rule],
    /// Courses of the file.
    pub courses: &'a [FileCourse],
    /// Assignments of the file.
    pub assignments: &'a [FileAssignment],
    /// The limits of `[safety]`.
    pub limits: SafetyLimits,
    /// The bounds on what comes from outside.
    pub bounds: &'a ResourceLimits,
    /// The digest of the file.
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

    /// Returns the part of the configuration that a plan for one connector depends on.
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

/// Returns the settings of connectors that plans and explanations use.
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
