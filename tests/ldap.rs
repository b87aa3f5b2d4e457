//! Reading a real directory, and every way in which one can fail to say everything.

use std::time::Duration;

use rollcall_connectors::ldap::LdapSettings;
use rollcall_connectors::tls::{CertificateProblem, TlsError};
use rollcall_connectors::{Connector, ConnectorCause, ConnectorError, DirectoryReading, SourceSettings};
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::people::PeopleTable;
use rollcall_model::run_warning::RunWarningKind;
use rollcall_model::secret::SecretText;

use crate::support::fault_proxy::{ConnectionFault, FaultProxy, STALL, refusing_port};
use crate::support::ldap_person::{LdapPerson, PEOPLE, hard_cases, people};
use crate::support::scripted_ldap_server::{LdapReply, ScriptedLdapServer, tagged};
use crate::support::slapd::{ADMIN, READER, SlapdServer, SlapdSetup};
use crate::support::{connector, external_ids, mapping, single_attempt, with_attempts};

const MAPPED: &[(&str, &str)] = &[
    ("id", "employeeNumber"),
    ("email", "mail"),
    ("name", "cn"),
    ("department", "departmentNumber"),
    ("location", "l"),
    ("role", "title"),
];

/// A connector, to be changed until it is what the test needs.
struct LdapReader {
    attributes: AttributeSet,
    connector: Connector,
}

impl LdapReader {
    /// As the administrator, in the clear, by pages of 200.
    fn new(url: String) -> Self {
        Self::mapped(url, MAPPED)
    }

    fn mapped(url: String, pairs: &[(&str, &str)]) -> Self {
        let (attributes, mapping) = mapping(pairs);
        let settings = LdapSettings {
            url,
            starttls: false,
            plaintext: true,
            ca_file: None,
            bind: Some((ADMIN.0.to_owned(), SecretText::new(ADMIN.1))),
            base_dns: vec![PEOPLE.to_owned()],
            filter: "(objectClass=inetOrgPerson)".to_owned(),
            page_size: 200,
            timeout: Duration::from_secs(20),
        };
        Self { attributes, connector: connector(mapping, SourceSettings::Ldap(settings)) }
    }

    fn set(mut self, change: impl FnOnce(&mut LdapSettings)) -> Self {
        match &mut self.connector.source {
            SourceSettings::Ldap(settings) => change(settings),
            _ => unreachable!("made as ldap"),
        }
        self
    }

    async fn read(&self) -> Result<DirectoryReading, ConnectorError> {
        self.connector.read(&self.attributes, &single_attempt()).await
    }

    async fn people(&self) -> PeopleTable {
        self.read().await.expect("everybody").into_parts().0
    }

    async fn error(&self) -> ConnectorError {
        self.read().await.expect_err("not everybody")
    }
}

fn bases(bases: &[&str]) -> Vec<String> {
    bases.iter().map(|&base| base.to_owned()).collect()
}

