//! Who is who: the source's own id decides, an address is for first contact only.

use rollcall_core::sync::{RunOutcome, RunReport};
use rollcall_model::run_warning::RunWarningKind;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};

fn company(engine: Engine) -> Company {
    Company::staffed(engine, &[("ada", "Sales"), ("bob", "Sales")])
}

/// A second directory that knows addresses and departments, and no status.
fn second(company: &mut Company) {
    company.directory("it", &["id", "email", "name", "department", "role"], "");
}

fn problems(report: &RunReport) -> Vec<(RunWarningKind, String)> {
    report.problems.iter().map(|one| (one.kind, one.subject.clone())).collect()
}

/// Another sync of everybody finds nothing to do and writes nothing but the run.
fn is_at_rest(company: &Company) {
    let before = company.contents();
    let report = company.sync();
    assert!(matches!(report.outcome, RunOutcome::Unchanged), "{:?}", report.outcome);
    assert_eq!(company.contents(), before);
    company.verify();
}

/// A person with a new name and address stays the same learner, and the former address still finds the learner.
#[test]
fn renamed_person_is_found_by_former_email() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        let ada = company.learner("ada");
        company.change("ada", &[("email", "ada.king@corp.example"), ("name", "Ada King")]);
        company.sync();
        assert_eq!(company.count_rows("learners"), 2);
        let shown = company.json(&["learners", "show", "ADA@corp.example"]);
        assert_eq!(shown["name"], "Ada King");
        assert_eq!(company.learner("ada"), ada);
        is_at_rest(&company);
    });
}

#[test]
fn two_people_may_swap_addresses() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        let before = (company.learner("ada"), company.learner("bob"));
        company.change("ada", &[("email", "bob@corp.example")]);
        company.change("bob", &[("email", "ada@corp.example")]);
        let report = company.sync();
        let handed_on = |who: &str| (RunWarningKind::AddressHandedOn, who.to_owned());
        assert_eq!(problems(&report), [handed_on("ada"), handed_on("bob")]);
        assert_eq!(company.count_rows("learners"), 2);
        let of =
            |email: &str| company.query_value(&format!("SELECT id FROM learners WHERE email = '{email}'"));
        assert_eq!(of("bob@corp.example"), before.0.to_string());
        assert_eq!(of("ada@corp.example"), before.1.to_string());
        is_at_rest(&company);
    });
}

/// An address that is reused does not give access to the record of its former owner.
#[test]
fn reused_email_gives_no_access_to_old_record() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        let ada = company.learner("ada");
        company.leave("ada");
        company.sync();
        company.hire("new", &[("email", "Ada@corp.example"), ("department", "Sales")]);
        let report = company.sync();
        assert_eq!(problems(&report), [(RunWarningKind::AddressHandedOn, "new".to_owned())]);
        assert_eq!(company.count_rows("learners"), 3);
        let holders = company.sql("SELECT name FROM learners WHERE email_folded = 'ada@corp.example'");
        assert_eq!(holders.len(), 1, "the old one gives the address up: {holders:?}");
        assert_eq!(company.query_value(&format!("SELECT status FROM learners WHERE id = {ada}")), "left");
        is_at_rest(&company);
        company.hire("ada", &[("department", "Sales")]);
        let report = company.sync();
        assert_eq!(problems(&report), [(RunWarningKind::AddressTaken, "ada".to_owned())]);
        assert_eq!(company.members("Sales"), ["ada", "bob", "new"]);
        is_at_rest(&company);
    });
}

/// A person who has a new id in the same reading stays the same learner.
#[test]
fn new_id_in_same_reading_keeps_learner() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        company.leave("ada");
        company.hire("ada-2", &[("email", "ada@corp.example"), ("department", "Sales")]);
        company.sync();
        assert_eq!(company.count_rows("learners"), 2);
        assert_eq!(company.members("Sales"), ["ada-2", "bob"]);
        is_at_rest(&company);
    });
}

