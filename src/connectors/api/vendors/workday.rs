//! Workday through a custom report as a service (RaaS) in JSON.
//!
//! Requires an integration system user who owns the report or has access to it, and whose security group can see
//! all people. A report that the user can see only in part has fewer rows and no error. `url` is the URL of the
//! report. One response contains the whole report: it is complete if the JSON is complete. Names are the column
//! names of the report, so the configuration file usually defines the mapping. Include terminated workers in the
//! report for some weeks; otherwise they are absent instead of having left.

use super::{MAX_COMPANY_BYTES, Vendor, VendorAuthMethod, VendorSettings, pair, words};
use crate::api::{ApiDescription, ListEndpoint, PagingMethod, RequestTemplate};
use crate::json::NameComparison;

pub(super) static VENDOR: Vendor = Vendor {
    name: "workday",
    url: None,
    access: &[VendorAuthMethod::RefreshToken, VendorAuthMethod::Password],
    page_size: (1, 1),
    requests_per_second: 2,
    most_bytes: MAX_COMPANY_BYTES,
    mapping: &[
        ("id", "WID | Employee_ID"),
        ("email", "Work_Email"),
        ("given_name", "First_Name"),
        ("family_name", "Last_Name"),
        ("department", "Department | Supervisory_Organization"),
        ("location", "Location"),
        ("role", "Business_Title"),
        ("manager", "Manager_Employee_ID"),
        ("employee_type", "Worker_Type"),
        ("status", "Status"),
        ("start_date", "Hire_Date"),
        ("end_date", "Termination_Date"),
    ],
    statuses: [&["Active"], &["On Leave"], &["Terminated"]],
    quota_words: &[],
    describe,
};

fn describe(_: &VendorSettings<'_>) -> ApiDescription {
    ApiDescription {
        lists: vec![ListEndpoint {
            request: RequestTemplate { query: vec![pair("format", "json")], ..RequestTemplate::default() },
            list: words(&["Report_Entry"]),
            total: None,
            total_is_proof: false,
            without_list: None,
            paging: PagingMethod::Whole,
        }],
        by_email: None,
        by_id: None,
        detail: None,
        flags: &[],
        blanks: &[],
        names: NameComparison::Exact,
    }
}
