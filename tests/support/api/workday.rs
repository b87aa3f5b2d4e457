//! Workday, a report as a service.

use serde_json::{Value, json};

use super::{Body, Key, Manner, Reply, Request, SECRET, has, refused};

pub const MANNER: Manner =
    Manner { kind: "workday", file, record, answer, pages: false, tells_total: false, fetches_token: false };

const REPORT: &str = "/ccx/service/customreport2/corp/ISU_rollcall/People";

fn file(url: &str, _: &Key) -> String {
    format!(
        "url = \"{url}{REPORT}?Include_Terminated=1\"\nuser = \"ISU_rollcall@corp\"\npassword = \"{SECRET}\""
    )
}

fn record(body: &Body) -> Value {
    let mut row = json!({
        "WID": body.id(), "Work_Email": body.email(), "First_Name": body.given(), "Last_Name": body.family(),
        "Department": body.department, "Location": body.place, "Business_Title": body.role,
        "Status": if body.works { "Active" } else { "Terminated" }, "Hire_Date": "2024-03-01",
    });
    // What is empty is not there.
    if let Some(manager) = body.manager_id() {
        row["Manager_Employee_ID"] = json!(manager);
    }
    row
}

fn answer(request: &Request, people: &[Value], _: &Key) -> Reply {
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("ISU_rollcall@corp:{SECRET}"));
    if !has(request, "authorization", &format!("Basic {basic}")) {
        return refused(request);
    }
    if request.path != REPORT || request.get("Include_Terminated") != Some("1") {
        return Reply::json(json!({ "error": "task not authorized" })).status(403);
    }
    if request.get("format") != Some("json") {
        return Reply::bytes("text/xml", b"<wd:Report_Data/>".to_vec());
    }
    Reply::json(json!({ "Report_Entry": people }))
}
