//! Any other paged JSON API, described in the configuration file.

use serde_json::Value;

use super::{MAX_PAGE_BYTES, Vendor, VendorAuthMethod, VendorSettings, pair};
use crate::api::{ApiDescription, ListEndpoint, PagingMethod, RequestTemplate};
use crate::json::{KeyPath, NameComparison};

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

/// Settings of a custom API.
#[derive(Debug, Clone)]
pub struct HttpJsonSettings {
    /// Headers of every request.
    pub headers: Vec<(String, String)>,
    /// A body; requests with a body are `POST`.
    pub body: Option<Value>,
    /// The position of the list in a response.
    pub list: KeyPath,
    /// The position of the total number of records.
    pub total: Option<KeyPath>,
    /// The paging method.
    pub paging: PagingMethod,
    /// The parameter for the number of records per page.
    pub size_param: Option<String>,
    /// The URL for the people with one address; the response has the same list as the full list.
    pub email_url: Option<String>,
    /// The URL for one id.
    pub id_url: Option<String>,
    /// The position of the record in the response for one id.
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
            names: NameComparison::Exact,
        };
    };
    let query = own.size_param.iter().map(|name| pair(name, given.page_size.to_string())).collect();
    let ask = RequestTemplate {
        query,
        headers: own.headers.clone(),
        body: own.body.clone(),
        ..RequestTemplate::default()
    };
    // A URL for one person is requested without the body of the list.
    let of_one = |url: &String| RequestTemplate {
        url: Some(url.clone()),
        headers: own.headers.clone(),
        ..RequestTemplate::default()
    };
    let list = |ask, total_is_proof| ListEndpoint {
        request: ask,
        list: own.list.clone(),
        total: own.total.clone(),
        total_is_proof,
        without_list: None,
        paging: own.paging.clone(),
    };
    ApiDescription {
        lists: vec![list(ask, own.total.is_some())],
        by_email: own.email_url.as_ref().map(|url| list(of_one(url), false)),
        by_id: own.id_url.as_ref().map(|url| RequestTemplate { record: own.record.clone(), ..of_one(url) }),
        detail: None,
        flags: &[],
        blanks: &[],
        names: NameComparison::Exact,
    }
}
