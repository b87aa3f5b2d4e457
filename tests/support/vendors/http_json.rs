//! An API that somebody wrote at home: pages by number, a key in a header, everything in its own places.

use serde_json::{Value, json};

use super::{
    ClientKeyPair, Employee, ReceivedRequest, SECRET, ServerReply, VendorProfile, has_header, slice,
};

pub(super) const MANNER: VendorProfile = VendorProfile {
    kind: "http_json",
    file,
    record,
    answer,
    pages: true,
    tells_total: true,
    fetches_token: false,
};

fn file(url: &str, _: &ClientKeyPair) -> String {
    format!(
        "url = \"{url}/people?all=yes\"\napi_key = \"{SECRET}\"\napi_key_header = \"X-Key\"\nlist = \"answer.people\"\n\
         total = \"answer.count\"\npaging = \"page\"\npage_param = \"p\"\nsize_param = \"n\"\npage_size = 130\n\
         headers = [\"X-Team: it\"]\n\
         [connector.attributes]\nid = \"no\"\nemail = \"contact[?@.kind=='mail'].to\"\nname = \"full\"\n\
         department = \"in.dept | in.old_dept\"\nlocation = \"in.place\"\nrole = \"job\"\nmanager = \"boss\"\n\
         status = \"state\"\n[connector.status]\nleft = [\"out\"]"
    )
}

fn record(body: &Employee) -> Value {
    json!({
        "no": body.id(), "full": format!("{} {}", body.given(), body.family()), "job": body.role,
        "contact": [{ "kind": "phone", "to": "1" }, { "kind": "mail", "to": body.email() }],
        "in": { "dept": body.department, "place": body.place }, "boss": body.manager_id(),
        "state": if body.is_employed { "in" } else { "out" },
    })
}

fn answer(request: &ReceivedRequest, people: &[Value], _: &ClientKeyPair) -> ServerReply {
    if !has_header(request, "x-key", SECRET)
        || !has_header(request, "x-team", "it")
        || request.get("all") != Some("yes")
    {
        return ServerReply::json(json!({ "message": format!("not with {:?}", request.headers) }))
            .status(403);
    }
    let (page, size) = (request.number("p").unwrap_or(1), request.number("n").unwrap_or(10));
    let rows = slice(people, (page - 1) * size, size);
    ServerReply::json(json!({ "answer": { "count": people.len(), "people": rows } }))
}
