//! The planner: from a reading and the state of the database to a set of changes, as a pure function.
//!
//! [`plan()`] compares the people of a source with a [`Snapshot`] and returns a [`ChangeSet`]: learners who are new,
//! changed or absent, the memberships that follow from the rules, and for each change a disposition: it is made, it
//! waits for approval because of a limit, or an earlier decision stands against it. Nothing here reads a database, a
//! file or the clock. [`lookup_keys()`] names the facts that are needed besides the snapshot; the caller loads them at
//! once.
//!
//! The same functions serve syncs, dry runs, approvals, previews and explanations: [`merge_records`], [`status_on`] and
//! the evaluation of rules.

mod apply_limits;
mod approved_subset;
mod baseline_counts;
pub mod catalogue_plan;
pub mod change_set;
pub mod correlation;
mod deferred_changes;
pub mod desired_memberships;
pub mod email_assignment;
pub mod fingerprint;
mod group_keys;
mod hold_report;
pub mod impact;
mod limit_checks;
pub mod lookups;
pub mod membership_plan;
mod new_people;
mod pinned_records;
pub mod population;
mod population_builder;
mod record_checks;
pub mod records;
pub mod rule_set;
pub mod run_baseline;
pub mod snapshot;
pub mod source_data;

use chrono::NaiveDate;

pub use apply_limits::{LimitPolicy, plan};
pub use approved_subset::change_keys;
pub use change_set::{ChangeSet, HeldRecord};
pub use group_keys::GroupKeys;
pub use lookups::{LookupKeys, Lookups, lookup_keys};
pub use population_builder::{connector_bit, manual_cells};
pub use records::{ConnectorRecord, StatusOnDay, merge_records, status_on, winning_record};
pub use rule_set::{ConnectorProfile, RuleSet};
pub use run_baseline::RunBaseline;
pub use snapshot::Snapshot;
pub use source_data::SourceData;

/// Everything that a plan starts from, besides the reading.
#[derive(Debug, Clone, Copy)]
pub struct PlanContext<'a> {
    /// The state of the database.
    pub snapshot: &'a Snapshot,
    /// The rules, the catalogue and the limits of the file.
    pub rules: RuleSet<'a>,
    /// What may go through.
    pub policy: &'a LimitPolicy,
    /// The day.
    pub today: NaiveDate,
}
