//! Any other API that answers with pages of JSON: the file says how.

use serde_json::Value;

use super::{MAX_PAGE_BYTES, Vendor, VendorAuthMethod, VendorSettings, pair};
use crate::api::{ApiDescription, ListEndpoint, PagingMethod, RequestTemplate};
use crate::json::KeyPath;

pub(super) static VENDOR: Vendor = Vendor {
    name: "http_json",
    url: None,
    access: &[
        VendorAuthMethod::Token("Bearer "),
        VendorAuthMethod::KeyInHeader,
        VendorAuthMethod::RefreshToken,
        VendorAuthMethod::ClientSecret { token_url: None, scope: None },
        VendorAuthMethod::Password,
        VendorAuthMethod::Anonymous,
    ],
    page_size: (100, 100_000),
    requests_per_second: 5,
    most_bytes: MAX_PAGE_BYTES,
    mapping: &[],
    statuses: [&[], &[], &[]],
    quota_words: &[],
    describe,
};

/// What a file says of an API of its own.
#[derive(Debug, Clone)]
pub struct HttpJsonSettings {
    /// Headers that every request has.
    pub headers: Vec<(String, String)>,
    /// A body, which makes requests `POST`.
    pub body: Option<Value>,
    /// Where the list stands in an answer.
    pub list: KeyPath,
    /// Where the number of all records stands.
    pub total: Option<KeyPath>,
    /// How pages follow each other.
    pub paging: PagingMethod,
    /// The parameter that asks for records a page.
    pub size_param: Option<String>,
    /// The URL of the people with one address, which answers with a list like that of everybody.
    pub email_url: Option<String>,
    /// The URL of one id.
    pub id_url: Option<String>,
    /// Where the record stands in the answer to that.
    pub record: KeyPath,
}

fn describe(given: &VendorSettings<'_>) -> ApiDescription {
    let Some(own) = given.http_json else {
        return ApiDescription {
            lists: Vec::new(),
            by_email: None,
            by_id: None,
            detail: None,
            flags: &[],
            blanks: &[],
        };
    };
    let query = own.size_param.iter().map(|name| pair(name, given.page_size.to_string())).collect();
    let ask = RequestTemplate {
        query,
        headers: own.headers.clone(),
        body: own.body.clone(),
        ..RequestTemplate::default()
    };
    // A URL that names somebody asks by itself, without the body of the list.
    let of_one = |url: &String| RequestTemplate {
        url: Some(url.clone()),
        headers: own.headers.clone(),
        ..RequestTemplate::default()
    };
    let list = |ask| ListEndpoint {
        request: ask,
        list: own.list.clone(),
        total: own.total.clone(),
        without_list: None,
        paging: own.paging.clone(),
    };
    ApiDescription {
        lists: vec![list(ask)],
        by_email: own.email_url.as_ref().map(|url| list(of_one(url))),
        by_id: own.id_url.as_ref().map(|url| RequestTemplate { record: own.record.clone(), ..of_one(url) }),
        detail: None,
        flags: &[],
        blanks: &[],
    }
}
