//! What proves that a reading is complete, and everything that does not.

use rollcall_model::secret::SecretText;

use super::{LdapReader, bases, read_script};
use crate::support::fault_proxy::{ConnectionFault, FaultProxy, STALL};
use crate::support::ldap_person::{PEOPLE, people};
use crate::support::scripted_ldap_server::LdapReply;
use crate::support::slapd::{READER, SlapdSetup};
use crate::support::{single_attempt, with_attempts};

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
    assert_eq!(read_script(vec![page(LdapReply::Done(0, Some(b"")))]).await.expect("complete"), ["a", "b"]);
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
            let error =
                read_script(vec![page(LdapReply::Done(code, cookie))]).await.expect_err("stopped early");
            assert_eq!((error.kind(), error.is_transient()), (kind, transient), "result {code}");
            assert!(error.to_string().contains(&format!("(result {code})")), "{error}");
        }
    }
}

/// A response without the paging control does not prove completeness.
#[tokio::test]
async fn response_without_paging_control_is_incomplete() {
    let error = read_script(vec![vec![LdapReply::Entry("a"), LdapReply::Done(0, None)]])
        .await
        .expect_err("not paged");
    assert_eq!((error.kind(), error.is_transient()), ("incomplete", false));
}

/// A repeated page fails the reading. A repeated cookie does not.
#[tokio::test]
async fn repeated_page_fails_but_repeated_cookie_does_not() {
    let page = |uid, cookie| vec![LdapReply::Entry(uid), LdapReply::Done(0, Some(cookie))];
    let error = read_script(vec![page("a", b"1")]).await.expect_err("the same page for ever");
    assert_eq!(error.kind(), "incomplete");
    assert!(error.to_string().contains("repeats an earlier page"), "{error}");
    // As 389-ds does.
    let read = read_script(vec![page("a", b"0"), page("b", b"0"), page("c", b"")]).await;
    assert_eq!(read.expect("complete"), ["a", "b", "c"]);
}

#[tokio::test]
async fn a_reference_among_the_entries_is_a_missing_part() {
    let page =
        vec![LdapReply::Entry("a"), LdapReply::Reference("ldap://dc3/"), LdapReply::Done(0, Some(b""))];
    let error = read_script(vec![page]).await.expect_err("a part lies elsewhere");
    assert_eq!(error.kind(), "referral");
}
