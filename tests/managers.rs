//! Rules that read managers: `manager_chain`, `manager_chain_ids`, `reports_total` and `is_manager`.

use rollcall_core::sync::RunOutcome;
use serde_json::json;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};

/// Columns of a directory with managers.
const WITH_MANAGERS: [&str; 6] = ["id", "email", "name", "department", "status", "manager"];

/// The boss is above the lead, and the lead is above Ada and Bob. Carl is alone at the top.
pub(crate) fn company(engine: Engine) -> Company {
    company_with_columns(engine, &WITH_MANAGERS)
}

/// The same company, whose directory has certain columns.
pub(crate) fn company_with_columns(engine: Engine, columns: &[&'static str]) -> Company {
    let mut company = Company::new(engine);
    company.directory("hr", columns, "");
    for (who, manager) in [
        ("boss", ""),
        ("lead", "boss"),
        ("ada", "LEAD@corp.example"),
        ("bob", "CN=lead,OU=People,DC=corp"),
        ("carl", "carl"),
    ] {
        company.hire(who, &[("department", "Sales"), ("manager", manager)]);
    }
    company.rule("below", "Below boss", "\"boss@corp.example\" in manager_chain");
    company.rule("ids", "Below lead", "\"lead\" in manager_chain_ids");
    company.rule("leads", "Managers", "is_manager");
    company.rule("big", "Big teams", "reports_total >= 3");
    company
}

pub(crate) fn all_groups(company: &Company) -> [Vec<String>; 4] {
    ["Below boss", "Below lead", "Managers", "Big teams"].map(|group| company.members(group))
}

pub(crate) fn first_groups() -> [Vec<String>; 4] {
    [&["ada", "bob", "lead"][..], &["ada", "bob"], &["boss", "lead"], &["boss"]]
        .map(|names| names.iter().map(|&name| name.to_owned()).collect())
}

/// A manager is found by id, address, DN and name, and a person named as the own manager is at the top.
#[test]
fn managers_are_found_by_id_address_dn_and_name() {
    on_both(|engine| {
        let company = company(engine);
        company.sync();
        assert_eq!(all_groups(&company), first_groups());
        assert_eq!(company.count_rows("reporting_lines"), 5);
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
        company.verify();
    });
}

/// A change of a manager in the middle of the tree changes the groups of people below, whose records did not change.
#[test]
fn change_above_reaches_people_whose_records_did_not_change() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        company.change("lead", &[("manager", "carl")]);
        company.sync();
        assert_eq!(company.members("Below boss"), Vec::<String>::new());
        assert_eq!(company.members("Managers"), ["carl", "lead"]);
        assert_eq!(company.members("Big teams"), ["carl"]);
        company.verify();
    });
}

/// An unknown or ambiguous manager keeps the memberships of the people below and of the managers above.
#[test]
fn unknown_manager_keeps_memberships() {
    on_both(|engine| {
        let mut company = company(engine);
        company.hire("twin1", &[("name", "Same Name")]);
        company.hire("twin2", &[("name", "Same Name")]);
        company.sync();
        for manager in ["ghost", "Same Name", "CN=Vacant,OU=Disabled,DC=corp"] {
            company.change("lead", &[("manager", manager)]);
            let report = company.sync();
            assert_eq!(all_groups(&company), first_groups(), "{manager}");
            let warnings = format!("{:?}", report.problems);
            assert!(warnings.contains(&format!("the manager `{manager}`")), "{warnings}");
        }
        company.change("lead", &[("manager", "")]);
        company.sync();
        assert_eq!(company.members("Below boss"), Vec::<String>::new());
    });
}

/// A circle of managers ends: each person in it is above the other ones and not above themselves.
#[test]
fn circle_of_managers_ends() {
    on_both(|engine| {
        let mut company = company(engine);
        company.change("boss", &[("manager", "lead")]);
        company.sync();
        assert_eq!(company.members("Below boss"), ["ada", "bob", "lead"]);
        assert_eq!(company.members("Below lead"), ["ada", "bob", "boss"]);
        assert_eq!(company.members("Managers"), ["boss", "lead"]);
    });
}

