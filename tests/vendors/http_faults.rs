//! What goes wrong on the way from an API: each fault, at every kind, on the last page that it has.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{VendorReader, is_people_request, result_kind, start_vendor};
use crate::support::vendors::{
    ReceivedRequest, ServerReply, TransmissionMode, VENDOR_PROFILES, VendorProfile, VendorServer,
};
use crate::support::with_attempts;

/// Whether a request is for a page of people, and not for what one of them has besides.
fn is_for_a_page(request: &ReceivedRequest) -> bool {
    is_people_request(request) && !request.path.ends_with("/employments")
}

/// Bends the answer to the n-th request for a page of people, from 1.
fn corrupt_reply_at(
    system: &VendorServer,
    n: usize,
    bend: impl Fn(&ReceivedRequest, ServerReply) -> ServerReply + Send + Sync + 'static,
) {
    let count = AtomicUsize::new(0);
    system.server.set_transform(move |request, reply| {
        let is_it = is_for_a_page(request) && count.fetch_add(1, Ordering::Relaxed) + 1 == n;
        if is_it { bend(request, reply) } else { reply }
    });
}

/// The page that a fault is put on: the second of a kind that has several.
fn page(manner: VendorProfile) -> usize {
    if manner.pages { 2 } else { 1 }
}

fn gzip_cut(reply: &ServerReply) -> ServerReply {
    let mut child = std::process::Command::new("gzip")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("gzip runs");
    child.stdin.take().expect("a pipe").write_all(&reply.body).expect("gzip reads");
    let packed = child.wait_with_output().expect("gzip ends").stdout;
    let half = packed[..packed.len() / 2].to_vec();
    ServerReply { body: half, ..reply.clone() }.header("Content-Encoding", "gzip")
}

type ReplyFault = fn(&ReceivedRequest, ServerReply) -> ServerReply;

/// Faults and the words of the errors that they come to.
const FAULTS: &[(&str, ReplyFault, &str)] = &[
    ("400", |_, reply| reply.status(400), "answer"),
    ("401", |_, reply| reply.status(401), "refused"),
    ("403", |_, reply| reply.status(403), "refused"),
    ("404", |_, reply| reply.status(404), "not_found"),
    ("409", |_, reply| reply.status(409), "answer"),
    ("410", |_, reply| reply.status(410), "answer"),
    ("429", |_, reply| reply.status(429), "rate_limited"),
    ("429 with a wait", |_, reply| reply.status(429).header("Retry-After", "86400"), "rate_limited"),
    ("500", |_, reply| reply.status(500), "answer"),
    ("503", |_, reply| reply.status(503), "answer"),
    ("204 with nothing", |_, reply| ServerReply { body: Vec::new(), ..reply }.status(204), "malformed"),
    (
        "a redirect",
        |_, reply| reply.status(302).header("Location", "https://login.example/?next=1"),
        "redirect",
    ),
    ("nothing", |_, reply| ServerReply { body: Vec::new(), ..reply }, "malformed"),
    (
        "a page for people",
        |_, _| ServerReply::bytes("text/html", b"<html>Sign in</html>".to_vec()),
        "malformed",
    ),
    (
        "cut on the way",
        |_, reply| reply.clone().with_mode(TransmissionMode::Cut(reply.body.len() / 2)),
        "cut_off",
    ),
    ("cut packed", |_, reply| gzip_cut(&reply), "cut_off"),
    (
        "cut before it was sent",
        |_, reply| ServerReply { body: reply.body[..reply.body.len() - 3].to_vec(), ..reply },
        "malformed",
    ),
    (
        "two answers",
        |_, reply| ServerReply { body: [reply.body.clone(), reply.body].concat(), ..reply },
        "malformed",
    ),
    (
        "an error that says it is well",
        |_, _| ServerReply::json(json!({ "error": "maintenance" })),
        "malformed or incomplete",
    ),
    (
        "too deep",
        |_, _| ServerReply::bytes("application/json", ("[".repeat(500) + &"]".repeat(500)).into_bytes()),
        "malformed or incomplete",
    ),
    ("without end", |_, reply| reply.with_mode(TransmissionMode::Endless), "too_large"),
    ("silence", |_, reply| reply.with_mode(TransmissionMode::Silent), "stalled"),
];

