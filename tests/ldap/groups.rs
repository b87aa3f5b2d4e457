//! The groups and managers of people, by the DNs that a directory has of them.

use rollcall_connectors::PersonQuery;
use rollcall_connectors::ldap::LdapSettings;
use rollcall_model::people::PeopleTable;
use rollcall_model::secret::SecretText;

use super::{LdapReader, bases};
use crate::support::ldap_person::{LdapPerson, PEOPLE, people};
use crate::support::single_attempt;
use crate::support::slapd::{READER, SlapdServer, SlapdSetup};

const GROUPED: &[(&str, &str)] = &[
    ("id", "employeeNumber"),
    ("email", "mail"),
    ("manager", "manager"),
    ("groups", "memberOf"),
    ("units", "@groupDNs"),
];

const UNIT: &str = "dn: ou=groups,dc=corp,dc=example\nobjectClass: organizationalUnit\nou: groups\n\n";

/// An entry of a group with members, below the unit of groups.
fn group(name: &str, class: &str, members: &[(&str, &str)]) -> String {
    let members: String = members.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    format!("dn: cn={name},ou=groups,dc=corp,dc=example\nobjectClass: {class}\ncn: {name}\n{members}\n")
}

/// Sales in Staff in All in Sales, written as a directory may write it; a unique group, and one of logins.
fn nested_groups() -> String {
    let sales = [
        ("member", "UID=p0, OU=People, DC=corp, DC=example"),
        ("member", r"cn=Lovelace\2c Ada,ou=people,dc=corp,dc=example"),
        ("member", "sn=Person+UID=P4,ou=people,dc=corp,dc=example"),
        ("member", "cn=All,ou=groups,dc=corp,dc=example"),
    ];
    [
        UNIT.to_owned(),
        group("Sales", "groupOfNames", &sales),
        group("Staff", "groupOfNames", &[("member", "CN=SALES, ou=Groups, dc=corp,dc=example")]),
        group("All", "groupOfNames", &[("member", "cn=staff,ou=groups,dc=corp,dc=example")]),
        group("Board", "groupOfUniqueNames", &[("uniqueMember", &format!("uid=P1,{PEOPLE}#'01'B"))]),
        group("admins", "posixGroup", &[("gidNumber", "7"), ("memberUid", "p2"), ("memberUid", "p9")]),
    ]
    .concat()
}

fn directory() -> Vec<LdapPerson> {
    let mut directory = people(3);
    directory.push(
        LdapPerson::named(r"cn=Lovelace\, Ada", "p3")
            .with("cn", "Lovelace, Ada")
            .with("manager", r"UID=P0 , ou=people,dc=corp, dc=example"),
    );
    directory.push(
        LdapPerson::named("uid=p4+sn=Person", "p4")
            .with("manager", r"cn=lovelace\2C ada,ou=people,dc=corp,dc=example")
            .with("manager", "cn=admin,dc=corp,dc=example"),
    );
    directory
}

fn reader(slapd: &SlapdServer) -> LdapReader {
    LdapReader::mapped(slapd.url(), GROUPED)
}

fn values(reader: &LdapReader, people: &PeopleTable, id: &str, attribute: &str) -> Vec<String> {
    let attribute = reader.attributes.find(attribute).expect("mapped");
    let cell = people.cell(people.row(id).expect("read"), attribute);
    let mut values: Vec<String> = people.values.all(cell).map(str::to_owned).collect();
    values.sort_unstable();
    values
}

/// Without `memberOf`, the members of groups are read: nested, in a circle, by DN and by login.
#[tokio::test]
async fn groups_are_found_without_member_of() {
    let slapd = SlapdSetup::of(directory()).ldif(&nested_groups()).start().await;
    let reader = reader(&slapd);
    let people = reader.people().await;
    let groups = |id: &str| values(&reader, &people, id, "groups");
    for id in ["p0", "p3", "p4"] {
        assert_eq!(groups(id), ["All", "Sales", "Staff"], "{id}");
    }
    assert_eq!(groups("p1"), ["Board"]);
    assert_eq!(groups("p2"), ["admins"]);
    assert_eq!(values(&reader, &people, "p2", "units"), ["cn=admins,ou=groups,dc=corp,dc=example"]);
}

/// Managers are the ids of people, whatever the spelling of the DN. The DN of a manager who was not read stays, so that only
/// a person without a manager has none.
#[tokio::test]
async fn managers_are_ids_of_people() {
    let slapd = SlapdSetup::of(directory()).start().await;
    let reader = LdapReader::mapped(slapd.url(), &GROUPED[..3]);
    let people = reader.people().await;
    assert_eq!(values(&reader, &people, "p3", "manager"), ["p0"]);
    assert_eq!(values(&reader, &people, "p4", "manager"), ["cn=admin,dc=corp,dc=example", "p3"]);
    assert_eq!(values(&reader, &people, "p0", "manager"), [""; 0]);
}

