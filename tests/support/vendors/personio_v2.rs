//! Personio, second API: persons in pages, employments of one person at a time.

use serde_json::{Value, json};

use super::{
    ClientKeyPair, Employee, FETCHED_TOKEN, ReceivedRequest, SECRET, ServerReply, VendorProfile, has_header,
    reply_unauthorized, reply_with_token, slice,
};

pub(super) const MANNER: VendorProfile = VendorProfile {
    kind: "personio_v2",
    file,
    record,
    answer,
    pages: true,
    tells_total: false,
    fetches_token: true,
};

/// The server sends one employment at a time, whatever it is asked for.
const MOST: usize = 1;

fn file(url: &str, _: &ClientKeyPair) -> String {
    let codes = |names: &[&str]| -> String {
        names.iter().map(|name| format!("'{}' = '{name}'\n", code(name))).collect()
    };
    format!(
        "url = \"{url}\"\nclient_id = \"papi-2\"\nclient_secret = \"{SECRET}\"\n[connector.values.department]\n{}\
         [connector.values.location]\n{}",
        codes(&["Sales", "Care", "Engineering", "Légal"]),
        codes(&["Berlin", "Lyon", "Kraków"])
    )
}

/// The number under which a department or an office is known.
fn code(name: &str) -> String {
    format!("40{}", name.len() * 100 + usize::from(name.as_bytes()[0]))
}

fn record(body: &Employee) -> Value {
    let employment = |number: usize, department: &str, from: &str, status: &str| {
        json!({
            "id": format!("{}-{number}", body.id()), "status": status, "type": "INTERNAL",
            "employment_start_date": from, "employment_end_date": null, "position": { "title": body.role },
            "supervisor": body.manager_id().map(|id| json!({ "id": id })), "office": { "id": code(&body.place) },
            "org_units": [{ "type": "team", "id": "7" }, { "type": "department", "id": department }],
            "termination": { "termination_date": null },
        })
    };
    let status = if body.is_employed { "ACTIVE" } else { "INACTIVE" };
    let mut employments = vec![employment(1, &code(&body.department), "2020-02-03", status)];
    // Somebody who came back has two, in any order.
    if body.number.is_multiple_of(4) {
        employments.insert(body.number / 4 % 2, employment(2, "9999", "2012-01-01", "INACTIVE"));
    }
    json!({
        "id": body.id(), "email": body.email(), "first_name": body.given(), "last_name": body.family(),
        "preferred_name": null, "status": status, "employments": employments, "custom_attributes": [],
    })
}

/// A page of `list`, with the link to the next: its path is wrong, and the plus in its cursor is not escaped.
fn page(request: &ReceivedRequest, list: &[Value], size: usize) -> ServerReply {
    let from = request.get("cursor").map_or(0, |cursor| {
        cursor.strip_prefix("cur+").and_then(|from| from.parse().ok()).expect("the cursor as it was sent")
    });
    let rows = slice(list, from, size);
    let mut links = json!({ "self": { "href": "/v2/x" } });
    if from + rows.len() < list.len() {
        links["next"] = json!({ "href": format!("/v2/nowhere?limit=1&cursor=cur+{}", from + rows.len()) });
    }
    ServerReply::json(json!({ "_data": rows, "_meta": { "links": links } }))
}

fn answer(request: &ReceivedRequest, people: &[Value], _: &ClientKeyPair) -> ServerReply {
    if request.path == "/v2/auth/token" {
        let body = String::from_utf8_lossy(&request.body);
        assert!(body.contains("scope=personio%3Apersons%3Aread"), "{body}");
        return reply_with_token(request, ("client_secret", SECRET));
    }
    if !has_header(request, "authorization", &format!("Bearer {FETCHED_TOKEN}")) {
        return reply_unauthorized(request);
    }
    let size = request.number("limit").unwrap_or(10).min(50);
    // Of employments a person has the ids only.
    let plain = |person: &Value| {
        let mut person = person.clone();
        for employment in person["employments"].as_array_mut().into_iter().flatten() {
            *employment = json!({ "id": employment["id"] });
        }
        person
    };
    let Some(of) = request.path.strip_prefix("/v2/persons/") else {
        let address = request.get("email");
        let asked = people.iter().filter(|one| address.is_none_or(|address| one["email"] == address));
        return page(request, &asked.map(plain).collect::<Vec<_>>(), size);
    };
    let id = of.strip_suffix("/employments");
    match people.iter().find(|one| one["id"] == id.unwrap_or(of)) {
        None => ServerReply::json(json!({ "errors": [{ "title": "Person not found" }] })).status(404),
        Some(one) if id.is_none() => ServerReply::json(plain(one)),
        Some(one) => page(request, one["employments"].as_array().map_or(&[], Vec::as_slice), size.min(MOST)),
    }
}
