//! Rules that read groups: `in_group("Sales")`.

use crate::support::company::{Company, email};
use crate::support::database::{Engine, on_both};
use crate::support::decisions::count_held_changes;
use rollcall_core::sync::{RunOutcome, RunReport};
use rollcall_model::run_warning::RunWarningKind;
use serde_json::json;

/// Ada and Bob are in Sales, Carl is in Research. The rules stand in the file before those whose groups they read.
fn company(engine: Engine) -> Company {
    let mut company = Company::new(engine);
    company.rule("all", "All", "in_group(\"Selling\") || in_group(\"Research\")");
    company.rule("selling", "Selling", "in_group(\"department sales\") && !in_group(\"Barred\")");
    company.rule("departments", "Department {department}", "department != \"\"");
    company.rule("barred", "Barred", "role == \"Barred\"");
    company.rule("research", "Research", "department == \"Research\"");
    for (who, department) in [("ada", "Sales"), ("bob", "Sales"), ("carl", "Research")] {
        company.hire(who, &[("department", department)]);
    }
    company
}

/// A group that is read is complete before the rules that read it are evaluated, in the same run.
#[test]
fn rules_are_evaluated_after_those_whose_groups_they_read() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        assert_eq!(company.members("Selling"), ["ada", "bob"]);
        assert_eq!(company.members("All"), ["ada", "bob", "carl"]);
        company.change("bob", &[("role", "Barred")]);
        company.move_to("carl", "Legal");
        company.sync();
        assert_eq!(company.members("Selling"), ["ada"]);
        assert_eq!(company.members("All"), ["ada"]);
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
        company.verify();
    });
}

/// Members by hand count from the next run on, and people who are excluded are not members.
#[test]
fn members_by_hand_count_and_excluded_people_do_not() {
    on_both(|engine| {
        let company = company(engine);
        company.sync();
        company.rollcall(&["groups", "add", "Research", &email("ada")]).expect_status(0);
        company.rollcall(&["groups", "remove", "Selling", &email("ada")]).expect_status(0);
        company.rollcall(&["groups", "remove", "Selling", &email("bob")]).expect_status(0);
        company.sync();
        assert_eq!(company.members("All"), ["ada", "carl"]);
        company.rollcall(&["groups", "remove", "Research", &email("ada")]).expect_status(0);
        company.sync();
        assert_eq!(company.members("All"), ["carl"]);
        company.verify();
    });
}

/// A run of one person and a resync read the groups of the person.
#[test]
fn run_of_one_person_reads_groups() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        company.hire("new", &[("department", "Sales")]);
        company.rollcall(&["sync", "--only", "new"]).expect_status(0);
        assert_eq!(company.members("All"), ["ada", "bob", "carl", "new"]);
        company.create("Barred", &["ada"]);
        company.resync("ada");
        assert_eq!(company.members("All"), ["bob", "carl", "new"]);
        company.verify();
    });
}

/// While a group that a rule reads does not exist, the memberships of the rule stay, and the run warns once.
#[test]
fn unknown_group_keeps_memberships() {
    on_both(|engine| {
        let mut company = company(engine);
        company.rule("vip", "Dinner", "in_group(\"VIP\")");
        let unknown = |report: &RunReport| {
            let warnings = report.problems.iter().filter(|one| one.kind == RunWarningKind::UnknownGroup);
            warnings.map(|one| one.message.clone()).collect::<Vec<_>>()
        };
        let warnings = unknown(&company.sync());
        assert!(
            warnings.len() == 1 && warnings[0].contains("the group `VIP` does not exist"),
            "{warnings:?}"
        );
        company.rollcall(&["groups", "create", "VIP", "--member", &email("ada")]).expect_status(0);
        assert_eq!(unknown(&company.sync()), [""; 0]);
        assert_eq!(company.members("Dinner"), ["ada"]);
        company.rollcall(&["groups", "rename", "VIP", "Guests"]).expect_status(0);
        assert_eq!(unknown(&company.sync()).len(), 1);
        assert_eq!(company.members("Dinner"), ["ada"]);
        let said = company.rollcall(&["sync", "--only", "ada"]).expect_status(0);
        assert_eq!(said.err.matches(" ! vip: the group `VIP` does not exist").count(), 1, "{said:?}");
        assert_eq!(company.members("Dinner"), ["ada"]);
    });
}

/// A rule that reads a membership that is kept because it is not known keeps its own memberships.
#[test]
fn membership_that_is_not_known_keeps_what_depends_on_it() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.directory("hr", &["id", "email", "name", "manager"], "");
        company.hire("boss", &[]);
        company.hire("ada", &[("manager", "boss")]);
        company.hire("bob", &[]);
        company.rule("lonely", "Without a boss", "!in_group(\"Below boss\")");
        company.rule("dinner", "Dinner", "in_group(\"Below boss\")");
        company.rule("below", "Below boss", "\"boss@corp.example\" in manager_chain");
        company.sync();
        assert_eq!(company.members("Without a boss"), ["bob", "boss"]);
        company.change("ada", &[("manager", "ghost")]);
        company.change("bob", &[("manager", "ghost")]);
        company.sync();
        assert_eq!(company.members("Dinner"), ["ada"]);
        assert_eq!(company.members("Without a boss"), ["bob", "boss"]);
        let said =
            company.rollcall(&["explain", &email("ada"), "--group", "Without a boss"]).expect_status(0);
        assert!(said.out.contains("not known whether the person is in the group `Below boss`"), "{said:?}");
        company.change("ada", &[("manager", "")]);
        company.change("bob", &[("manager", "boss")]);
        company.sync();
        assert_eq!(company.members("Dinner"), ["bob"]);
        assert_eq!(company.members("Without a boss"), ["ada", "boss"]);
        company.verify();
    });
}

