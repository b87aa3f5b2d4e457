//! The data that a plan needs besides the snapshot: its keys and its values.
//!
//! [`lookup_keys`] is pure. It names every address, learner and record that a plan can use: with limits, without them,
//! and for an approval. So the caller loads them in one step.

use std::ops::RangeInclusive;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::PlanContext;
use crate::blanked_attributes::find_blanked_attributes;
use crate::correlation::{EmailHolder, KnownPerson};
use crate::group_keys::{GroupKeys, group_keys};
use crate::hold_pattern::FEW_PEOPLE;
use crate::new_people::list_suspended_absentees;
use crate::records::{ConnectorRecord, status_on};
use crate::set_aside_people::{MAX_NAMED_ABSENTEES, set_aside_addresses, set_aside_names};
use crate::snapshot::{SnapshotExtent, StoredRecord, records_by_learner};
use crate::source_data::SourceData;
use crate::unreadable_values::{note_distant_starts, note_shared_mailboxes};
use rollcall_model::attributes::Attribute;
use rollcall_model::ids::{ConnectorId, LearnerId};
use rollcall_model::interner::{Interner, Symbol};
use rollcall_model::names::fold;
use rollcall_model::people::RowIndex;

/// The numbers of absent people whose stored records are loaded.
const DESCRIBED_ABSENTEES: RangeInclusive<usize> = FEW_PEOPLE..=5_000;

/// The keys of the data that a plan needs besides the snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookupKeys {
    /// Folded addresses whose holders are needed.
    pub addresses: FxHashSet<String>,
    /// Folded addresses of people with unknown ids: the records of their holders are needed, too.
    pub new_addresses: FxHashSet<String>,
    /// Learners with records of several connectors: their stored attributes are needed.
    pub merged: FxHashSet<LearnerId>,
    /// Ids of this connector's people whose stored records are needed.
    pub records: Vec<String>,
    /// The managers of a set of people, as they are written, if a rule needs them.
    pub managers: Vec<String>,
    /// The groups that rules may name for the people; empty if the snapshot contains all learners.
    pub groups: GroupKeys,
}

/// The values for [`LookupKeys`]. Additional values have no effect.
#[derive(Debug, Clone, Default)]
pub struct Lookups {
    /// Learners who hold each folded address, or held it when leaving.
    pub holders: FxHashMap<String, Vec<EmailHolder>>,
    /// The records of the holders of new addresses.
    pub records: FxHashMap<LearnerId, Vec<StoredRecord>>,
    /// The stored attributes of merged learners, as JSON objects.
    pub attributes: FxHashMap<LearnerId, String>,
    /// The stored records of this connector's people, by their ids, as JSON objects.
    pub stored: FxHashMap<String, serde_json::Value>,
}

/// Names the data that a plan needs besides the snapshot.
#[must_use]
pub fn lookup_keys(context: PlanContext<'_>, source: &mut SourceData) -> LookupKeys {
    source.compute_digests(context.rules.attributes);
    let mut keys = LookupKeys::default();
    if context.snapshot.extent == SnapshotExtent::Touched {
        keys.groups = group_keys(context, source);
        if context.rules.reads_managers() {
            let people = &source.people;
            let of_row = |row| people.values.all(people.cell(row, Attribute::MANAGER)).map(str::to_owned);
            keys.managers = people.rows().flat_map(of_row).collect();
        }
    }
    if !context.snapshot.has_learners {
        return keys;
    }
    let others = records_by_learner(&context.snapshot.others);
    let KnownRows { matched, changed } = add_rows(context, source, &others, &mut keys);
    note_distant_starts(context, source, &changed);
    note_shared_mailboxes(context, source, &changed);
    add_absent(context, source, &others, &mut keys);
    keys.addresses.extend(set_aside_addresses(&source.people));
    keys.addresses.extend(keys.new_addresses.iter().cloned());
    keys.addresses.remove("");
    let any_new = !keys.new_addresses.is_empty();
    let any_new_without_address = keys.new_addresses.remove("");
    let mut stored: FxHashSet<RowIndex> = source
        .people
        .unreadable()
        .map(|(row, _)| row)
        .filter(|&row| is_changed(context, source, row))
        .collect();
    if source.is_complete() {
        let blanked = find_blanked_attributes(context, &source.people, &source.digests);
        stored.extend(blanked.iter().flat_map(|one| &one.rows));
    }
    keys.records = stored.into_iter().map(|row| source.people.id(row).to_owned()).collect();
    if any_new && context.rules.profile().match_attribute.is_some() {
        let suspended = list_suspended_absentees(context.snapshot, &source.people);
        keys.records.extend(suspended.map(|(id, _)| id.to_owned()));
    }
    if source.is_complete() {
        let present = context.snapshot.known.iter().filter(|(_, person)| person.present).count();
        // What absent people have in common is described if they are many.
        let absent = present - matched;
        // Absent people may be the new ones without an address, or those of records that were set aside.
        let may_be_here = any_new_without_address || !set_aside_names(&source.people).is_empty();
        let are_named = may_be_here && (1..=MAX_NAMED_ABSENTEES).contains(&absent);
        if are_named || DESCRIBED_ABSENTEES.contains(&absent) {
            keys.records.extend(source.absent_ids(&context.snapshot.known));
        }
    }
    keys
}

