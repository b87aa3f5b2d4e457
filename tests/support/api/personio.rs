//! Personio, first API.

use serde_json::{Value, json};

use super::{Body, FETCHED, Key, Manner, Reply, Request, SECRET, has, refused, slice, token};

pub const MANNER: Manner =
    Manner { kind: "personio", file, record, answer, pages: true, tells_total: true, fetches_token: true };

fn file(url: &str, _: &Key) -> String {
    format!("url = \"{url}\"\nclient_id = \"papi-1\"\nclient_secret = \"{SECRET}\"")
}

fn record(body: &Body) -> Value {
    let value =
        |value: Value| json!({ "label": "x", "value": value, "type": "standard", "universal_id": null });
    let named =
        |kind: &str, name: &str| value(json!({ "type": kind, "attributes": { "id": 7, "name": name } }));
    let manager =
        body.manager_id().map(|id| json!({ "type": "Employee", "attributes": { "id": value(json!(id)) } }));
    json!({
        "type": "Employee",
        "attributes": {
            "id": value(json!(body.id())), "email": value(json!(body.email())),
            "first_name": value(json!(body.given())), "last_name": value(json!(body.family())),
            "department": named("Department", &body.department), "office": named("Office", &body.place),
            "position": value(json!(body.role)), "employment_type": value(json!("internal")),
            "supervisor": value(json!(manager)),
            "status": value(json!(if body.works { "active" } else { "inactive" })),
            "hire_date": value(json!("2014-11-09T00:00:00+01:00")), "termination_date": value(Value::Null),
        },
    })
}

fn answer(request: &Request, people: &[Value], _: &Key) -> Reply {
    if request.path == "/v1/auth" {
        let mut reply = token(request, ("client_secret", SECRET));
        if reply.status == 200 {
            let data = json!({ "token": FETCHED, "expires_in": 86400 });
            reply = Reply::json(json!({ "success": true, "data": data }));
        }
        return reply;
    }
    if !has(request, "authorization", &format!("Bearer {FETCHED}")) {
        return refused(request);
    }
    let id = |one: &Value| one["attributes"]["id"]["value"].clone();
    if let Some(wanted) = request.path.strip_prefix("/v1/company/employees/") {
        let found = people.iter().find(|one| id(one) == wanted);
        let gone = Reply::json(json!({ "success": false, "error": { "message": "Employee not found" } }))
            .status(404);
        return found.map_or(gone, |one| Reply::json(json!({ "success": true, "data": one })));
    }
    let people: Vec<Value> = match request.get("email") {
        Some(address) => {
            people.iter().filter(|one| one["attributes"]["email"]["value"] == address).cloned().collect()
        }
        None => people.to_vec(),
    };
    let (from, size) =
        (request.number("offset").unwrap_or(0), request.number("limit").unwrap_or(50).min(100));
    let metadata = json!({ "total_elements": people.len(), "current_page": from / size, "total_pages": people.len().div_ceil(size) });
    Reply::json(
        json!({ "success": true, "metadata": metadata, "offset": from, "limit": size, "data": slice(&people, from, size) }),
    )
}