/// A person whose address belongs to an active learner is added without an address.
#[test]
fn conflicting_email_creates_learner_without_email() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        company.hire("eve", &[("email", "ADA@corp.example"), ("department", "Sales")]);
        let report = company.sync();
        assert_eq!(problems(&report), [(RunWarningKind::AddressTaken, "eve".to_owned())]);
        assert_eq!(company.members("Sales"), ["ada", "bob", "eve"]);
        let shown = company.json(&["groups", "show", "Sales"]);
        let emails: Vec<_> =
            shown["members"].as_array().expect("members").iter().map(|one| &one["email"]).collect();
        assert_eq!(emails, ["ada@corp.example", "bob@corp.example", "hr:eve"]);
        assert_eq!(company.json(&["learners", "show", "hr:eve"])["name"], "eve");
        is_at_rest(&company);
        company.leave("ada");
        company.sync();
        assert_eq!(company.query_value("SELECT email FROM learners WHERE name = 'eve'"), "ADA@corp.example");
        is_at_rest(&company);
    });
}

/// People without an address become learners.
#[test]
fn people_without_email_become_learners() {
    on_both(|engine| {
        let mut company = company(engine);
        company.hire("eve", &[("email", ""), ("department", "Sales")]);
        company.hire("joe", &[("email", ""), ("department", "Sales")]);
        company.sync();
        assert_eq!(company.members("Sales"), ["ada", "bob", "eve", "joe"]);
        is_at_rest(&company);
    });
}

/// A rejected record changes nothing, neither for its person nor for others.
#[test]
fn rejected_record_changes_nothing() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        let before = company.contents();
        company.change("bob", &[("id", "ada")]);
        let report = company.sync();
        assert_eq!(report.counts.people_set_aside, 2);
        assert!(
            problems(&report).contains(&(RunWarningKind::RepeatedId, "ada".to_owned())),
            "{:?}",
            report.problems
        );
        assert_eq!(
            company.members("Sales"),
            ["ada", "bob"],
            "bob's record is in the source under another id"
        );
        company.leave("ada");
        company.hire("ada", &[("department", "Sales")]);
        company.hire("bob", &[("department", "Sales")]);
        company.sync();
        assert_eq!(company.members("Sales"), ["ada", "bob"]);
        company.change("ada", &[("id", "")]);
        company.sync();
        assert_eq!(
            company.members("Sales"),
            ["ada", "bob"],
            "a record without an id is known by its address"
        );
        assert_eq!(company.contents()["enrollments"], before["enrollments"]);
        company.verify();
    });
}

/// A second directory correlates by address. The first connector in the configuration wins for each value.
#[test]
fn second_directory_correlates_by_email() {
    on_both(|engine| {
        let mut company = company(engine);
        second(&mut company);
        company.hire_at(
            "it",
            "u1",
            &[("email", "ADA@corp.example"), ("department", "Toys"), ("role", "Boss")],
        );
        company.hire_at("it", "u2", &[("department", "Toys")]);
        let report = company.sync();
        assert_eq!(report.counts.memberships_removed, 0, "meeting somebody takes nothing away");
        assert_eq!(company.count_rows("learners"), 3);
        assert_eq!(company.learner("u1"), company.learner("ada"));
        let shown = company.json(&["learners", "show", "ada@corp.example"]);
        assert_eq!((&shown["department"], &shown["role"]), (&"Sales".into(), &"Boss".into()));
        assert_eq!(company.members("Toys"), ["u2"]);
        is_at_rest(&company);
        company.change("ada", &[("department", "")]);
        company.sync();
        assert_eq!(company.members("Toys"), ["ada", "u2"]);
        is_at_rest(&company);
    });
}