/// A server fault is never treated as a complete list.
#[test]
fn server_fault_is_never_a_complete_list() {
    for manner in VENDOR_PROFILES {
        let system = start_vendor(manner, 260);
        let reader = VendorReader::new(&system, "timeout = \"1s\"\nmax_answer = \"1MiB\"");
        for (name, bend, wanted) in FAULTS {
            // A token may be fetched anew.
            if *name == "401" && manner.fetches_token {
                continue;
            }
            corrupt_reply_at(&system, page(manner), *bend);
            let read = reader.read();
            let came = result_kind(&read);
            assert!(
                wanted.split(" or ").any(|word| came == word),
                "{}: {name}: {came}, not {wanted}",
                manner.kind
            );
            let error = read.expect_err("a fault");
            assert!(error.to_string().contains("connector `hr`"), "{error}");
            assert!(error.hint().is_some(), "{error}");
        }
        system.server.clear_transform();
        assert_eq!(result_kind(&reader.read()), "read 260", "{}", manner.kind);
    }
}

/// A permanent error is not retried. A transient error is.
#[test]
fn permanent_errors_fail_and_transient_errors_retry() {
    for manner in VENDOR_PROFILES {
        let system = start_vendor(manner, 200);
        let reader = VendorReader::new(&system, "");
        let read =
            || reader.runtime.block_on(reader.connector().read(&reader.config.attributes, &with_attempts(3)));
        let pages =
            |asked: Vec<ReceivedRequest>| asked.iter().filter(|request| is_for_a_page(request)).count();
        assert!(read().is_ok());
        let usual = pages(system.server.take_requests());
        for (status, again) in [(400, 0), (403, 0), (404, 0), (410, 0), (500, 1), (503, 1), (429, 1)] {
            corrupt_reply_at(&system, page(manner), move |_, reply| {
                reply.status(status).header("Retry-After", "0")
            });
            let came = read();
            let asked = pages(system.server.take_requests());
            if again == 0 {
                assert!(came.is_err() && asked == page(manner), "{}: {status}: {asked}", manner.kind);
            } else {
                assert_eq!(
                    (result_kind(&came), asked),
                    ("read 200".to_owned(), usual + again),
                    "{}: {status}",
                    manner.kind
                );
            }
        }
    }
}

/// A wait that is given as a date or as the end of a rate limit window is respected.
#[test]
fn retry_after_date_and_rate_limit_reset_respected() {
    let manner = VENDOR_PROFILES[0];
    let system = start_vendor(manner, 100);
    let reader = VendorReader::new(&system, "");
    for header in [("Retry-After", "Fri, 27 Nov 2026 10:00:01 GMT"), ("X-Rate-Limit-Reset", "1795773601")] {
        corrupt_reply_at(&system, 2, move |_, reply| {
            reply.status(429).header("Date", "Fri, 27 Nov 2026 10:00:00 GMT").header(header.0, header.1)
        });
        let read =
            reader.runtime.block_on(reader.connector().read(&reader.config.attributes, &with_attempts(2)));
        assert_eq!(result_kind(&read), "read 100", "{header:?}");
    }
    // A day is longer than anybody waits.
    corrupt_reply_at(&system, 2, |_, reply| reply.status(429).header("Retry-After", "86400"));
    let read = reader.runtime.block_on(reader.connector().read(&reader.config.attributes, &with_attempts(3)));
    let error = read.expect_err("no time");
    assert!(error.to_string().contains("86400 s"), "{error}");
}

/// A response that arrives too slowly times out.
#[test]
fn slow_response_times_out() {
    let system = start_vendor(VENDOR_PROFILES[0], 100);
    let reader = VendorReader::new(&system, "timeout = \"1s\"");
    corrupt_reply_at(&system, 1, |_, reply| reply.with_mode(TransmissionMode::Dripping));
    assert_eq!(result_kind(&reader.read()), "stalled");
}

