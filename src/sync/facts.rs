//! What a reading says of people that must wait: an attribute that went blank for too many, known addresses under new
//! ids, and what somebody has rejected or taken back. Those people stay as they were last read, so that nothing that
//! follows from it happens.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::attributes::Attribute;
use crate::model::guard::{Kind, Limit, Named, Reason};
use crate::model::ids::LearnerId;
use crate::model::people::Row;
use crate::model::population::{Fate, Who};
use crate::model::words::thousands;
use crate::store::{Result, Tx, persons};
use crate::sync::prepare::{Ask, Prepared};
use crate::sync::prints::{ABSENT, record_key};
use crate::sync::withheld::Withheld;

/// Leaves out what somebody has decided on, as long as the person's record says the same.
pub(super) fn decided(ask: Ask<'_>, prepared: &Prepared, withheld: &mut Withheld) {
    if ask.gathered.standing.is_empty() {
        return;
    }
    let population = &prepared.population;
    let decided_leave = |who: Who| {
        let learner = population.learner(who);
        let key = Named { who: learner.id, ..Named::default() }.key(Kind::Leave);
        decision(ask, &key, record_print(prepared, learner.row))
    };
    let going = population.everybody().filter(|&who| is_going(prepared, who));
    let going = going.filter_map(|who| Some((who, decided_leave(who)?))).collect();
    leave_all_out(ask, prepared, &going, withheld);
    let of_record = |row: Row, kind| {
        decision(ask, &record_key(ask, prepared, row, kind), record_print(prepared, Some(row)))
    };
    for &(row, _) in &prepared.records {
        if let Some(limit) = of_record(row, Kind::Record) {
            withheld.row(row, limit);
        }
    }
    let rekeyed = prepared.rekeyed.iter();
    let rekeyed = rekeyed.filter_map(|&(row, learner)| Some((row, learner, of_record(row, Kind::Rekey)?)));
    leave_rekeyed_out(ask, prepared, rekeyed.collect(), withheld);
}

/// What somebody has decided on a change of this key, if it is still about the same.
pub(super) fn decision(ask: Ask<'_>, key: &str, fingerprint: i64) -> Option<Limit> {
    let standing = ask.gathered.standing.get(key)?.iter().find(|one| one.fingerprint == fingerprint)?;
    Some(if standing.state == "undone" { Limit::Undone } else { Limit::Rejected })
}

/// Of a record as the reading has it.
pub(super) fn record_print(prepared: &Prepared, row: Option<Row>) -> i64 {
    row.map_or(ABSENT, |row| prepared.digests[row as usize])
}

/// Whether somebody loses all access, or is no longer held by this connector.
pub(super) fn is_going(prepared: &Prepared, who: Who) -> bool {
    let learner = prepared.population.learner(who);
    learner.goes() || learner.fate == Fate::Absent
}

/// Leaves out everybody of `going`, at the cost of one look at those who are absent.
pub(super) fn leave_all_out(
    ask: Ask<'_>,
    prepared: &Prepared,
    going: &FxHashMap<Who, Limit>,
    withheld: &mut Withheld,
) {
    let population = &prepared.population;
    let mut of_learner: FxHashMap<LearnerId, Limit> = FxHashMap::default();
    for (&who, &limit) in going {
        let learner = population.learner(who);
        if let Some(row) = learner.row {
            withheld.row(row, limit);
        }
        if let Some(id) = learner.id {
            of_learner.insert(id, limit);
        }
    }
    leave_ids_out(ask, prepared, &of_learner, withheld);
}

/// Leaves out known addresses under new ids, when there are more than may be.
pub(super) fn rekeyed(ask: Ask<'_>, prepared: &Prepared, withheld: &mut Withheld) -> Option<Reason> {
    let known = present(ask);
    let limit = ask.file.limits.rekeyed_of(known);
    let fresh = prepared.rekeyed.iter().filter(|(row, _)| !withheld.has_row(*row));
    let fresh: Vec<(Row, LearnerId)> = fresh.copied().collect();
    if fresh.len() as u64 <= limit {
        return None;
    }
    let rows = fresh.iter().map(|&(row, learner)| (row, learner, Limit::MaxRekeyed)).collect();
    leave_rekeyed_out(ask, prepared, rows, withheld);
    let message = format!(
        "{} known addresses come under new ids, the limit is {}: an approval links them to the learners they have been",
        thousands(fresh.len() as u64),
        thousands(limit)
    );
    Some(Reason { limit: Limit::MaxRekeyed, message })
}

/// Leaves out people under new ids, and that their old ids have gone.
pub(super) fn leave_rekeyed_out(
    ask: Ask<'_>,
    prepared: &Prepared,
    rows: Vec<(Row, LearnerId, Limit)>,
    withheld: &mut Withheld,
) {
    let mut of_learner: FxHashMap<LearnerId, Limit> = FxHashMap::default();
    for (row, learner, limit) in rows {
        withheld.row(row, limit);
        of_learner.insert(learner, limit);
    }
    leave_ids_out(ask, prepared, &of_learner, withheld);
}

