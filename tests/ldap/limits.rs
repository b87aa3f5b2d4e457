//! Servers that send too much: each bound has a server that sends one more.

use rollcall_connectors::{ConnectorError, ReadContext};
use rollcall_model::resource_limits::{ResourceLimit, ResourceLimits};

use super::{LdapReader, bases};
use crate::support::scripted_ldap_server::{LdapReply, LdapScript, ScriptedLdapServer, nested, tagged};
use crate::support::{external_ids, single_attempt};

/// Levels that overflowed the stack of a recursive decoder.
const DEEP: usize = 8_000;

/// Reads from a server that follows a script, with another value for one bound.
async fn read_limited(
    script: LdapScript,
    limit: Option<(ResourceLimit, u64)>,
    starttls: bool,
) -> Result<Vec<String>, ConnectorError> {
    let server = ScriptedLdapServer::follow(script).await;
    let reader = LdapReader::mapped(server.url(), &[("id", "uid")]).set(|settings| {
        settings.base_dns = bases(&["dc=corp"]);
        settings.starttls = starttls;
    });
    let limits = match limit {
        Some((limit, value)) => ResourceLimits::default().with(limit, value),
        None => ResourceLimits::default(),
    };
    let context = ReadContext { limits, ..single_attempt() };
    let reading = reader.connector.read(&reader.attributes, &context).await?;
    Ok(external_ids(reading.people()))
}

fn pages(pages: Vec<Vec<LdapReply>>) -> LdapScript {
    LdapScript { pages, ..LdapScript::default() }
}

/// The message of the error with which a reading fails because of a bound.
async fn refusal(script: LdapScript, limit: Option<(ResourceLimit, u64)>) -> String {
    let error = read_limited(script, limit, false).await.expect_err("too much");
    assert_eq!((error.kind(), error.is_transient()), ("limit_exceeded", false), "{error}");
    error.to_string()
}

fn last() -> LdapReply {
    LdapReply::Done(0, Some(b""))
}

fn object(attributes: &[(&str, usize)]) -> LdapReply {
    let value = |&(name, bytes): &(&str, usize)| (name.to_owned(), vec!["a".repeat(bytes)]);
    LdapReply::Object("uid=ada,dc=corp".to_owned(), attributes.iter().map(value).collect())
}

/// Messages that are nested deeper than the bound are refused before anything decodes them: the answers to StartTLS
/// and bind, entries, results, references and intermediate messages. A recursive decoder would end the process.
#[tokio::test]
async fn deeply_nested_message_is_refused() {
    let refused = |attempt: &str| {
        format!(
            "connector `corp`: a message exceeds the limit `ldap_nesting_levels` of 16 levels during {attempt}"
        )
    };
    let deep = |tag| tagged(tag, &nested(DEEP));
    let script = LdapScript { bind: Some(deep(0x61)), ..LdapScript::default() };
    assert_eq!(refusal(script, None).await, refused("the bind as `cn=admin,dc=corp,dc=example`"));
    let script = LdapScript { start_tls: Some(deep(0x78)), ..LdapScript::default() };
    let error = read_limited(script, None, true).await.expect_err("too deep");
    assert!(error.to_string().starts_with(&refused("the StartTLS request to `127.0.0.1:")), "{error}");
    let attributes = [tagged(0x04, b"uid"), deep(0x31)].concat();
    let entry = [tagged(0x04, b"uid=a"), tagged(0x30, &tagged(0x30, &attributes))].concat();
    for operation in [tagged(0x64, &entry), deep(0x65), deep(0x73), deep(0x79), deep(0x64)] {
        let script = pages(vec![vec![LdapReply::Operation(operation), last()]]);
        assert_eq!(refusal(script, None).await, refused("the search below `dc=corp`"));
    }
    // Of another request, and without one.
    for number in [99, 0] {
        let message = tagged(0x30, &[tagged(0x02, &[number]), deep(0x78)].concat());
        let script = pages(vec![vec![LdapReply::Raw(message), last()]]);
        assert_eq!(refusal(script, None).await, refused("the search below `dc=corp`"));
    }
}

/// An agreement to TLS that is followed by a message which is not passed on is refused as well.
#[tokio::test]
async fn message_of_another_request_after_starttls_is_refused() {
    let other = tagged(0x30, &[tagged(0x02, &[99]), tagged(0x79, &[])].concat());
    let error =
        read_limited(pages(vec![vec![LdapReply::Raw(other)]]), None, true).await.expect_err("refused");
    assert_eq!(error.kind(), "malformed", "{error}");
    assert!(error.to_string().contains("StartTLS"), "{error}");
}

