//! Several domain controllers, and what each of them may answer.

use super::{AdReader, END, PEOPLE, group, group_dn, person};
use crate::support::external_ids;
use crate::support::fault_proxy::{ConnectionFault, FaultProxy, refusing_port};
use crate::support::scripted_ldap_server::{LdapReply, ScriptedLdapServer};
use crate::support::with_attempts;

/// A server of these pages, without groups.
async fn told(pages: Vec<Vec<LdapReply>>) -> Result<Vec<String>, (&'static str, bool)> {
    let server = ScriptedLdapServer::start(pages).await;
    let reader = AdReader::told(&server.url(), "");
    let read = reader.read().await;
    read.map(|reading| external_ids(reading.people())).map_err(|error| (error.kind(), error.is_transient()))
}

fn list(urls: &[&str]) -> String {
    format!("{urls:?}")
}

#[tokio::test]
async fn only_result_0_with_an_empty_cookie_is_the_end() {
    for (code, kind, transient) in [
        (1, "server_error", false),
        (3, "time_limit", true),
        (4, "size_limit", false),
        (10, "referral", false),
        (11, "admin_limit", false),
        (51, "busy", true),
        (52, "unavailable", true),
        (53, "unwilling", false),
    ] {
        for cookie in [None, Some(&b""[..])] {
            let page = vec![person("ada", &[]), LdapReply::Done(code, cookie)];
            assert_eq!(told(vec![page]).await, Err((kind, transient)), "result {code}");
        }
    }
    let unpaged = vec![person("ada", &[]), LdapReply::Done(0, None)];
    assert_eq!(told(vec![unpaged]).await, Err(("incomplete", false)));
}

/// Search references to other directories are ignored. A referral in the final result fails the reading.
#[tokio::test]
async fn search_references_ignored_but_final_referral_fails() {
    let zones =
        LdapReply::Reference("ldap://ForestDnsZones.corp.example/DC=ForestDnsZones,DC=corp,DC=example");
    let first = vec![person("ada", &[]), zones.clone(), LdapReply::Done(0, Some(b"1"))];
    let second = vec![zones.clone(), person("bob", &[]), zones.clone(), END];
    assert_eq!(told(vec![first.clone(), second]).await, Ok(vec!["ada".to_owned(), "bob".to_owned()]));
    let end = vec![zones, LdapReply::Done(10, Some(b""))];
    assert_eq!(told(vec![first, end]).await, Err(("referral", false)));
}

/// The reading uses the next controller if one is busy or cannot be reached.
#[tokio::test]
async fn next_controller_used_when_one_is_busy_or_down() {
    let good = || ScriptedLdapServer::start(vec![vec![person("ada", &[]), person("bob", &[]), END]]);
    let (busy, away) = (51, 52);
    for code in [busy, away] {
        let bad =
            ScriptedLdapServer::start(vec![vec![person("mallory", &[]), LdapReply::Done(code, None)]]).await;
        let good = good().await;
        let reader = AdReader::told(&list(&[&bad.url(), &good.url()]), "");
        assert_eq!(external_ids(&reader.people().await), ["ada", "bob"], "result {code}");
    }
    let good = good().await;
    let nobody = format!("ldap://127.0.0.1:{}", refusing_port().await);
    let reader = AdReader::told(&list(&[&nobody, "ldap://dc9.corp.invalid", &good.url()]), "");
    assert_eq!(external_ids(&reader.people().await), ["ada", "bob"]);
    let steps = reader.connector().check(&reader.config.attributes, &crate::support::single_attempt()).await;
    let warnings = &steps[0].warnings;
    assert!(
        warnings.len() == 2 && warnings[0].contains(&nobody) && warnings[1].contains("dc9"),
        "{warnings:?}"
    );
    assert!(steps.iter().all(|step| step.outcome.is_ok()), "{steps:?}");
    let reader = AdReader::told(&list(&[&nobody, "ldap://dc9.corp.invalid"]), "");
    let steps = reader.connector().check(&reader.config.attributes, &crate::support::single_attempt()).await;
    assert_eq!(
        steps.iter().map(|step| (step.name, step.outcome.is_ok())).collect::<Vec<_>>(),
        [("resolve", false)]
    );
    assert!(steps[0].warnings.len() == 1 && steps[0].warnings[0].contains(&nobody), "{steps:?}");
}

