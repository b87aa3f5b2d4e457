//! A real domain: people in units, groups in groups, accounts that are disabled or have expired.

use std::sync::LazyLock;

use rollcall_model::people::PeopleTable;
use serde_json::{Value, json};

use super::{AdReader, PEOPLE};
use crate::support::samba::{DOMAIN, PASSWORD, SambaServer, add, samba};
use crate::support::{external_ids, single_attempt};

/// Accounts that bind.
const READER: &str = "CN=rollcall,CN=Users,DC=corp,DC=example";

fn unit(name: &str) -> Value {
    add(&format!("OU={name},{DOMAIN}"), &[("objectClass", "organizationalUnit")])
}

fn account(name: &str) -> Vec<Value> {
    let dn = format!("CN={name},CN=Users,{DOMAIN}");
    let change = |attribute: &str, value: &str| json!({ "change": [dn, attribute, [value]] });
    vec![
        add(
            &dn,
            &[
                ("objectClass", "user"),
                ("sAMAccountName", name),
                ("userPrincipalName", &format!("{name}@corp.example")),
            ],
        ),
        json!({ "password": [dn, PASSWORD] }),
        change("userAccountControl", "512"),
    ]
}

fn group(name: &str, members: &[String]) -> Value {
    let mut order =
        add(&format!("CN={name},OU=Groups,{DOMAIN}"), &[("objectClass", "group"), ("sAMAccountName", name)]);
    if !members.is_empty() {
        order["add"]["member"] = json!(members);
    }
    order
}

/// The DN of a person by number.
fn dn(number: usize) -> String {
    let unit = if number.is_multiple_of(2) { "OU=Sales" } else { "OU=Research" };
    match number {
        4 => format!(r"CN=Müller\, Jörg,{unit},{PEOPLE}"),
        _ => format!("CN=Person {number},{unit},{PEOPLE}"),
    }
}

/// Sixty people and their groups.
fn orders() -> Vec<Value> {
    let mut orders = vec![unit("People"), unit("Groups"), unit("Board")];
    for name in ["Sales", "Research", "Moved"] {
        orders.push(add(&format!("OU={name},{PEOPLE}"), &[("objectClass", "organizationalUnit")]));
    }
    orders.push(add(
        &format!("CN=The Boss,OU=Board,{DOMAIN}"),
        &[("objectClass", "user"), ("sAMAccountName", "boss"), ("userAccountControl", "512")],
    ));
    for number in 0..60 {
        let control = if number == 1 { "514" } else { "512" };
        let (uid, mail) = (format!("p{number}"), format!("p{number}@corp.example"));
        let (upn, manager) = (format!("p{number}@login.example"), dn(if number == 8 { 4 } else { 0 }));
        let name = if number == 4 { "Jörg Müller".to_owned() } else { format!("Person {number}") };
        let mut values = vec![
            ("objectClass", "user"),
            ("sAMAccountName", &*uid),
            ("userPrincipalName", &upn),
            ("displayName", &name),
            ("givenName", "Person"),
            ("sn", &uid),
            ("title", "Clerk"),
            ("userAccountControl", control),
        ];
        values.push(("department", if number % 2 == 0 { "Sales" } else { "Research" }));
        values.push(if number == 6 { ("physicalDeliveryOfficeName", "Kraków") } else { ("l", "Berlin") });
        if number != 5 {
            values.push(("mail", &mail));
        }
        match number {
            0 => {}
            7 => values.push(("manager", "CN=The Boss,OU=Board,DC=corp,DC=example")),
            _ => values.push(("manager", &manager)),
        }
        // 2020-01-01, and the midnight that ends 2030-12-31, in UTC.
        match number {
            2 => values.push(("accountExpires", "132223104000000000")),
            3 => values.push(("accountExpires", "135694656000000000")),
            9 => values.push(("accountExpires", "0")),
            _ => {}
        }
        orders.push(add(&dn(number), &values));
    }
    let group_dn = |name: &str| format!("CN={name},OU=Groups,{DOMAIN}");
    orders.extend([
        group("Berlin", &[dn(10), dn(11), dn(4)]),
        group("Trade", &[group_dn("Berlin"), dn(12)]),
        group("Staff", &[group_dn("Trade")]),
        group("Ring A", &[dn(13)]),
        group("Ring B", &[group_dn("Ring A")]),
        json!({ "change": [group_dn("Ring A"), "member", [dn(13), group_dn("Ring B")]] }),
        group("Interns", &[dn(14)]),
        group("Young", &[group_dn("Interns")]),
        json!({ "primary": [dn(14), group_dn("Interns")] }),
    ]);
    for name in ["rollcall", "disabled", "expired", "changing"] {
        orders.extend(account(name));
    }
    let users = |name: &str| format!("CN={name},CN=Users,{DOMAIN}");
    orders.extend([
        json!({ "change": [users("disabled"), "userAccountControl", ["514"]] }),
        json!({ "change": [users("expired"), "accountExpires", ["132223104000000000"]] }),
        json!({ "change": [users("changing"), "pwdLastSet", ["0"]] }),
    ]);
    orders
}

