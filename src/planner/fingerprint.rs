//! Fingerprints of changes: a decision on a change is in force as long as the person's attributes and the rule are the
//! same.

use crate::PlanContext;
use crate::change_set::ChangeSet;
use crate::membership_plan::{GroupIndex, MembershipEntry, RuleIndex};
use crate::population::LearnerIndex;
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::guard::{ChangeKey, ChangeKind};
use rollcall_model::interner::{Interner, Symbol};
use rollcall_model::people::{RowIndex, digest, digest_order};
use rollcall_rules::rule::Rule;

/// The fingerprint of a record that the reading no longer holds.
pub const ABSENT: i64 = 1;

/// The fingerprint of one learner's merged attributes and a rule.
#[must_use]
pub fn of_entry(attributes: i64, rule: i64) -> i64 {
    attributes.rotate_left(17) ^ rule
}

/// The fingerprint of one reason for a membership.
pub(crate) fn entry_print(context: PlanContext<'_>, change_set: &ChangeSet, entry: &MembershipEntry) -> i64 {
    of_entry(learner_print(context, change_set, entry.who), rule_print(context, change_set, entry.rule))
}

fn learner_print(context: PlanContext<'_>, change_set: &ChangeSet, who: LearnerIndex) -> i64 {
    let population = &change_set.population;
    population
        .cells(who)
        .map_or(ABSENT, |cells| cells_print(context.rules.attributes, &population.people.values, cells))
}

/// The fingerprint of the rules that create a group.
pub(crate) fn group_print(context: PlanContext<'_>, change_set: &ChangeSet, group: GroupIndex) -> i64 {
    let links = change_set.plan.meetings.iter().filter(|link| link.group == group);
    links.fold(0, |print, link| print ^ rule_print(context, change_set, link.rule))
}

/// The fingerprint of a rule; 0 if the file no longer contains it.
pub(crate) fn rule_print(context: PlanContext<'_>, change_set: &ChangeSet, rule: RuleIndex) -> i64 {
    let name = &change_set.plan.rules[rule as usize].name;
    context.rules.rules.iter().find(|one| one.name == *name).map_or(0, Rule::digest)
}

/// The fingerprint of the values of a record.
#[must_use]
pub fn cells_print(attributes: &AttributeSet, values: &Interner, cells: &[Symbol]) -> i64 {
    digest(attributes, &digest_order(attributes), values, cells, &mut Vec::new())
}

/// Returns a record as it was read, without the older values of the plan.
pub(crate) fn as_read(change_set: &ChangeSet, row: RowIndex) -> Box<[Symbol]> {
    let mut cells: Box<[Symbol]> = change_set.population.people.cells(row).into();
    for &(of, attribute, cell) in &change_set.replaced {
        if of == row {
            cells[attribute.index()] = cell;
        }
    }
    cells
}

/// The key of a change of a record.
pub(crate) fn record_key(
    context: PlanContext<'_>,
    change_set: &ChangeSet,
    row: RowIndex,
    kind: ChangeKind,
) -> String {
    let external_id = Some(change_set.population.people.first(row, Attribute::ID));
    let connector = context.snapshot.connector.map_or(0, |id| id.0);
    ChangeKey { connector, external_id, ..ChangeKey::default() }.key(kind)
}

/// The course and the pattern of an assignment of the file, for the key of a change.
#[must_use]
pub fn assignment_key(code: &str, pattern: &str) -> String {
    format!("{}\u{1e}{pattern}", rollcall_model::names::fold(code))
}
