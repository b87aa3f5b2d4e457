//! Microsoft Entra ID, by Microsoft Graph (`/v1.0/users`).
//!
//! Needs an app registration with the *application* permission `User.Read.All` and the consent of an administrator.
//! `$select` asks for what is mapped and nothing else. Pages follow `@odata.nextLink`; the end is a page without it.
//! Disabled accounts are `accountEnabled: false`; deleted ones are gone. Guests stay out by the default `filter`.
//! The date of leaving (`employeeLeaveDateTime`) may be mapped to `end_date`, and needs `User-LifeCycleInfo.Read.All` too.

use super::{Access, Given, Kind, PAGE, pair, words};
use crate::connectors::api::{Ask, Description, Paging, Pass};

pub(super) static KIND: Kind = Kind {
    name: "entra",
    url: Some("https://graph.microsoft.com/v1.0"),
    access: &[Access::ClientSecret {
        token_url: Some("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"),
        scope: Some("https://graph.microsoft.com/.default"),
    }],
    page_size: (999, 999),
    requests_per_second: 20,
    most_bytes: PAGE,
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
    standings: [&["true"], &[], &["false"]],
    quota_words: &[],
    describe,
};

fn describe(given: &Given<'_>) -> Description {
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
        Pass {
            ask: Ask { path: "users".to_owned(), query, ..Ask::default() },
            list: words(&["value"]),
            total: None,
            without_list: None,
            paging: Paging::NextUrl { at: words(&["@odata.nextLink"]) },
        }
    };
    Description {
        passes: vec![list(given.text("filter", "userType eq 'Member'"))],
        by_email: Some(list("mail eq '{email}' or userPrincipalName eq '{email}'".to_owned())),
        by_id: Some(Ask { path: "users/{id}".to_owned(), query: fields, ..Ask::default() }),
        detail: None,
        flags: &[],
        blanks: &[],
    }
}
