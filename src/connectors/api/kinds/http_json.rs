//! Any other API that answers with pages of JSON: the file says how.

use serde_json::Value;

use super::{Access, Given, Kind, PAGE, pair};
use crate::connectors::api::{Ask, Description, Paging, Pass};
use crate::connectors::json::Keys;

pub(super) static KIND: Kind = Kind {
    name: "http_json",
    url: None,
    access: &[
        Access::Token("Bearer "),
        Access::KeyInHeader,
        Access::RefreshToken,
        Access::ClientSecret { token_url: None, scope: None },
        Access::Password,
        Access::Nobody,
    ],
    page_size: (100, 100_000),
    requests_per_second: 5,
    most_bytes: PAGE,
    mapping: &[],
    standings: [&[], &[], &[]],
    quota_words: &[],
    describe,
};

/// What a file says of an API of its own.
#[derive(Debug, Clone)]
pub struct Own {
    /// Headers that every request has.
    pub headers: Vec<(String, String)>,
    /// A body, which makes requests `POST`.
    pub body: Option<Value>,
    /// Where the list stands in an answer.
    pub list: Keys,
    /// Where the number of all records stands.
    pub total: Option<Keys>,
    /// How pages follow each other.
    pub paging: Paging,
    /// The parameter that asks for records a page.
    pub size_param: Option<String>,
    /// The URL of the people with one address, which answers with a list like that of everybody.
    pub email_url: Option<String>,
    /// The URL of one id.
    pub id_url: Option<String>,
    /// Where the record stands in the answer to that.
    pub record: Keys,
}

fn describe(given: &Given<'_>) -> Description {
    let Some(own) = given.own else {
        return Description {
            passes: Vec::new(),
            by_email: None,
            by_id: None,
            detail: None,
            flags: &[],
            blanks: &[],
        };
    };
    let query = own.size_param.iter().map(|name| pair(name, given.page_size.to_string())).collect();
    let ask = Ask { query, headers: own.headers.clone(), body: own.body.clone(), ..Ask::default() };
    // A URL that names somebody asks by itself, without the body of the list.
    let of_one =
        |url: &String| Ask { url: Some(url.clone()), headers: own.headers.clone(), ..Ask::default() };
    let list = |ask| Pass {
        ask,
        list: own.list.clone(),
        total: own.total.clone(),
        without_list: None,
        paging: own.paging.clone(),
    };
    Description {
        passes: vec![list(ask)],
        by_email: own.email_url.as_ref().map(|url| list(of_one(url))),
        by_id: own.id_url.as_ref().map(|url| Ask { record: own.record.clone(), ..of_one(url) }),
        detail: None,
        flags: &[],
        blanks: &[],
    }
}
