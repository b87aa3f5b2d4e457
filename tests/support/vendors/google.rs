//! Google Workspace.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    ClientKeyPair, Employee, FETCHED_TOKEN, ReceivedRequest, ServerReply, VendorProfile, has_header,
    reply_unauthorized, slice,
};

pub(super) const MANNER: VendorProfile = VendorProfile {
    kind: "google",
    file,
    record,
    answer,
    pages: true,
    tells_total: false,
    fetches_token: true,
};

const MOST: usize = 80;

fn file(url: &str, key: &ClientKeyPair) -> String {
    let account = json!({
        "type": "service_account", "client_email": "sync@corp.iam.example", "private_key": key.pem,
        "private_key_id": "k1", "token_uri": format!("{url}/token"),
    });
    format!(
        "url = \"{url}/admin/directory/v1\"\nadmin = \"it@corp.example\"\nservice_account = {}\n\
         token_url = \"{url}/token\"",
        json!(account.to_string())
    )
}

fn record(body: &Employee) -> Value {
    let mut record = json!({
        "id": body.id(), "primaryEmail": body.email(),
        "name": { "givenName": body.given(), "familyName": body.family(), "fullName": format!("{} {}", body.given(), body.family()) },
        "suspended": false, "archived": !body.is_employed, "orgUnitPath": "/Staff",
        "organizations": [
            { "primary": false, "department": "Old", "title": "Old" },
            { "primary": true, "department": body.department, "title": body.role, "location": body.place },
        ],
    });
    if let Some(manager) = body.manager_id() {
        record["relations"] =
            json!([{ "type": "assistant", "value": "x" }, { "type": "manager", "value": manager }]);
    }
    record
}

fn answer(request: &ReceivedRequest, people: &[Value], key: &ClientKeyPair) -> ServerReply {
    if request.path == "/token" {
        let form: BTreeMap<_, _> = url::form_urlencoded::parse(&request.body).into_owned().collect();
        let claims = form.get("assertion").and_then(|assertion| key.claims(assertion));
        let good = claims.is_some_and(|claims| {
            claims["sub"] == "it@corp.example"
                && claims["iss"] == "sync@corp.iam.example"
                && claims["aud"] == format!("{}/token", request.home)
                && claims["scope"]
                    .as_str()
                    .is_some_and(|scope| scope.ends_with("admin.directory.user.readonly"))
        });
        return if good {
            ServerReply::json(json!({ "access_token": FETCHED_TOKEN, "expires_in": 3599 }))
        } else {
            ServerReply::json(json!({ "error": "unauthorized_client" })).status(401)
        };
    }
    if !has_header(request, "authorization", &format!("Bearer {FETCHED_TOKEN}")) {
        return reply_unauthorized(request);
    }
    if let Some(id) = request.path.strip_prefix("/admin/directory/v1/users/") {
        let found = people.iter().find(|one| one["id"] == id);
        let gone =
            ServerReply::json(json!({ "error": { "code": 404, "message": "Resource Not Found: userKey" } }))
                .status(404);
        return found.map_or(gone, |one| ServerReply::json(one.clone()));
    }
    if request.get("customer").is_none() && request.get("domain").is_none() {
        return ServerReply::json(json!({ "error": { "code": 400, "message": "Bad Request" } })).status(400);
    }
    let people: Vec<Value> = match request.get("query").and_then(|query| query.strip_prefix("email=")) {
        Some(address) => people.iter().filter(|one| one["primaryEmail"] == address).cloned().collect(),
        None => people.to_vec(),
    };
    let from =
        request.get("pageToken").and_then(|token| token.trim_start_matches("tok-").parse().ok()).unwrap_or(0);
    let page = slice(&people, from, request.number("maxResults").unwrap_or(100).min(MOST));
    let next = from + page.len();
    // An empty list is not there at all.
    let mut body = json!({ "kind": "admin#directory#users" });
    if !page.is_empty() {
        body["users"] = json!(page);
    }
    if next < people.len() {
        body["nextPageToken"] = json!(format!("tok-{next}"));
    }
    ServerReply::json(body)
}
