//! Personio API version 2 (`/v2/persons`, and `/v2/persons/{id}/employments` for every person).
//!
//! Requires API credentials with the scope `personio:persons:read`. Pages follow the cursor in
//! `_meta.links.next.href`; the rest of that URL is ignored. A page without it ends the list, both of persons and
//! of employments. Of several employments the active one comes first, then the latest to start. Departments and
//! offices are numbers.

use std::cmp::{Ordering, Reverse};

use serde_json::Value;

use super::{MAX_PAGE_BYTES, Vendor, VendorAuthMethod, VendorSettings, pair, words};
use crate::api::{ApiDescription, DetailRequest, ListEndpoint, PageParam, PagingMethod, RequestTemplate};
use crate::json::NameComparison;

pub(super) static VENDOR: Vendor = Vendor {
    name: "personio_v2",
    url: Some("https://api.personio.de"),
    access: &[VendorAuthMethod::ClientSecret {
        token_url: Some("{url}/v2/auth/token"),
        scope: Some("personio:persons:read"),
    }],
    page_size: (50, 50),
    requests_per_second: 4,
    most_bytes: MAX_PAGE_BYTES,
    mapping: &[
        ("id", "id"),
        ("email", "email"),
        ("given_name", "preferred_name | first_name"),
        ("family_name", "last_name"),
        ("department", "employments[0].org_units[?@.type=='department'].id"),
        ("location", "employments[0].office.id"),
        ("role", "employments[0].position.title"),
        ("manager", "employments[0].supervisor.id"),
        ("employee_type", "employments[0].type"),
        ("status", "employments[0].status | status"),
        ("start_date", "employments[0].employment_start_date"),
        (
            "end_date",
            "employments[0].termination.last_working_day | employments[0].termination.last_working_date | employments[0].termination.termination_date | employments[0].employment_end_date",
        ),
    ],
    statuses: [&["active", "onboarding"], &["leave"], &["inactive"]],
    quota_words: &[],
    describe,
};

/// Maximum number of employments per page.
const EMPLOYMENTS: &str = "50";

fn describe(given: &VendorSettings<'_>) -> ApiDescription {
    let list = |path: &str, query| ListEndpoint {
        request: RequestTemplate { path: path.to_owned(), query, ..RequestTemplate::default() },
        list: words(&["_data"]),
        total: None,
        total_is_proof: false,
        without_list: None,
        paging: PagingMethod::Cursor {
            at: words(&["_meta", "links", "next", "href"]),
            place: PageParam::Query("cursor".to_owned()),
            in_url: true,
        },
    };
    let limit = || pair("limit", given.page_size.to_string());
    ApiDescription {
        lists: vec![list("v2/persons", vec![limit()])],
        by_email: Some(list("v2/persons", vec![limit(), pair("email", "{email}")])),
        by_id: Some(RequestTemplate { path: "v2/persons/{id}".to_owned(), ..RequestTemplate::default() }),
        detail: Some(DetailRequest {
            name: "employments",
            id: "id",
            list: list("v2/persons/{id}/employments", vec![pair("limit", EMPLOYMENTS)]),
            order: compare_employments,
        }),
        flags: &[],
        blanks: &["UNSPECIFIED"],
        names: NameComparison::Exact,
    }
}

/// Orders the active employment first, then the latest to start.
fn compare_employments(one: &Value, other: &Value) -> Ordering {
    let weight = |employment: &Value| {
        let text = |name: &str| employment[name].as_str().unwrap_or_default().to_owned();
        let standing = match text("status").to_ascii_uppercase().as_str() {
            "ACTIVE" => 0,
            "LEAVE" => 1,
            "ONBOARDING" => 2,
            _ => 3,
        };
        (standing, Reverse(text("employment_start_date")), text("id"))
    };
    weight(one).cmp(&weight(other))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_active_employment_counts_then_the_latest_to_start() {
        let employment = |status, start| json!({ "status": status, "employment_start_date": start });
        let mut all = [
            employment("INACTIVE", "2026-01-01"),
            employment("INACTIVE", "2027-01-01"),
            employment("Onboarding", "2028-01-01"),
            employment("active", "2020-01-01"),
            employment("LEAVE", "2026-01-01"),
            employment("ACTIVE", "2024-01-01"),
        ];
        all.sort_by(compare_employments);
        let order = all.map(|one| one["employment_start_date"].as_str().expect("a date")[..4].to_owned());
        assert_eq!(order, ["2024", "2020", "2026", "2028", "2027", "2026"]);
    }
}
