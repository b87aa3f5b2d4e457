//! Values that come in parts, and every way in which the rest can fail to come.

use rollcall_connectors::ConnectorError;
use rollcall_model::people::PeopleTable;

use super::{AdReader, END, PEOPLE, group_dn, person};
use crate::support::ldap_person::LdapPerson;
use crate::support::scripted_ldap_server::{LdapReply, ScriptedLdapServer};

/// How many values Active Directory sends at once.
const MOST: usize = 1500;

/// The groups of somebody.
fn groups(count: usize) -> Vec<String> {
    (0..count).map(|number| group_dn(&format!("G{number:06}"))).collect()
}

/// The answers of a server to the questions for a person of these groups: no groups, the person, the rest by parts.
fn answers(groups: &[String]) -> Vec<Vec<LdapReply>> {
    let mut parts = groups.chunks(MOST).enumerate().map(|(number, part)| {
        let (first, end) = (number * MOST, number * MOST + part.len());
        let last = if end == groups.len() { "*".to_owned() } else { (end - 1).to_string() };
        (format!("memberOf;range={first}-{last}"), part)
    });
    let one = if groups.len() <= MOST {
        let values: &[(&str, &[String])] = if groups.is_empty() { &[] } else { &[("memberOf", groups)] };
        person("ada", values)
    } else {
        let (name, part) = parts.next().expect("a first part");
        person("ada", &[("memberOf", &[]), (&name, part)])
    };
    let mut pages = vec![vec![END], vec![one, person("bob", &[]), END]];
    if groups.len() > MOST {
        for (name, part) in parts {
            let rest = LdapReply::Object(format!("CN=ada,{PEOPLE}"), vec![(name, part.to_vec())]);
            pages.push(vec![rest, LdapReply::Done(0, None)]);
        }
    }
    pages
}

async fn read(
    pages: Vec<Vec<LdapReply>>,
) -> (Result<PeopleTable, ConnectorError>, AdReader, Vec<Vec<String>>) {
    let server = ScriptedLdapServer::start(pages).await;
    let reader = AdReader::told(&server.url(), "groups = 'memberOf'");
    let read = reader.read().await.map(|reading| reading.into_parts().0);
    (read, reader, server.requested_attributes())
}

