//! A server that speaks the manners of HR systems: what it asks for, how it pages, how it fails.
//!
//! [`Server`] takes requests one by one and hands them to a [`Manner`], unless a [`Fault`] was put in the way of just
//! that request. A system is one file beside this one: how its records look, how its pages follow each other, and the
//! lines of the file with which rollcall reads it.

mod bamboohr;
mod client_key;
mod employee;
mod entra;
mod google;
mod hibob;
mod http_json;
mod http_server;
mod okta;
mod personio;
mod personio_v2;
mod scim;
mod successfactors;
mod workday;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;

pub(crate) use client_key::ClientKeyPair;
pub(crate) use employee::{Employee, make_employees};
pub(crate) use http_server::{HttpServer, ReceivedRequest, ServerReply, TransmissionMode};

/// The secret of every test server. Whoever finds it in a log has found a leak.
pub(crate) const SECRET: &str = "s3cr3t-of-the-test-server";

/// The token that is fetched with it.
pub(crate) const FETCHED_TOKEN: &str = "fetched-t0ken-of-the-test-server";

/// How one system behaves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VendorProfile {
    /// The word in the file.
    pub kind: &'static str,
    /// The lines of a file that reads it at this address, the name and the kind left out.
    pub file: fn(&str, &ClientKeyPair) -> String,
    /// How a person looks.
    pub record: fn(&Employee) -> Value,
    /// The answer to a request, from these records.
    pub answer: fn(&ReceivedRequest, &[Value], &ClientKeyPair) -> ServerReply,
    /// Whether a page is one of several.
    pub pages: bool,
    /// Whether it tells how many people there are.
    pub tells_total: bool,
    /// Whether a token is fetched first.
    pub fetches_token: bool,
}

/// All systems.
pub(crate) const VENDOR_PROFILES: [VendorProfile; 13] = [
    scim::MANNER,
    scim::BY_CURSOR,
    entra::MANNER,
    okta::MANNER,
    google::MANNER,
    bamboohr::MANNER,
    personio::MANNER,
    personio_v2::MANNER,
    workday::MANNER,
    successfactors::MANNER,
    successfactors::BY_KEY,
    hibob::MANNER,
    http_json::MANNER,
];

/// A system with its people, running.
pub(crate) struct VendorServer {
    pub profile: VendorProfile,
    pub server: HttpServer,
    pub key: ClientKeyPair,
    people: Arc<Mutex<Arc<Vec<Value>>>>,
}

impl VendorServer {
    /// Starts it with these people.
    pub(crate) fn start(profile: VendorProfile, people: &[Employee]) -> Self {
        let key = ClientKeyPair::new();
        let records: Vec<Value> = people.iter().map(profile.record).collect();
        let people = Arc::new(Mutex::new(Arc::new(records)));
        let (shared, its_key) = (Arc::clone(&people), key.clone());
        let server = HttpServer::start(move |request| {
            let people = Arc::clone(&shared.lock().expect("nobody panicked"));
            (profile.answer)(request, &people, &its_key)
        });
        Self { profile, server, key, people }
    }

    /// Other people from now on.
    pub(crate) fn set(&self, people: &[Employee]) {
        self.set_records(people.iter().map(self.profile.record).collect());
    }

    /// Other records from now on.
    pub(crate) fn set_records(&self, records: Vec<Value>) {
        *self.people.lock().expect("nobody panicked") = Arc::new(records);
    }

    /// The lines of a file that reads it.
    pub(crate) fn file(&self) -> String {
        (self.profile.file)(&self.server.url(""), &self.key)
    }

    /// The section of a file that reads it.
    pub(crate) fn section(&self, name: &str) -> String {
        let lines = self.file();
        format!(
            "[[connector]]\nname = \"{name}\"\nkind = \"{}\"\nplaintext = true\nrequests_per_second = 1000\n{lines}\n",
            self.profile.kind
        )
    }
}

/// A part of a list by numbers in the request.
pub(crate) fn slice(people: &[Value], from: usize, size: usize) -> Vec<Value> {
    people.iter().skip(from).take(size).cloned().collect()
}

/// The fields of a record that were asked for.
pub(crate) fn select_fields(record: &Value, wanted: &[&str]) -> Value {
    let Some(fields) = record.as_object() else { return record.clone() };
    fields
        .iter()
        .filter(|(name, _)| wanted.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Whether a request has this header.
pub(crate) fn has_header(request: &ReceivedRequest, header: &str, value: &str) -> bool {
    request.headers.get(header).is_some_and(|found| found == value)
}

/// The answer to a request for a token with a client's secret.
pub(crate) fn reply_with_token(request: &ReceivedRequest, secret: (&str, &str)) -> ServerReply {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&request.body)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    if form.get(secret.0).is_some_and(|found| found == secret.1) {
        ServerReply::json(
            serde_json::json!({ "access_token": FETCHED_TOKEN, "token_type": "Bearer", "expires_in": 3600 }),
        )
    } else {
        let said = format!("wrong client, you sent {form:?}");
        ServerReply::json(serde_json::json!({ "error": "invalid_client", "error_description": said }))
            .status(401)
    }
}

/// Nobody may ask like that. As careless servers do, it repeats what it was sent.
pub(crate) fn reply_unauthorized(request: &ReceivedRequest) -> ServerReply {
    let sent = request.headers.get("authorization").cloned().unwrap_or_default();
    ServerReply::json(serde_json::json!({ "message": format!("not with `{sent}`") })).status(401)
}
