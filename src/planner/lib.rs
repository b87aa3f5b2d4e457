//! The planner: from a reading and the state of the database to a set of changes, as a pure function.
//!
//! [`plan()`] compares the people of a source with a [`Snapshot`] and returns a [`ChangeSet`]: learners who are new,
//! changed or absent, the memberships that follow from the rules, and for each change a disposition: it is applied, it
//! is held because of a limit, or it is rejected or reverted by an earlier decision. The planner does not use a database,
//! files or the clock. [`lookup_keys()`] names the data that a plan needs besides the snapshot; the caller loads it in one
//! step.
//!
//! Syncs, dry runs, approvals, previews, explanations and undos call the same functions for what they have in common:
//! [`merge_records`], [`status_on`] and [`evaluate_learner`].
//!
//! A plan for one person, one rule and an empty database:
//!
//! ```
//! # use rollcall_model::{attributes::{Attribute, AttributeSet}, guard::{ChangeKind, Disposition, SafetyLimits}};
//! # use rollcall_model::{interner::Symbol, names::{ConnectorName, RuleName}, people::PeopleTable};
//! # use rollcall_planner::{ConnectorProfile, LimitPolicy, LookupKeys, Lookups, PlanContext, RuleSet, Snapshot};
//! # use rollcall_planner::{SourceData, lookup_keys, plan};
//! # use rollcall_rules::{name_template::NameTemplate, rule::{CompiledExpression, Rule}};
//! # let attributes = &AttributeSet::default();
//! # let connectors = &[ConnectorProfile::removed(ConnectorName::new("hr"), 0)];
//! # let when = r#"department != """#;
//! # let condition = CompiledExpression::compile(when, attributes).expect("an expression");
//! # let group = NameTemplate::parse("Department: {department}", attributes, &[]).expect("a template");
//! # let rules = &[Rule::new(RuleName::new("departments"), when.to_owned(), group, condition)];
//! # let mut people = PeopleTable::new(attributes);
//! # let mut ada = vec![Symbol::EMPTY; attributes.len()];
//! # ada[Attribute::ID.index()] = people.values.intern("17");
//! # ada[Attribute::DEPARTMENT.index()] = people.values.intern("Sales");
//! # let limits = SafetyLimits::default();
//! # let (courses, assignments, connector) = (&[], &[], 0);
//! # let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day");
//! people.push(&ada, String::new); // id = "17", department = "Sales"
//! let rules = RuleSet { attributes, connectors, connector, rules, courses, assignments, limits };
//! let policy = &LimitPolicy::Guard { allow_removals: false, retires: false };
//! let context = PlanContext { snapshot: &Snapshot::default(), rules, policy, today, interrupt: None };
//! let mut source = SourceData::full(people, Vec::new());
//! assert_eq!(lookup_keys(context, &mut source), LookupKeys::default(), "the database is empty");
//! let plan = plan(context, &Lookups::default(), source).expect("nothing interrupts it");
//! let changes = plan.changes(context);
//! let kinds: Vec<ChangeKind> = changes.iter().map(|change| change.kind).collect();
//! assert_eq!(kinds, [ChangeKind::Record, ChangeKind::Group, ChangeKind::Give]);
//! assert!(changes.iter().all(|change| change.disposition == Disposition::Apply));
//! ```

mod apply_limits;
mod approved_subset;
mod baseline_counts;
mod blanked_attributes;
pub mod catalogue_plan;
mod change_list;
pub mod change_set;
mod changed_ids;
pub mod correlation;
mod deferred_changes;
mod dependent_changes;
pub mod desired_memberships;
pub mod email_assignment;
pub mod fingerprint;
mod group_keys;
mod group_states;
mod hold_pattern;
mod hold_report;
pub mod impact;
mod learner_evaluation;
mod learner_index;
mod limit_checks;
mod limit_violation;
pub mod lookups;
mod manager_index;
mod manager_problem;
#[cfg(test)]
mod manager_tests;
pub mod managers;
pub mod membership_plan;
#[cfg(test)]
mod message_snapshot;
mod moved_addresses;
mod new_people;
mod org_person;
mod pinned_records;
mod plan_warning;
pub mod population;
mod population_builder;
mod record_checks;
pub mod records;
pub mod rule_evaluation;
pub mod rule_set;
pub mod run_baseline;
mod set_aside_people;
mod several_records;
pub mod snapshot;
pub mod source_data;
mod unreadable_values;

use std::fmt;

use chrono::NaiveDate;

use rollcall_rules::rule::Interrupt;

pub use apply_limits::{LimitPolicy, plan};
pub use approved_subset::change_keys;
pub use change_set::{ChangeSet, HeldRecord};
pub use group_keys::GroupKeys;
pub use group_states::{KnownMembers, StoredMembers};
pub use learner_evaluation::{RuleScope, evaluate_learner};
pub use lookups::{LookupKeys, Lookups, lookup_keys};
pub use population_builder::{connector_bit, manual_cells};
pub use records::{
    ConnectorRecord, StatusOnDay, SuspensionState, as_records, merge_records, status_on, winning_record,
};
pub use rule_set::{ConnectorProfile, RuleSet};
pub use run_baseline::RunBaseline;
pub use several_records::RecordMerge;
pub use snapshot::Snapshot;
pub use source_data::SourceData;

/// The input of a plan, besides the reading.
#[derive(Clone, Copy)]
pub struct PlanContext<'a> {
    /// The state of the database.
    pub snapshot: &'a Snapshot,
    /// The rules, the catalogue and the limits of the file.
    pub rules: RuleSet<'a>,
    /// The changes that are allowed.
    pub policy: &'a LimitPolicy,
    /// The day.
    pub today: NaiveDate,
    /// Ends the evaluation of the rules when it returns true. Once it has returned true it must not return false again.
    pub interrupt: Option<&'a Interrupt>,
}

impl fmt::Debug for PlanContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlanContext").field("today", &self.today).finish_non_exhaustive()
    }
}

/// The interrupt ended a plan. There is no plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanInterrupted;
