//! The planner: from a reading and the state of the database to a set of changes, as a pure function.
//!
//! [`plan()`] compares the people of a source with a [`Snapshot`] and returns a [`ChangeSet`]: learners who are new,
//! changed or absent, the memberships that follow from the rules, and for each change a disposition: it is made, it
//! waits for approval because of a limit, or an earlier decision stands against it. Nothing here reads a database, a
//! file or the clock. [`lookup_keys()`] names the facts that are needed besides the snapshot; the caller loads them at
//! once.
//!
//! Syncs, dry runs, approvals, previews, explanations and undos call the same functions for what they have in common:
//! [`merge_records`], [`status_on`] and [`evaluate_learner`].
//!
//! A plan in ten lines, of one person and one rule for an empty database:
//!
//! ```
//! # use rollcall_model::{attributes::{Attribute, AttributeSet}, guard::{ChangeKind, Disposition, SafetyLimits}};
//! # use rollcall_model::{interner::Symbol, names::{ConnectorName, RuleName}, people::PeopleTable};
//! # use rollcall_planner::{ConnectorProfile, LimitPolicy, Lookups, PlanContext, RuleSet, Snapshot, SourceData};
//! # use rollcall_planner::{lookup_keys, plan};
//! # use rollcall_rules::{name_template::NameTemplate, rule::{CompiledExpression, Rule}};
//! # let attributes = &AttributeSet::default();
//! # let connectors = &[ConnectorProfile::removed(ConnectorName::new("hr"), 0)];
//! # let when = r#"department != """#;
//! # let condition = CompiledExpression::compile(when, attributes).expect("an expression");
//! # let group = NameTemplate::parse("Department: {department}", attributes).expect("a template");
//! let rules = &[Rule::new(RuleName::new("departments"), when.to_owned(), group, condition)];
//! let mut people = PeopleTable::new(attributes);
//! let mut ada = vec![Symbol::EMPTY; attributes.len()];
//! ada[Attribute::ID.index()] = people.values.intern("17");
//! ada[Attribute::DEPARTMENT.index()] = people.values.intern("Sales");
//! people.push(&ada, String::new);
//!
//! # let limits = SafetyLimits::default();
//! # let (courses, assignments, connector) = (&[], &[], 0);
//! # let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day");
//! let rules = RuleSet { attributes, connectors, connector, rules, courses, assignments, limits };
//! let policy = &LimitPolicy::Guard { allow_removals: false, retires: false };
//! let context = PlanContext { snapshot: &Snapshot::default(), rules, policy, today };
//! let mut source = SourceData::full(people, Vec::new());
//! assert_eq!(lookup_keys(context, &mut source), Default::default(), "nobody is known who could be looked up");
//! let change_set = plan(context, &Lookups::default(), source);
//! let changes: Vec<_> =
//!     change_set.changes(context).iter().map(|change| (change.kind, change.disposition)).collect();
//! assert_eq!(changes, [ChangeKind::Record, ChangeKind::Group, ChangeKind::Give].map(|kind| (kind, Disposition::Apply)));
//! ```

mod apply_limits;
mod approved_subset;
mod baseline_counts;
pub mod catalogue_plan;
mod change_list;
pub mod change_set;
pub mod correlation;
mod deferred_changes;
pub mod desired_memberships;
pub mod email_assignment;
pub mod fingerprint;
mod group_keys;
mod hold_report;
pub mod impact;
mod learner_evaluation;
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
pub use learner_evaluation::{RuleScope, evaluate_learner};
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
