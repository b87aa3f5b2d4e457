//! Builds requests from a description.

use serde_json::Value;
use url::Url;

use crate::api::{ApiSettings, ListEndpoint, RequestTemplate};
use crate::http::{ConnectorRequest, Method};

impl RequestTemplate {
    /// Replaces `name` by `value` everywhere in the request.
    #[must_use]
    pub fn with_param(&self, name: &str, value: &str) -> Self {
        let pair = |(key, text): &(String, String)| (key.clone(), text.replace(name, value));
        Self {
            url: self.url.as_ref().map(|url| url.replace(name, &in_url(value))),
            path: self.path.replace(name, &in_url(value)),
            query: self.query.iter().map(pair).collect(),
            headers: self.headers.clone(),
            body: self.body.as_ref().map(|body| fill_body(body, name, value)),
            record: self.record.clone(),
        }
    }

    /// Builds the HTTP request for the server in the settings.
    pub(super) fn build_request(&self, settings: &ApiSettings) -> ConnectorRequest {
        // Only the configuration file is checked for a URL on the same server; the requested id cannot change
        // the server.
        let own =
            self.url.as_ref().and_then(|own| Url::parse(own).ok()).filter(|own| settings.http.is_home(own));
        let mut url = own.unwrap_or_else(|| settings.http.url.clone());
        if !self.path.is_empty() {
            let path = format!("{}/{}", url.path().trim_end_matches('/'), self.path);
            url.set_path(&path);
        }
        for (name, value) in &self.query {
            set_query_param(&mut url, name, value);
        }
        let method = if self.body.is_some() { Method::POST } else { Method::GET };
        ConnectorRequest { method, url, headers: self.headers.clone(), body: self.body.clone() }
    }
}

impl ListEndpoint {
    /// Replaces `name` by `value` everywhere in the list request.
    #[must_use]
    pub fn with_param(&self, name: &str, value: &str) -> Self {
        Self { request: self.request.with_param(name, value), ..self.clone() }
    }
}

/// Sets a query parameter, replacing an existing value.
pub(super) fn set_query_param(url: &mut Url, name: &str, value: &str) {
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| key != name)
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    let mut pairs = url.query_pairs_mut();
    pairs.clear();
    pairs.extend_pairs(others).append_pair(name, value);
}

/// Escapes a path segment or query value.
fn in_url(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(byte.into());
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
        text
    })
}

fn fill_body(body: &Value, name: &str, value: &str) -> Value {
    match body {
        Value::String(text) => Value::String(text.replace(name, value)),
        Value::Array(list) => list.iter().map(|one| fill_body(one, name, value)).collect(),
        Value::Object(map) => {
            map.iter().map(|(key, one)| (key.clone(), fill_body(one, name, value))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_asked_for_is_escaped_where_it_stands() {
        let ask = RequestTemplate {
            url: Some("https://a.example/{id}?x={id}".to_owned()),
            path: "users/{id}".to_owned(),
            query: vec![("filter".to_owned(), "mail eq '{id}'".to_owned())],
            body: Some(serde_json::json!({ "ids": ["{id}", 7] })),
            ..RequestTemplate::default()
        };
        let filled = ask.with_param("{id}", "a/b ü");
        assert_eq!(filled.url.as_deref(), Some("https://a.example/a%2Fb%20%C3%BC?x=a%2Fb%20%C3%BC"));
        assert_eq!(filled.path, "users/a%2Fb%20%C3%BC");
        assert_eq!(filled.query[0].1, "mail eq 'a/b ü'");
        assert_eq!(filled.body, Some(serde_json::json!({ "ids": ["a/b ü", 7] })));
    }

    #[test]
    fn a_parameter_has_one_value() {
        let mut url = Url::parse("https://a.example/x?limit=5&page=1").expect("a URL");
        set_query_param(&mut url, "page", "2 & 3");
        assert_eq!(url.as_str(), "https://a.example/x?limit=5&page=2+%26+3");
    }
}