/// Returns true if the record of a known person differs from the stored one.
fn is_changed(context: PlanContext<'_>, source: &SourceData, row: RowIndex) -> bool {
    let known = context.snapshot.known.find(source.people.id(row));
    known.is_some_and(|person| person.digest != source.digests[row as usize])
}

/// The rows of a reading that the last good reading contained, too.
#[derive(Default)]
struct KnownRows {
    matched: usize,
    /// Those whose record has changed.
    changed: Vec<RowIndex>,
}

/// Adds the keys of the rows.
fn add_rows(
    context: PlanContext<'_>,
    source: &SourceData,
    others: &FxHashMap<LearnerId, Vec<&StoredRecord>>,
    keys: &mut LookupKeys,
) -> KnownRows {
    let people = &source.people;
    let mut known = KnownRows::default();
    for (row, digest) in people.rows().zip(&source.digests) {
        let address = || fold(people.first(row, Attribute::EMAIL));
        let Some(person) = context.snapshot.known.find(people.id(row)) else {
            keys.new_addresses.insert(address());
            continue;
        };
        known.matched += usize::from(person.present);
        if person.present && person.digest != *digest {
            known.changed.push(row);
        }
        if let Some(records) = others.get(&person.learner) {
            add_merged(person, records, keys);
            keys.addresses.insert(address());
        } else if person.contested
            || !person.present
            || person.digest != *digest
            || moves(context, source, row, person)
        {
            keys.addresses.insert(address());
        }
    }
    known
}

/// Returns true if the status of a person whom no other connector knows changes today.
fn moves(context: PlanContext<'_>, source: &SourceData, row: RowIndex, person: &KnownPerson) -> bool {
    let record = ConnectorRecord { place: context.rules.connector, cells: source.people.cells(row) };
    let connectors = context.rules.connectors;
    let suspension = context.snapshot.suspension_of(Some(person.learner));
    status_on(context.today, connectors, &source.people.values, &[record], suspension).status != person.status
}

/// Adds the keys of people who are missing from a full reading and whom other connectors hold.
fn add_absent(
    context: PlanContext<'_>,
    source: &SourceData,
    others: &FxHashMap<LearnerId, Vec<&StoredRecord>>,
    keys: &mut LookupKeys,
) {
    if others.is_empty() || source.absence().is_empty() {
        return;
    }
    for (id, person) in context.snapshot.known.iter() {
        if person.present
            && source.people.row(id).is_none()
            && source.absence().includes(id)
            && let Some(records) = others.get(&person.learner)
        {
            add_merged(person, records, keys);
        }
    }
}

fn add_merged(person: &KnownPerson, records: &[&StoredRecord], keys: &mut LookupKeys) {
    keys.merged.insert(person.learner);
    let addresses = records.iter().filter_map(|record| address_in(&record.attributes));
    keys.addresses.extend(addresses);
}

