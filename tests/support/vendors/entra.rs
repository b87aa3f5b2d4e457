//! Microsoft Graph.

use serde_json::{Value, json};

use super::{
    ClientKeyPair, Employee, FETCHED_TOKEN, ReceivedRequest, SECRET, ServerReply, VendorProfile, has_header,
    reply_unauthorized, reply_with_token, select_fields, slice,
};

pub(super) const MANNER: VendorProfile = VendorProfile {
    kind: "entra",
    file,
    record,
    answer,
    pages: true,
    tells_total: false,
    fetches_token: true,
};

const MOST: usize = 120;

fn file(url: &str, _: &ClientKeyPair) -> String {
    format!(
        "url = \"{url}/v1.0\"\ntenant = \"corp\"\nclient_id = \"rollcall\"\nclient_secret = \"{SECRET}\"\n\
         token_url = \"{url}/corp/oauth2/v2.0/token\""
    )
}

fn record(body: &Employee) -> Value {
    let guest = body.number.is_multiple_of(2);
    json!({
        "id": body.id(),
        "displayName": format!("{} {}", body.given(), body.family()),
        "givenName": body.given(),
        "surname": body.family(),
        // Some have no mailbox.
        "mail": if guest { Value::Null } else { json!(body.email()) },
        "userPrincipalName": body.email(),
        "accountEnabled": body.is_employed,
        "department": body.department,
        "officeLocation": body.place,
        "jobTitle": body.role,
        "employeeHireDate": "2020-09-01T00:00:00Z",
        "aboutMe": "never asked for",
        "manager": body.manager_id().map(|id| json!({ "@odata.type": "#microsoft.graph.user", "id": id })),
    })
}

fn answer(request: &ReceivedRequest, people: &[Value], _: &ClientKeyPair) -> ServerReply {
    if request.path.ends_with("/token") {
        return reply_with_token(request, ("client_secret", SECRET));
    }
    if !has_header(request, "authorization", &format!("Bearer {FETCHED_TOKEN}")) {
        return reply_unauthorized(request);
    }
    // Nothing comes that was not selected.
    let mut wanted: Vec<&str> = request.get("$select").unwrap_or("id,displayName").split(',').collect();
    if request.get("$expand").is_some_and(|expand| expand.starts_with("manager")) {
        wanted.push("manager");
    }
    if let Some(id) = request.path.strip_prefix("/v1.0/users/") {
        let found = people.iter().find(|one| one["id"] == id);
        let gone = ServerReply::json(json!({ "error": { "code": "Request_ResourceNotFound" } })).status(404);
        return found.map_or(gone, |one| ServerReply::json(select_fields(one, &wanted)));
    }
    let people: Vec<Value> = match request.get("$filter") {
        Some(filter) if filter.starts_with("mail eq") => {
            let address = filter.split('\'').nth(1).unwrap_or_default();
            people.iter().filter(|one| one["userPrincipalName"] == address).cloned().collect()
        }
        Some(_) | None => people.to_vec(),
    };
    let from = request.number("$skiptoken").unwrap_or(0);
    let size = request.number("$top").unwrap_or(100).min(MOST);
    let page: Vec<Value> = slice(&people, from, size).iter().map(|one| select_fields(one, &wanted)).collect();
    let next = from + page.len();
    let mut body = json!({ "@odata.context": "…", "value": page });
    // The last full page is followed by an empty one.
    if !page.is_empty() && (next < people.len() || page.len() == size) {
        let select =
            wanted.iter().filter(|field| **field != "manager").copied().collect::<Vec<_>>().join(",");
        body["@odata.nextLink"] = json!(format!(
            "{}/v1.0/users?$select={select}&$expand=manager&$top={size}&$skiptoken={next}",
            request.home
        ));
    }
    ServerReply::json(body)
}