/// The domain controller with these people.
fn domain() -> &'static SambaServer {
    static FILLED: LazyLock<&'static SambaServer> = LazyLock::new(|| {
        let samba = samba();
        samba.order(&orders());
        samba
    });
    *FILLED
}

/// A short file: everything else is usual.
fn file(more: &str, attributes: &str) -> String {
    let samba = domain();
    let url = if more.contains("url = ") { String::new() } else { format!("url = '{}'", samba.tls_url()) };
    let base = if more.contains("base_dn = ") { String::new() } else { format!("base_dn = '{PEOPLE}'") };
    let bind = if more.contains("bind_dn = ") {
        String::new()
    } else {
        format!("bind_dn = '{READER}'\nbind_password = '{PASSWORD}'")
    };
    let ca = if more.contains("plaintext") {
        String::new()
    } else {
        format!("ca_file = '{}'", samba.ca_file.display())
    };
    format!(
        "[[connector]]\nname = 'corp'\nkind = 'active_directory'\n{url}\n{base}\n{bind}\n{ca}\n{more}\n\
         [connector.attributes]\nlogin = 'sAMAccountName'\n{attributes}\n"
    )
}

fn reader(more: &str, attributes: &str) -> AdReader {
    AdReader::of(&file(more, attributes))
}

/// The id of somebody by their login.
fn id(reader: &AdReader, people: &PeopleTable, login: &str) -> String {
    let attribute = reader.config.attributes.find("login").expect("mapped");
    let row = people.rows().find(|&row| people.first(row, attribute) == login);
    people.id(row.unwrap_or_else(|| panic!("`{login}` was read"))).to_owned()
}

fn of(reader: &AdReader, people: &PeopleTable, login: &str, attribute: &str) -> Vec<String> {
    reader.values(people, &id(reader, people, login), attribute)
}

/// A few lines of configuration read sixty people with the default settings.
#[tokio::test]
async fn default_settings_read_sixty_people() {
    let reader = reader("", "end_date = '@accountExpires'");
    let people = reader.people().await;
    assert_eq!(people.len(), 60);
    for id in external_ids(&people) {
        let groups: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(id, id.to_ascii_lowercase());
    }
    let of = |login: &str, attribute: &str| of(&reader, &people, login, attribute).join("; ");
    assert_eq!(of("p4", "name"), "Jörg Müller");
    assert_eq!((of("p0", "email"), of("p5", "email")), ("p0@corp.example".into(), "p5@login.example".into()));
    assert_eq!((of("p0", "location"), of("p6", "location")), ("Berlin".into(), "Kraków".into()));
    assert_eq!((of("p0", "department"), of("p0", "role")), ("Sales".into(), "Clerk".into()));
    assert_eq!((of("p0", "given_name"), of("p0", "family_name")), ("Person".into(), "p0".into()));
    for (login, status, end) in [
        ("p0", "active", ""),
        ("p1", "left", ""),
        ("p2", "left", "2019-12-31"),
        ("p3", "active", "2030-12-31"),
        ("p9", "active", ""),
    ] {
        assert_eq!((of(login, "status"), of(login, "end_date")), (status.into(), end.into()), "{login}");
    }
}

