//! Servers and files that send too much, or ask for too long a wait.

use std::path::Path;
use std::time::{Duration, Instant};

use rollcall_config::Config;
use rollcall_connectors::{ConnectorError, DirectoryReading, ReadContext};
use rollcall_model::resource_limits::{ResourceLimit, ResourceLimits};
use serde_json::json;

use super::{VendorReader, is_people_request, result_kind, start_vendor};
use crate::support::single_attempt;
use crate::support::vendors::{TransmissionMode, VENDOR_PROFILES, VendorProfile};

fn limited(limit: ResourceLimit, value: u64) -> ReadContext {
    ReadContext { limits: ResourceLimits::default().with(limit, value), ..single_attempt() }
}

impl VendorReader {
    fn read_limited(&self, limit: ResourceLimit, value: u64) -> Result<DirectoryReading, ConnectorError> {
        self.runtime.block_on(self.connector().read(&self.config.attributes, &limited(limit, value)))
    }
}

fn find_profile(is_it: impl Fn(&VendorProfile) -> bool) -> VendorProfile {
    VENDOR_PROFILES.into_iter().find(is_it).expect("a profile")
}

/// A rate limit that ends too late fails the reading at once. Before, a large number ended the program, and a time in
/// milliseconds was waited for.
#[test]
fn rate_limit_reset_is_a_bounded_wait() {
    let system = start_vendor(find_profile(|profile| profile.pages), 260);
    let reader = VendorReader::new(&system, "");
    for (reset, wanted) in [
        ("18446744073709551615", "rate_limited"),
        ("18446744073709551614", "rate_limited"),
        ("999999999", "rate_limited"),
        ("4102444800", "rate_limited"),
        ("4102444800000", "rate_limited"),
        ("4102444800000000", "rate_limited"),
        ("1700000000", "read 260"),
        ("1700000000000", "read 260"),
        ("0", "read 260"),
        ("18446744073709551616", "read 260"),
        ("-1", "read 260"),
        ("soon", "read 260"),
    ] {
        let header = reset.to_owned();
        system.server.set_transform(move |_, reply| {
            reply.header("X-RateLimit-Remaining", "0").header("X-RateLimit-Reset", &header)
        });
        let began = Instant::now();
        assert_eq!(result_kind(&reader.read()), wanted, "{reset}");
        assert!(began.elapsed() < Duration::from_secs(10), "{reset}: {:?}", began.elapsed());
    }
}

/// A refusal may state any wait.
#[test]
fn retry_after_is_a_bounded_wait() {
    let system = start_vendor(VENDOR_PROFILES[0], 100);
    let reader = VendorReader::new(&system, "");
    for wait in ["18446744073709551615", "Fri, 31 Dec 9999 23:59:59 GMT", "86401"] {
        system.server.set_transform(move |_, reply| reply.status(429).header("Retry-After", wait));
        let error = reader.read().expect_err("refused");
        assert!(error.to_string().contains("asks to wait 86400 s"), "{wait}: {error}");
    }
}

/// A token is used whatever its lifetime is said to be.
#[test]
fn lifetime_of_token_is_bounded() {
    let system = start_vendor(find_profile(|profile| profile.fetches_token), 100);
    let reader = VendorReader::new(&system, "");
    system.server.set_transform(|request, mut reply| {
        if !is_people_request(request) {
            let mut body: serde_json::Value = serde_json::from_slice(&reply.body).expect("JSON");
            body["expires_in"] = json!(u64::MAX);
            reply.body = body.to_string().into_bytes();
        }
        reply
    });
    assert_eq!(result_kind(&reader.read()), "read 100");
}

/// A token endpoint that sends more than a token fails the reading.
#[test]
fn token_response_is_bounded() {
    let most = usize::try_from(ResourceLimit::TokenResponseBytes.default_value()).expect("a size");
    for (beyond, expected) in [(0, "read 100"), (1, "too_large")] {
        let system = start_vendor(find_profile(|profile| profile.fetches_token), 100);
        let reader = VendorReader::new(&system, "");
        system.server.set_transform(move |request, mut reply| {
            if !is_people_request(request) {
                reply.body.resize(most + beyond, b' ');
            }
            reply
        });
        assert_eq!(result_kind(&reader.read()), expected);
    }
}

