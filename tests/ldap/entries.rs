//! The entries of a directory, as they are read.

use rollcall_connectors::PersonQuery;
use rollcall_model::attributes::Attribute;
use rollcall_model::run_warning::RunWarningKind;

use super::{LdapReader, MAPPED, bases};
use crate::support::ldap_person::{LdapPerson, PEOPLE, hard_cases, people};
use crate::support::slapd::SlapdSetup;
use crate::support::{external_ids, single_attempt};

/// 1,200 people on several pages are read completely.
#[tokio::test]
async fn paged_search_reads_all_people() {
    let slapd = SlapdSetup::of(people(1200)).start().await;
    let reader = LdapReader::new(slapd.url());
    let context = single_attempt();
    let reading = reader.connector.read(&reader.attributes, &context).await.expect("everybody");
    let (people, problems) = reading.into_parts();
    let mut expected: Vec<String> = (0..1200).map(|number| format!("p{number}")).collect();
    expected.sort_unstable();
    assert_eq!(external_ids(&people), expected);
    assert_eq!((problems, context.progress.get()), (vec![], 1200));
    let row = people.row("p77").expect("read");
    assert_eq!(people.first(row, Attribute::EMAIL), "p77@corp.example");
    assert_eq!(people.first(row, Attribute::DEPARTMENT), "Sales");
}

