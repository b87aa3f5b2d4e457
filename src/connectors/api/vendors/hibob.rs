//! HiBob (`/v1/people/search`).
//!
//! Requires a service user in a permission group that can see the mapped fields of all people, including those
//! who left. HiBob omits fields that the service user cannot see, and `check` warns about fields that no person
//! has. One response contains all people: it is complete if the JSON is complete. Rejected credentials are not
//! retried, because the server blocks the client address.

use serde_json::json;

use super::{MAX_COMPANY_BYTES, Vendor, VendorAuthMethod, VendorSettings, words};
use crate::api::{ApiDescription, ListEndpoint, PagingMethod, RequestTemplate};
use crate::json::NameComparison;

pub(super) static VENDOR: Vendor = Vendor {
    name: "hibob",
    url: Some("https://api.hibob.com/v1"),
    access: &[VendorAuthMethod::UserToken],
    page_size: (1, 1),
    requests_per_second: 1,
    most_bytes: MAX_COMPANY_BYTES,
    mapping: &[
        ("id", "id | root.id | ['/root/id']"),
        ("email", "email | root.email"),
        ("name", "displayName | root.displayName"),
        ("given_name", "firstName | root.firstName"),
        ("family_name", "surname | root.surname"),
        ("department", "humanReadable.work.department | work.department"),
        ("location", "humanReadable.work.site | work.site"),
        ("role", "humanReadable.work.title | work.title"),
        ("manager", "work.reportsTo.id"),
        ("status", "internal.status"),
        ("start_date", "work.startDate"),
        ("end_date", "internal.terminationDate"),
    ],
    statuses: [&["Active"], &[], &["Inactive"]],
    quota_words: &[],
    describe,
};

fn describe(given: &VendorSettings<'_>) -> ApiDescription {
    // Every path with a dot is a HiBob field; fields of `humanReadable` are returned with the others.
    let mut fields: Vec<&str> = given
        .places
        .iter()
        .map(String::as_str)
        .filter(|place| place.contains('.') && !place.contains('[') && !place.starts_with("humanReadable."))
        .map(|place| place.strip_suffix(".reportsTo.id").map_or(place, |_| "work.reportsTo"))
        .collect();
    fields.sort_unstable();
    fields.dedup();
    let body = json!({ "fields": fields, "showInactive": true, "humanReadable": "APPEND" });
    let list = |body| ListEndpoint {
        request: RequestTemplate {
            path: "people/search".to_owned(),
            body: Some(body),
            ..RequestTemplate::default()
        },
        list: words(&["employees"]),
        total: None,
        total_is_proof: false,
        without_list: None,
        paging: PagingMethod::Whole,
    };
    let filtered = |field: &str, value: &str| {
        let mut body = body.clone();
        body["filters"] = json!([{ "fieldPath": field, "operator": "equals", "values": [value] }]);
        body
    };
    ApiDescription {
        lists: vec![list(body.clone())],
        by_email: Some(list(filtered("root.email", "{email}"))),
        by_id: None,
        detail: None,
        flags: &[],
        blanks: &[],
        names: NameComparison::Exact,
    }
}
