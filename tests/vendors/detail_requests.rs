//! What is asked for once for every person: nobody is read without it.

use std::sync::atomic::{AtomicUsize, Ordering};

use rollcall_model::attributes::Attribute;
use serde_json::json;

use super::{VendorReader, result_kind, start_vendor};
use crate::support::vendors::{ReceivedRequest, ServerReply, VENDOR_PROFILES, VendorProfile, VendorServer};
use crate::support::{external_ids, single_attempt};

type DetailFault = fn(&ReceivedRequest, ServerReply) -> ServerReply;

fn manner() -> VendorProfile {
    VENDOR_PROFILES.into_iter().find(|manner| manner.kind == "personio_v2").expect("a kind")
}

/// Bends what is said of the employments of `id`, so many times.
fn corrupt_details(
    system: &VendorServer,
    id: &'static str,
    times: usize,
    bend: impl Fn(&ReceivedRequest, ServerReply) -> ServerReply + Send + Sync + 'static,
) {
    let count = AtomicUsize::new(0);
    system.server.set_transform(move |request, reply| {
        let is_it = request.path == format!("/v2/persons/{id}/employments")
            && count.fetch_add(1, Ordering::Relaxed) < times;
        if is_it { bend(request, reply) } else { reply }
    });
}

/// A detail request that is refused, truncated or unanswered fails the reading.
#[test]
fn failed_detail_request_fails_reading() {
    let system = start_vendor(manner(), 120);
    let reader = VendorReader::new(&system, "timeout = \"1s\"");
    let faults: [(&str, DetailFault, &str); 7] = [
        ("403", |_, reply| reply.status(403), "refused"),
        ("500", |_, reply| reply.status(500), "answer"),
        ("429", |_, reply| reply.status(429), "rate_limited"),
        ("nothing", |_, reply| ServerReply { body: Vec::new(), ..reply }, "malformed"),
        ("no list", |_, _| ServerReply::json(json!({ "_meta": {} })), "incomplete"),
        (
            "in circles",
            |_, _| {
                let next = json!({ "links": { "next": { "href": "?cursor=cur%2B0" } } });
                ServerReply::json(json!({ "_data": [{ "id": "1" }], "_meta": next }))
            },
            "incomplete",
        ),
        ("silence", |_, reply| reply.with_mode(crate::support::vendors::TransmissionMode::Silent), "stalled"),
    ];
    for (name, fault, wanted) in faults {
        // Somebody of the last page, with two pages of employments.
        corrupt_details(&system, "E0116", usize::MAX, fault);
        let read = reader.read();
        assert_eq!(result_kind(&read), wanted, "{name}");
        let error = read.expect_err("a fault").to_string();
        assert!(error.contains("`employments` of `E0116`"), "{name}: {error}");
    }
    system.server.clear_transform();
    assert_eq!(result_kind(&reader.read()), "read 120");
}

/// A person who was erased after the page was sent is absent. All others are present.
#[test]
fn person_erased_after_page_is_absent() {
    let system = start_vendor(manner(), 60);
    let reader = VendorReader::new(&system, "");
    system.server.set_transform(|request, reply| {
        if request.path.starts_with("/v2/persons/E0007") { reply.status(404) } else { reply }
    });
    let reading = reader.read().expect("the others");
    assert_eq!((reading.people().len(), reading.people().row("E0007")), (59, None));
    let asked = ["E0007".to_owned(), "E0008".to_owned()];
    let once = single_attempt();
    let found = reader.connector().look_up(&asked, &reader.config.attributes, &once);
    let found = reader.runtime.block_on(found).expect("an answer");
    assert_eq!(found.iter().flat_map(external_ids).collect::<Vec<_>>(), ["E0008"]);
}

/// Missing details of an existing person are requested once more. Then the reading fails.
#[test]
fn missing_details_are_retried_then_fail() {
    let system = start_vendor(manner(), 60);
    let reader = VendorReader::new(&system, "");
    let missing: [DetailFault; 2] =
        [|_, reply| reply.status(404), |_, _| ServerReply::json(json!({ "_data": [] }))];
    for how in missing {
        corrupt_details(&system, "E0007", 1, how);
        assert_eq!(result_kind(&reader.read()), "read 60");
        corrupt_details(&system, "E0007", usize::MAX, how);
        let read = reader.read();
        assert_eq!(result_kind(&read), "incomplete");
        let once = single_attempt();
        let asked = ["E0007".to_owned()];
        let found = reader.connector().look_up(&asked, &reader.config.attributes, &once);
        assert!(reader.runtime.block_on(found).is_err(), "nobody is taken for absent who is there");
    }
}

/// A person without details has the values of the list.
#[test]
fn person_without_details_uses_list_values() {
    let system = start_vendor(manner(), 1);
    let mut records =
        vec![json!({ "id": "1", "email": "a@corp.example", "status": "INACTIVE", "employments": [] })];
    records.push(
        json!({ "id": "2", "employments": [{ "id": "x", "status": "UNSPECIFIED" }], "status": "ACTIVE" }),
    );
    system.set_records(records);
    let reading = VendorReader::new(&system, "").read().expect("both");
    let status =
        |id: &str| reading.people().first(reading.people().row(id).expect("read"), Attribute::STATUS);
    assert_eq!((status("1"), status("2")), ("left", "active"));
}

#[test]
fn a_check_asks_for_the_details_of_one_page() {
    let system = start_vendor(manner(), 120);
    let reader = VendorReader::new(&system, "");
    let steps =
        reader.runtime.block_on(reader.connector().check(&reader.config.attributes, &single_attempt()));
    assert!(steps.iter().all(|step| step.outcome.is_ok()), "{steps:?}");
    let of_nobody =
        steps.iter().flat_map(|step| &step.warnings).any(|warning| warning.contains("department"));
    assert!(!of_nobody, "{steps:?}");
    let asked = system.server.take_requests();
    let details = asked.iter().filter(|request| request.path.ends_with("/employments"));
    let of: std::collections::BTreeSet<&str> = details.map(|request| request.path.as_str()).collect();
    assert_eq!(of.len(), 50);
    // The token, and one page of people.
    assert_eq!(asked.iter().filter(|request| !request.path.ends_with("/employments")).count(), 2);
}