/// A group is found by its name of today; a renaming that makes rules depend on each other keeps their memberships.
#[test]
fn renamed_group_is_read_by_its_new_name() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        company.rollcall(&["groups", "rename", "Research", "Science"]).expect_status(0);
        company.rule("labs", "Labs", "in_group(\"Science\")");
        company.sync();
        assert_eq!(company.members("Labs"), ["carl"]);
        company.rollcall(&["groups", "rename", "All", "Barred people"]).expect_status(0);
        company.rule("circle", "Barred", "in_group(\"Barred people\")");
        let report = company.sync();
        let circular =
            report.problems.iter().filter(|one| one.message.contains("the rule reads a group that it gives"));
        assert_eq!(circular.count(), 3, "{:?}", report.problems);
        assert_eq!(company.members("Selling"), ["ada", "bob"]);
        company.verify();
    });
}

/// `check` refuses rules that read the groups of each other, and names the circle.
#[test]
fn circle_of_rules_is_refused() {
    let mut company = company(Engine::Sqlite);
    company.rule("more", "Barred", "in_group(\"All\")");
    let said = company.rollcall(&["check", "--offline"]).expect_status(2);
    let circle = "the rule `all` reads the group `Selling`, which the rule `selling` gives; the rule `selling` reads the \
                  group `Barred`, which the rule `more` gives; the rule `more` reads the group `All`, which the rule \
                  `all` gives";
    assert!(said.err.contains(circle), "{said:?}");
}

/// An explanation shows whether the person is in the group that a rule reads.
#[test]
fn explanation_shows_the_group() {
    on_both(|engine| {
        let company = company(engine);
        company.sync();
        let said = company.rollcall(&["explain", &email("carl"), "--group", "Selling"]).expect_status(0);
        let clause = "FALSE  in_group(\"department sales\") = false";
        assert!(said.out.contains(clause), "{clause} of {said:?}");
        let said = company
            .rollcall(&["explain", &email("carl"), "--group", "All", "--json"])
            .expect_status(0)
            .json();
        let group = &said["groups"][0];
        assert_eq!((&group["group"], &group["member"]), (&json!("All"), &json!(true)), "{said}");
        let rule = &group["rules"][0];
        assert_eq!((&rule["rule"], &rule["outcome"]), (&json!("all"), &json!("true")), "{said}");
    });
}

/// A part of a pattern names the groups of a rule, in runs of all people and of one.
#[test]
fn part_of_a_pattern_names_the_group() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.rule("areas", "Area {area}", "department.matches(\"^(?P<area>[A-Z]+)-.*\")");
        company.hire("ada", &[("department", "EMEA-Sales")]);
        company.hire("bob", &[("department", "Board")]);
        company.sync();
        assert_eq!(company.groups(), ["Area EMEA"]);
        assert_eq!(company.members("Area EMEA"), ["ada"]);
        company.move_to("bob", "APAC-HR");
        company.rollcall(&["sync", "--only", "bob"]).expect_status(0);
        assert_eq!(company.members("Area APAC"), ["bob"]);
        let said = company.rollcall(&["explain", &email("ada"), "--json"]).expect_status(0);
        assert!(said.out.contains("Area EMEA"), "{said:?}");
        company.verify();
    });
}

/// Seven of 20 people leave Sales, which Club reads, which Fans reads. The removals from Sales are held.
fn company_with_held_removals(engine: Engine) -> (Company, RunReport) {
    let mut company = Company::limited(engine, 20, 200);
    company.rule("fans", "Fans", "in_group(\"Club\")");
    company.rule("club", "Club", "in_group(\"Sales\") || department == \"Research\"");
    company.sync_without_hold();
    for number in 1..=7 {
        company.move_to(&format!("s{number}"), "Legal");
    }
    let report = company.sync_with_hold();
    assert_eq!(count_held_changes(&report), [("end", 7)].into());
    (company, report)
}

fn sizes(company: &Company) -> [usize; 3] {
    ["Sales", "Club", "Fans"].map(|group| company.members(group).len())
}

/// While removals from a group are held, what rules give that read the group stays, also through other rules.
#[test]
fn held_removals_keep_what_depends_on_them() {
    on_both(|engine| {
        let (company, report) = company_with_held_removals(engine);
        assert_eq!(sizes(&company), [20, 220, 220]);
        company.approve(report.run.expect("a number")).expect("approved");
        assert_eq!(company.members("Sales").len(), 13);
        company.sync_without_hold();
        assert_eq!(sizes(&company), [13, 213, 213]);
        company.verify();
    });
}

/// While a decision prevents the removals from a group, what rules give that read the group stays.
#[test]
fn rejected_removals_keep_what_depends_on_them() {
    on_both(|engine| {
        let (company, report) = company_with_held_removals(engine);
        company.reject(report.run.expect("a number")).expect("rejected");
        company.sync_without_hold();
        assert_eq!(sizes(&company), [20, 220, 220]);
        company.verify();
    });
}

/// A rule that reads a group does not match people whose memberships of that group wait.
#[test]
fn waiting_additions_give_nothing_that_depends_on_them() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        company.create("Crew", &["ada"]);
        company.rule("crew", "Crew", "department == \"Sales\"");
        company.rule("guests", "Guests", "in_group(\"Crew\")");
        let report = company.sync_with_hold();
        assert_eq!(
            (company.members("Crew"), company.members("Guests")),
            (vec!["ada".into()], vec!["ada".into()])
        );
        company.approve(report.run.expect("a number")).expect("approved");
        company.sync_without_hold();
        assert_eq!(company.members("Guests"), ["ada", "bob"]);
        company.verify();
    });
}
