//! `BambooHR`.

use serde_json::{Value, json};

use super::{
    ClientKeyPair, Employee, ReceivedRequest, SECRET, ServerReply, VendorProfile, has_header,
    reply_unauthorized, select_fields, slice,
};

pub(super) const MANNER: VendorProfile = VendorProfile {
    kind: "bamboohr",
    file,
    record,
    answer,
    pages: true,
    tells_total: false,
    fetches_token: false,
};

const MOST: usize = 150;

fn file(url: &str, _: &ClientKeyPair) -> String {
    format!("url = \"{url}\"\napi_key = \"{SECRET}\"")
}

fn record(body: &Employee) -> Value {
    json!({
        "employeeId": body.id(), "email": body.email(), "firstName": body.given(), "lastName": body.family(),
        "department": body.department, "location": body.place, "jobTitle": body.role,
        "supervisorId": body.manager_id().unwrap_or_default(), "status": if body.is_employed { "Active" } else { "Inactive" },
        "hireDate": "2020-02-03", "terminationDate": "0000-00-00", "salary": "never asked for",
    })
}

fn answer(request: &ReceivedRequest, people: &[Value], _: &ClientKeyPair) -> ServerReply {
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{SECRET}:x"));
    if !has_header(request, "authorization", &format!("Basic {basic}")) {
        return reply_unauthorized(request).header("X-BambooHR-Error-Message", "no");
    }
    if !request.headers.get("accept").is_some_and(|accept| accept.contains("application/json")) {
        return ServerReply::bytes("text/xml", b"<employees/>".to_vec());
    }
    if request.method != "POST" || request.path != "/api/v2/datasets/employee/data" {
        return ServerReply::json(json!({})).status(404);
    }
    let asked = request.json();
    let fields: Vec<&str> =
        asked["fields"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let page = usize::try_from(asked["page"].as_u64().unwrap_or(1)).expect("a page");
    let size = usize::try_from(asked["pageSize"].as_u64().unwrap_or(500)).expect("a size").min(MOST);
    let rows: Vec<Value> =
        slice(people, (page - 1) * size, size).iter().map(|one| select_fields(one, &fields)).collect();
    ServerReply::json(json!({ "data": rows, "links": {}, "meta": { "page": page } }))
}