#[tokio::test]
async fn pages_of_two_controllers_are_never_put_together() {
    let first = vec![person("old-1", &[]), LdapReply::Done(0, Some(b"1"))];
    let second = vec![person("old-2", &[]), LdapReply::Done(0, Some(b"2"))];
    let behind =
        ScriptedLdapServer::start(vec![first, second, vec![person("old-3", &[]), LdapReply::Done(52, None)]])
            .await;
    let good = ScriptedLdapServer::start(vec![vec![person("new-1", &[]), END]]).await;
    let reader = AdReader::told(&list(&[&behind.url(), &good.url()]), "");
    assert_eq!(external_ids(&reader.people().await), ["new-1"]);
    // The same, when the line is cut in the middle of the first page.
    let many: Vec<LdapReply> = (0..100).map(|number| person(&format!("old-{number}"), &[])).collect();
    let long = ScriptedLdapServer::start(vec![[many, vec![END]].concat()]).await;
    let port = long.url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let cut = FaultProxy::start(port, ConnectionFault::CutAfter(3000)).await;
    let reader = AdReader::told(&list(&[&cut.url(), &good.url()]), "");
    assert_eq!(external_ids(&reader.people().await), ["new-1"]);
    assert!(cut.passed() >= 3000);
}

/// An error that every controller would return ends the reading without a second controller.
#[tokio::test]
async fn permanent_error_ends_reading_without_next_controller() {
    let limited = ScriptedLdapServer::start(vec![vec![person("ada", &[]), LdapReply::Done(4, None)]]).await;
    let good = ScriptedLdapServer::start(vec![vec![person("ada", &[]), END]]).await;
    let reader = AdReader::told(&list(&[&limited.url(), &good.url()]), "");
    assert_eq!(reader.fails().await, ("size_limit", false));
    assert_eq!(good.requested_attributes().len(), 0);
}

/// If no controller can be reached, all of them are tried again and nothing is read.
#[tokio::test]
async fn unreachable_controllers_are_all_retried() {
    let (first, second) = (refusing_port().await, refusing_port().await);
    let urls = [first, second].map(|port| format!("ldap://127.0.0.1:{port}"));
    let reader = AdReader::told(&list(&[&urls[0], &urls[1]]), "");
    let error = reader
        .connector()
        .read(&reader.config.attributes, &with_attempts(2))
        .await
        .expect_err("nobody there");
    assert_eq!((error.kind(), error.is_transient()), ("unreachable", true));
    assert!(error.to_string().contains(&second.to_string()), "{error}");
}

/// A connection that is cut at any point between the groups and the people does not give a reading.
#[tokio::test]
async fn connection_cut_between_groups_and_people_fails() {
    let staff = [group_dn("Staff")];
    let ada = person("ada", &[("memberOf;range=0-0", &staff)]);
    let more = LdapReply::Object(
        format!("CN=ada,{PEOPLE}"),
        vec![("memberOf;range=1-*".to_owned(), vec![group_dn("All")])],
    );
    let pages = vec![
        vec![group("Staff", &[]), LdapReply::Done(0, Some(b"1"))],
        vec![group("All", &[]), END],
        vec![person("bob", &[]), LdapReply::Done(0, Some(b"1"))],
        vec![ada, END],
        vec![more, LdapReply::Done(0, None)],
    ];
    let cut_at = async |line: ConnectionFault| {
        let server = ScriptedLdapServer::start(pages.clone()).await;
        let port = server.url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        let proxy = FaultProxy::start(port, line).await;
        let reader = AdReader::told(&proxy.url(), "groups = 'memberOf'");
        let read = reader.read().await.map(|reading| reading.into_parts().0);
        (read.map(|people| reader.values(&people, "ada", "groups")), proxy.passed())
    };
    let (read, total) = cut_at(ConnectionFault::Pass).await;
    assert_eq!(read.expect("everybody"), ["All", "Staff"]);
    for position in (0..total).step_by(5) {
        let error = cut_at(ConnectionFault::CutAfter(position)).await.0.expect_err("cut");
        assert_eq!(
            (error.kind(), error.is_transient()),
            ("cut_off", true),
            "after {position} of {total} bytes"
        );
    }
}
