//! Workday, by a custom report as a service (RaaS) in JSON.
//!
//! Needs an integration system user who owns the report or shares it, and whose security group sees everybody: a report
//! that it may see in part has fewer rows and says nothing. `url` is that of the report. The whole report is one answer:
//! it is complete when the JSON is. Names are those that the report gives its columns, so the mapping is usually the
//! file's; let the report hold terminated workers for some weeks, else they are absent instead of gone.

use super::{MAX_COMPANY_BYTES, Vendor, VendorAuthMethod, VendorSettings, pair, words};
use crate::api::{ApiDescription, ListEndpoint, PagingMethod, RequestTemplate};

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
            without_list: None,
            paging: PagingMethod::Whole,
        }],
        by_email: None,
        by_id: None,
        detail: None,
        flags: &[],
        blanks: &[],
    }
}
