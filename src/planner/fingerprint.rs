//! Fingerprints: a decision on a held change stands while what the directory says of the person, and the rule, are the
//! same.

use crate::PlanContext;
use crate::change_set::ChangeSet;
use crate::limit_checks::rule_print;
use crate::membership_plan::MembershipEntry;
use crate::population::LearnerIndex;
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::guard::{ChangeKey, ChangeKind};
use rollcall_model::interner::{Interner, Symbol};
use rollcall_model::people::{RowIndex, digest, digest_order};

/// The fingerprint of a record that the reading no longer holds.
pub const ABSENT: i64 = 1;

/// Of one learner's merged attributes and a rule.
#[must_use]
pub fn of_entry(attributes: i64, rule: i64) -> i64 {
    attributes.rotate_left(17) ^ rule
}

/// Of one reason for a membership.
pub(crate) fn entry_print(context: PlanContext<'_>, change_set: &ChangeSet, entry: &MembershipEntry) -> i64 {
    of_entry(learner_print(context, change_set, entry.who), rule_print(context, change_set, entry.rule))
}

fn learner_print(context: PlanContext<'_>, change_set: &ChangeSet, who: LearnerIndex) -> i64 {
    let population = &change_set.population;
    population
        .cells(who)
        .map_or(ABSENT, |cells| cells_print(context.rules.attributes, &population.people.values, cells))
}

/// Of cells.
#[must_use]
pub fn cells_print(attributes: &AttributeSet, values: &Interner, cells: &[Symbol]) -> i64 {
    digest(attributes, &digest_order(attributes), values, cells, &mut Vec::new())
}

/// A record as the reading has it, whatever older values stand in the plan.
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
