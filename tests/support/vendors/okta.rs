//! Okta.

use serde_json::{Value, json};

use super::{
    ClientKeyPair, Employee, ReceivedRequest, SECRET, ServerReply, VendorProfile, has_header,
    reply_unauthorized, slice,
};

pub(super) const MANNER: VendorProfile = VendorProfile {
    kind: "okta",
    file,
    record,
    answer,
    pages: true,
    tells_total: false,
    fetches_token: false,
};

const MOST: usize = 90;

fn file(url: &str, _: &ClientKeyPair) -> String {
    format!("url = \"{url}\"\ntoken = \"{SECRET}\"")
}

fn record(body: &Employee) -> Value {
    let status = match (body.is_employed, body.number % 3) {
        (false, _) => "DEPROVISIONED",
        (true, 0) => "PASSWORD_EXPIRED",
        (true, _) => "ACTIVE",
    };
    json!({
        "id": body.id(), "status": status, "created": "2024-05-01T09:00:00.000Z",
        "profile": {
            "login": body.email(), "email": body.email(), "firstName": body.given(), "lastName": body.family(),
            "title": body.role, "department": body.department, "city": body.place, "managerId": body.manager_id(),
        },
    })
}

fn answer(request: &ReceivedRequest, people: &[Value], _: &ClientKeyPair) -> ServerReply {
    if !has_header(request, "authorization", &format!("SSWS {SECRET}")) {
        return reply_unauthorized(request);
    }
    if let Some(id) = request.path.strip_prefix("/api/v1/users/") {
        let found = people.iter().find(|one| one["id"] == id);
        let gone =
            ServerReply::json(json!({ "errorCode": "E0000007", "errorSummary": "Not found" })).status(404);
        return found.map_or(gone, |one| ServerReply::json(one.clone()));
    }
    let gone = |one: &&Value| one["status"] == "DEPROVISIONED";
    let address = request.get("search").and_then(|search| search.split('"').nth(1));
    let people: Vec<Value> = match (request.get("filter"), address) {
        (Some(filter), _) if filter.contains("DEPROVISIONED") => {
            people.iter().filter(gone).cloned().collect()
        }
        (_, Some(address)) => {
            people.iter().filter(|one| one["profile"]["email"] == address).cloned().collect()
        }
        // The plain list leaves them out.
        _ => people.iter().filter(|one| !gone(one)).cloned().collect(),
    };
    let from = request.number("after").unwrap_or(0);
    let size = request.number("limit").unwrap_or(MOST).min(MOST);
    let page = slice(&people, from, size);
    let next = from + page.len();
    let filter = request
        .get("filter")
        .map_or(String::new(), |filter| format!("&filter={}", filter.replace(' ', "%20")));
    let link = |rel: &str, after: usize| {
        format!("<{}/api/v1/users?after={after}&limit={size}{filter}>; rel=\"{rel}\"", request.home)
    };
    let reply = ServerReply::json(json!(page)).header("link", &link("self", from));
    if next < people.len() { reply.header("link", &link("next", next)) } else { reply }
}