/// People who left do not count as reports.
#[test]
fn people_who_left_are_not_counted() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        company.change("ada", &[("status", "left")]);
        company.sync();
        assert_eq!(company.members("Big teams"), Vec::<String>::new());
        company.change("bob", &[("status", "left")]);
        company.sync();
        assert_eq!(company.members("Managers"), ["boss"]);
    });
}

/// A manager is found among the people of another connector, and first among those of the same one.
#[test]
fn managers_are_found_across_connectors() {
    on_both(|engine| {
        let mut company = company(engine);
        company.directory("it", &WITH_MANAGERS, "");
        company.hire_at("it", "ext", &[("manager", "lead@corp.example")]);
        company.hire_at("it", "bob", &[("email", "other@corp.example"), ("name", "Other Bob")]);
        company.hire_at("it", "under", &[("manager", "bob")]);
        company.sync();
        assert_eq!(company.members("Below boss"), ["ada", "bob", "ext", "lead"]);
        company.sync();
        assert_eq!(company.members("Managers"), ["Other Bob", "boss", "lead"]);
        company.verify();
    });
}

/// A run of one person uses the managers as stored, finds a new manager, and touches nobody else.
#[test]
fn run_of_one_person_uses_stored_managers() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        company.hire("new", &[("manager", "lead@corp.example")]);
        company.rollcall(&["sync", "--only", "new"]).expect_status(0);
        assert_eq!(company.members("Below boss"), ["ada", "bob", "lead", "new"]);
        company.change("ada", &[("manager", "carl"), ("department", "Legal")]);
        company.rollcall(&["sync", "--only", "ada"]).expect_status(0);
        assert_eq!(company.members("Below boss"), ["bob", "lead", "new"]);
        company.rollcall(&["sync", "--only", "boss"]).expect_status(0);
        assert_eq!(company.members("Managers"), ["boss", "lead"]);
        company.sync();
        assert_eq!(company.members("Managers"), ["boss", "carl", "lead"]);
        company.verify();
    });
}

/// An explanation shows the managers as the last complete run found them.
#[test]
fn explanation_shows_managers() {
    on_both(|engine| {
        let company = company(engine);
        company.sync();
        let args = ["explain", "ada@corp.example", "--group", "Below boss", "--json"];
        let said = company.rollcall(&args).expect_status(0).json();
        let rule = &said["groups"][0]["rules"][0];
        assert_eq!((&rule["rule"], &rule["outcome"]), (&json!("below"), &json!("true")), "{said}");
        let chain = json!({"variable": "manager_chain", "values": ["lead@corp.example", "boss@corp.example"],
            "connector": null, "external_id": null});
        assert_eq!(rule["values"], json!([chain]), "{said}");
        let said = company.rollcall(&["explain", "ada@corp.example", "--group", "Managers"]).expect_status(0);
        assert!(said.out.contains("rule `leads`: is_manager  FALSE  is_manager = false"), "{said:?}");
    });
}

/// The manager of a connector's people cannot select which of them are read.
#[test]
fn include_cannot_read_managers() {
    let mut company = Company::new(Engine::Sqlite);
    company.directory("hr", &WITH_MANAGERS, "include = 'is_manager'");
    let said = company.rollcall(&["check", "--offline"]).expect_status(2);
    assert!(said.err.contains("`is_manager` is known only after all people are read"), "{said:?}");
}

/// `check` says that rules do not choose from several managers of a person.
#[test]
fn check_names_people_with_several_managers() {
    let mut company = company(Engine::Sqlite);
    company.settings("hr", "list_separator = '|'\n");
    assert!(!company.rollcall(&["check"]).expect_status(0).out.contains("several managers"));
    company.hire("two", &[("manager", "boss|lead")]);
    let said = company.rollcall(&["check"]).expect_status(0).out;
    assert!(said.contains("1 person has several managers"), "{said}");
}
