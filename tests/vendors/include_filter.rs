//! Who of a directory counts as a person, and long lists of codes.

use std::path::Path;

use rollcall_config::Config;
use rollcall_core::sync::RunOutcome;

use crate::support::company::{Company, run};
use crate::support::database::on_both;

const ATTRIBUTES: &str =
    "[connector.attributes]\nid = 'id'\nemail = 'mail'\ndepartment = 'dept'\nemployee_type = 'type'\n";
const RULES: &str = "[[rule]]\nname = 'd'\ngroup = 'D: {department}'\nwhen = 'department != \"\"'\n";

fn file(folder: &Path, include: &str, more: &str) -> String {
    format!(
        "[[connector]]\nname = 'hr'\nkind = 'csv'\npath = '{}'\ninclude = '{include}'\n{ATTRIBUTES}{more}{RULES}",
        folder.join("people.csv").display()
    )
}

fn parse(text: &str, folder: &Path) -> Result<Config, String> {
    Config::parse(text, &folder.join("rollcall.toml"), &|_| None).map_err(|wrong| wrong.to_string())
}

/// Service accounts are excluded and counted in each run.
#[test]
fn service_accounts_are_excluded_and_counted() {
    on_both(|engine| {
        let company = Company::new(engine);
        let folder = company.folder.path();
        let others: String = (4..10).map(|id| format!("{id},p{id}@x.example,Sales,staff\n")).collect();
        let people = |kind: &str| {
            let text = format!(
                "id,mail,dept,type\n1,a@x.example,Sales,staff\n2,b@x.example,Sales,{kind}\n3,c@x.example,Sales,service\n{others}"
            );
            std::fs::write(folder.join("people.csv"), text).expect("a file");
        };
        let config = parse(&file(folder, "employee_type != \"service\"", ""), folder).expect("a file");
        let sync = || company.runtime.block_on(run(&company.store, &config, "hr", false));
        people("staff");
        let first = sync();
        assert!(matches!(first.outcome, RunOutcome::Applied), "{:?}", first.outcome);
        assert_eq!((first.counts.people_read, first.counts.people_left_out), (8, 1));
        assert_eq!(company.query_value("SELECT people_left_out FROM runs ORDER BY id DESC LIMIT 1"), "1");
        let second = sync();
        assert!(matches!(second.outcome, RunOutcome::Unchanged), "{:?}", second.outcome);
        assert_eq!(second.counts.people_left_out, 1);
        // Who becomes a service account is gone, as if the source did not hold it.
        people("service");
        let third = sync();
        assert_eq!((third.counts.people_read, third.counts.people_left_out), (7, 2));
        assert_eq!(company.count_rows("memberships"), 7);
        assert_eq!(company.count_rows("learners WHERE status = 'left'"), 1);
    });
}

/// An `include` expression that fails for a person excludes nobody.
#[test]
fn failing_include_expression_excludes_nobody() {
    let company = Company::new(crate::support::database::Engine::Sqlite);
    let folder = company.folder.path();
    std::fs::write(folder.join("people.csv"), "id,mail,dept,type\n1,a@x.example,Sales,staff\n")
        .expect("a file");
    let config = parse(&file(folder, "days_since(employee_type) > 3", ""), folder).expect("a file");
    let report = company.runtime.block_on(run(&company.store, &config, "hr", false));
    assert_eq!((report.counts.people_read, report.counts.people_left_out), (1, 0));
    assert!(
        report.problems.iter().any(|problem| problem.message.contains("`include`")),
        "{:?}",
        report.problems
    );
}

/// An error in the `include` expression is reported at its position.
#[test]
fn include_expression_error_reports_position() {
    let folder = tempfile::tempdir().expect("a folder");
    let wrong =
        parse(&file(folder.path(), "employe_type != \"x\"", ""), folder.path()).expect_err("a mistake");
    assert!(wrong.contains("employe_type") && wrong.contains("did you mean `employee_type`"), "{wrong}");
    assert!(wrong.contains(":5:"), "{wrong}");
}

/// Codes are read from a file, and codes in the configuration override them.
#[test]
fn inline_codes_override_code_file() {
    let company = Company::new(crate::support::database::Engine::Sqlite);
    let folder = company.folder.path();
    let more =
        "[connector.values_file]\ndepartment = 'codes.csv'\n[connector.values.department]\n7 = 'Care'\n";
    let text = file(folder, "true", more);
    let wrong = parse(&text, folder).expect_err("there is no such file");
    assert!(wrong.contains("codes.csv"), "{wrong}");
    for (codes, said) in [("1,Sales,x\n", "3 fields"), ("1,Sales\n1,Lab\n", "duplicate code `1`")] {
        std::fs::write(folder.join("codes.csv"), codes).expect("a file");
        let wrong = parse(&text, folder).expect_err("a mistake");
        assert!(wrong.contains(said) && wrong.contains("line"), "{wrong}");
    }
    std::fs::write(folder.join("codes.csv"), "1,Sales\n7,\"Old, care\"\n").expect("a file");
    let before = parse(&text, folder).expect("a file");
    std::fs::write(folder.join("people.csv"), "id,mail,dept,type\n1,a@x.example,1,x\n2,b@x.example,7,x\n")
        .expect("a file");
    company.runtime.block_on(run(&company.store, &before, "hr", false));
    assert_eq!(company.groups(), ["D: Care", "D: Sales"]);
    // Machines whose codes differ do not agree.
    std::fs::write(folder.join("codes.csv"), "1,Lab\n").expect("a file");
    assert_ne!(parse(&text, folder).expect("a file").digest, before.digest);
}
