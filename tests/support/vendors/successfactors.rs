//! SAP `SuccessFactors`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    ClientKeyPair, Employee, FETCHED_TOKEN, ReceivedRequest, SECRET, ServerReply, VendorProfile, has_header,
    reply_unauthorized, slice,
};

pub(super) const MANNER: VendorProfile = VendorProfile {
    kind: "successfactors",
    file,
    record,
    answer,
    pages: true,
    tells_total: true,
    fetches_token: false,
};

pub(super) const BY_KEY: VendorProfile =
    VendorProfile { file: file_with_key, answer: answer_by_key, fetches_token: true, ..MANNER };

const MOST: usize = 100;

fn file(url: &str, _: &ClientKeyPair) -> String {
    format!("url = \"{url}/odata/v2\"\nuser = \"rollcall@corp\"\npassword = \"{SECRET}\"")
}

fn file_with_key(url: &str, key: &ClientKeyPair) -> String {
    format!(
        "url = \"{url}/odata/v2\"\nclient_id = \"c1<&>ent\"\ncompany_id = \"corp & sons\"\nuser = \"it's \\\"rollcall\\\" <é>\"\n\
         private_key = \"\"\"\n{}\"\"\"",
        key.pem
    )
}

fn record(body: &Employee) -> Value {
    let job = |department: &str| {
        json!({ "results": [{
            "departmentNav": { "name_localized": department }, "locationNav": { "name": body.place },
            "jobTitle": body.role, "managerId": body.manager_id().unwrap_or_else(|| "NO_MANAGER".to_owned()),
            "emplStatusNav": { "externalCode": if body.is_employed { "A" } else { "T" } },
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

fn answer(request: &ReceivedRequest, people: &[Value], _: &ClientKeyPair) -> ServerReply {
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("rollcall@corp:{SECRET}"));
    if !has_header(request, "authorization", &format!("Basic {basic}")) {
        return reply_unauthorized(request);
    }
    listed(request, people)
}

/// What the assertion must say, and how often.
const SAID: [&str; 6] = [
    "<saml2:Issuer>c1&lt;&amp;&gt;ent</saml2:Issuer>",
    ">it's \"rollcall\" &lt;é&gt;</saml2:NameID>",
    "<saml2:Audience>www.successfactors.com</saml2:Audience>",
    "<saml2:Attribute Name=\"api_key\"><saml2:AttributeValue>c1&lt;&amp;&gt;ent</saml2:AttributeValue>",
    "<saml2:AuthnStatement AuthnInstant=",
    "/oauth/token\">",
];

fn answer_by_key(request: &ReceivedRequest, people: &[Value], key: &ClientKeyPair) -> ServerReply {
    if request.path == "/oauth/token" {
        let form: BTreeMap<String, String> =
            url::form_urlencoded::parse(&request.body).into_owned().collect();
        let is = |name: &str, value: &str| form.get(name).is_some_and(|found| found == value);
        let believed = is("company_id", "corp & sons")
            && is("client_id", "c1<&>ent")
            && is("grant_type", "urn:ietf:params:oauth:grant-type:saml2-bearer")
            && form
                .get("assertion")
                .and_then(|assertion| key.assertion(assertion))
                .is_some_and(|xml| SAID.iter().all(|said| xml.contains(said)) && is_now(&xml));
        return if believed {
            ServerReply::json(
                json!({ "access_token": FETCHED_TOKEN, "token_type": "Bearer", "expires_in": 86399 }),
            )
        } else {
            ServerReply::json(json!({ "errorMessage": format!("not with {form:?}") })).status(401)
        };
    }
    if !has_header(request, "authorization", &format!("Bearer {FETCHED_TOKEN}")) {
        return reply_unauthorized(request);
    }
    listed(request, people)
}

/// Whether the conditions of an assertion hold now, and for ten minutes at most.
fn is_now(xml: &str) -> bool {
    let conditions = xml.split_once("<saml2:Conditions").map_or("", |(_, rest)| rest);
    let time = |name: &str| {
        let value = conditions.split_once(&format!("{name}=\""))?.1.split('"').next()?;
        chrono::DateTime::parse_from_rfc3339(value).ok()
    };
    let now = chrono::Utc::now();
    time("NotBefore").is_some_and(|from| from <= now)
        && time("NotOnOrAfter")
            .is_some_and(|until| until > now && until <= now + chrono::TimeDelta::minutes(10))
}

fn listed(request: &ReceivedRequest, people: &[Value]) -> ServerReply {
    if request.get("$format") != Some("json") {
        return ServerReply::bytes("application/atom+xml", b"<feed/>".to_vec());
    }
    let from = request.number("$skiptoken").unwrap_or(0);
    let page = slice(people, from, request.number("customPageSize").unwrap_or(MOST).min(MOST));
    let next = from + page.len();
    let mut d = json!({ "results": page, "__count": people.len().to_string() });
    if next < people.len() {
        d["__next"] = json!(format!("{}/odata/v2/PerPerson?$format=json&$skiptoken={next}", request.home));
    }
    ServerReply::json(json!({ "d": d }))
}
