//! SAP SuccessFactors.

use serde_json::{Value, json};

use super::{Body, Key, Manner, Reply, Request, SECRET, has, refused, slice};

pub const MANNER: Manner = Manner {
    kind: "successfactors",
    file,
    record,
    answer,
    pages: true,
    tells_total: true,
    fetches_token: false,
};

const MOST: usize = 100;

fn file(url: &str, _: &Key) -> String {
    format!("url = \"{url}/odata/v2\"\nuser = \"rollcall@corp\"\npassword = \"{SECRET}\"")
}

fn record(body: &Body) -> Value {
    let job = |department: &str| {
        json!({ "results": [{
            "departmentNav": { "name_localized": department }, "locationNav": { "name": body.place },
            "jobTitle": body.role, "managerId": body.manager_id().unwrap_or_else(|| "NO_MANAGER".to_owned()),
            "emplStatusNav": { "externalCode": if body.works { "A" } else { "T" } },
        }] })
    };
    let ended = json!({ "startDate": "/Date(1388534400000)/", "endDate": "/Date(1400000000000)/", "jobInfoNav": job("Old") });
    let now =
        json!({ "startDate": "/Date(1420070400000)/", "endDate": null, "jobInfoNav": job(&body.department) });
    json!({
        "personIdExternal": body.id(),
        "personalInfoNav": { "results": [{ "firstName": body.given(), "lastName": body.family() }] },
        "emailNav": { "results": [
            { "emailAddress": format!("old{}@x.example", body.number), "isPrimary": false },
            { "emailAddress": body.email(), "isPrimary": true },
        ] },
        // Somebody who came back has two employments, in any order.
        "employmentNav": { "results": if body.number.is_multiple_of(2) { json!([ended, now]) } else { json!([now]) } },
    })
}

fn answer(request: &Request, people: &[Value], _: &Key) -> Reply {
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("rollcall@corp:{SECRET}"));
    if !has(request, "authorization", &format!("Basic {basic}")) {
        return refused(request);
    }
    if request.get("$format") != Some("json") {
        return Reply::bytes("application/atom+xml", b"<feed/>".to_vec());
    }
    let from = request.number("$skiptoken").unwrap_or(0);
    let page = slice(people, from, request.number("customPageSize").unwrap_or(MOST).min(MOST));
    let next = from + page.len();
    let mut d = json!({ "results": page, "__count": people.len().to_string() });
    if next < people.len() {
        d["__next"] = json!(format!("{}/odata/v2/PerPerson?$format=json&$skiptoken={next}", request.home));
    }
    Reply::json(json!({ "d": d }))
}
