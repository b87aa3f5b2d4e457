//! Messages that a server should not send.

use super::read_script;
use crate::support::scripted_ldap_server::{LdapReply, tagged};

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
        let error = read_script(vec![vec![nonsense.clone(), LdapReply::Done(0, Some(b""))]])
            .await
            .expect_err("nonsense");
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
    assert_eq!(read_script(vec![first, second]).await.expect("complete"), ["a", "b"]);
    let nobody = read_script(vec![vec![intermediate, LdapReply::Done(0, Some(b""))]]).await;
    assert_eq!(nobody.expect("complete"), Vec::<String>::new());
}