#[tokio::test]
async fn hard_cases_are_read_as_they_are() {
    let slapd = SlapdSetup::of(hard_cases()).start().await;
    let mut pairs = MAPPED.to_vec();
    pairs.push(("badge", "badge"));
    let reader = LdapReader::mapped(slapd.url(), &pairs);
    let people = reader.people().await;
    assert_eq!(people.len(), hard_cases().len());
    let all = |id: &str, name: &str| {
        let attribute = reader.attributes.find(name).expect("mapped");
        let cell = people.cell(people.row(id).expect("read"), attribute);
        people.values.all(cell).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(all("p0", "email"), Vec::<String>::new());
    assert_eq!(all("p1", "department"), Vec::<String>::new());
    assert_eq!(all("p2", "department"), ["HR", "Sales"]);
    assert_eq!(all("p3", "role"), ["Clerk"]);
    assert_eq!(all("p4", "name"), [r#"Lovelace, Ada + #1 "x" \ <> ;"#, "Person p4"]);
    assert_eq!(all("p6", "name"), ["山田 太郎"]);
    assert_eq!(all("p7", "name"), ["S\u{e9}verine"]);
    assert_eq!(all("p8", "badge"), ["ff009f"]);
}

/// Attribute names are compared without case, and `entryUUID` is requested by name.
#[tokio::test]
async fn attribute_names_are_case_insensitive() {
    let slapd = SlapdSetup::of(people(2)).start().await;
    let people = LdapReader::mapped(slapd.url(), &[("id", "ENTRYUUID"), ("email", "MAIL")]).people().await;
    assert_eq!(people.len(), 2);
    assert!(people.rows().all(|row| people.id(row).len() == 36));
    assert!(people.rows().all(|row| people.first(row, Attribute::EMAIL).ends_with("@corp.example")));
}

/// Binary ids differ even if their bytes are valid text.
#[tokio::test]
async fn binary_ids_differ_even_if_valid_text() {
    let guid =
        [0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff];
    let directory = vec![
        LdapPerson::new(0).with_bytes("objectGUID", &guid),
        LdapPerson::new(1).with_bytes("objectGUID", b"abcdefghijklmnop"),
    ];
    let slapd = SlapdSetup::of(directory).start().await;
    let people = LdapReader::mapped(slapd.url(), &[("id", "objectGUID")]).people().await;
    assert_eq!(
        external_ids(&people),
        ["00112233-4455-6677-8899-aabbccddeeff", "64636261-6665-6867-696a-6b6c6d6e6f70"]
    );
}

/// Entries without an id or with a duplicate id are rejected. All others are read.
#[tokio::test]
async fn missing_or_duplicate_ids_are_rejected() {
    let mut directory = people(4);
    directory.push(LdapPerson::new(4).without("employeeNumber"));
    directory.push(LdapPerson::new(5).without("employeeNumber").with("employeeNumber", "p0"));
    let slapd = SlapdSetup::of(directory).start().await;
    let people = LdapReader::new(slapd.url()).people().await;
    assert_eq!(external_ids(&people), ["p1", "p2", "p3"]);
    let kinds: Vec<_> = people.set_aside_problems().map(|problem| (problem.kind, problem.subject)).collect();
    let nameless = format!("uid=p4,{PEOPLE}");
    assert_eq!(kinds, [(RunWarningKind::NoId, nameless), (RunWarningKind::RepeatedId, "p0".to_owned())]);
}

/// A mapping that gives no entry an id fails the reading.
#[tokio::test]
async fn mapping_without_any_id_fails() {
    let slapd = SlapdSetup::of(people(12)).start().await;
    let error = LdapReader::mapped(slapd.url(), &[("id", "pager")]).error().await;
    assert_eq!((error.kind(), error.is_transient()), ("set_aside", false));
    assert!(error.to_string().contains("12 of 12 records"), "{error}");
}

/// An invalid address is left out and reported.
#[tokio::test]
async fn invalid_email_is_dropped_and_reported() {
    let slapd =
        SlapdSetup::of(vec![LdapPerson::new(0).without("mail").with("mail", "not an address")]).start().await;
    let (people, problems) = LdapReader::new(slapd.url()).read().await.expect("everybody").into_parts();
    assert_eq!(people.first(0, Attribute::EMAIL), "");
    let told: Vec<_> = problems.iter().map(|problem| (problem.kind, problem.subject.as_str())).collect();
    assert_eq!(told, [(RunWarningKind::BadAddress, "p0")]);
}

/// Several bases are read one after another, and a person below two of them is read once.
#[tokio::test]
async fn overlapping_bases_read_each_person_once() {
    let unit = "dn: ou=guests,dc=corp,dc=example\nobjectClass: organizationalUnit\nou: guests\n\n";
    let mut directory = people(5);
    directory.push(LdapPerson::new(9).below("ou=guests,dc=corp,dc=example"));
    let slapd = SlapdSetup::of(directory).ldif(unit).start().await;
    let read = async |base_dns: &[&str]| {
        let base_dns = bases(base_dns);
        external_ids(
            &LdapReader::new(slapd.url()).set(|settings| settings.base_dns = base_dns).people().await,
        )
    };
    let everybody = ["p0", "p1", "p2", "p3", "p4", "p9"];
    assert_eq!(read(&[PEOPLE, "ou=guests,dc=corp,dc=example"]).await, everybody);
    assert_eq!(read(&[PEOPLE, "dc=corp,dc=example"]).await, everybody);
    assert_eq!(read(&["ou=guests,dc=corp,dc=example"]).await, ["p9"]);
}

/// If one of several bases does not exist, the reading fails.
#[tokio::test]
async fn missing_base_fails_whole_reading() {
    let slapd = SlapdSetup::of(people(5)).start().await;
    let base_dns = bases(&[PEOPLE, "ou=nowhere,dc=corp,dc=example"]);
    let error = LdapReader::new(slapd.url()).set(|settings| settings.base_dns = base_dns).error().await;
    assert_eq!((error.kind(), error.is_transient()), ("no_base", false));
    assert!(error.to_string().contains("ou=nowhere"), "{error}");
}

/// A directory answers for the ids that it does not hold, and a person is found by id.
#[tokio::test]
async fn directory_answers_for_ids() {
    let slapd = SlapdSetup::of(people(5)).start().await;
    let reader = LdapReader::new(slapd.url());
    let ask = async |text: &str, ids: &[&str]| {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let query = PersonQuery { text, ids: &ids };
        let answer = reader.connector.find_person(query, &reader.attributes, &single_attempt()).await;
        let (people, answered) = answer.expect("asked").into_parts();
        (external_ids(&people), answered)
    };
    assert_eq!(ask("p3@corp.example", &["p3"]).await, (vec!["p3".to_owned()], Vec::new()));
    assert_eq!(ask("gone@corp.example", &["p8"]).await, (Vec::new(), vec!["p8".to_owned()]));
    assert_eq!(ask("p4", &[]).await.0, ["p4"]);
}

/// A lookup by address works for any characters of the address.
#[tokio::test]
async fn lookup_escapes_email_in_filter() {
    let odd = "o*(dd)\\@corp.example";
    let mut directory = people(5);
    directory.push(LdapPerson::new(9).without("mail").with("mail", odd));
    let slapd = SlapdSetup::of(directory).start().await;
    let reader = LdapReader::new(slapd.url());
    let find = async |email: &str| {
        let found = reader.connector.find(email, &reader.attributes, &single_attempt()).await.expect("asked");
        external_ids(&found)
    };
    assert_eq!(find("P3@Corp.Example").await, ["p3"]);
    assert_eq!(find(odd).await, ["p9"]);
    assert_eq!(find("*").await, Vec::<String>::new());
    assert_eq!(find("nobody@corp.example").await, Vec::<String>::new());
}
