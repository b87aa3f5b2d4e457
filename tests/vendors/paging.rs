//! Pages that lie: twice the same, round in circles, on other servers, fewer people than were told.

use serde_json::{Value, json};

use super::{VendorReader, result_kind, start_vendor};
use crate::support::vendors::{ServerReply, VENDOR_PROFILES, VendorProfile, VendorServer, make_employees};

fn manner(kind: &str) -> VendorProfile {
    VENDOR_PROFILES.into_iter().find(|manner| manner.kind == kind).expect("a kind")
}

/// Answers every request for people as if it were the first.
fn always_the_first(system: &VendorServer) {
    let first = std::sync::Mutex::new(None);
    system.server.set_transform(move |request, reply| {
        if request.path.ends_with("/token") || request.path.ends_with("/auth") {
            return reply;
        }
        first.lock().expect("nobody panicked").get_or_insert(reply).clone()
    });
}

/// A server that sends the first page repeatedly is detected.
#[test]
fn repeated_first_page_is_detected() {
    for manner in VENDOR_PROFILES.into_iter().filter(|manner| manner.pages) {
        let system = start_vendor(manner, 300);
        let reader = VendorReader::new(&system, "");
        always_the_first(&system);
        assert_eq!(result_kind(&reader.read()), "incomplete", "{}", manner.kind);
        assert!(system.server.take_requests().len() < 20, "{}: it is not asked for ever", manner.kind);
    }
}

#[test]
fn credentials_do_not_follow_a_link_to_another_server() {
    for kind in ["entra", "okta", "successfactors"] {
        let system = start_vendor(manner(kind), 300);
        let other = VendorServer::start(manner(kind), &make_employees(300));
        let reader = VendorReader::new(&system, "");
        let (home, away) = (system.server.url(""), other.server.url(""));
        system.server.set_transform(move |_, mut reply| {
            let text = String::from_utf8_lossy(&reply.body).replace(&home, &away);
            reply.body = text.into_bytes();
            for (_, value) in &mut reply.headers {
                *value = value.replace(&home, &away);
            }
            reply
        });
        let error = reader.read().expect_err("another server");
        assert_eq!(error.kind(), "redirect", "{kind}: {error}");
        assert!(other.server.take_requests().is_empty(), "{kind}: nothing was asked there");
    }
}

/// Fewer people than the stated total fail the reading.
#[test]
fn fewer_people_than_total_fails() {
    for manner in VENDOR_PROFILES.into_iter().filter(|manner| manner.tells_total) {
        let system = start_vendor(manner, 220);
        let reader = VendorReader::new(&system, "");
        // The number grows while the pages are read, and what is told at last has not come.
        system.server.set_transform(|_, mut reply| {
            let text =
                String::from_utf8_lossy(&reply.body).replace(":220", ":221").replace(":\"220\"", ":\"221\"");
            reply.body = text.into_bytes();
            reply
        });
        let error = reader.read().expect_err("somebody is missing");
        assert_eq!(error.kind(), "incomplete", "{}: {error}", manner.kind);
        assert!(error.to_string().contains("221"), "{}: {error}", manner.kind);
        system.server.clear_transform();
        assert_eq!(result_kind(&reader.read()), "read 220", "{}", manner.kind);
    }
}

/// A list that changed during the reading is read once more.
#[test]
fn list_changed_while_reading_is_read_again() {
    let system = start_vendor(manner("scim"), 220);
    let reader = VendorReader::new(&system, "");
    let told = std::sync::atomic::AtomicUsize::new(0);
    system.server.set_transform(move |_, mut reply| {
        // In the first passage somebody more is told of.
        if told.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 4 {
            reply.body = String::from_utf8_lossy(&reply.body).replace(":220", ":221").into_bytes();
        }
        reply
    });
    assert_eq!(result_kind(&reader.read()), "read 220");
}

/// A person who appears twice because pages shifted is accepted once and not rejected.
#[test]
fn person_repeated_by_shifted_pages_is_accepted() {
    let system = start_vendor(manner("personio"), 220);
    let reader = VendorReader::new(&system, "");
    let people: Vec<_> = make_employees(220).iter().map(system.profile.record).collect();
    // Somebody joined at the front after the first page: the last of it comes again.
    let joined = std::sync::atomic::AtomicBool::new(false);
    let shifted = {
        let mut shifted = vec![(system.profile.record)(&crate::support::vendors::Employee::new(900))];
        shifted.extend(people);
        shifted
    };
    system.server.set_transform(move |request, reply| {
        let Some(from) = request.number("offset").filter(|&from| from > 0) else { return reply };
        joined.store(true, std::sync::atomic::Ordering::Relaxed);
        let page = crate::support::vendors::slice(&shifted, from, 100);
        ServerReply::json(json!({ "success": true, "metadata": { "total_elements": 220 }, "data": page }))
    });
    let reading = reader.read().expect("everybody");
    assert_eq!((reading.people().len(), reading.people().set_aside()), (220, 0));
}