/// The groups of a person include nested groups and the primary group.
#[tokio::test]
async fn groups_include_nested_and_primary_groups() {
    let reader = reader("", "groups = 'memberOf'\nunits = '@groupDNs'");
    let people = reader.people().await;
    let of = |login: &str| of(&reader, &people, login, "groups");
    assert_eq!(of("p10"), ["Berlin", "Domain Users", "Staff", "Trade", "Users"]);
    assert_eq!(of("p4"), of("p10"));
    assert_eq!(of("p12"), ["Domain Users", "Staff", "Trade", "Users"]);
    assert_eq!(of("p13"), ["Domain Users", "Ring A", "Ring B", "Users"]);
    assert_eq!(of("p20"), ["Domain Users", "Users"]);
    let other_primary = ["Domain Users", "Interns", "Users", "Young"];
    assert_eq!(
        of("p14"),
        other_primary,
        "one of the two is the primary group, the other one an ordinary one"
    );
    let dns = self::of(&reader, &people, "p13", "units");
    let expected = ["Domain Users,CN=Users", "Ring A,OU=Groups", "Ring B,OU=Groups", "Users,CN=Builtin"];
    assert_eq!(dns, expected.map(|name| format!("CN={name},{DOMAIN}")));
}

/// A manager is resolved to an external id. The DN of a manager outside the directory stays.
#[tokio::test]
async fn manager_is_resolved_to_id_within_directory() {
    let reader = reader("", "");
    let people = reader.people().await;
    let manager = |login: &str| of(&reader, &people, login, "manager");
    assert_eq!(manager("p1"), [id(&reader, &people, "p0")]);
    assert_eq!(
        manager("p8"),
        [id(&reader, &people, "p4")],
        "whose name has a comma and letters beyond ASCII"
    );
    assert_eq!(manager("p0"), [""; 0]);
    assert_eq!(manager("p7"), ["CN=The Boss,OU=Board,DC=corp,DC=example"]);
}

#[tokio::test]
async fn pages_of_any_size_hold_the_same_people() {
    let all = external_ids(&reader("", "").people().await);
    for size in [1, 7, 59, 60, 61] {
        assert_eq!(external_ids(&reader(&format!("page_size = {size}"), "").people().await), all);
    }
}

/// A lookup by either address or by id returns the same person with the same manager.
#[tokio::test]
async fn lookup_by_any_email_or_id_gives_same_manager() {
    let reader = reader("", "groups = 'memberOf'");
    let people = reader.people().await;
    let (connector, attributes) = (reader.connector(), &reader.config.attributes);
    let same = |found: &PeopleTable, login: &str| {
        let expected = id(&reader, &people, login);
        assert_eq!(external_ids(found), std::slice::from_ref(&expected), "{login}");
        for attribute in ["email", "manager", "status", "groups", "name"] {
            assert_eq!(
                reader.values(found, &expected, attribute),
                reader.values(&people, &expected, attribute)
            );
        }
    };
    same(&connector.find("P8@corp.example", attributes, &single_attempt()).await.expect("asked"), "p8");
    same(&connector.find("p5@login.example", attributes, &single_attempt()).await.expect("asked"), "p5");
    let other = connector.find("p8@login.example", attributes, &single_attempt()).await.expect("asked");
    assert!(other.is_empty(), "who has a mail address is not found by the name of the account");
    let some: Vec<String> = ["p8", "p7"].map(|login| id(&reader, &people, login)).to_vec();
    let found = connector.look_up(&some, attributes, &single_attempt()).await.expect("asked");
    assert_eq!(external_ids(&found[0]).len(), 2);
    assert_eq!(reader.values(&found[0], &some[0], "manager"), reader.values(&people, &some[0], "manager"));
    // The manager was not looked up.
    assert_eq!(reader.values(&found[0], &some[1], "manager"), ["CN=The Boss,OU=Board,DC=corp,DC=example"]);
    let nobody = ["00000000-0000-0000-0000-000000000000".to_owned()];
    assert!(connector.look_up(&nobody, attributes, &single_attempt()).await.expect("asked")[0].is_empty());
}