#[tokio::test]
async fn any_number_of_values_is_read_to_the_last() {
    for count in [0, 1, 1499, 1500, 1501, 3000, 3001, 4999, 100_000] {
        let groups = groups(count);
        let (read, reader, asked) = read(answers(&groups)).await;
        let people = read.expect("everybody");
        let came = reader.values(&people, "ada", "groups");
        assert_eq!(came.len(), count);
        assert_eq!(came.last().map(String::as_str), groups.last().map(|last| &last[3..10]));
        assert_eq!(people.len(), 2, "with {count} values");
        let further: Vec<&[String]> = asked[2..].iter().map(Vec::as_slice).collect();
        let expected: Vec<[String; 1]> =
            (1..count.div_ceil(MOST)).map(|part| [format!("memberof;range={}-*", part * MOST)]).collect();
        assert_eq!(further, expected.iter().map(<[String; 1]>::as_slice).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn the_first_1500_of_more_values_are_not_all_of_them() {
    let groups = groups(4999);
    let part = |name: &str, from: usize, to: usize| {
        LdapReply::Object(format!("CN=ada,{PEOPLE}"), vec![(name.to_owned(), groups[from..to].to_vec())])
    };
    let entry = |values: &[(&str, &[String])]| person("ada", values);
    let done = LdapReply::Done(0, None);
    for (what, answer) in [
        ("nobody of this name", vec![LdapReply::Done(32, None)]),
        ("no entry", vec![done.clone()]),
        ("no values", vec![entry(&[]), done.clone()]),
        ("the empty attribute", vec![entry(&[("memberOf", &[])]), done.clone()]),
        ("the first part again", vec![part("memberOf;range=0-1499", 0, 1500), done.clone()]),
        ("a part with a gap before it", vec![part("memberOf;range=1501-*", 1501, 4999), done.clone()]),
        ("fewer values than it says", vec![part("memberOf;range=1500-2999", 1500, 2999), done.clone()]),
        ("a part of nothing", vec![part("memberOf;range=1500-1499", 0, 0), done.clone()]),
        ("another attribute", vec![part("member;range=1500-*", 1500, 4999), done.clone()]),
    ] {
        let mut pages = answers(&groups);
        pages.truncate(2);
        pages.push(answer);
        let error = read(pages).await.0.expect_err(what);
        assert_eq!((error.kind(), error.is_transient()), ("incomplete", true), "{what}");
        assert!(
            error.to_string().contains("values of `memberof`") && error.to_string().contains("1500"),
            "{error}"
        );
    }
    for (code, kind) in
        [(1, "server_error"), (10, "referral"), (11, "admin_limit"), (50, "no_access"), (51, "busy")]
    {
        let mut pages = answers(&groups);
        pages[3] = vec![part("memberOf;range=3000-*", 3000, 4999), LdapReply::Done(code, None)];
        assert_eq!(read(pages).await.0.expect_err("an error").kind(), kind);
    }
}

/// A first range of values that does not start at 0 fails the reading.
#[tokio::test]
async fn range_not_starting_at_zero_fails() {
    let groups = groups(10);
    let one = person("ada", &[("memberOf;range=5-*", &groups[5..])]);
    let error = read(vec![vec![END], vec![one, END]]).await.0.expect_err("five are missing");
    assert_eq!(error.kind(), "incomplete");
}

#[tokio::test]
async fn the_values_of_groups_come_in_parts_too() {
    let above = groups(1600);
    let sales = |name: &str, part: &[String]| {
        LdapReply::Object(group_dn("Sales"), vec![(name.to_owned(), part.to_vec())])
    };
    let pages = vec![
        vec![sales("memberOf;range=0-1499", &above[..1500]), END],
        vec![sales("memberOf;range=1500-*", &above[1500..]), LdapReply::Done(0, None)],
        vec![person("ada", &[("memberOf", &[group_dn("Sales")])]), END],
    ];
    let (read, reader, _) = read(pages).await;
    assert_eq!(reader.values(&read.expect("everybody"), "ada", "groups").len(), 1601);
}

/// A connector of kind `ldap` reads value ranges, too.
#[tokio::test]
async fn ldap_connector_reads_value_ranges() {
    let uid = |name: &str, values: &[String]| {
        LdapReply::Object(
            "uid=a,dc=corp".to_owned(),
            vec![("uid".to_owned(), vec!["a".to_owned()]), (name.to_owned(), values.to_vec())],
        )
    };
    let groups = groups(1501);
    let more = LdapReply::Object(
        "uid=a,dc=corp".to_owned(),
        vec![("memberOf;range=1500-*".to_owned(), groups[1500..].to_vec())],
    );
    // The first search is for groups.
    let pages = vec![
        vec![END],
        vec![uid("memberOf;range=0-1499", &groups[..1500]), END],
        vec![more, LdapReply::Done(0, None)],
    ];
    let server = ScriptedLdapServer::start(pages).await;
    let reader = AdReader::of(&format!(
        "[[connector]]\nname = 'corp'\nkind = 'ldap'\nurl = '{}'\nplaintext = true\nbase_dn = 'dc=corp'\n\
         [connector.attributes]\nid = 'uid'\ngroups = '@groupDNs'\n",
        server.url()
    ));
    assert_eq!(reader.values(&reader.people().await, "a", "groups"), groups);
}

/// A lookup by GUID sends the bytes of the GUID.
#[tokio::test]
async fn guid_lookup_uses_bytes() {
    let guid: Vec<u8> = (0x41..0x51).collect();
    let directory = vec![
        LdapPerson::new(0).with_bytes("objectGUID", &guid),
        LdapPerson::new(1).with_bytes("objectGUID", b"ponmlkjihgfedcba"),
    ];
    let slapd = crate::support::slapd::SlapdSetup::of(directory).start().await;
    for kind in ["ldap", "active_directory"] {
        let reader = AdReader::of(&format!(
            "[[connector]]\nname = 'corp'\nkind = '{kind}'\nurl = '{}'\nplaintext = true\n\
             filter = '(objectClass=inetOrgPerson)'\nbase_dn = 'dc=corp,dc=example'\n\
             [connector.attributes]\nid = 'objectGUID'\n",
            slapd.url()
        ));
        let ids = ["44434241-4645-4847-494a-4b4c4d4e4f50".to_owned(), "0".to_owned()];
        let attributes = &reader.config.attributes;
        let found = reader.connector().look_up(&ids, attributes, &crate::support::single_attempt()).await;
        let found = found.expect("asked");
        assert_eq!(crate::support::external_ids(&found[0]), &ids[..1], "{kind}");
    }
}
