//! SCIM 2.0.

use serde_json::{Value, json};

use super::{
    ClientKeyPair, Employee, ReceivedRequest, SECRET, ServerReply, VendorProfile, has_header,
    reply_unauthorized, slice,
};

pub(super) const MANNER: VendorProfile = VendorProfile {
    kind: "scim",
    file,
    record,
    answer: by_index,
    pages: true,
    tells_total: true,
    fetches_token: false,
};
pub(super) const BY_CURSOR: VendorProfile = VendorProfile { file: cursor_file, answer: by_cursor, ..MANNER };

/// The server sends fewer than it is asked for.
const MOST: usize = 70;

fn file(url: &str, _: &ClientKeyPair) -> String {
    format!("url = \"{url}/scim/v2\"\ntoken = \"{SECRET}\"")
}

fn cursor_file(url: &str, key: &ClientKeyPair) -> String {
    format!("{}\npaging = \"cursor\"", file(url, key))
}

fn record(body: &Employee) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": body.id(),
        "userName": format!("login{}", body.number),
        "active": body.is_employed,
        "displayName": format!("{} {}", body.given(), body.family()),
        "name": { "givenName": body.given(), "familyName": body.family() },
        "title": body.role,
        "emails": [
            { "type": "home", "value": format!("home{}@x.example", body.number) },
            { "type": "work", "value": body.email(), "primary": true },
        ],
        "addresses": [{ "type": "work", "locality": body.place }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":
            { "department": body.department, "manager": { "value": body.manager_id() } },
        "meta": { "resourceType": "User" },
    })
}

fn one(request: &ReceivedRequest, people: &[Value]) -> Option<ServerReply> {
    if !has_header(request, "authorization", &format!("Bearer {SECRET}")) {
        return Some(reply_unauthorized(request));
    }
    let id = request.path.strip_prefix("/scim/v2/Users/")?;
    let found = people.iter().find(|one| one["id"] == id);
    Some(found.map_or(ServerReply::json(json!({ "status": "404" })).status(404), |one| {
        ServerReply::json(one.clone())
    }))
}

/// Answers questions by address, as far as rollcall asks them.
fn asked(request: &ReceivedRequest, people: &[Value]) -> Vec<Value> {
    let Some(filter) = request.get("filter") else { return people.to_vec() };
    let wanted = filter.split('"').nth(1).unwrap_or_default().to_lowercase();
    people.iter().filter(|one| one["emails"].to_string().to_lowercase().contains(&wanted)).cloned().collect()
}

fn by_index(request: &ReceivedRequest, people: &[Value], _: &ClientKeyPair) -> ServerReply {
    if let Some(reply) = one(request, people) {
        return reply;
    }
    let people = asked(request, people);
    let start = request.number("startIndex").unwrap_or(1).max(1);
    let page = slice(&people, start - 1, request.number("count").unwrap_or(MOST).min(MOST));
    // As many servers do, it says how many it was asked for.
    ServerReply::json(json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": people.len(), "startIndex": start, "itemsPerPage": request.number("count"),
        "Resources": page,
    }))
}

fn by_cursor(request: &ReceivedRequest, people: &[Value], _: &ClientKeyPair) -> ServerReply {
    if let Some(reply) = one(request, people) {
        return reply;
    }
    let from = request.get("cursor").unwrap_or_default().trim_start_matches("at/").parse().unwrap_or(0);
    let page = slice(people, from, MOST);
    let next = from + page.len();
    let cursor = (next < people.len()).then(|| format!("at/{next}"));
    ServerReply::json(json!({ "totalResults": people.len(), "Resources": page, "nextCursor": cursor }))
}
