//! Replacement of manager DNs by ids.
//!
//! `manager` is a DN, which changes when the manager is renamed or moved, so the id of the manager is stored
//! instead. A manager who is not among the people of the connector has no id: the DN stays, so that such a person is not
//! mistaken for one without a manager.

use rustc_hash::FxHashMap;

use crate::ldap::RecordSink;
use crate::ldap::distinguished_name::digest;
use crate::mapper::RecordValues;
use rollcall_model::attributes::Attribute;
use rollcall_model::interner::Symbol;
use rollcall_model::people::PeopleTable;

/// The ids of people by DN.
#[derive(Debug, Default)]
pub(crate) struct ManagerIndex {
    /// Ids by a digest of the DN (XXH3, 128 bits).
    ids: FxHashMap<u128, Box<str>>,
    /// DNs that are used as a manager.
    named: FxHashMap<u128, String>,
}

/// Receives the ids of managers; `id_of` returns that of a record.
pub(crate) struct ManagerIdSink<'m, I> {
    pub(crate) managers: &'m mut ManagerIndex,
    pub(crate) id_of: I,
}

impl<I: Fn(&RecordValues) -> Option<String>> RecordSink for ManagerIdSink<'_, I> {
    fn accept_record(&mut self, record: &mut RecordValues, dn: &[u8]) {
        if let Some(id) = (self.id_of)(record) {
            self.managers.add_id(dn, &id);
        }
    }
}

impl ManagerIndex {
    /// Records the id of a DN.
    fn add_id(&mut self, dn: &[u8], id: &str) {
        self.ids.insert(digest(&String::from_utf8_lossy(dn)), id.into());
    }

    /// Records the id of a person, and the managers that the record names in these columns.
    pub(crate) fn add_person(
        &mut self,
        record: &RecordValues,
        dn: &[u8],
        id: Option<&str>,
        managers: &[(Attribute, usize)],
    ) {
        if let Some(id) = id {
            self.add_id(dn, id);
        }
        for (_, column) in managers {
            record.values_of(*column).for_each(|dn| self.add_manager(dn));
        }
    }

    /// Records a DN that is used as a manager.
    fn add_manager(&mut self, dn: &str) {
        self.named.entry(digest(dn)).or_insert_with(|| dn.to_owned());
    }

    /// The managers whose ids are not known, in byte order.
    pub(crate) fn list_unknown(&self) -> Vec<String> {
        let unknown = self.named.iter().filter(|(digest, _)| !self.ids.contains_key(digest));
        let mut unknown: Vec<String> = unknown.map(|(_, dn)| dn.clone()).collect();
        unknown.sort_unstable();
        unknown
    }

    /// Replaces the DNs of people of the connector by their ids in these attributes.
    pub(crate) fn replace_dns(&self, people: &mut PeopleTable, attributes: &[(Attribute, usize)]) {
        let mut known: FxHashMap<Symbol, Symbol> = FxHashMap::from_iter([(Symbol::EMPTY, Symbol::EMPTY)]);
        for row in people.rows() {
            for &(attribute, _) in attributes {
                let written = people.cell(row, attribute);
                let named = match known.get(&written) {
                    Some(named) => *named,
                    None => {
                        let id_or_dn =
                            |dn: &str| self.ids.get(&digest(dn)).map_or(dn, AsRef::as_ref).to_owned();
                        let mut ids: Vec<String> = people.values.all(written).map(id_or_dn).collect();
                        let named = people.values.intern_all(&mut ids);
                        known.insert(written, named);
                        named
                    }
                };
                people.replace(row, attribute, named);
            }
        }
    }
}
