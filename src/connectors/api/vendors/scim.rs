//! SCIM 2.0 (RFC 7643, RFC 7644): any identity provider that lists its users.
//!
//! Requires permission to read `/Users`. Records are numbered; `totalResults` proves the end. `paging = "cursor"`
//! reads a server with cursor paging (RFC 9865). People who left are `active: false` or missing.

use super::{MAX_PAGE_BYTES, Vendor, VendorAuthMethod, VendorSettings, pair, words};
use crate::api::{ApiDescription, ListEndpoint, PageParam, PagingMethod, RequestTemplate};
use crate::json::NameComparison;

pub(super) static VENDOR: Vendor = Vendor {
    name: "scim",
    url: None,
    access: &[
        VendorAuthMethod::Token("Bearer "),
        VendorAuthMethod::Password,
        VendorAuthMethod::ClientSecret { token_url: None, scope: None },
        VendorAuthMethod::Anonymous,
    ],
    page_size: (200, 10_000),
    requests_per_second: 10,
    most_bytes: MAX_PAGE_BYTES,
    mapping: &[
        ("id", "id"),
        ("email", "emails[?@.type=='work'].value | emails[?@.primary==true].value | emails.value | userName"),
        ("name", "displayName | name.formatted"),
        ("given_name", "name.givenName"),
        ("family_name", "name.familyName"),
        ("department", "['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'].department"),
        ("location", "addresses[?@.type=='work'].locality | addresses.locality"),
        ("role", "title"),
        ("manager", "['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'].manager.value"),
        ("employee_type", "userType"),
        ("status", "active"),
    ],
    statuses: [&["true"], &[], &["false"]],
    quota_words: &[],
    describe,
};

fn describe(given: &VendorSettings<'_>) -> ApiDescription {
    let size = pair("count", given.page_size.to_string());
    let mut query = vec![size.clone()];
    if let Some(filter) = given.texts.get("filter") {
        query.push(pair("filter", filter.as_str()));
    }
    let by_cursor = given.text("paging", "offset") == "cursor";
    let paging = if by_cursor {
        query.push(pair("cursor", ""));
        let at = words(&["nextCursor"]);
        PagingMethod::Cursor { at, place: PageParam::Query("cursor".to_owned()), in_url: false }
    } else {
        PagingMethod::Offset { place: PageParam::Query("startIndex".to_owned()), first: 1 }
    };
    let list = |query, total_is_proof| ListEndpoint {
        request: RequestTemplate { path: "Users".to_owned(), query, ..RequestTemplate::default() },
        list: words(&["Resources"]),
        total: Some(words(&["totalResults"])),
        total_is_proof,
        without_list: None,
        paging: paging.clone(),
    };
    let of_address = pair("filter", "emails.value eq \"{email}\" or userName eq \"{email}\"");
    let by_email = list(vec![size, of_address], false);
    ApiDescription {
        // With cursors the total number is optional (RFC 9865 2).
        lists: vec![list(query, !by_cursor)],
        by_email: (!by_cursor).then_some(by_email),
        by_id: Some(RequestTemplate { path: "Users/{id}".to_owned(), ..RequestTemplate::default() }),
        detail: None,
        flags: &[],
        blanks: &[],
        names: NameComparison::Scim,
    }
}
