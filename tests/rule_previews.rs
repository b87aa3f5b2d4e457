//! Rules that are tried out, and rules that match no person.

use std::sync::Arc;

use rollcall_core::sync::RunReport;
use rollcall_core::sync::rule_check::{self, RuleCheckResult};
use rollcall_model::role::Role;
use rollcall_model::run_warning::RunWarningKind;
use rollcall_rules::rule::Interrupt;
use serde_json::{Value, json};

use crate::support::company::{Company, email};
use crate::support::database::{Engine, on_both};

/// Ada and Bob are in Sales by a rule, Carl is in the group by hand, and Dora is excluded from it.
fn company(engine: Engine) -> Company {
    let mut company = Company::new(engine);
    company.rule("sales", "Sales", "department == \"Sales\"");
    for who in ["ada", "bob"] {
        company.hire(who, &[("department", "Sales"), ("location", "Berlin")]);
    }
    company.change("bob", &[("location", "Paris")]);
    company.hire("carl", &[("department", "Legal")]);
    company.hire("dora", &[("department", "Sales"), ("location", "Berlin")]);
    company.hire("emil", &[("department", "Legal"), ("location", "Berlin")]);
    company.sync();
    company.add("Sales", "carl");
    company.remove("Sales", "dora");
    company
}

fn people(sample: &Value) -> Vec<String> {
    let people = sample["people"].as_array().expect("a list");
    people.iter().map(|one| one["name"].as_str().expect("a name").to_owned()).collect()
}

/// A test of an expression prints whom it matches and what would change in a group, and writes nothing.
#[test]
fn test_of_a_rule_prints_matches_and_changes() {
    on_both(|engine| {
        let company = company(engine);
        let before = company.contents();
        let berlin = "location == \"Berlin\"";
        let found = company
            .rollcall(&["rules", "test", berlin, "--group", "sales", "--json"])
            .expect_status(0)
            .json();
        assert_eq!(people(&found["matching"]), ["ada", "dora", "emil"]);
        let group = &found["group"];
        assert_eq!((&group["name"], &group["exists"]), (&json!("Sales"), &json!(true)));
        assert_eq!(people(&group["add"]), ["emil"]);
        assert_eq!(people(&group["remove"]), ["bob"]);
        assert_eq!(people(&group["kept"]), ["carl"]);
        assert_eq!(people(&group["excluded"]), ["dora"]);
        let said = company
            .rollcall(&["rules", "test", berlin, "--group", "Berlin", "--limit", "1"])
            .expect_status(0);
        for part in ["The expression matches 3 people", "which would be created", "3 people would be added"] {
            assert!(said.out.contains(part), "{said:?}");
        }
        assert!(said.err.contains("and 2 more"), "{said:?}");
        let said = company.rollcall(&["rules", "test", "in_group(\"Sales\") && department == \"Legal\""]);
        assert!(said.expect_status(0).out.contains(&email("carl")));
        assert_eq!(company.contents(), before, "nothing is written");
    });
}

/// What a test of a rule shows is what the rule does.
#[test]
fn rule_does_what_its_test_showed() {
    on_both(|engine| {
        let mut company = company(engine);
        let when = "location == \"Berlin\"";
        let found =
            company.rollcall(&["rules", "test", when, "--group", "Sales", "--json"]).expect_status(0).json();
        company.strike("name = 'sales'");
        company.rule("sales", "Sales", when);
        let before = company.members("Sales");
        company.sync();
        let after = company.members("Sales");
        let added: Vec<_> = after.iter().filter(|who| !before.contains(who)).cloned().collect();
        let removed: Vec<_> = before.iter().filter(|who| !after.contains(who)).cloned().collect();
        assert_eq!((added, removed), (people(&found["group"]["add"]), people(&found["group"]["remove"])));
    });
}

/// An expression with errors, and one that reads the group that it would give, are wrong usage.
#[test]
fn test_of_a_wrong_rule_says_what_is_wrong() {
    let company = company(Engine::Sqlite);
    let said = company.rollcall(&["rules", "test", "departmnt == \"Sales\""]).expect_status(2);
    assert!(
        said.err.contains("line 1, column 1") && said.err.contains("did you mean `department`"),
        "{said:?}"
    );
    let said =
        company.rollcall(&["rules", "test", "!in_group(\"sales\")", "--group", "Sales"]).expect_status(2);
    assert!(said.err.contains("which the rule would give"), "{said:?}");
}

fn unmatched(report: &RunReport) -> Vec<String> {
    let warnings = report.problems.iter().filter(|one| one.kind == RunWarningKind::RuleUnmatched);
    warnings.map(|one| one.subject.clone()).collect()
}

