//! `HiBob`.

use serde_json::{Value, json};

use super::{
    ClientKeyPair, Employee, ReceivedRequest, SECRET, ServerReply, VendorProfile, has_header,
    reply_unauthorized,
};

pub(super) const MANNER: VendorProfile = VendorProfile {
    kind: "hibob",
    file,
    record,
    answer,
    pages: false,
    tells_total: false,
    fetches_token: false,
};

fn file(url: &str, _: &ClientKeyPair) -> String {
    format!("url = \"{url}/v1\"\nuser = \"SERVICE-1\"\ntoken = \"{SECRET}\"")
}

fn record(body: &Employee) -> Value {
    let mut record = json!({
        "id": body.id(), "email": body.email(), "firstName": body.given(), "surname": body.family(),
        "displayName": format!("{} {}", body.given(), body.family()),
        "work": { "department": "260000001", "site": "260000002", "title": "260000003", "startDate": "2021-04-01" },
        "internal": { "status": if body.is_employed { "Active" } else { "Inactive" } },
        "humanReadable": { "work": { "department": body.department, "site": body.place, "title": body.role } },
    });
    if let Some(manager) = body.manager_id() {
        record["work"]["reportsTo"] = json!({ "id": manager });
    }
    record
}

fn answer(request: &ReceivedRequest, people: &[Value], _: &ClientKeyPair) -> ServerReply {
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("SERVICE-1:{SECRET}"));
    if !has_header(request, "authorization", &format!("Basic {basic}")) {
        return reply_unauthorized(request);
    }
    let asked = request.json();
    let asks_for =
        |field: &str| asked["fields"].as_array().is_some_and(|fields| fields.contains(&json!(field)));
    let address = asked["filters"][0]["values"][0].as_str();
    let mut found = Vec::new();
    for person in people {
        // Who left comes only when asked for, and so does every field.
        let shown = person["internal"]["status"] == "Active" || asked["showInactive"] == true;
        if !shown || address.is_some_and(|address| person["email"] != address) {
            continue;
        }
        let mut person = person.clone();
        for (field, place) in
            [("work.department", "department"), ("work.site", "site"), ("work.title", "title")]
        {
            if !asks_for(field) {
                person["work"][place] = Value::Null;
                person["humanReadable"]["work"][place] = Value::Null;
            }
        }
        if asked["humanReadable"] != "APPEND" {
            person["humanReadable"] = Value::Null;
        }
        if !asks_for("root.id") {
            person["id"] = Value::Null;
        }
        found.push(person);
    }
    ServerReply::json(json!({ "employees": found }))
}