/// A quota error that is reported as a refusal is transient.
#[test]
fn quota_error_reported_as_403_is_transient() {
    let manner = VENDOR_PROFILES.into_iter().find(|manner| manner.kind == "google").expect("google");
    let system = start_vendor(manner, 100);
    let reader = VendorReader::new(&system, "");
    let quota = json!({ "error": { "code": 403, "errors": [{ "reason": "userRateLimitExceeded" }] } });
    corrupt_reply_at(&system, 1, move |_, _| {
        ServerReply::json(quota.clone()).status(403).header("Retry-After", "0")
    });
    let read = reader.runtime.block_on(reader.connector().read(&reader.config.attributes, &with_attempts(2)));
    assert_eq!(result_kind(&read), "read 100");
    let forbidden = json!({ "error": { "code": 403, "message": "Not Authorized", "errors": [{ "reason": "forbidden" }] } });
    corrupt_reply_at(&system, 1, move |_, _| ServerReply::json(forbidden.clone()).status(403));
    let error = reader.read().expect_err("refused");
    assert!(error.to_string().contains("Not Authorized"), "{error}");
}

/// A token that was revoked is fetched again once.
#[test]
fn revoked_token_is_fetched_again_once() {
    for manner in VENDOR_PROFILES.into_iter().filter(|manner| manner.fetches_token) {
        let system = start_vendor(manner, 150);
        let reader = VendorReader::new(&system, "");
        assert!(reader.read().is_ok());
        let tokens =
            |asked: &[ReceivedRequest]| asked.iter().filter(|request| !is_people_request(request)).count();
        assert_eq!(tokens(&system.server.take_requests()), 1, "{}", manner.kind);
        corrupt_reply_at(&system, 1, |_, reply| reply.status(401));
        assert_eq!(result_kind(&reader.read()), "read 150", "{}", manner.kind);
        assert_eq!(
            tokens(&system.server.take_requests()),
            1,
            "{}: kept from before, and fetched once",
            manner.kind
        );
        system.server.set_transform(
            |request, reply| if is_people_request(request) { reply.status(401) } else { reply },
        );
        assert_eq!(result_kind(&reader.read()), "refused", "{}", manner.kind);
        let asked = system.server.take_requests();
        assert!(asked.len() <= 3, "{}: {}", manner.kind, asked.len());
    }
}

/// Invalid records do not affect other people.
#[test]
fn invalid_records_do_not_affect_others() {
    for manner in VENDOR_PROFILES {
        let system = start_vendor(manner, 200);
        let reader = VendorReader::new(&system, "");
        let mut records: Vec<Value> =
            crate::support::vendors::make_employees(200).iter().map(manner.record).collect();
        // The same id twice with different words, nothing but nulls, and fields that nobody knows.
        let mut double = records[5].clone();
        double["unknown"] = json!({ "a": [1, 2, { "b": null }] });
        double = serde_json::from_str(&double.to_string().replace("Family5", "Other")).expect("JSON");
        records.push(double);
        let nulls: Value =
            records[6].as_object().expect("an object").keys().map(|key| (key.clone(), Value::Null)).collect();
        records.push(nulls);
        system.set_records(records);
        let reading = reader.read().unwrap_or_else(|error| panic!("{}: {error}", manner.kind));
        assert_eq!(reading.people().set_aside() + reading.people().len() as u64, 202, "{}", manner.kind);
        assert!(reading.people().len() >= 199, "{}: {}", manner.kind, reading.people().len());
    }
}

/// A missing last page fails the reading, whichever page it is.
#[test]
fn missing_last_page_fails_reading() {
    for manner in VENDOR_PROFILES.into_iter().filter(|manner| manner.pages) {
        let system = start_vendor(manner, 320);
        let reader = VendorReader::new(&system, "");
        assert!(reader.read().is_ok());
        let pages = system.server.take_requests().iter().filter(|request| is_for_a_page(request)).count();
        let broken = Arc::new(AtomicUsize::new(0));
        for page in 1..=pages {
            let broken = Arc::clone(&broken);
            corrupt_reply_at(&system, page, move |_, reply| {
                broken.fetch_add(1, Ordering::Relaxed);
                reply.status(500)
            });
            assert_eq!(result_kind(&reader.read()), "answer", "{}: page {page} of {pages}", manner.kind);
        }
        assert_eq!(broken.load(Ordering::Relaxed), pages, "{}", manner.kind);
    }
}