/// One person has the groups and the manager that a complete reading finds.
#[tokio::test]
async fn one_person_has_the_groups_of_a_reading() {
    let slapd = SlapdSetup::of(directory()).ldif(&nested_groups()).start().await;
    let reader = reader(&slapd);
    let ids = ["p4".to_owned()];
    for text in ["p4@corp.example", "gone@corp.example"] {
        let query = PersonQuery { text, ids: &ids };
        let answer = reader.connector.find_person(query, &reader.attributes, &single_attempt()).await;
        let (people, _) = answer.expect("asked").into_parts();
        assert_eq!(values(&reader, &people, "p4", "groups"), ["All", "Sales", "Staff"]);
        assert_eq!(values(&reader, &people, "p4", "manager"), ["cn=admin,dc=corp,dc=example", "p3"]);
    }
}

/// With `memberOf`, no list of members is required.
#[tokio::test]
async fn groups_are_found_by_member_of() {
    let slapd = SlapdSetup::of(people(2)).ldif(UNIT).member_of().start().await;
    slapd.add(&group("Sales", "groupOfNames", &[("member", &format!("uid=p0,{PEOPLE}"))]));
    slapd.add(&group("Staff", "groupOfNames", &[("member", "cn=Sales,ou=groups,dc=corp,dc=example")]));
    let reader = reader(&slapd).set(|settings| {
        settings.bind = Some((READER.0.to_owned(), SecretText::new(READER.1)));
    });
    let people = reader.people().await;
    assert_eq!(values(&reader, &people, "p0", "groups"), ["Sales", "Staff"]);
    assert_eq!(values(&reader, &people, "p1", "groups"), [""; 0]);
}

/// Groups are searched below `group_base` with `group_filter`.
#[tokio::test]
async fn group_base_and_filter_select_groups() {
    let slapd = SlapdSetup::of(directory()).ldif(&nested_groups()).start().await;
    let groups = async |change: fn(&mut LdapSettings)| {
        let reader = reader(&slapd).set(change);
        let people = reader.people().await;
        ["p0", "p1", "p2"].map(|id| values(&reader, &people, id, "groups").join(" "))
    };
    let below = async |base: &'static str| match base {
        "ou=groups" => {
            groups(|settings| settings.group_base_dns = bases(&["OU=groups, dc=corp,dc=example"])).await
        }
        _ => groups(|settings| settings.group_base_dns = bases(&[PEOPLE])).await,
    };
    assert_eq!(below("ou=groups").await, ["All Sales Staff", "Board", "admins"]);
    assert_eq!(below("ou=people").await, ["", "", ""]);
    let logins = groups(|settings| settings.group_filter = "(objectClass=posixGroup)".to_owned()).await;
    assert_eq!(logins, ["", "", "admins"]);
}

/// The primary group of a POSIX account counts, without `memberUid`.
#[tokio::test]
async fn primary_posix_group_is_a_group() {
    let account = |id: &str, number: &str| {
        LdapPerson::named(&format!("uid={id}"), id)
            .without("objectClass")
            .with("objectClass", "inetOrgPerson")
            .with("objectClass", "rollcallPerson")
            .with("objectClass", "posixAccount")
            .with("uidNumber", "1")
            .with("gidNumber", number)
            .with("homeDirectory", "/")
    };
    let groups = [
        group("users", "posixGroup", &[("gidNumber", "100"), ("memberUid", "p2")]),
        group("admins", "posixGroup", &[("gidNumber", "7")]),
    ]
    .concat();
    let people = vec![account("p0", "100"), account("p1", "7"), account("p2", "7"), account("p3", "8")];
    let slapd = SlapdSetup::of(people).ldif(&format!("{UNIT}{groups}")).start().await;
    let reader = reader(&slapd);
    let people = reader.people().await;
    let names = ["p0", "p1", "p2", "p3"].map(|id| values(&reader, &people, id, "groups").join(" "));
    assert_eq!(names, ["users", "admins", "admins users", ""]);
}

/// Groups that cannot be read completely fail the reading, so nobody loses a group.
#[tokio::test]
async fn incomplete_groups_fail_reading() {
    let many: String = (0..20)
        .map(|number| {
            group(&format!("g{number}"), "groupOfNames", &[("member", &format!("uid=p0,{PEOPLE}"))])
        })
        .collect();
    let slapd = SlapdSetup::of(people(3)).ldif(&format!("{UNIT}{many}")).size_limit(10).start().await;
    let as_reader = |settings: &mut LdapSettings| {
        settings.bind = Some((READER.0.to_owned(), SecretText::new(READER.1)));
        settings.page_size = 5;
    };
    let error = reader(&slapd).set(as_reader).error().await;
    assert_eq!(error.kind(), "size_limit", "{error}");
    let plain = LdapReader::mapped(slapd.url(), &GROUPED[..3]).set(as_reader);
    assert_eq!(plain.people().await.len(), 3);
    let nowhere = bases(&["ou=nowhere,dc=corp,dc=example"]);
    let error = reader(&slapd).set(|settings| settings.group_base_dns = nowhere).error().await;
    assert_eq!(error.kind(), "no_base", "{error}");
}
