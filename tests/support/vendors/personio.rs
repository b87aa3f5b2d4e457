//! Personio, first API.

use serde_json::{Value, json};

use super::{
    ClientKeyPair, Employee, FETCHED_TOKEN, ReceivedRequest, SECRET, ServerReply, VendorProfile, has_header,
    reply_unauthorized, reply_with_token, slice,
};

pub(super) const MANNER: VendorProfile = VendorProfile {
    kind: "personio",
    file,
    record,
    answer,
    pages: true,
    tells_total: true,
    fetches_token: true,
};

fn file(url: &str, _: &ClientKeyPair) -> String {
    format!("url = \"{url}\"\nclient_id = \"papi-1\"\nclient_secret = \"{SECRET}\"")
}

fn record(body: &Employee) -> Value {
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
            "status": value(json!(if body.is_employed { "active" } else { "inactive" })),
            "hire_date": value(json!("2014-11-09T00:00:00+01:00")), "termination_date": value(Value::Null),
        },
    })
}

fn answer(request: &ReceivedRequest, people: &[Value], _: &ClientKeyPair) -> ServerReply {
    if request.path == "/v1/auth" {
        let mut reply = reply_with_token(request, ("client_secret", SECRET));
        if reply.status == 200 {
            let data = json!({ "token": FETCHED_TOKEN, "expires_in": 86400 });
            reply = ServerReply::json(json!({ "success": true, "data": data }));
        }
        return reply;
    }
    if !has_header(request, "authorization", &format!("Bearer {FETCHED_TOKEN}")) {
        return reply_unauthorized(request);
    }
    let id = |one: &Value| one["attributes"]["id"]["value"].clone();
    if let Some(wanted) = request.path.strip_prefix("/v1/company/employees/") {
        let found = people.iter().find(|one| id(one) == wanted);
        let gone =
            ServerReply::json(json!({ "success": false, "error": { "message": "Employee not found" } }))
                .status(404);
        return found.map_or(gone, |one| ServerReply::json(json!({ "success": true, "data": one })));
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
    ServerReply::json(
        json!({ "success": true, "metadata": metadata, "offset": from, "limit": size, "data": slice(&people, from, size) }),
    )
}
