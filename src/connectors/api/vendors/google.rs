//! Google Workspace through the Directory API (`/admin/directory/v1/users`).
//!
//! Requires a service account with domain-wide delegation for the scope `admin.directory.user.readonly`, and
//! `admin`, an administrator with permission to read users whom the service account impersonates. Pages follow
//! `nextPageToken`; a page without it ends the list. Suspended and archived people have left; deleted people are
//! missing. Status 403 means missing permission unless the response names a quota.

use super::{MAX_PAGE_BYTES, Vendor, VendorAuthMethod, VendorSettings, pair, words};
use crate::api::{ApiDescription, ListEndpoint, PageParam, PagingMethod, RequestTemplate};
use crate::json::NameComparison;

pub(super) static VENDOR: Vendor = Vendor {
    name: "google",
    url: Some("https://admin.googleapis.com/admin/directory/v1"),
    access: &[VendorAuthMethod::ServiceAccount {
        scope: "https://www.googleapis.com/auth/admin.directory.user.readonly",
    }],
    page_size: (500, 500),
    requests_per_second: 20,
    most_bytes: MAX_PAGE_BYTES,
    mapping: &[
        ("id", "id"),
        ("email", "primaryEmail"),
        ("name", "name.fullName"),
        ("given_name", "name.givenName"),
        ("family_name", "name.familyName"),
        ("department", "organizations[?@.primary==true].department | organizations.department"),
        ("location", "organizations[?@.primary==true].location | addresses[?@.type=='work'].locality"),
        ("role", "organizations[?@.primary==true].title | organizations.title"),
        ("manager", "relations[?@.type=='manager'].value"),
        ("employee_type", "organizations[?@.primary==true].description"),
        ("status", "@flags"),
    ],
    statuses: [&["active"], &[], &["suspended", "archived"]],
    quota_words: &["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"],
    describe,
};

fn describe(given: &VendorSettings<'_>) -> ApiDescription {
    let scope = match given.texts.get("domain") {
        Some(domain) => pair("domain", domain.as_str()),
        None => pair("customer", given.text("customer", "my_customer")),
    };
    let list = |question: Option<(String, String)>| {
        let mut query = vec![
            scope.clone(),
            pair("maxResults", given.page_size.to_string()),
            pair("projection", "full"),
            pair("orderBy", "email"),
        ];
        query.extend(question);
        ListEndpoint {
            request: RequestTemplate { path: "users".to_owned(), query, ..RequestTemplate::default() },
            list: words(&["users"]),
            total: None,
            total_is_proof: false,
            without_list: Some(words(&["kind"])),
            paging: PagingMethod::Cursor {
                at: words(&["nextPageToken"]),
                place: PageParam::Query("pageToken".to_owned()),
                in_url: false,
            },
        }
    };
    let question = given.texts.get("query").map(|query| pair("query", query.as_str()));
    ApiDescription {
        lists: vec![list(question)],
        by_email: Some(list(Some(pair("query", "email={email}")))),
        by_id: Some(RequestTemplate {
            path: "users/{id}".to_owned(),
            query: vec![pair("projection", "full")],
            ..RequestTemplate::default()
        }),
        detail: None,
        flags: &["suspended", "archived"],
        blanks: &[],
        names: NameComparison::Exact,
    }
}
