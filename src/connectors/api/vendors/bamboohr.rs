//! BambooHR datasets (`/api/v2/datasets/{dataset}/data`).
//!
//! Requires an API key of a user who can see the mapped fields of all people. BambooHR omits fields that the key
//! cannot see, and `check` warns about fields that no person has. Pages are numbered; an empty page ends the
//! list. People who left or have not started are `Inactive`.

use serde_json::json;

use super::{MAX_PAGE_BYTES, Vendor, VendorAuthMethod, VendorSettings, words};
use crate::api::{ApiDescription, ListEndpoint, PageParam, PagingMethod, RequestTemplate};
use crate::json::NameComparison;

pub(super) static VENDOR: Vendor = Vendor {
    name: "bamboohr",
    url: Some("https://{company}.bamboohr.com"),
    access: &[VendorAuthMethod::KeyAsUser],
    page_size: (500, 1_000),
    requests_per_second: 4,
    most_bytes: MAX_PAGE_BYTES,
    mapping: &[
        ("id", "employeeId | id"),
        ("email", "email | workEmail"),
        ("name", "displayName | name"),
        ("given_name", "firstName"),
        ("family_name", "lastName"),
        ("department", "department | jobInformationDepartment"),
        ("location", "location | jobInformationLocation"),
        ("role", "jobTitle | jobInformationJobTitle"),
        ("manager", "supervisorId | supervisorEId"),
        ("employee_type", "employmentStatus"),
        ("status", "status"),
        ("start_date", "hireDate"),
        ("end_date", "terminationDate"),
    ],
    statuses: [&["Active"], &[], &["Inactive"]],
    quota_words: &[],
    describe,
};

fn describe(given: &VendorSettings<'_>) -> ApiDescription {
    let dataset = given.text("dataset", "employee");
    let body = json!({ "fields": given.heads(), "pageSize": given.page_size });
    ApiDescription {
        lists: vec![ListEndpoint {
            request: RequestTemplate {
                path: format!("api/v2/datasets/{dataset}/data"),
                body: Some(body),
                ..RequestTemplate::default()
            },
            list: words(&["data"]),
            total: None,
            total_is_proof: false,
            without_list: None,
            paging: PagingMethod::Number { place: PageParam::Body(words(&["page"])), first: 1 },
        }],
        by_email: None,
        by_id: None,
        detail: None,
        flags: &[],
        blanks: &["0000-00-00"],
        names: NameComparison::Exact,
    }
}
