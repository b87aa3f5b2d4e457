//! All groups of a person: direct groups, nested groups, and the primary group of Active Directory or of a POSIX account.
//!
//! Groups are read once. A person's entry and a group's entry list the groups that contain it (`memberOf`), or the
//! entry of the group lists its members (`member`, `uniqueMember`, `memberUid`). Both are used, because a server
//! without the overlay for `memberOf` has only the second, and Active Directory is asked for the first alone: a list
//! of members can be very long. Nesting is resolved in memory, so no request per person is needed. A group that was
//! not read is known by its DN only, and its nesting is not resolved.

use rustc_hash::FxHashMap;

use crate::ldap::RecordSink;
use crate::ldap::distinguished_name;
use crate::mapper::RecordValues;
use rollcall_model::names::fold;

/// Columns of a group's record. Their attributes are given to the collector in this order.
const NAME: usize = 0;
const SID: usize = 1;
const ABOVE: usize = 2;
const MEMBER: usize = 3;
const UNIQUE_MEMBER: usize = 4;
const MEMBER_LOGIN: usize = 5;
const NUMBER: usize = 6;

/// Attributes that are read of a group of Active Directory, by column.
pub(crate) const LISTED_COLUMNS: &[&str] = &["cn", "objectSid", "memberOf"];

/// Attributes that are read of a group of any other server, by column.
pub(crate) const MEMBER_COLUMNS: &[&str] =
    &["cn", "", "memberOf", "member", "uniqueMember", "memberUid", "gidNumber"];

/// The form in which a mapping uses groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupProjection {
    /// The `cn` of each group.
    Names,
    /// The DN of each group.
    Dns,
}

impl GroupProjection {
    /// The form that a source of a mapping means, if it means groups.
    pub(crate) fn parse(source: &str) -> Option<Self> {
        match source.trim().to_ascii_lowercase().as_str() {
            "memberof" => Some(Self::Names),
            "@groupdns" => Some(Self::Dns),
            _ => None,
        }
    }
}

/// What a person's entry says about groups.
#[derive(Debug, Default)]
pub(crate) struct PersonMemberships<'d> {
    /// The groups that the entry lists.
    pub listed: Vec<&'d str>,
    /// The security identifier of the primary group.
    pub primary: Option<String>,
    /// The DN of the entry.
    pub dn: &'d [u8],
    /// The names by which `memberUid` lists the person.
    pub logins: Vec<&'d str>,
    /// The numbers of the primary groups of a POSIX account (RFC 2307).
    pub group_numbers: Vec<&'d str>,
}

/// The groups that were read, and other groups that contain a person.
#[derive(Debug, Default)]
pub(crate) struct GroupIndex {
    all: Vec<DirectoryGroup>,
    by_dn: FxHashMap<u128, usize>,
    /// DNs as received, so that most of them need not be normalized.
    by_spelling: FxHashMap<String, usize>,
    by_sid: FxHashMap<String, usize>,
    /// The groups that list a DN as a member.
    by_member: FxHashMap<u128, Vec<usize>>,
    /// The groups that list a login as a member.
    by_login: FxHashMap<String, Vec<usize>>,
    /// The groups with a number (`gidNumber`).
    by_number: FxHashMap<String, Vec<usize>>,
    /// The number of the last traversal that visited each group.
    met: Vec<u64>,
    search: u64,
}

#[derive(Debug)]
struct DirectoryGroup {
    name: String,
    dn: String,
    digest: u128,
    /// The groups that contain it, as far as its entry lists them.
    above: Vec<usize>,
}

impl RecordSink for GroupIndex {
    fn accept_record(&mut self, record: &mut RecordValues, dn: &[u8]) {
        let dn = String::from_utf8_lossy(dn);
        let group = self.place(&dn);
        if let Some(name) = choose_name(record, &dn) {
            self.all[group].name = name;
        }
        dn.as_ref().clone_into(&mut self.all[group].dn);
        if let Some(sid) = record.values_of(SID).next() {
            self.by_sid.insert(sid.to_owned(), group);
        }
        self.all[group].above = record.values_of(ABOVE).map(|above| self.place(above)).collect();
        let unique = record.values_of(UNIQUE_MEMBER).map(distinguished_name::without_unique_id);
        for member in record.values_of(MEMBER).chain(unique) {
            self.by_member.entry(distinguished_name::digest(member)).or_default().push(group);
        }
        for login in record.values_of(MEMBER_LOGIN) {
            self.by_login.entry(fold(login)).or_default().push(group);
        }
        for number in record.values_of(NUMBER) {
            self.by_number.entry(number.to_owned()).or_default().push(group);
        }
    }
}

/// The `cn` of a group. If it has several, the one in its DN, or the first in byte order.
fn choose_name(record: &RecordValues, dn: &str) -> Option<String> {
    let (first, named) = (record.values_of(NAME).min()?, fold(&distinguished_name::first_value(dn)));
    let in_dn = record.values_of(NAME).find(|name| fold(name) == named);
    Some(in_dn.unwrap_or(first).to_owned())
}