/// A person who is moved or renamed in the directory stays the same person.
#[tokio::test]
async fn move_or_rename_keeps_person() {
    let reader = reader("", "");
    let before = reader.people().await;
    let moved = format!("CN=Married,OU=Moved,{PEOPLE}");
    let orders =
        [json!({ "move": [dn(30), moved] }), json!({ "change": [moved, "displayName", ["Married"]] })];
    domain().order(&orders);
    let after = reader.people().await;
    assert_eq!(external_ids(&after), external_ids(&before));
    assert_eq!(id(&reader, &after, "p30"), id(&reader, &before, "p30"));
    assert_eq!(of(&reader, &after, "p30", "name"), ["Married"]);
}

/// StartTLS works like LDAPS. A bind without encryption is refused.
#[tokio::test]
async fn starttls_and_ldaps_work_plaintext_bind_fails() {
    let url = format!("url = '{}'", domain().url());
    assert_eq!(reader(&format!("{url}\nstarttls = true"), "").people().await.len(), 60);
    assert_eq!(reader(&format!("{url}\nplaintext = true"), "").fails().await, ("encryption_required", false));
}

#[tokio::test]
async fn a_refused_account_is_told_why() {
    let said = async |account: &str, password: &str| {
        let more = format!("bind_dn = '{account}'\nbind_password = '{password}'");
        let error = reader(&more, "").read().await.expect_err("refused");
        assert_eq!(error.kind(), "refused");
        assert!(!format!("{error} {error:?}").contains(PASSWORD), "{error:?}");
        error
            .to_string()
            .replace(&format!("connector `corp`: the server refused the account `{account}`: "), "")
    };
    let login = |name: &str| format!("{name}@corp.example");
    assert_eq!(said(READER, "wrong").await, "wrong account or password");
    assert_eq!(said(&login("nobody"), PASSWORD).await, "wrong account or password");
    assert_eq!(said(&login("disabled"), PASSWORD).await, "the account is disabled");
    assert_eq!(said(&login("expired"), PASSWORD).await, "the account has expired");
    assert_eq!(said(&login("changing"), PASSWORD).await, "the account must change its password first");
    let more = format!("bind_dn = '{}'\nbind_password = '{PASSWORD}'", login("rollcall"));
    assert_eq!(reader(&more, "").people().await.len(), 60, "the name of a login is as good as a DN");
}

/// A server that shows nothing to anonymous users is not an empty directory.
#[tokio::test]
async fn hidden_entries_are_not_an_empty_directory() {
    let error = reader("# bind_dn = ''", "").read().await.expect_err("nothing was told");
    assert_eq!((error.kind(), error.is_transient()), ("refused", false), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("`bind_dn`")), "{error:?}");
}

/// A search from the root of the domain ignores search references.
#[tokio::test]
async fn search_from_domain_root_ignores_references() {
    let top = format!("base_dn = '{DOMAIN}'");
    let reader = reader(&top, "");
    let people = reader.people().await;
    assert!(people.len() > 60, "{}", people.len());
    assert_eq!(of(&reader, &people, "Guest", "status"), ["left"]);
    assert_eq!(of(&reader, &people, "p7", "manager"), [id(&reader, &people, "boss")]);
    let steps = reader.connector().check(&reader.config.attributes, &single_attempt()).await;
    let read = steps.iter().find(|step| step.name == "read").expect("a step");
    assert!(
        read.warnings.iter().any(|warning| warning.contains("other directories are not read")),
        "{steps:?}"
    );
}

/// `check` lists its steps and names attributes that no person has.
#[tokio::test]
async fn check_lists_steps_and_unused_attributes() {
    let reader = reader("page_size = 20", "groups = 'memberOf'\nphone = 'telephoneNumber'");
    let steps = reader.connector().check(&reader.config.attributes, &single_attempt()).await;
    let names: Vec<_> = steps.iter().map(|step| step.name).collect();
    assert_eq!(names, ["resolve", "connect", "TLS", "bind", "read", "attributes"]);
    let last = steps.last().expect("six steps");
    let words = last.outcome.as_ref().expect("everything works");
    assert!(words.contains("of 20 people: ") && words.contains("groups 20"), "{words}");
    assert_eq!(
        last.warnings,
        ["none of the first 20 people has a value for `telephoneNumber`, which is mapped to `phone`"]
    );
}
