//! Workday, a report as a service.

use serde_json::{Value, json};

use super::{
    ClientKeyPair, Employee, ReceivedRequest, SECRET, ServerReply, VendorProfile, has_header,
    reply_unauthorized,
};

pub(super) const MANNER: VendorProfile = VendorProfile {
    kind: "workday",
    file,
    record,
    answer,
    pages: false,
    tells_total: false,
    fetches_token: false,
};

const REPORT: &str = "/ccx/service/customreport2/corp/ISU_rollcall/People";

fn file(url: &str, _: &ClientKeyPair) -> String {
    format!(
        "url = \"{url}{REPORT}?Include_Terminated=1\"\nuser = \"ISU_rollcall@corp\"\npassword = \"{SECRET}\""
    )
}

fn record(body: &Employee) -> Value {
    let mut row = json!({
        "WID": body.id(), "Work_Email": body.email(), "First_Name": body.given(), "Last_Name": body.family(),
        "Department": body.department, "Location": body.place, "Business_Title": body.role,
        "Status": if body.is_employed { "Active" } else { "Terminated" }, "Hire_Date": "2024-03-01",
    });
    // What is empty is not there.
    if let Some(manager) = body.manager_id() {
        row["Manager_Employee_ID"] = json!(manager);
    }
    row
}

fn answer(request: &ReceivedRequest, people: &[Value], _: &ClientKeyPair) -> ServerReply {
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("ISU_rollcall@corp:{SECRET}"));
    if !has_header(request, "authorization", &format!("Basic {basic}")) {
        return reply_unauthorized(request);
    }
    if request.path != REPORT || request.get("Include_Terminated") != Some("1") {
        return ServerReply::json(json!({ "error": "task not authorized" })).status(403);
    }
    if request.get("format") != Some("json") {
        return ServerReply::bytes("text/xml", b"<wd:Report_Data/>".to_vec());
    }
    ServerReply::json(json!({ "Report_Entry": people }))
}