impl GroupIndex {
    /// The index of a group.
    fn place(&mut self, dn: &str) -> usize {
        if let Some(&place) = self.by_spelling.get(dn) {
            return place;
        }
        let (next, digest) = (self.all.len(), distinguished_name::digest(dn));
        let place = *self.by_dn.entry(digest).or_insert(next);
        if place == next {
            let (name, dn, above) = (distinguished_name::first_value(dn), dn.to_owned(), Vec::new());
            self.all.push(DirectoryGroup { name, dn, digest, above });
            self.met.push(0);
        }
        self.by_spelling.insert(dn.to_owned(), place);
        place
    }

    /// The groups that contain a person without another group between them.
    fn find_direct(&mut self, person: &PersonMemberships<'_>) -> Vec<usize> {
        let mut direct: Vec<usize> = person.listed.iter().map(|dn| self.place(dn)).collect();
        direct.extend(person.primary.as_deref().and_then(|sid| self.by_sid.get(sid)));
        if !self.by_member.is_empty() {
            let digest = distinguished_name::digest(&String::from_utf8_lossy(person.dn));
            direct.extend(self.by_member.get(&digest).into_iter().flatten());
        }
        if !self.by_login.is_empty() {
            let listing = person.logins.iter().filter_map(|login| self.by_login.get(&fold(login)));
            direct.extend(listing.flatten());
        }
        let numbered = person.group_numbers.iter().filter_map(|number| self.by_number.get(*number));
        direct.extend(numbered.flatten());
        direct
    }

    /// All groups that contain a person.
    pub(crate) fn resolve_groups(
        &mut self,
        person: &PersonMemberships<'_>,
        shown: GroupProjection,
    ) -> Vec<String> {
        self.search += 1;
        let mut next = self.find_direct(person);
        let mut found = Vec::new();
        // A group can contain itself indirectly.
        while let Some(group) = next.pop() {
            if std::mem::replace(&mut self.met[group], self.search) == self.search {
                continue;
            }
            let DirectoryGroup { name, dn, digest, above } = &self.all[group];
            next.extend(above);
            next.extend(self.by_member.get(digest).into_iter().flatten());
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

    fn groups(rows: &[(&str, &str, &[&str])]) -> GroupIndex {
        let mut groups = GroupIndex::default();
        for (dn, sid, above) in rows {
            let mut record = RecordValues::default();
            record.add(NAME, &distinguished_name::first_value(dn));
            record.add(SID, sid);
            above.iter().for_each(|above| record.add(ABOVE, above));
            groups.accept_record(&mut record, dn.as_bytes());
        }
        groups
    }

    fn names(groups: &mut GroupIndex, direct: &[&str], primary: Option<&str>) -> Vec<String> {
        let person = PersonMemberships {
            listed: direct.to_vec(),
            primary: primary.map(str::to_owned),
            ..PersonMemberships::default()
        };
        let mut names = groups.resolve_groups(&person, GroupProjection::Names);
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
            groups.resolve_groups(
                &PersonMemberships { listed: vec!["cn=STAFF,dc=corp"], ..PersonMemberships::default() },
                GroupProjection::Dns
            ),
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

    #[test]
    fn members_are_found_by_every_spelling_of_a_dn_and_by_login() {
        let mut groups = GroupIndex::default();
        let mut read = |dn: &str, column, members: &[&str]| {
            let mut record = RecordValues::default();
            record.add(NAME, &distinguished_name::first_value(dn));
            for member in members {
                record.add(column, member);
            }
            groups.accept_record(&mut record, dn.as_bytes());
        };
        read("cn=Sales,ou=groups,dc=corp", MEMBER, &[r"UID=Ada\2c L, OU=People, DC=corp", "cn=all,dc=corp"]);
        read("cn=Staff,ou=groups,dc=corp", UNIQUE_MEMBER, &["CN=sales, ou=groups,dc=corp#'01'B"]);
        read("cn=all,dc=corp", MEMBER, &["cn=Staff,ou=groups,dc=corp"]);
        read("cn=login,dc=corp", MEMBER_LOGIN, &["ada"]);
        let mut names = |dn: &str, logins: &[&str]| {
            let person = PersonMemberships {
                dn: dn.as_bytes(),
                logins: logins.to_vec(),
                ..PersonMemberships::default()
            };
            let mut names = groups.resolve_groups(&person, GroupProjection::Names);
            names.sort_unstable();
            names
        };
        assert_eq!(names(r"uid=ada\, l,ou=people,dc=corp", &["Ada"]), ["Sales", "Staff", "all", "login"]);
        assert_eq!(names("uid=grace,ou=people,dc=corp", &["grace"]), [""; 0]);
    }

    #[test]
    fn a_group_with_several_names_is_called_by_the_one_in_its_dn() {
        let mut groups = GroupIndex::default();
        let mut record = RecordValues::default();
        for name in ["Alpha", "Sales", "Beta"] {
            record.add(NAME, name);
        }
        groups.accept_record(&mut record, b"cn=sales,dc=corp");
        groups.accept_record(&mut record, b"gidNumber=7,dc=corp");
        assert_eq!(names(&mut groups, &["cn=sales,dc=corp"], None), ["Sales"]);
        assert_eq!(names(&mut groups, &["gidNumber=7,dc=corp"], None), ["Alpha"]);
    }
}
