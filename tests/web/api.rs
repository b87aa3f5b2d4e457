//! The API, request by request.

mod accounts;
mod approval;
mod audit_log;
mod command_parity;
mod conditional_requests;
mod course_import;
mod filters;
mod group_deletion;
mod jobs;
mod lists;
mod openapi;
mod request_body;
mod roles;
mod schemathesis;
mod suspensions;
mod unassign_confirmation;
mod undo_confirmation;
mod verify;

use reqwest::{Client, Method};
use rollcall_model::role::Role;
use serde_json::Value;

use crate::support::company::Company;
use crate::support::web::WebServer;

/// Somebody who asks, with the key of a token.
pub(super) struct ApiClient<'a> {
    company: &'a Company,
    base: String,
    client: Client,
    key: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct ApiResponse {
    status: u16,
    kind: String,
    etag: Option<String>,
    pub location: Option<String>,
    challenge: Option<String>,
    pub body: Value,
}

impl ApiResponse {
    /// The same, when it is what was expected.
    #[track_caller]
    pub(super) fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// The problem of a field.
    #[track_caller]
    pub(super) fn expect_problem(&self, status: u16, field: Option<&str>) {
        assert_eq!((self.status, self.kind.as_str()), (status, "application/problem+json"), "{self:?}");
        assert_eq!(self.body["status"], status, "{self:?}");
        assert_eq!(self.body["field"].as_str(), field, "{self:?}");
        for name in ["type", "title", "kind", "detail"] {
            assert!(self.body[name].as_str().is_some_and(|text| !text.is_empty()), "{name}: {self:?}");
        }
    }
}

impl<'a> ApiClient<'a> {
    fn new(company: &'a Company, site: &WebServer, role: Role) -> Self {
        Self::with_key(company, site, &company.token(&format!("a {role}"), role))
    }

    pub(super) fn with_key(company: &'a Company, site: &WebServer, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..Self::anonymous(company, site) }
    }

    fn anonymous(company: &'a Company, site: &WebServer) -> Self {
        // The client wants one, though these lines are not encrypted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { company, base: site.base.clone(), client: Client::new(), key: None }
    }

    /// Sends a request to a path of the API, whatever it is.
    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> ApiResponse {
        self.send_to(method, &format!("/api/v1{path}"), headers, body)
    }

    /// Sends a request to any path of the service.
    fn send_to(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> ApiResponse {
        let method: Method = method.parse().expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body.to_owned());
        }
        self.company.runtime.block_on(async {
            let response = request.send().await.expect("an answer");
            let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
            let challenge = header("www-authenticate");
            let (kind, etag, location) = (header("content-type"), header("etag"), header("location"));
            let status = response.status().as_u16();
            let body = response.bytes().await.expect("a body");
            ApiResponse {
                status,
                kind: kind.unwrap_or_default(),
                etag,
                location,
                challenge,
                body: serde_json::from_slice(&body).unwrap_or_default(),
            }
        })
    }

    pub(super) fn get(&self, path: &str) -> ApiResponse {
        self.send("GET", path, &[], None)
    }

    pub(super) fn json(&self, method: &str, path: &str, body: &Value) -> ApiResponse {
        self.send(method, path, &[("content-type", "application/json")], Some(&body.to_string()))
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> ApiResponse {
        self.json("POST", path, body)
    }
}
