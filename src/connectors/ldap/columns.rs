//! Columns of a mapping of kind `ldap`.
//!
//! A source is an attribute, with three exceptions: `memberOf` means the names of all groups of a person,
//! `@groupDNs` their DNs, and `manager` the manager's id.

use crate::AttributeMapping;
use crate::ldap::group_index::{GroupIndex, GroupProjection, PersonMemberships};
use crate::mapper::RecordValues;
use rollcall_model::attributes::Attribute;

/// The attribute by whose values `memberUid` lists a person (RFC 2307).
const LOGIN: &str = "uid";

/// The attribute with the number of the primary group of a POSIX account (RFC 2307).
const GROUP_NUMBER: &str = "gidNumber";

/// Columns of a mapping, and the inputs of those that are derived.
#[derive(Debug)]
pub(super) struct LdapColumns {
    /// The attribute that fills each column, or "" for a derived column. The columns after those of the mapping hold
    /// the inputs of derived columns.
    names: Vec<String>,
    groups: Vec<(usize, GroupProjection)>,
    inputs: Option<GroupInputs>,
    /// The column of the id.
    id: Option<usize>,
    /// The attributes that hold DNs of people until they are replaced by ids, and their columns.
    pub people: Vec<(Attribute, usize)>,
}

/// The columns from which groups are derived.
#[derive(Debug, Clone, Copy)]
struct GroupInputs {
    listed: usize,
    login: usize,
    number: usize,
}

/// Returns whether a source of a mapping means a person, whose id replaces the DN.
pub(crate) fn is_person(source: &str) -> bool {
    source.trim().eq_ignore_ascii_case("manager")
}

/// Each name once, without empty ones, in byte order.
pub(crate) fn once_each<'n>(names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let mut names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

impl LdapColumns {
    /// Determines the columns and attributes that a mapping needs.
    pub(super) fn new(mapping: &AttributeMapping) -> Self {
        let id = mapping.columns.iter().position(|(attribute, _)| *attribute == Attribute::ID);
        let mut columns =
            Self { names: Vec::new(), groups: Vec::new(), inputs: None, id, people: Vec::new() };
        for (column, (attribute, source)) in mapping.columns.iter().enumerate() {
            match GroupProjection::parse(source) {
                Some(shown) => {
                    columns.groups.push((column, shown));
                    columns.names.push(String::new());
                }
                None => columns.names.push(source.clone()),
            }
            if is_person(source) {
                columns.people.push((*attribute, column));
            }
        }
        if !columns.groups.is_empty() {
            let listed = columns.names.len();
            columns.inputs = Some(GroupInputs { listed, login: listed + 1, number: listed + 2 });
            columns.names.extend(["memberOf", LOGIN, GROUP_NUMBER].map(str::to_owned));
        }
        columns
    }

    /// The attribute of each column.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The attributes to request.
    pub(super) fn attributes(&self) -> Vec<&str> {
        once_each(self.names())
    }

    /// The attributes to request when only the id is needed.
    pub(super) fn attributes_of_id(&self) -> Vec<&str> {
        self.id.map(|column| self.names[column].as_str()).into_iter().collect()
    }

    /// Returns whether groups must be read.
    pub(super) fn needs_groups(&self) -> bool {
        self.inputs.is_some()
    }

    /// Fills the derived columns of a record.
    pub(super) fn derive(&self, record: &mut RecordValues, dn: &[u8], groups: &mut GroupIndex) {
        let Some(inputs) = self.inputs else { return };
        for &(column, shown) in &self.groups {
            let person = PersonMemberships {
                listed: record.values_of(inputs.listed).collect(),
                primary: None,
                dn,
                logins: record.values_of(inputs.login).collect(),
                group_numbers: record.values_of(inputs.number).collect(),
            };
            for value in groups.resolve_groups(&person, shown) {
                record.add(column, &value);
            }
        }
    }

    /// The id of a record if it has exactly one value.
    pub(super) fn id_of<'r>(&self, record: &'r RecordValues) -> Option<&'r str> {
        let mut values = record.values_of(self.id?);
        values.next().filter(|_| values.next().is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_asked_for_only_if_they_are_mapped() {
        let columns = |pairs: &[(Attribute, &str)]| {
            let columns =
                pairs.iter().map(|(attribute, source)| (*attribute, (*source).to_owned())).collect();
            LdapColumns::new(&AttributeMapping { columns, ..AttributeMapping::default() })
        };
        let plain = columns(&[(Attribute::ID, "entryUUID"), (Attribute::MANAGER, "Manager")]);
        assert_eq!((plain.attributes(), plain.needs_groups()), (vec!["Manager", "entryUUID"], false));
        assert_eq!(plain.people, [(Attribute::MANAGER, 1)]);
        for source in ["MemberOf", "@groupDNs"] {
            let groups = columns(&[(Attribute::ID, "entryUUID"), (Attribute::ROLE, source)]);
            assert_eq!(groups.attributes(), ["entryUUID", "gidNumber", "memberOf", "uid"]);
            assert!(groups.needs_groups());
        }
    }
}