/// A total that is not a number is not guessed.
#[test]
fn invalid_total_is_not_guessed() {
    let system = start_vendor(manner("scim"), 50);
    let reader = VendorReader::new(&system, "");
    system.server.set_transform(|_, mut reply| {
        reply.body = String::from_utf8_lossy(&reply.body)
            .replace("\"totalResults\":50", "\"totalResults\":\"many\"")
            .into_bytes();
        reply
    });
    assert_eq!(result_kind(&reader.read()), "malformed");
    // A number in quotes is a number.
    system.server.set_transform(|_, mut reply| {
        reply.body = String::from_utf8_lossy(&reply.body)
            .replace("\"totalResults\":50", "\"totalResults\":\"50\"")
            .into_bytes();
        reply
    });
    assert_eq!(result_kind(&reader.read()), "read 50");
}

/// Positions of the total number of records in the responses of each kind whose end it proves.
const TOTALS: [(&str, &[&str]); 4] = [
    ("scim", &["totalResults"]),
    ("personio", &["metadata", "total_elements"]),
    ("successfactors", &["d", "__count"]),
    ("http_json", &["answer", "count"]),
];

/// Changes the total number of records in every response that has one. The number of records of the page is given.
fn set_total(system: &VendorServer, path: &'static [&'static str], change: fn(&mut Value, &str, usize)) {
    system.server.set_transform(move |_, mut reply| {
        let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
        let (last, outer) = path.split_last().expect("a name");
        let place = outer.iter().fold(&mut body, |value, name| &mut value[*name]);
        if place.get(*last).is_none() {
            return reply;
        }
        let lists = ["Resources", "people", "results"].map(|name| place.get(name).and_then(Value::as_array));
        let records = lists.into_iter().flatten().next().map(Vec::len);
        let records = records.or_else(|| body["data"].as_array().map(Vec::len)).unwrap_or_default();
        let place = outer.iter().fold(&mut body, |value, name| &mut value[*name]);
        change(place, last, records);
        reply.body = body.to_string().into_bytes();
        reply
    });
}

/// A total number of records that no response contains fails the reading, and the message names what is there.
#[test]
fn total_that_no_response_contains_fails() {
    for (kind, path) in TOTALS {
        let system = start_vendor(manner(kind), 30);
        let reader = VendorReader::new(&system, "");
        set_total(&system, path, |place, name, _| {
            let place = place.as_object_mut().expect("an object");
            let total = place.remove(name).expect("a total");
            place.insert("number_of_all".to_owned(), total);
        });
        let error = reader.read().expect_err("nothing is proven");
        assert_eq!(error.kind(), "incomplete", "{kind}: {error}");
        for name in [path.join("."), "number_of_all".to_owned()] {
            assert!(error.to_string().contains(&name), "{kind}: {error}");
        }
        let steps = reader
            .runtime
            .block_on(reader.connector().check(&reader.config.attributes, &crate::support::single_attempt()));
        assert!(steps.iter().any(|step| step.outcome.is_err()), "{kind}: `check` reports it");
    }
}

/// A total that is the number of records of each page does not end the list after the first page.
#[test]
fn total_of_one_page_does_not_end_the_list() {
    for (kind, path) in TOTALS.into_iter().filter(|(kind, _)| *kind != "successfactors") {
        let system = start_vendor(manner(kind), 225);
        let reader = VendorReader::new(&system, "");
        set_total(&system, path, |place, name, records| place[name] = records.into());
        assert_eq!(result_kind(&reader.read()), "read 225", "{kind}");
    }
}

/// A server that sends everyone at once and ignores or refuses a second page is read.
#[test]
fn one_page_with_everyone_is_read() {
    for kind in ["scim", "personio", "http_json"] {
        let system = start_vendor(manner(kind), 20);
        let reader = VendorReader::new(&system, "");
        always_the_first(&system);
        assert_eq!(result_kind(&reader.read()), "read 20", "{kind} repeats the page");
        for status in [400, 404] {
            let asked = std::sync::atomic::AtomicBool::new(false);
            system.server.set_transform(move |request, reply| {
                if request.path.ends_with("/token") || request.path.ends_with("/auth") {
                    return reply;
                }
                let again = asked.fetch_or(true, std::sync::atomic::Ordering::Relaxed);
                if again { ServerReply::json(json!({})).status(status) } else { reply }
            });
            assert_eq!(result_kind(&reader.read()), "read 20", "{kind} answers {status}");
        }
    }
}