/// A rule that matches no person is a warning of dry runs, of runs and of `check`.
#[test]
fn rule_that_matches_no_person_is_reported() {
    on_both(|engine| {
        let mut company = company(engine);
        assert_eq!(unmatched(&company.sync()), [""; 0]);
        let said = company.rollcall(&["check"]).expect_status(0);
        assert!(said.out.contains("every rule matches a person"), "{said:?}");
        company.rule("typo", "Sales too", "department == \"Slaes\"");
        company.rule("vip", "Dinner", "in_group(\"VIP\")");
        assert_eq!(unmatched(&company.run("hr", true)), ["typo"]);
        assert_eq!(unmatched(&company.sync()), ["typo"]);
        let said = company.rollcall(&["check"]).expect_status(0);
        assert!(said.out.contains("warn  typo: the rule matches no person"), "{said:?}");
        assert!(said.out.contains("warn  vip: the group `VIP` does not exist"), "{said:?}");
        let checked = company.rollcall(&["check", "--json"]).expect_status(0).json();
        assert!(
            checked["rules"].as_array().is_some_and(|rules| rules.iter().any(|one| one["rule"] == "typo"))
        );
        let said = company.rollcall(&["sync", "--only", "ada"]).expect_status(0);
        assert!(
            !said.out.contains("matches no person") && !said.err.contains("matches no person"),
            "{said:?}"
        );
    });
}

/// A rule for the people of another connector is not reported by a run of this one.
#[test]
fn rule_for_another_connector_is_not_reported() {
    on_both(|engine| {
        let mut company = company(engine);
        company.directory("it", &["id", "email", "name", "department"], "");
        company.hire_at("it", "ext", &[("department", "Externals")]);
        company.rule("externals", "Externals", "department == \"Externals\"");
        assert_eq!(unmatched(&company.sync_directory("hr")), ["externals"], "no person is known yet");
        assert_eq!(unmatched(&company.sync_directory("it")), [""; 0]);
        assert_eq!(unmatched(&company.sync_directory("hr")), [""; 0]);
    });
}

/// The page Rules shows the same as the command: members by hand stay, and excluded learners are not added.
#[test]
fn page_shows_what_a_test_of_the_rule_shows() {
    on_both(|engine| {
        let company = company(engine);
        company.account("ops@corp.example", Role::Operator);
        let site = company.serve();
        let page = company.runtime.block_on(async {
            let ops = site.signed_in_client("ops@corp.example").await;
            ops.post("/sync/rules", &[("when", "location == \"Berlin\""), ("group", "Sales")]).await.text
        });
        site.end();
        for (title, who) in [
            ("Would be added to “Sales”", "emil"),
            ("Would be removed from “Sales”", "bob"),
            ("Would stay in “Sales” as members by hand", "carl"),
            ("Would not be added: excluded from “Sales”", "dora"),
        ] {
            let list = page.split("<details").find(|part| part.contains(&format!("<summary>{title}: 1<")));
            let list = list.unwrap_or_else(|| panic!("{title} of {page}"));
            assert!(list.contains(&email(who)), "{title}: {list}");
        }
    });
}

/// Rules that match no person are one line of a run, and a warning each in its JSON.
#[test]
fn rules_that_match_no_person_are_one_line() {
    on_both(|engine| {
        let mut company = company(engine);
        for rule in ["a", "b", "c", "d", "e", "f", "g"] {
            company.rule(rule, "Nowhere", &format!("department == \"{rule}\""));
        }
        let said = company.rollcall(&["sync", "--dry-run"]).expect_status(0);
        let line = " ! 7 rules match no person: `a`, `b`, `c`, `d`, `e`, and 2 more";
        assert_eq!(said.err.lines().filter(|text| text.contains("no person")).collect::<Vec<_>>(), [line]);
        let report = company.rollcall(&["sync", "--dry-run", "--json"]).expect_status(0).json();
        assert_eq!(report["problems"].as_array().map(Vec::len), Some(7), "{report}");
    });
}

/// A check of the rules that ends before all people are evaluated says that nothing was checked.
#[test]
fn check_of_rules_that_takes_too_long_is_no_result() {
    on_both(|engine| {
        let company = company(engine);
        let config = company.config();
        let check = |is_over: bool| {
            let data = company.runtime.block_on(async {
                let mut tx = company.store.begin_read().await.expect("a transaction");
                rule_check::load_rule_check(&mut tx, config.for_sync()).await.expect("loaded")
            });
            let interrupt: Interrupt = Arc::new(move || is_over);
            rule_check::check_rules(data, config.for_sync(), company.change_time(), &interrupt)
        };
        assert_eq!(check(false), RuleCheckResult::Findings(Vec::new()));
        assert_eq!(check(true), RuleCheckResult::Interrupted);
    });
}