/// A value of a mapped attribute has at most 1 MiB. A value that is not mapped has no bound of its own.
#[tokio::test]
async fn value_beyond_the_limit_names_entry_and_attribute() {
    let value = usize::try_from(ResourceLimit::LdapValueBytes.default_value()).expect("it fits");
    let read = async |reply| read_limited(pages(vec![vec![reply, last()]]), None, false).await;
    let ids = read(object(&[("uid", value), ("jpegPhoto", 2 * value)])).await.expect("as large as allowed");
    assert_eq!(ids.len(), 1);
    assert_eq!(
        refusal(pages(vec![vec![object(&[("uid", value + 1)]), last()]]), None).await,
        "connector `corp`: a value of `uid` of `uid=ada,dc=corp` exceeds the limit `ldap_value_bytes` of 1,048,576 \
         bytes during the search below `dc=corp`"
    );
}

/// An attribute with more values than its bound is refused with the entry, and a message with more elements before
/// anything decodes it: values, attributes and controls of entries and results.
#[tokio::test]
async fn elements_beyond_the_limit_are_refused() {
    let most = ResourceLimit::AttributeValues.default_size();
    let values = |values: usize| {
        LdapReply::Object(
            "uid=ada,dc=corp".to_owned(),
            vec![("uid".to_owned(), vec!["a".to_owned(); values])],
        )
    };
    let read = async |reply| read_limited(pages(vec![vec![reply, last()]]), None, false).await;
    read(values(most)).await.expect("as many as allowed");
    assert_eq!(
        refusal(pages(vec![vec![values(most + 1), last()]]), None).await,
        "connector `corp`: the list of values of `uid` in `uid=ada,dc=corp` exceeds the limit `attribute_values` of \
         100,000 values during the search below `dc=corp`"
    );
    let many = ResourceLimit::LdapElements.default_size();
    let octets = |count: usize| tagged(0x04, b"").repeat(count);
    let attribute = |name: &str, count: usize| {
        tagged(0x30, &[tagged(0x04, name.as_bytes()), tagged(0x31, &octets(count))].concat())
    };
    let entry = |attributes: Vec<u8>| {
        tagged(0x64, &[tagged(0x04, b"uid=ada,dc=corp"), tagged(0x30, &attributes)].concat())
    };
    // The message, its number, the entry, its name, its attributes, and the attribute, its name and its values.
    let whole = entry([attribute("uid", 1), attribute("photo", many - 12)].concat());
    assert_eq!(read(LdapReply::Operation(whole)).await.expect("as many as allowed").len(), 0);
    let refused = |what: &str| {
        format!(
            "connector `corp`: {what} exceeds the limit `ldap_elements` of 500,000 elements during the search below \
             `dc=corp`"
        )
    };
    for attributes in
        [[attribute("uid", 1), attribute("photo", many - 11)].concat(), attribute("x", 0).repeat(many / 3)]
    {
        let script = pages(vec![vec![LdapReply::Operation(entry(attributes)), last()]]);
        assert_eq!(refusal(script, None).await, refused("the entry `uid=ada,dc=corp`"));
    }
    let result = [&[0x0a, 1, 0, 4, 0, 4, 0][..], &tagged(0xa3, &octets(many))].concat();
    let controls = [tagged(0x02, &[99]), tagged(0x78, &[]), tagged(0xa0, &tagged(0x30, &[]).repeat(many))];
    for reply in [
        LdapReply::Operation(tagged(0x65, &result)),
        LdapReply::Operation(tagged(0x73, &octets(many))),
        LdapReply::Raw(tagged(0x30, &controls.concat())),
    ] {
        assert_eq!(refusal(pages(vec![vec![reply, last()]]), None).await, refused("a message"));
    }
}

/// Attributes of ever new names, which are not mapped, take no memory beyond their entry and no time that grows with
/// their square.
#[tokio::test]
async fn attributes_of_many_names_are_passed_over() {
    let name = |number: usize| {
        tagged(0x30, &[tagged(0x04, format!("x{number}").as_bytes()), tagged(0x31, &[])].concat())
    };
    let mut attributes: Vec<u8> = (0..100_000).flat_map(name).collect();
    attributes.extend(tagged(0x30, &[tagged(0x04, b"uid"), tagged(0x31, &tagged(0x04, b"ada"))].concat()));
    let entry = tagged(0x64, &[tagged(0x04, b"uid=ada,dc=corp"), tagged(0x30, &attributes)].concat());
    let script = pages(vec![vec![LdapReply::Operation(entry), last()]]);
    assert_eq!(read_limited(script, None, false).await.expect("read"), ["ada"]);
}

