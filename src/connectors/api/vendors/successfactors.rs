//! SAP SuccessFactors through OData version 2 (`/odata/v2/PerPerson`).
//!
//! Authenticates with a client key (OAuth 2.0 with a SAML 2.0 assertion, RFC 7522), or with user and password,
//! which SAP is retiring. Requires a technical user with permission to query the API and to see employees who
//! left; SAP omits rows and fields that the user cannot see. Pages follow `d.__next` of a snapshot; a page
//! without it ends the list, and the total number of records is checked. Effective-dated rows are those of today.
//! Of several employments the one without an end date is used.

use super::{MAX_PAGE_BYTES, Vendor, VendorAuthMethod, VendorSettings, pair, words};
use crate::api::{ApiDescription, ListEndpoint, PagingMethod, RequestTemplate};
use crate::json::NameComparison;

pub(super) static VENDOR: Vendor = Vendor {
    name: "successfactors",
    url: None,
    access: &[
        VendorAuthMethod::Saml { token_url: "{server}/oauth/token", audience: "www.successfactors.com" },
        VendorAuthMethod::Password,
        VendorAuthMethod::Token("Bearer "),
    ],
    page_size: (1_000, 1_000),
    requests_per_second: 4,
    most_bytes: MAX_PAGE_BYTES,
    mapping: &[
        ("id", "personIdExternal"),
        ("email", "emailNav.results[?@.isPrimary==true].emailAddress | emailNav.results.emailAddress"),
        ("name", "personalInfoNav.results[0].displayName"),
        ("given_name", "personalInfoNav.results[0].firstName"),
        ("family_name", "personalInfoNav.results[0].lastName"),
        (
            "department",
            "employmentNav.results[?@.endDate==null].jobInfoNav.results[0].departmentNav.name_localized | employmentNav.results[0].jobInfoNav.results[0].departmentNav.name_localized",
        ),
        (
            "location",
            "employmentNav.results[?@.endDate==null].jobInfoNav.results[0].locationNav.name | employmentNav.results[0].jobInfoNav.results[0].locationNav.name",
        ),
        (
            "role",
            "employmentNav.results[?@.endDate==null].jobInfoNav.results[0].jobTitle | employmentNav.results[0].jobInfoNav.results[0].jobTitle",
        ),
        (
            "manager",
            "employmentNav.results[?@.endDate==null].jobInfoNav.results[0].managerId | employmentNav.results[0].jobInfoNav.results[0].managerId",
        ),
        (
            "status",
            "employmentNav.results[?@.endDate==null].jobInfoNav.results[0].emplStatusNav.externalCode | employmentNav.results[0].jobInfoNav.results[0].emplStatusNav.externalCode",
        ),
        (
            "start_date",
            "employmentNav.results[?@.endDate==null].startDate | employmentNav.results[0].startDate",
        ),
    ],
    statuses: [&["A"], &["U", "P"], &["T", "R", "S", "F", "D", "O"]],
    quota_words: &[],
    describe,
};

const EXPANDED: &str = "personalInfoNav,emailNav,employmentNav,employmentNav/jobInfoNav,\
                        employmentNav/jobInfoNav/departmentNav,employmentNav/jobInfoNav/locationNav,\
                        employmentNav/jobInfoNav/emplStatusNav";

fn describe(given: &VendorSettings<'_>) -> ApiDescription {
    ApiDescription {
        lists: vec![ListEndpoint {
            request: RequestTemplate {
                path: "PerPerson".to_owned(),
                query: vec![
                    pair("$format", "json"),
                    pair("$expand", given.text("expand", EXPANDED)),
                    pair("$inlinecount", "allpages"),
                    pair("paging", given.text("paging", "snapshot")),
                    pair("customPageSize", given.page_size.to_string()),
                ],
                ..RequestTemplate::default()
            },
            list: words(&["d", "results"]),
            total: Some(words(&["d", "__count"])),
            total_is_proof: true,
            without_list: None,
            paging: PagingMethod::NextUrl { at: words(&["d", "__next"]) },
        }],
        by_email: None,
        by_id: None,
        detail: None,
        flags: &[],
        blanks: &["NO_MANAGER", "9999-12-31"],
        names: NameComparison::Exact,
    }
}