/// Pages, records and bytes of a reading are bounded at every kind of API.
#[test]
fn pages_records_and_bytes_are_bounded() {
    for profile in VENDOR_PROFILES {
        let system = start_vendor(profile, 260);
        let reader = VendorReader::new(&system, "");
        let mut bounds = vec![(ResourceLimit::ReadingRecords, 259), (ResourceLimit::ReadingBytes, 5_000)];
        if profile.pages {
            bounds.push((ResourceLimit::ReadingPages, 1));
        }
        for (limit, value) in bounds {
            let error = reader.read_limited(limit, value).expect_err("too much");
            assert_eq!(error.kind(), "limit_exceeded", "{}: {error}", profile.kind);
            let name = limit.spec().name;
            assert!(error.to_string().contains(&format!("exceeds the limit `{name}`")), "{error}");
            assert!(error.hint().is_some_and(|hint| hint.contains(&format!("`{name}` in `[limits]`"))));
        }
        let read = reader.read_limited(ResourceLimit::ReadingRecords, 1_000);
        assert_eq!(result_kind(&read), "read 260", "{}", profile.kind);
    }
}

/// Of an error response, only the beginning is read.
#[test]
fn endless_error_response_is_an_error_at_once() {
    let system = start_vendor(VENDOR_PROFILES[0], 100);
    let reader = VendorReader::new(&system, "");
    system.server.set_transform(|_, reply| reply.status(400).with_mode(TransmissionMode::Endless));
    let error = reader.read_limited(ResourceLimit::ReadingBytes, 10 << 20).expect_err("400");
    assert_eq!(error.kind(), "answer", "{error}");
}

/// A page with more parts than its bound is refused before its records are kept for their details, and so are the
/// details of one record.
#[test]
fn parts_of_pages_with_details_are_bounded() {
    let ones = |count: usize| format!("[{}1]", "1,".repeat(count - 1));
    for (path, limit) in [
        ("/v2/persons", ResourceLimit::PageParts),
        ("/v2/persons/E0000/employments", ResourceLimit::RecordParts),
    ] {
        let system = start_vendor(find_profile(|profile| profile.kind == "personio_v2"), 10);
        let reader = VendorReader::new(&system, "");
        assert_eq!(result_kind(&reader.read()), "read 10");
        let body = format!("{{\"_data\": {}}}", ones(limit.default_size()));
        let asked = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let seen = asked.clone();
        system.server.set_transform(move |request, mut reply| {
            if request.path == path {
                seen.store(true, std::sync::atomic::Ordering::Relaxed);
                reply.body = body.clone().into_bytes();
            }
            reply
        });
        let error = reader.read().expect_err("too much");
        assert!(asked.load(std::sync::atomic::Ordering::Relaxed), "{path}");
        assert_eq!(error.kind(), "limit_exceeded", "{error}");
        let told = format!("exceeds the limit `{}`", limit.spec().name);
        assert!(error.to_string().contains(&told), "{error}");
    }
}

