//! All groups of a person: direct groups, nested groups, and the primary group.
//!
//! The directory lists for each person and each group the groups that contain it (`memberOf`). The primary group
//! is an exception: the person only has its number. Groups are therefore read once, without their members, and
//! nesting is resolved in memory. This needs no request per person and no member list that could be too long.
//! Groups of other domains are included if the domain controller knows them; their nesting is not resolved.

use rustc_hash::FxHashMap;

use crate::active_directory::distinguished_name;
use crate::ldap::RecordSink;
use crate::mapper::RecordValues;

/// Filter for groups.
pub(super) const FILTER: &str = "(objectClass=group)";

/// Attributes that are read of a group, by column.
pub(super) const COLUMNS: [&str; 3] = ["cn", "objectSid", "memberOf"];

const NAME: usize = 0;
const SID: usize = 1;
const ABOVE: usize = 2;

/// The form in which a mapping uses groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GroupProjection {
    /// The `cn` of each group.
    Names,
    /// The DN of each group.
    Dns,
}

/// The groups that were read, and other groups that contain a person.
#[derive(Debug, Default)]
pub(super) struct AdGroupIndex {
    all: Vec<AdGroup>,
    by_name: FxHashMap<String, usize>,
    /// DNs as received, so that most of them need not be normalized.
    by_spelling: FxHashMap<String, usize>,
    by_sid: FxHashMap<String, usize>,
    /// The number of the last traversal that visited each group.
    met: Vec<u64>,
    search: u64,
}

#[derive(Debug)]
struct AdGroup {
    name: String,
    dn: String,
    /// The groups that contain it.
    above: Vec<usize>,
}

impl RecordSink for AdGroupIndex {
    fn accept_record(&mut self, record: &mut RecordValues, dn: &[u8]) {
        let group = self.place(&String::from_utf8_lossy(dn));
        if let Some(name) = record.values_of(NAME).next() {
            self.all[group].name = name.to_owned();
        }
        if let Some(sid) = record.values_of(SID).next() {
            self.by_sid.insert(sid.to_owned(), group);
        }
        self.all[group].above = record.values_of(ABOVE).map(|above| self.place(above)).collect();
    }
}

impl AdGroupIndex {
    /// The index of a group. A group that was not read, for example of another domain, is known by its DN only.
    fn place(&mut self, dn: &str) -> usize {
        if let Some(&place) = self.by_spelling.get(dn) {
            return place;
        }
        let next = self.all.len();
        let place = *self.by_name.entry(distinguished_name::key(dn)).or_insert(next);
        if place == next {
            self.all.push(AdGroup {
                name: distinguished_name::first_value(dn),
                dn: dn.to_owned(),
                above: Vec::new(),
            });
            self.met.push(0);
        }
        self.by_spelling.insert(dn.to_owned(), place);
        place
    }

    /// All groups that contain a person with these direct groups and this primary group.
    pub(super) fn resolve_groups<'d>(
        &mut self,
        direct: impl Iterator<Item = &'d str>,
        primary: Option<&str>,
        shown: GroupProjection,
    ) -> Vec<String> {
        self.search += 1;
        let mut next: Vec<usize> = direct.map(|dn| self.place(dn)).collect();
        next.extend(primary.and_then(|sid| self.by_sid.get(sid)));
        let mut found = Vec::new();
        // A group can contain itself indirectly.
        while let Some(group) = next.pop() {
            if std::mem::replace(&mut self.met[group], self.search) == self.search {
                continue;
            }
            let AdGroup { name, dn, above } = &self.all[group];
            next.extend(above);
            found.push(match shown {
                GroupProjection::Names => name.clone(),
                GroupProjection::Dns => dn.clone(),
            });
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(rows: &[(&str, &str, &[&str])]) -> AdGroupIndex {
        let mut groups = AdGroupIndex::default();
        for (dn, sid, above) in rows {
            let mut record = RecordValues::default();
            record.add(NAME, &distinguished_name::first_value(dn));
            record.add(SID, sid);
            above.iter().for_each(|above| record.add(ABOVE, above));
            groups.accept_record(&mut record, dn.as_bytes());
        }
        groups
    }

    fn names(groups: &mut AdGroupIndex, direct: &[&str], primary: Option<&str>) -> Vec<String> {
        let mut names = groups.resolve_groups(direct.iter().copied(), primary, GroupProjection::Names);
        names.sort_unstable();
        names
    }

    #[test]
    fn nesting_is_followed_up_whatever_the_order_in_which_groups_come_and_however_they_are_spelt() {
        let mut groups = groups(&[
            ("CN=Staff,DC=corp", "S-1-5-21-1", &[]),
            ("CN=Sales,DC=corp", "S-1-5-21-2", &["cn=staff,dc=CORP"]),
            ("CN=Berlin,DC=corp", "S-1-5-21-3", &["CN=Sales,DC=corp"]),
            ("CN=Users,DC=corp", "S-1-5-21-513", &["CN=Everybody,DC=corp"]),
        ]);
        assert_eq!(names(&mut groups, &["cn=BERLIN,dc=corp"], None), ["Berlin", "Sales", "Staff"]);
        assert_eq!(
            names(&mut groups, &["CN=Staff,DC=corp"], Some("S-1-5-21-513")),
            ["Everybody", "Staff", "Users"]
        );
        assert_eq!(names(&mut groups, &[], Some("S-1-5-21-999")), [""; 0]);
        assert_eq!(
            groups.resolve_groups(["cn=STAFF,dc=corp"].into_iter(), None, GroupProjection::Dns),
            ["CN=Staff,DC=corp"]
        );
    }

    #[test]
    fn groups_that_hold_each_other_come_to_an_end() {
        let mut groups = groups(&[
            ("CN=A,DC=corp", "1", &["CN=B,DC=corp"]),
            ("CN=B,DC=corp", "2", &["CN=C,DC=corp"]),
            ("CN=C,DC=corp", "3", &["CN=A,DC=corp", "CN=C,DC=corp"]),
        ]);
        for _ in 0..2 {
            assert_eq!(names(&mut groups, &["CN=B,DC=corp"], None), ["A", "B", "C"]);
        }
    }

    #[test]
    fn a_group_that_was_not_read_is_called_by_its_name() {
        let mut groups = groups(&[]);
        assert_eq!(names(&mut groups, &[r"CN=Sales\, North,DC=eu,DC=corp"], None), ["Sales, North"]);
    }
}