fn leave_ids_out(
    ask: Ask<'_>,
    prepared: &Prepared,
    of_learner: &FxHashMap<LearnerId, Limit>,
    withheld: &mut Withheld,
) {
    for id in &prepared.absent {
        let learner = ask.gathered.known.find(id).map(|person| person.learner);
        if let Some(limit) = learner.and_then(|learner| of_learner.get(&learner)) {
            withheld.id(id, *limit);
        }
    }
}

/// How many people the last good reading held; who came since something waits is not counted.
pub(super) fn present(ask: Ask<'_>) -> u64 {
    ask.gathered.known.iter().filter(|(id, person)| person.present && !is_newcomer(ask, id)).count() as u64
}

/// Whether somebody came since something waits.
pub(super) fn is_newcomer(ask: Ask<'_>, id: &str) -> bool {
    !ask.gathered.newcomers.is_empty() && ask.gathered.newcomers.contains(id)
}

/// Keeps older values where an attribute went blank for more people than may be.
pub(super) async fn blanked(
    tx: &mut Tx,
    ask: Ask<'_>,
    prepared: &mut Prepared,
    withheld: &mut Withheld,
) -> Result<Vec<Reason>> {
    let Some(connector) = ask.gathered.connector else { return Ok(Vec::new()) };
    let suspects = suspects(ask, prepared);
    if suspects.is_empty() {
        return Ok(Vec::new());
    }
    let people = &prepared.population.people;
    let mut rows: FxHashSet<Row> = FxHashSet::default();
    rows.extend(suspects.iter().flat_map(|one| &one.rows));
    rows.retain(|row| !withheld.has_row(*row));
    let ids = rows.iter().map(|row| people.id(*row).to_owned()).collect();
    let mut stored: FxHashMap<Row, serde_json::Value> = FxHashMap::default();
    for (id, attributes) in persons::attributes(tx, connector, ids).await? {
        if let (Some(row), Ok(json)) = (people.row(&id), serde_json::from_str(&attributes)) {
            stored.insert(row, json);
        }
    }
    let mut reasons = Vec::new();
    for Suspect { attribute, filled, rows } in suspects {
        let name = ask.file.attributes.name(attribute);
        let gone: Vec<Row> = rows
            .into_iter()
            .filter(|row| stored.get(row).is_some_and(|json| json.get(name).is_some()))
            .collect();
        let (blank, had) = (gone.len() as u64, filled + gone.len() as u64);
        if !ask.file.limits.is_blanked(blank, had) {
            continue;
        }
        for row in gone {
            let older = older(&mut prepared.population.people.values, &stored[&row][name]);
            withheld.value(row, attribute, older);
        }
        reasons.push(Reason { limit: Limit::MaxBlanked, message: blank_message(ask, name, blank, had) });
    }
    Ok(reasons)
}

fn blank_message(ask: Ask<'_>, name: &str, blank: u64, had: u64) -> String {
    let share = blank * 100 / had.max(1);
    format!(
        "`{name}` is blank for {} of the {} people who had it ({share} %), the limit is {}: they keep what they had",
        thousands(blank),
        thousands(had),
        ask.file.limits.max_blanked
    )
}

fn older(values: &mut crate::model::values::Values, json: &serde_json::Value) -> crate::model::values::Cell {
    match json {
        serde_json::Value::Array(list) => {
            let mut texts = list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect();
            values.intern_all(&mut texts)
        }
        other => values.intern(other.as_str().unwrap_or_default()),
    }
}

/// An attribute that may have gone blank for too many.
struct Suspect {
    attribute: Attribute,
    /// People of the last good reading who have a value of it.
    filled: u64,
    /// Changed records without one.
    rows: Vec<Row>,
}

/// Attributes of which too many changed records have no value. Who had none before is still among them.
fn suspects(ask: Ask<'_>, prepared: &Prepared) -> Vec<Suspect> {
    let people = &prepared.population.people;
    // Of the people of the last good reading: whether the record is another one.
    let changed: Vec<Option<bool>> = people
        .rows()
        .map(|row| {
            let id = people.id(row);
            let known = ask.gathered.known.find(id).filter(|person| person.present && !is_newcomer(ask, id));
            known.map(|person| person.digest != prepared.digests[row as usize])
        })
        .collect();
    if !changed.contains(&Some(true)) {
        return Vec::new();
    }
    let mapped = ask.file.connectors[ask.connector].mapping.columns.iter().map(|(attribute, _)| *attribute);
    let suspect = |attribute: Attribute| {
        let (mut filled, mut rows) = (0, Vec::new());
        for row in people.rows() {
            let Some(changed) = changed[row as usize] else { continue };
            if !people.cell(row, attribute).is_empty() {
                filled += 1;
            } else if changed {
                rows.push(row);
            }
        }
        let blank = rows.len() as u64;
        ask.file.limits.is_blanked(blank, filled + blank).then_some(Suspect { attribute, filled, rows })
    };
    mapped.filter(|attribute| *attribute != Attribute::ID).filter_map(suspect).collect()
}
