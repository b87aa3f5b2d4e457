//! Personio API version 1 (`/v1/company/employees`).
//!
//! Requires API credentials with permission to read employees and every mapped attribute enabled. Personio omits
//! attributes that are not enabled, and `check` warns about attributes that no person has. Records are numbered;
//! `metadata.total_elements` proves the end. Custom attributes are `attributes.dynamic_1234.value`. The time and
//! zone of a date are ignored: the day is used as written.

use super::{MAX_PAGE_BYTES, Vendor, VendorAuthMethod, VendorSettings, pair, words};
use crate::api::{ApiDescription, ListEndpoint, PageParam, PagingMethod, RequestTemplate};
use crate::json::NameComparison;

pub(super) static VENDOR: Vendor = Vendor {
    name: "personio",
    url: Some("https://api.personio.de"),
    access: &[VendorAuthMethod::ClientSecret { token_url: Some("{url}/v1/auth"), scope: None }],
    page_size: (100, 100),
    requests_per_second: 4,
    most_bytes: MAX_PAGE_BYTES,
    mapping: &[
        ("id", "attributes.id.value"),
        ("email", "attributes.email.value"),
        ("given_name", "attributes.preferred_name.value | attributes.first_name.value"),
        ("family_name", "attributes.last_name.value"),
        ("department", "attributes.department.value.attributes.name"),
        ("location", "attributes.office.value.attributes.name"),
        ("role", "attributes.position.value"),
        ("manager", "attributes.supervisor.value.attributes.id.value"),
        ("employee_type", "attributes.employment_type.value"),
        ("status", "attributes.status.value"),
        ("start_date", "attributes.hire_date.value"),
        ("end_date", "attributes.last_working_day.value | attributes.termination_date.value"),
    ],
    statuses: [&["active", "onboarding"], &["leave"], &["inactive"]],
    quota_words: &[],
    describe,
};

fn describe(given: &VendorSettings<'_>) -> ApiDescription {
    let list = |question: Option<(String, String)>| {
        let mut query = vec![pair("limit", given.page_size.to_string())];
        query.extend(question);
        ListEndpoint {
            request: RequestTemplate {
                path: "v1/company/employees".to_owned(),
                query,
                ..RequestTemplate::default()
            },
            list: words(&["data"]),
            total: Some(words(&["metadata", "total_elements"])),
            total_is_proof: true,
            without_list: None,
            paging: PagingMethod::Offset { place: PageParam::Query("offset".to_owned()), first: 0 },
        }
    };
    ApiDescription {
        lists: vec![list(None)],
        by_email: Some(list(Some(pair("email", "{email}")))),
        by_id: Some(RequestTemplate {
            path: "v1/company/employees/{id}".to_owned(),
            record: words(&["data"]),
            ..RequestTemplate::default()
        }),
        detail: None,
        flags: &[],
        blanks: &[],
        names: NameComparison::Exact,
    }
}