/// A reading of a server that says what it is told to say.
async fn told(pages: Vec<Vec<LdapReply>>) -> Result<Vec<String>, ConnectorError> {
    let server = ScriptedLdapServer::start(pages).await;
    let reader = LdapReader::mapped(server.url(), &[("id", "uid")]).set(|settings| {
        settings.base_dns = bases(&["dc=corp"]);
    });
    reader.read().await.map(|reading| external_ids(reading.people()))
}

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
    assert_eq!(all("p4", "name"), [r##"Lovelace, Ada + #1 "x" \ <> ;"##, "Person p4"]);
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

#[tokio::test]
async fn an_anonymous_bind_reads_what_everybody_may_read() {
    let slapd = SlapdSetup::of(people(3)).start().await;
    let reader = LdapReader::new(slapd.url()).set(|settings| settings.bind = None);
    assert_eq!(reader.people().await.len(), 3);
}

#[tokio::test]
async fn ldaps_and_starttls_trust_the_private_ca() {
    let slapd = SlapdSetup::of(people(3)).start().await;
    let trusting = |url: String, starttls: bool| {
        LdapReader::new(url).set(|settings| {
            settings.plaintext = false;
            settings.starttls = starttls;
            settings.ca_file = Some(slapd.ca_file.clone());
        })
    };
    assert_eq!(trusting(slapd.tls_url(), false).people().await.len(), 3);
    assert_eq!(trusting(slapd.url(), true).people().await.len(), 3);
}

async fn flaw(
    slapd: &SlapdServer,
    ca_file: Option<std::path::PathBuf>,
) -> (CertificateProblem, &'static str, String) {
    let error = LdapReader::new(slapd.tls_url()).set(|settings| settings.ca_file = ca_file).error().await;
    let (kind, hint) = (error.kind(), error.hint().expect("something can be done"));
    match error.cause() {
        ConnectorCause::Tls(TlsError::Certificate { problem, .. }) => (*problem, kind, hint),
        _ => panic!("not about the certificate: {error:?}"),
    }
}

/// An unknown CA, a wrong host name and an expired certificate give different errors.
#[tokio::test]
async fn certificate_errors_are_distinguished() {
    let good = SlapdSetup::of(people(1)).start().await;
    let elsewhere = SlapdSetup::of(people(1)).certified_for("dc9.corp.example").start().await;
    let expired = SlapdSetup::of(people(1)).expired().start().await;
    let (unknown, kind, hint) = flaw(&good, Some(elsewhere.ca_file.clone())).await;
    assert_eq!((unknown, kind), (CertificateProblem::UnknownCa, "tls"));
    assert!(hint.contains("`ca_file`"), "{hint}");
    let (wrong, _, hint) = flaw(&elsewhere, Some(elsewhere.ca_file.clone())).await;
    assert_eq!(wrong, CertificateProblem::WrongName);
    assert!(hint.contains("`127.0.0.1`"), "{hint}");
    assert_eq!(flaw(&expired, Some(expired.ca_file.clone())).await.0, CertificateProblem::Expired);
}

/// An error names a CA file that is not valid.
#[tokio::test]
async fn invalid_ca_file_is_named() {
    let slapd = SlapdSetup::of(people(1)).start().await;
    let nowhere = "/nowhere/ca.pem";
    let error = LdapReader::new(slapd.tls_url())
        .set(|settings| settings.ca_file = Some(nowhere.into()))
        .error()
        .await;
    assert_eq!(error.kind(), "tls");
    assert!(error.to_string().contains(nowhere), "{error}");
}

/// TLS with a server that does not support it fails with a hint about the port.
#[tokio::test]
async fn tls_on_plaintext_port_hints_at_port() {
    let slapd = SlapdSetup::of(people(1)).start().await;
    let url = slapd.url().replace("ldap://", "ldaps://");
    let error =
        LdapReader::new(url).set(|settings| settings.ca_file = Some(slapd.ca_file.clone())).error().await;
    assert!(matches!(error.kind(), "tls" | "cut_off"), "{error:?}");
}

/// A password is not sent in plaintext unless configured.
#[tokio::test]
async fn password_not_sent_in_plaintext_by_default() {
    let slapd = SlapdSetup::of(people(1)).start().await;
    let line = FaultProxy::start(slapd.port, ConnectionFault::Pass).await;
    let error = LdapReader::new(line.url()).set(|settings| settings.plaintext = false).error().await;
    assert_eq!((error.kind(), line.passed()), ("bad_setting", 0));
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_not_shown() {
    let slapd = SlapdSetup::of(people(1)).start().await;
    let wrong = Some((READER.0.to_owned(), SecretText::new("hunter2")));
    let error = LdapReader::new(slapd.url()).set(|settings| settings.bind = wrong).error().await;
    assert_eq!((error.kind(), error.is_transient()), ("refused", false));
    assert!(error.to_string().contains(READER.0), "{error}");
    assert!(!format!("{error:?} {error} {:?}", error.hint()).contains("hunter2"), "{error:?}");
}

/// An empty password is refused before the server can treat it as an anonymous bind.
#[tokio::test]
async fn empty_password_refused_before_bind() {
    let slapd = SlapdSetup::of(people(1)).start().await;
    let empty = Some((READER.0.to_owned(), SecretText::new("")));
    let error = LdapReader::new(slapd.url()).set(|settings| settings.bind = empty).error().await;
    assert_eq!(error.to_string(), "connector `corp`: `bind_password` is empty");
}

#[tokio::test]
async fn a_refused_connection_is_tried_again_later() {
    let port = refusing_port().await;
    let error = LdapReader::new(format!("ldap://127.0.0.1:{port}")).error().await;
    assert_eq!((error.kind(), error.is_transient()), ("unreachable", true));
    assert_eq!(error.to_string(), format!("connector `corp`: could not connect to `127.0.0.1:{port}`"));
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_named() {
    let error = LdapReader::new("ldap://dc1.corp.invalid".to_owned()).error().await;
    assert_eq!((error.kind(), error.is_transient()), ("unreachable", true));
    assert!(error.to_string().contains("`dc1.corp.invalid`"), "{error}");
}

/// A size limit that is reached after some pages fails the reading.
#[tokio::test]
async fn size_limit_after_some_pages_fails() {
    let slapd = SlapdSetup::of(people(1200)).size_limit(500).start().await;
    let reader = Some((READER.0.to_owned(), SecretText::new(READER.1)));
    let error = LdapReader::new(slapd.url()).set(|settings| settings.bind = reader).error().await;
    assert_eq!((error.kind(), error.is_transient()), ("size_limit", false));
    assert!(error.hint().expect("something can be done").contains("`size.prtotal`"), "{:?}", error.hint());
    assert_eq!(LdapReader::new(slapd.url()).people().await.len(), 1200);
}

/// A connection that is cut at any point does not give a reading.
#[tokio::test]
async fn truncated_connection_is_not_a_reading() {
    let slapd = SlapdSetup::of(people(20)).start().await;
    let cut_at = async |line: ConnectionFault| {
        let line = FaultProxy::start(slapd.port, line).await;
        let outcome = LdapReader::new(line.url()).set(|settings| settings.page_size = 7).read().await;
        (outcome.map(|reading| reading.people().len()), line.passed())
    };
    let (everybody, total) = cut_at(ConnectionFault::Pass).await;
    assert_eq!(everybody.expect("everybody"), 20);
    assert!(total > 2000, "{total} bytes are too few for three pages");
    for position in (0..total).step_by(7) {
        let (outcome, _) = cut_at(ConnectionFault::CutAfter(position)).await;
        let error = outcome.expect_err(&format!("cut after {position} of {total} bytes"));
        assert_eq!((error.kind(), error.is_transient()), ("cut_off", true), "after {position} bytes");
    }
    assert_eq!(cut_at(ConnectionFault::CutAfter(total)).await.0.expect("nothing is missing"), 20);
}

/// A long response that is cut or reset on any page does not give a reading.
#[tokio::test]
async fn response_cut_on_any_page_is_not_a_reading() {
    let slapd = SlapdSetup::of(people(1200)).start().await;
    let line = FaultProxy::start(slapd.port, ConnectionFault::Pass).await;
    assert_eq!(LdapReader::new(line.url()).people().await.len(), 1200);
    let total = line.passed();
    for position in (total / 40..total).step_by(usize::try_from(total / 20).expect("small")) {
        for fault in [ConnectionFault::CutAfter(position), ConnectionFault::ResetAfter(position)] {
            let line = FaultProxy::start(slapd.port, fault).await;
            assert_eq!(LdapReader::new(line.url()).error().await.kind(), "cut_off", "{fault:?}");
        }
    }
}

/// A server that does not respond times out at each stage.
#[tokio::test]
async fn silent_server_times_out_at_every_stage() {
    let slapd = SlapdSetup::of(people(20)).start().await;
    for (fault, stage) in [
        (ConnectionFault::BlackHole, "the bind"),
        (ConnectionFault::StallAfter(20), "the search"),
        (ConnectionFault::StallAfter(1000), "the search"),
    ] {
        let line = FaultProxy::start(slapd.port, fault).await;
        let error = LdapReader::new(line.url()).set(|settings| settings.timeout = STALL).error().await;
        assert_eq!((error.kind(), error.is_transient()), ("stalled", true), "{fault:?}");
        assert!(error.to_string().contains(stage), "{fault:?}: {error}");
    }
    let line = FaultProxy::start(slapd.tls_port, ConnectionFault::BlackHole).await;
    let url = line.url().replace("ldap://", "ldaps://");
    let reader = LdapReader::new(url).set(|settings| {
        settings.timeout = STALL;
        settings.ca_file = Some(slapd.ca_file.clone());
    });
    assert_eq!(reader.error().await.kind(), "stalled");
}

/// A transient error restarts the reading from the beginning.
#[tokio::test]
async fn transient_error_restarts_reading() {
    let slapd = SlapdSetup::of(people(20)).start().await;
    let line = FaultProxy::start(slapd.port, ConnectionFault::CutFirst).await;
    let reader = LdapReader::new(line.url());
    let reading =
        reader.connector.read(&reader.attributes, &with_attempts(2)).await.expect("the second time");
    assert_eq!((reading.people().len(), reading.people().set_aside()), (20, 0));
}

/// A cancelled reading ends even if the server does not respond.
#[tokio::test]
async fn cancelled_reading_ends_with_silent_server() {
    let slapd = SlapdSetup::of(people(20)).start().await;
    let line = FaultProxy::start(slapd.port, ConnectionFault::StallAfter(1000)).await;
    let reader = LdapReader::new(line.url());
    let context = single_attempt();
    let cancel = async {
        while line.passed() < 1000 {
            tokio::task::yield_now().await;
        }
        context.cancel.cancel();
    };
    let (outcome, ()) = tokio::join!(reader.connector.read(&reader.attributes, &context), cancel);
    assert_eq!(outcome.expect_err("cancelled").kind(), "cancelled");
}

/// A base that returns a referral is not an empty directory.
#[tokio::test]
async fn referral_of_base_is_not_an_empty_directory() {
    let referral = "dn: ou=moved,dc=corp,dc=example\nobjectClass: referral\nobjectClass: extensibleObject\nou: moved\n\
                    ref: ldap://dc2.corp.example/ou=moved,dc=corp,dc=example\n\n";
    let slapd = SlapdSetup::of(people(3)).ldif(referral).start().await;
    let below = |base: &str| {
        let base_dns = bases(&[base]);
        LdapReader::new(slapd.url()).set(|settings| settings.base_dns = base_dns)
    };
    let error = below("ou=moved,dc=corp,dc=example").error().await;
    assert_eq!((error.kind(), error.is_transient()), ("referral", false));
    let error = below("dc=corp,dc=example").error().await;
    assert_eq!(error.kind(), "referral");
    assert!(error.to_string().contains("ldap://dc2.corp.example"), "{error}");
    assert_eq!(below(PEOPLE).people().await.len(), 3);
}

#[tokio::test]
async fn only_result_0_with_an_empty_cookie_is_the_end() {
    let page = |done| vec![LdapReply::Entry("a"), LdapReply::Entry("b"), done];
    assert_eq!(told(vec![page(LdapReply::Done(0, Some(b"")))]).await.expect("complete"), ["a", "b"]);
    for (code, kind, transient) in [
        (1, "server_error", false),
        (3, "time_limit", true),
        (4, "size_limit", false),
        (10, "referral", false),
        (11, "admin_limit", false),
        (12, "no_paging", false),
        (32, "no_base", false),
        (50, "no_access", false),
        (51, "busy", true),
        (52, "unavailable", true),
        (53, "unwilling", false),
        (80, "server_answer", false),
    ] {
        for cookie in [None, Some(&b""[..])] {
            let error = told(vec![page(LdapReply::Done(code, cookie))]).await.expect_err("stopped early");
            assert_eq!((error.kind(), error.is_transient()), (kind, transient), "result {code}");
            assert!(error.to_string().contains(&format!("(result {code})")), "{error}");
        }
    }
}

/// A response without the paging control does not prove completeness.
#[tokio::test]
async fn response_without_paging_control_is_incomplete() {
    let error =
        told(vec![vec![LdapReply::Entry("a"), LdapReply::Done(0, None)]]).await.expect_err("not paged");
    assert_eq!((error.kind(), error.is_transient()), ("incomplete", false));
}

/// A repeated page fails the reading. A repeated cookie does not.
#[tokio::test]
async fn repeated_page_fails_but_repeated_cookie_does_not() {
    let page = |uid, cookie| vec![LdapReply::Entry(uid), LdapReply::Done(0, Some(cookie))];
    let error = told(vec![page("a", b"1")]).await.expect_err("the same page for ever");
    assert_eq!(error.kind(), "incomplete");
    assert!(error.to_string().contains("repeats an earlier page"), "{error}");
    // As 389-ds does.
    let read = told(vec![page("a", b"0"), page("b", b"0"), page("c", b"")]).await;
    assert_eq!(read.expect("complete"), ["a", "b", "c"]);
}

#[tokio::test]
async fn a_reference_among_the_entries_is_a_missing_part() {
    let page =
        vec![LdapReply::Entry("a"), LdapReply::Reference("ldap://dc3/"), LdapReply::Done(0, Some(b""))];
    let error = told(vec![page]).await.expect_err("a part lies elsewhere");
    assert_eq!(error.kind(), "referral");
}

#[tokio::test]
async fn malformed_messages_are_errors_and_no_panic() {
    for nonsense in [
        LdapReply::Raw(format!("HTTP/1.1 400 Bad Request\r\n{}", "x".repeat(100)).into_bytes()),
        LdapReply::Raw(vec![0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]),
        LdapReply::Operation(tagged(0x64, &[])),
        LdapReply::Operation(tagged(0x64, &tagged(0x04, b"uid=a"))),
        LdapReply::Operation(tagged(
            0x64,
            &[tagged(0x04, b"uid=a"), tagged(0x30, &tagged(0x04, b"uid"))].concat(),
        )),
        LdapReply::Operation(tagged(0x65, &[])),
        LdapReply::Operation(tagged(0x7e, &[])),
    ] {
        let error =
            told(vec![vec![nonsense.clone(), LdapReply::Done(0, Some(b""))]]).await.expect_err("nonsense");
        assert_eq!((error.kind(), error.is_transient()), ("malformed", false), "{nonsense:?}");
    }
}

/// Messages that belong to another request or contain no entries are ignored.
#[tokio::test]
async fn unrelated_messages_are_ignored() {
    let uid = [tagged(0x04, b"uid"), tagged(0x31, &tagged(0x04, b"z"))].concat();
    let entry = [tagged(0x04, b"uid=z"), tagged(0x30, &tagged(0x30, &uid))].concat();
    let elsewhere = tagged(0x30, &[tagged(0x02, &[99]), tagged(0x64, &entry)].concat());
    let intermediate = LdapReply::Operation(tagged(0x79, &[]));
    let first = vec![
        LdapReply::Raw(elsewhere),
        intermediate.clone(),
        LdapReply::Entry("a"),
        LdapReply::Done(0, Some(b"1")),
    ];
    let second = vec![LdapReply::Entry("b"), intermediate.clone(), LdapReply::Done(0, Some(b""))];
    assert_eq!(told(vec![first, second]).await.expect("complete"), ["a", "b"]);
    let nobody = told(vec![vec![intermediate, LdapReply::Done(0, Some(b""))]]).await;
    assert_eq!(nobody.expect("complete"), Vec::<String>::new());
}

/// A server that continues in plaintext after agreeing to TLS is refused.
#[tokio::test]
async fn plaintext_after_starttls_is_refused() {
    let server =
        ScriptedLdapServer::start(vec![vec![LdapReply::Entry("a"), LdapReply::Done(0, Some(b""))]]).await;
    let reader = LdapReader::mapped(server.url(), &[("id", "uid")]).set(|settings| settings.starttls = true);
    let error = reader.error().await;
    assert_eq!((error.kind(), error.is_transient()), ("malformed", false));
    assert!(error.to_string().contains("StartTLS"), "{error}");
}

/// A refusal is reported even if the server closes the connection after it.
#[tokio::test]
async fn refusal_reported_when_server_disconnects() {
    let slapd = SlapdSetup::of(people(1)).start().await;
    let refused = async |line: ConnectionFault| {
        let line = FaultProxy::start(slapd.port, line).await;
        let wrong = Some((READER.0.to_owned(), SecretText::new("wrong")));
        let error = LdapReader::new(line.url()).set(|settings| settings.bind = wrong).error().await;
        (error.kind(), line.passed())
    };
    let (kind, said) = refused(ConnectionFault::Pass).await;
    assert_eq!(kind, "refused");
    for _ in 0..20 {
        assert_eq!(refused(ConnectionFault::CutAfter(said)).await.0, "refused");
    }
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

/// `check` shows each step and the attribute that no person has.
#[tokio::test]
async fn check_shows_steps_and_unused_attribute() {
    let slapd = SlapdSetup::of(people(5)).start().await;
    let mut pairs = MAPPED.to_vec();
    pairs.push(("phone", "telephoneNumber"));
    let reader = LdapReader::mapped(slapd.tls_url(), &pairs).set(|settings| {
        settings.ca_file = Some(slapd.ca_file.clone());
    });
    let steps = reader.connector.check(&reader.attributes, &single_attempt()).await;
    let names: Vec<_> = steps.iter().map(|step| step.name).collect();
    assert_eq!(names, ["resolve", "connect", "TLS", "bind", "read", "attributes"]);
    let last = steps.last().expect("six steps");
    let words = last.outcome.as_ref().expect("everything works");
    assert!(words.contains("of 5 people: id 5, email 5") && words.contains("`p0` Person p0"), "{words}");
    assert_eq!(last.warnings, ["no person has a value for `telephoneNumber`, which is mapped to `phone`"]);
}

#[tokio::test]
async fn check_ends_with_the_step_that_fails() {
    let slapd = SlapdSetup::of(people(1)).start().await;
    let ends = async |reader: LdapReader| {
        let steps = reader.connector.check(&reader.attributes, &single_attempt()).await;
        let failed: Vec<_> =
            steps.iter().filter(|step| step.outcome.is_err()).map(|step| step.name).collect();
        assert_eq!(failed, [steps.last().expect("a step").name]);
        failed[0]
    };
    assert_eq!(ends(LdapReader::new("ldap://dc1.corp.invalid".to_owned())).await, "resolve");
    let port = refusing_port().await;
    assert_eq!(ends(LdapReader::new(format!("ldap://127.0.0.1:{port}"))).await, "connect");
    let other = SlapdSetup::of(people(1)).start().await;
    let untrusted =
        LdapReader::new(slapd.tls_url()).set(|settings| settings.ca_file = Some(other.ca_file.clone()));
    assert_eq!(ends(untrusted).await, "TLS");
    let wrong = Some((READER.0.to_owned(), SecretText::new("wrong")));
    assert_eq!(ends(LdapReader::new(slapd.url()).set(|settings| settings.bind = wrong)).await, "bind");
    let nowhere = bases(&["dc=nowhere"]);
    assert_eq!(ends(LdapReader::new(slapd.url()).set(|settings| settings.base_dns = nowhere)).await, "read");
    let broken = LdapReader::new(slapd.url()).set(|settings| settings.filter = "(mail=".to_owned());
    assert_eq!(ends(broken).await, "settings");
}