/// Values of one record are bounded in JSON, by name, by query and by filter, and in rows of a query.
#[test]
fn values_of_a_record_are_bounded() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().display();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    std::fs::write(folder.path().join("empty.db"), "").expect("written");
    std::fs::write(folder.path().join("url"), format!("sqlite://{place}/empty.db")).expect("written");
    let read = |source: &str, department: &str| {
        let text = format!(
            "[[connector]]\nname = 'hr'\n{source}\n[connector.attributes]\nid = 'id'\ndepartment = \"{department}\"\n"
        );
        let config = Config::parse(&text, Path::new("rollcall.toml"), &|_| None);
        let config = config.unwrap_or_else(|wrong| panic!("{wrong}\n{text}"));
        runtime.block_on(config.connectors[0].read(&config.attributes, &single_attempt()))
    };
    let json = |element: &str, count: usize| {
        let elements = format!("{}{element}", format!("{element},").repeat(count - 1));
        let text = format!("[{{\"id\": \"ada\", \"a\": [{elements}]}}]");
        std::fs::write(folder.path().join("people.json"), text).expect("written");
        format!("kind = 'json_file'\npath = '{place}/people.json'")
    };
    let (values, parts) =
        (ResourceLimit::AttributeValues.default_size(), ResourceLimit::RecordParts.default_size());
    let entry = "{\"t\":\"x\",\"v\":1}";
    for (path, element, most, name) in [
        ("a", "1", values, "attribute_values"),
        ("a", "\"x\"", values, "attribute_values"),
        ("a.v", entry, values, "attribute_values"),
        ("a[?@.t=='x'].v", entry, values, "attribute_values"),
        ("a[?@.t=='x' && @.v==2].v", "1", parts - 1, "record_parts"),
        ("a[0:2]", "1", parts - 1, "record_parts"),
    ] {
        assert_eq!(result_kind(&read(&json(element, most), path)), "read 1", "{path}");
        let error = read(&json(element, most + 1), path).expect_err("too much");
        assert_eq!(error.kind(), "limit_exceeded", "{path}: {error}");
        let told = error.to_string();
        let column = format!("`department` (`{path}` in the source)");
        for part in ["people.json`", "in element 1 exceeds", &column, &format!("the limit `{name}`")] {
            assert!(told.contains(part), "{path}, {part}: {told}");
        }
    }
    let row = |bytes: usize| {
        format!(
            "kind = 'sql'\ndatabase_url_file = '{place}/url'\nquery = \"SELECT 'ada' AS id, printf('%.*c', {bytes}, 'x') AS a\""
        )
    };
    let bytes = ResourceLimit::SourceValueBytes.default_size();
    assert_eq!(result_kind(&read(&row(bytes), "a")), "read 1");
    let error = read(&row(bytes + 1), "a").expect_err("too large");
    assert!(
        error.to_string().contains(
            "a value of `department` (`a` in the source) in row 1 exceeds the limit `source_value_bytes` of 1,048,576 bytes"
        ),
        "{error}"
    );
}

/// Files and queries have the same bounds.
#[test]
fn files_and_queries_are_bounded() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).expect("written");
    let rows = |row: fn(usize) -> String| (0..20).map(row).collect::<String>();
    write("people.csv", format!("id\n{}", rows(|number| format!("person-{number}\n"))));
    write("people.json", rows(|number| format!("{{\"id\": \"person-{number}\"}}\n")));
    let query = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19) \
                 SELECT 'person-' || i AS id FROM n";
    let place = folder.path().display();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    write("empty.db", String::new());
    write("url", format!("sqlite://{place}/empty.db"));
    for source in [
        format!("kind = 'csv'\npath = '{place}/people.csv'"),
        format!("kind = 'json_file'\npath = '{place}/people.json'"),
        format!("kind = 'sql'\ndatabase_url_file = '{place}/url'\nquery = \"{query}\""),
    ] {
        let text = format!("[[connector]]\nname = 'hr'\n{source}\n[connector.attributes]\nid = 'id'\n");
        let config = Config::parse(&text, Path::new("rollcall.toml"), &|_| None);
        let config = config.unwrap_or_else(|wrong| panic!("{wrong}\n{text}"));
        let read = |limit, value| {
            runtime.block_on(config.connectors[0].read(&config.attributes, &limited(limit, value)))
        };
        assert_eq!(result_kind(&read(ResourceLimit::ReadingRecords, 20)), "read 20", "{source}");
        for (limit, value) in [(ResourceLimit::ReadingRecords, 19), (ResourceLimit::ReadingBytes, 100)] {
            let error = read(limit, value).expect_err("too much");
            assert_eq!(error.kind(), "limit_exceeded", "{source}: {error}");
            assert!(error.to_string().contains(limit.spec().name), "{source}: {error}");
        }
    }
}