/// A person who is missing from one directory stays while another directory contains the person.
#[test]
fn person_stays_while_any_directory_has_them() {
    on_both(|engine| {
        let mut company = company(engine);
        second(&mut company);
        company.hire_at("it", "u1", &[("email", "ada@corp.example"), ("department", "Toys")]);
        company.sync();
        company.leave("ada");
        company.sync();
        assert_eq!(company.status("u1"), "active");
        assert_eq!(company.members("Sales"), ["bob"]);
        assert_eq!(company.members("Toys"), ["u1"]);
        is_at_rest(&company);
        company.leave_at("it", "u1");
        company.sync();
        assert_eq!(company.members("Toys"), Vec::<String>::new());
        is_at_rest(&company);
    });
}

/// Repeated syncs of two directories with manual changes and an address conflict write nothing.
#[test]
fn repeated_syncs_write_nothing() {
    on_both(|engine| {
        let mut company = company(engine);
        company.course("GDPR");
        company.assignment("GDPR", "*", "due_days = 30");
        second(&mut company);
        company.hire("eve", &[("email", "ada@corp.example"), ("department", "Sales")]);
        company.hire("joe", &[("department", "Sales"), ("status", "leave")]);
        company.hire_at("it", "u1", &[("email", "ada@corp.example"), ("role", "Boss")]);
        company.hire_at("it", "u2", &[("email", "bob@corp.example"), ("role", "Boss")]);
        company.sync();
        company.add_learner("zoe");
        company.create("Chess club", &["zoe", "bob"]);
        company.remove("Sales", "bob");
        company.delete("Chess club");
        company.create("Chess club", &["zoe"]);
        company.sync();
        is_at_rest(&company);
        // The contested address comes to somebody whom two directories hold.
        company.hire_at("it", "u3", &[("email", "joe@corp.example"), ("role", "Boss")]);
        company.sync();
        company.change("joe", &[("email", "bob@corp.example")]);
        company.sync();
        is_at_rest(&company);
    });
}

/// A manual learner is correlated with the person of the same address.
#[test]
fn manual_learner_correlates_by_email() {
    on_both(|engine| {
        let mut company = company(engine);
        let zoe = company.add_learner("zoe");
        company.create("Chess club", &["zoe"]);
        company.sync();
        company.hire("zoe", &[("department", "Sales")]);
        company.sync();
        assert_eq!(company.learner("zoe"), zoe.0);
        assert_eq!(company.members("Chess club"), ["zoe"]);
        assert_eq!(company.members("Sales"), ["ada", "bob", "zoe"]);
        is_at_rest(&company);
    });
}

/// A name may contain any text that a CSV file can contain.
#[test]
fn names_may_contain_any_csv_text() {
    on_both(|engine| {
        let mut company = company(engine);
        for (who, name) in [
            ("a", "tab\there, back\\slash \\N \\."),
            ("b", "two\nlines and \"quotes\" and 'more'"),
            ("c", "nul \u{0} bell \u{7} and \u{85}"),
            ("d", "\u{1f469}\u{200d}\u{1f4bb} \u{202e}right to left {\"json\": [1]}"),
        ] {
            company.hire(who, &[("name", name), ("department", name), ("role", name)]);
        }
        company.sync();
        assert_eq!(company.count_rows("learners"), 6);
        assert_eq!(company.groups().len(), 5);
        assert!(company.groups().iter().any(|name| name.contains("back\\slash \\N \\.")));
        is_at_rest(&company);
    });
}

/// The people of a connector that is removed from the configuration stay as they were last read.
#[test]
fn removed_connector_keeps_people_as_last_read() {
    on_both(|engine| {
        let mut company = company(engine);
        second(&mut company);
        for who in ["ada", "zoe"] {
            company.hire_at("it", who, &[("department", "Toys")]);
        }
        company.sync();
        company.directories.pop();
        company.leave("ada");
        company.sync();
        assert_eq!(company.status("ada"), "active");
        assert_eq!(company.members("Toys"), ["ada", "zoe"]);
        is_at_rest(&company);
    });
}
