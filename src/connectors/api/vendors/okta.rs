//! Okta (`/api/v1/users`).
//!
//! Requires an API token of a read-only administrator, or a service app with the scope `okta.users.read` and a
//! key. Pages follow the `Link` header; a page without `rel="next"` ends the list. The default list excludes
//! deprovisioned users, so they are read in a separate list. `STAGED` accounts have not started;
//! `[connector.status]` can map them differently.

use super::{MAX_PAGE_BYTES, Vendor, VendorAuthMethod, VendorSettings, pair};
use crate::api::{ApiDescription, ListEndpoint, PagingMethod, RequestTemplate};
use crate::json::NameComparison;

pub(super) static VENDOR: Vendor = Vendor {
    name: "okta",
    url: None,
    access: &[
        VendorAuthMethod::Token("SSWS "),
        VendorAuthMethod::ClientKey { token_url: "{url}/oauth2/v1/token", scope: "okta.users.read" },
    ],
    page_size: (200, 200),
    requests_per_second: 5,
    most_bytes: MAX_PAGE_BYTES,
    mapping: &[
        ("id", "id"),
        ("email", "profile.email | profile.login"),
        ("name", "profile.displayName"),
        ("given_name", "profile.firstName"),
        ("family_name", "profile.lastName"),
        ("department", "profile.department"),
        ("location", "profile.city"),
        ("role", "profile.title"),
        ("manager", "profile.managerId | profile.manager"),
        ("employee_type", "profile.userType"),
        ("status", "status"),
    ],
    statuses: [
        &["ACTIVE", "PROVISIONED", "RECOVERY", "LOCKED_OUT", "PASSWORD_EXPIRED"],
        &[],
        &["SUSPENDED", "DEPROVISIONED", "STAGED"],
    ],
    quota_words: &[],
    describe,
};

const USERS: &str = "api/v1/users";

fn describe(given: &VendorSettings<'_>) -> ApiDescription {
    let list = |question: Option<(String, String)>| {
        let mut query = vec![pair("limit", given.page_size.to_string())];
        query.extend(question);
        ListEndpoint {
            request: RequestTemplate { path: USERS.to_owned(), query, ..RequestTemplate::default() },
            list: Vec::new(),
            total: None,
            total_is_proof: false,
            without_list: None,
            paging: PagingMethod::Link,
        }
    };
    ApiDescription {
        lists: vec![list(None), list(Some(pair("filter", "status eq \"DEPROVISIONED\"")))],
        by_email: Some(list(Some(pair(
            "search",
            "profile.email eq \"{email}\" or profile.login eq \"{email}\"",
        )))),
        by_id: Some(RequestTemplate { path: format!("{USERS}/{{id}}"), ..RequestTemplate::default() }),
        detail: None,
        flags: &[],
        blanks: &[],
        names: NameComparison::Exact,
    }
}