/// Returns the folded address in a record's attributes, a JSON object.
fn address_in(attributes: &str) -> Option<String> {
    let json: serde_json::Value = serde_json::from_str(attributes).ok()?;
    address_of(&json)
}

/// Returns the folded address in the attributes of a record.
pub(crate) fn address_of(attributes: &serde_json::Value) -> Option<String> {
    first_text(attributes.get("email")?).map(fold)
}

/// Returns the value of a stored attribute. Several values are stored in byte order, and the first one counts.
pub(crate) fn first_text(value: &serde_json::Value) -> Option<&str> {
    let first = value.as_array().map_or(Some(value), |all| all.first());
    first.and_then(serde_json::Value::as_str).filter(|text| !text.is_empty())
}

/// Returns the folded name in the attributes of a record: `name`, else given and family name.
pub(crate) fn name_of(attributes: &serde_json::Value) -> Option<String> {
    let text = |name: &str| attributes.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
    let name = match text("name") {
        "" => format!("{} {}", text("given_name"), text("family_name")),
        name => name.to_owned(),
    };
    Some(fold(name.trim())).filter(|name| !name.is_empty())
}

impl Lookups {
    /// Adds the stored records of this connector's people; returns the addresses in them, whose holders are needed.
    pub fn add_stored(&mut self, records: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
        let mut addresses = Vec::new();
        for (id, attributes) in records {
            let Ok(json) = serde_json::from_str(&attributes) else { continue };
            addresses.extend(address_of(&json));
            self.stored.insert(id, json);
        }
        addresses
    }

    /// Returns the holders of these addresses, whose records are needed.
    #[must_use]
    pub fn holders_of(&self, addresses: &FxHashSet<String>) -> FxHashSet<LearnerId> {
        let holders = addresses.iter().filter_map(|address| self.holders.get(address)).flatten();
        holders.map(|holder| holder.learner).collect()
    }

    /// Adds the records of the holders of new addresses; returns the addresses in those of connectors other than
    /// `connector`, whose holders are needed.
    pub fn add_records(
        &mut self,
        records: impl IntoIterator<Item = StoredRecord>,
        connector: ConnectorId,
    ) -> Vec<String> {
        let mut addresses = Vec::new();
        for record in records {
            if record.connector != connector {
                addresses.extend(address_in(&record.attributes));
            }
            self.records.entry(record.learner).or_default().push(record);
        }
        addresses.retain(|address| !self.holders.contains_key(address));
        addresses
    }

    /// Returns the learners who may be joined and whom other connectors know; their stored attributes are needed.
    pub fn joined(&self, connector: ConnectorId) -> impl Iterator<Item = LearnerId> {
        let merged = self
            .records
            .iter()
            .filter(move |(_, records)| records.iter().any(|record| record.connector != connector));
        merged.map(|(learner, _)| *learner)
    }

    /// Sets the value of the connector's `match` attribute and the names of each holder whose records were loaded.
    pub fn describe_holders(&mut self, match_attribute: Option<&str>, connector: ConnectorId) {
        for holder in self.holders.values_mut().flatten() {
            let records = self.records.get(&holder.learner).into_iter().flatten();
            for record in records {
                let Ok(json) = serde_json::from_str::<serde_json::Value>(&record.attributes) else {
                    continue;
                };
                let value = match_attribute.and_then(|attribute| json.get(attribute)?.as_str());
                holder.match_value = holder.match_value.take().or_else(|| value.map(str::to_owned));
                if record.connector == connector {
                    holder.names.extend(name_of(&json));
                }
            }
        }
    }
}

/// Interns a value of a stored record: a text, or a list of texts.
pub(crate) fn intern_stored(values: &mut Interner, json: &serde_json::Value) -> Symbol {
    match json {
        serde_json::Value::Array(list) => {
            let mut texts = list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect();
            values.intern_all(&mut texts)
        }
        other => values.intern(other.as_str().unwrap_or_default()),
    }
}
