//! What somebody else's tester makes of the document: it sends what the document allows and what it does not.

use std::process::Command;

use rollcall_model::role::Role;

use crate::support::company::Company;
use crate::support::database::Engine;
use crate::support::python::SCHEMATHESIS;

/// What is there, so that not every request is about nothing; and of which requests the document cannot say whether they
/// are accepted: those that name somebody or something, a day to come, where the page before has ended, or one of several
/// due dates; a password that many people use; and numbers written as `7.0`. What has changed since is no fault of a
/// request.
const THERE: &str = "
[parameters]
'path.name' = 'hr'

[checks.positive_data_acceptance]
expected-statuses = ['2xx', '404', '409', '412']

[[operations]]
include-operation-id-regex = '^(list|audit$|explain$|assign$|complete$|reopen$|createGroup$|restoreGroup$|deleteGroup$|addMembers$|\
removeMembers$|liftExclusion$|linkLearners$|unlinkLearners$|importCourses$|createToken$|createAccount$|changeDueDate$|retryJobs$|dropJobs$)'
checks.positive_data_acceptance.enabled = false
";

/// Generated requests never cause a server error, and all responses conform to the OpenAPI document.
#[test]
fn responses_conform_to_openapi_document() {
    let mut company = Company::staffed(Engine::Sqlite, &[]);
    for who in ["ada", "grace"] {
        company.hire(who, &[("department", "Sales")]);
    }
    company.sync();
    company.add_course("GDPR");
    let key = company.token("tester", Role::LicenseHolder);
    std::fs::write(company.folder.path().join("schemathesis.toml"), THERE).expect("a file");
    let site = company.serve();
    let output = Command::new(SCHEMATHESIS.programs().join("schemathesis"))
        .args(["run", &format!("{}/api/v1/openapi.json", site.base)])
        .args(["--header", &format!("Authorization: Bearer {key}")])
        .args(["--max-examples", "12", "--seed", "1"])
        // One after the other: CPython 3.11 parses in two threads at once with errors.
        .args(["--workers", "1"])
        // The tester finds its own token, and would go on as nobody.
        .args(["--exclude-operation-id", "revokeToken"])
        .args(["--phases", "examples,coverage,fuzzing", "--no-color"])
        .current_dir(company.folder.path())
        .output()
        .expect("schemathesis can be run");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(!said.contains("Authentication failed"), "{said}");
    assert!(company.count_rows("runs WHERE kind = 'sync' AND actor = 'token tester'") > 0, "it has synced");
    site.end();
}