/// A message beyond the bound is refused by its first bytes.
#[tokio::test]
async fn message_beyond_the_limit_is_refused_by_its_header() {
    let header = vec![0x30, 0x84, 0x03, 0x93, 0x87, 0x00];
    assert_eq!(
        refusal(pages(vec![vec![LdapReply::Raw(header)]]), None).await,
        "connector `corp`: a message exceeds the limit `record_bytes` of 16,777,216 bytes during the search below \
         `dc=corp`"
    );
}

#[tokio::test]
async fn cookie_beyond_the_limit_is_refused() {
    let most = usize::try_from(ResourceLimit::PagingCookieBytes.default_value()).expect("it fits");
    let cookie = |bytes: usize| LdapReply::Done(0, Some(vec![b'c'; bytes].leak()));
    let script = pages(vec![vec![LdapReply::Entry("a"), cookie(most)], vec![LdapReply::Entry("b"), last()]]);
    assert_eq!(read_limited(script, None, false).await.expect("as large as allowed"), ["a", "b"]);
    let error = refusal(pages(vec![vec![cookie(most + 1)]]), None).await;
    assert!(
        error.contains("the paging cookie exceeds the limit `paging_cookie_bytes` of 65,536 bytes"),
        "{error}"
    );
}

/// Messages that are neither entries nor results are counted, whatever they are, and not kept.
#[tokio::test]
async fn other_messages_beyond_the_limit_are_refused() {
    let most = usize::try_from(ResourceLimit::LdapOtherMessages.default_value()).expect("it fits");
    let unknown = tagged(0x30, &[tagged(0x02, &[99]), tagged(0x78, &[])].concat());
    let intermediate = LdapReply::Operation(tagged(0x79, &[]));
    let half = vec![LdapReply::Raw(unknown.repeat(most / 2))];
    let others = |more: usize| {
        let intermediate = vec![intermediate.clone(); most / 2 + more];
        pages(vec![[half.clone(), intermediate, vec![LdapReply::Entry("a"), last()]].concat()])
    };
    assert_eq!(read_limited(others(0), None, false).await.expect("as many as allowed"), ["a"]);
    let error = refusal(others(1), None).await;
    assert!(error.contains("exceeds the limit `ldap_other_messages` of 100,000 messages"), "{error}");
}

/// Cookies without end reach the bound on pages, entries without end that on records or bytes.
#[tokio::test]
async fn pages_records_and_bytes_of_a_reading_are_bounded() {
    let endless = || {
        let cookies = [&b"1"[..], b"2", b"3", b"4", b"5"];
        pages(
            cookies
                .iter()
                .map(|cookie| vec![LdapReply::Entry("a"), LdapReply::Done(0, Some(cookie))])
                .collect(),
        )
    };
    for (limit, message) in [
        (ResourceLimit::ReadingPages, "exceeds the limit `reading_pages` of 3 pages"),
        (ResourceLimit::ReadingRecords, "exceeds the limit `reading_records` of 3 records"),
    ] {
        let error = refusal(endless(), Some((limit, 3))).await;
        assert!(error.ends_with(message) && error.contains("the search below `dc=corp`"), "{error}");
    }
    let error = refusal(endless(), Some((ResourceLimit::ReadingBytes, 300))).await;
    assert!(error.contains("exceeds the limit `reading_bytes` of 300 bytes"), "{error}");
}

/// Values in parts have the bound of all values of an attribute, values without text included.
#[tokio::test]
async fn sum_of_values_in_parts_is_bounded() {
    for text in ["v", ""] {
        let part = |number: usize| {
            let values =
                (0..2).map(
                    |value| if text.is_empty() { " ".to_owned() } else { format!("{text}{number}-{value}") },
                );
            let range = format!("uid;range={}-{}", 2 * number, 2 * number + 1);
            vec![LdapReply::Object("uid=a,dc=corp".to_owned(), vec![(range, values.collect())]), last()]
        };
        let script = pages((0..10).map(part).collect());
        let error = refusal(script, Some((ResourceLimit::AttributeValues, 5))).await;
        let told = "the request for more values of `uid` exceeds the limit `attribute_values` of 5 values";
        assert!(error.contains(told), "{error}");
    }
}

/// Values in parts without end reach the bound on pages.
#[tokio::test]
async fn values_in_parts_without_end_are_bounded() {
    let part = |number: usize| {
        let attribute = (format!("uid;range={number}-{number}"), vec![format!("v{number}")]);
        vec![LdapReply::Object("uid=a,dc=corp".to_owned(), vec![attribute]), last()]
    };
    let script = pages((0..10).map(part).collect());
    let error = refusal(script, Some((ResourceLimit::ReadingPages, 3))).await;
    assert!(
        error.contains("the request for more values of `uid` exceeds the limit `reading_pages` of 3 pages"),
        "{error}"
    );
}
