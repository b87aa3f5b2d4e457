//! What somebody else's tester makes of the document: it sends what the document allows and what it does not.

use std::process::Command;

use rollcall::model::role::Role;

use crate::support::company::Company;
use crate::support::database::Engine;
use crate::support::python::SCHEMATHESIS;

/// What must hold of every answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,negative_data_rejection,\
                      unsupported_method,ignored_auth";

#[test]
fn no_request_breaks_the_service_or_is_answered_otherwise_than_the_document_says() {
    let mut company = Company::new(Engine::Sqlite);
    company.departments();
    for who in ["ada", "grace"] {
        company.hire(who, &[("department", "Sales")]);
    }
    company.sync();
    company.add_course("GDPR");
    let key = company.token("tester", Role::LicenseHolder);
    // Of a number that the tester does not come upon: it would revoke itself.
    company.sql("UPDATE api_tokens SET id = 8271828182845904523");
    let site = company.serve();
    let output = Command::new(SCHEMATHESIS.programs().join("schemathesis"))
        .args(["run", &format!("{}/api/v1/openapi.json", site.base)])
        .args(["--header", &format!("Authorization: Bearer {key}")])
        .args(["--checks", CHECKS, "--max-examples", "12", "--seed", "1", "--workers", "2"])
        .args(["--phases", "examples,coverage,fuzzing", "--exclude-path-regex", "/sync$", "--no-color"])
        .current_dir(company.folder.path())
        .output()
        .expect("schemathesis can be run");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    site.end();
}
