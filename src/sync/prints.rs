//! Fingerprints: a decision on a held change stands while what the directory says of the person, and the rule, are the
//! same.

use crate::model::attributes::{Attribute, Attributes};
use crate::model::guard::{Kind, Named};
use crate::model::people::{Row, digest, digest_order};
use crate::model::plan::Entry;
use crate::model::population::Who;
use crate::model::values::{Cell, Values};
use crate::sync::judged::rule_print;
use crate::sync::prepare::{Ask, Prepared};

/// The fingerprint of a record that the reading no longer holds.
pub(super) const ABSENT: i64 = 1;

/// Of one learner's merged attributes and a rule.
pub(super) fn of_entry(attributes: i64, rule: i64) -> i64 {
    attributes.rotate_left(17) ^ rule
}

/// Of one reason for a membership.
pub(super) fn entry_print(ask: Ask<'_>, prepared: &Prepared, entry: &Entry) -> i64 {
    of_entry(learner_print(ask, prepared, entry.who), rule_print(ask, prepared, entry.rule))
}

fn learner_print(ask: Ask<'_>, prepared: &Prepared, who: Who) -> i64 {
    let population = &prepared.population;
    population
        .cells(who)
        .map_or(ABSENT, |cells| cells_print(ask.file.attributes, &population.people.values, cells))
}

/// Of cells.
pub(super) fn cells_print(attributes: &Attributes, values: &Values, cells: &[Cell]) -> i64 {
    digest(attributes, &digest_order(attributes), values, cells, &mut Vec::new())
}

/// A record as the reading has it, whatever older values stand in the plan.
pub(super) fn as_read(prepared: &Prepared, row: Row) -> Box<[Cell]> {
    let mut cells: Box<[Cell]> = prepared.population.people.cells(row).into();
    for &(of, attribute, cell) in &prepared.replaced {
        if of == row {
            cells[attribute.index()] = cell;
        }
    }
    cells
}

/// The key of a change of a record.
pub(super) fn record_key(ask: Ask<'_>, prepared: &Prepared, row: Row, kind: Kind) -> String {
    let external_id = Some(prepared.population.people.first(row, Attribute::ID));
    let connector = ask.gathered.connector.map_or(0, |id| id.0);
    Named { connector, external_id, ..Named::default() }.key(kind)
}
