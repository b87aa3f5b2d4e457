//! Microsoft Entra ID through Microsoft Graph (`/v1.0/users`).
//!
//! Requires an app registration with the *application* permission `User.Read.All` and the consent of an
//! administrator. `$select` requests only the mapped properties. Pages follow `@odata.nextLink`; a page without
//! it ends the list. Disabled accounts are `accountEnabled: false`; deleted accounts are missing. The default
//! `filter` excludes guests. The leave date (`employeeLeaveDateTime`) can be mapped to `end_date` and also
//! requires `User-LifeCycleInfo.Read.All`.

use super::{MAX_PAGE_BYTES, Vendor, VendorAuthMethod, VendorSettings, pair, words};
use crate::api::{ApiDescription, ListEndpoint, PagingMethod, RequestTemplate};
use crate::json::NameComparison;

pub(super) static VENDOR: Vendor = Vendor {
    name: "entra",
    url: Some("https://graph.microsoft.com/v1.0"),
    access: &[VendorAuthMethod::ClientSecret {
        token_url: Some("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"),
        scope: Some("https://graph.microsoft.com/.default"),
    }],
    page_size: (999, 999),
    requests_per_second: 20,
    most_bytes: MAX_PAGE_BYTES,
    mapping: &[
        ("id", "id"),
        ("email", "mail | userPrincipalName"),
        ("name", "displayName"),
        ("given_name", "givenName"),
        ("family_name", "surname"),
        ("department", "department"),
        ("location", "officeLocation | city"),
        ("role", "jobTitle"),
        ("manager", "manager.id"),
        ("employee_type", "employeeType"),
        ("status", "accountEnabled"),
        ("start_date", "employeeHireDate"),
    ],
    statuses: [&["true"], &[], &["false"]],
    quota_words: &[],
    describe,
};

fn describe(given: &VendorSettings<'_>) -> ApiDescription {
    let heads = given.heads();
    let selected: Vec<&str> = heads.iter().filter(|head| **head != "manager").copied().collect();
    let mut fields = vec![pair("$select", selected.join(","))];
    if heads.contains(&"manager") {
        fields.push(pair("$expand", "manager($select=id)"));
    }
    let size = pair("$top", given.page_size.to_string());
    let list = |filter: String| {
        let mut query = fields.clone();
        query.extend([size.clone(), pair("$filter", filter)]);
        ListEndpoint {
            request: RequestTemplate { path: "users".to_owned(), query, ..RequestTemplate::default() },
            list: words(&["value"]),
            total: None,
            total_is_proof: false,
            without_list: None,
            paging: PagingMethod::NextUrl { at: words(&["@odata.nextLink"]) },
        }
    };
    ApiDescription {
        lists: vec![list(given.text("filter", "userType eq 'Member'"))],
        by_email: Some(list("mail eq '{email}' or userPrincipalName eq '{email}'".to_owned())),
        by_id: Some(RequestTemplate {
            path: "users/{id}".to_owned(),
            query: fields,
            ..RequestTemplate::default()
        }),
        detail: None,
        flags: &[],
        blanks: &[],
        names: NameComparison::Exact,
    }
}
