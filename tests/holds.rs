//! What becomes of held changes: refreshed by later runs, approved as they were shown, rejected.

use rollcall::sync::Outcome;
use rollcall::sync::approve;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::decisions::held;

fn company(engine: Engine) -> Company {
    let mut company = Company::new(engine);
    company.guarded();
    company.departments();
    company.course("S");
    company.assignment("S", "Sales", "due_days = 30");
    company.hire_many("s", 30, &[("department", "Sales")]);
    company.hire_many("r", 30, &[("department", "Research")]);
    company.sync_free();
    company
}

#[test]
fn a_later_run_refreshes_a_hold_and_an_approval_does_what_was_shown_and_is_still_wanted() {
    on_both(|engine| {
        let mut company = company(engine);
        company.leave_many("s", 20);
        let first = company.sync_held().run.expect("a number");
        company.hire("s1", &[("department", "Sales")]);
        company.leave("s21");
        let second = company.sync_held();
        assert_eq!(held(&second)["leave"], 20, "one came back, another left");
        let decided = company.approve(first).expect("approved");
        assert_eq!(company.status("s2"), "left");
        assert_eq!(company.status("s1"), "active", "is back: no longer wanted");
        assert_eq!(company.status("s21"), "active", "was not shown by the run that was approved");
        assert!(!company.has_access("s2", "S") && company.has_access("s21", "S"));
        assert_eq!(decided.done.iter().filter(|change| change.kind == "leave").count(), 19);
        assert!(decided.dropped.iter().any(|change| change.email.as_deref() == Some("s1@corp.example")));
        assert!(decided.waiting.iter().all(|change| change.email.as_deref() == Some("s21@corp.example")));
        assert!(!decided.waiting.is_empty());
        let last = company.sync_free();
        assert!(matches!(last.outcome, Outcome::Applied), "one of forty may leave: {:?}", last.outcome);
        assert_eq!(company.status("s21"), "left");
        assert!(matches!(company.sync_free().outcome, Outcome::Unchanged));
        company.verify();
    });
}

#[test]
fn an_approval_reads_the_database_and_not_the_source() {
    on_both(|engine| {
        let mut company = company(engine);
        company.leave_many("s", 20);
        let run = company.sync_held().run.expect("a number");
        company.instead("hr", Some(b"nothing that could be read"));
        company.approve(run).expect("approved");
        assert_eq!(company.members("Sales").len(), 10);
        company.verify();
    });
}

#[test]
fn the_last_good_reading_moves_with_the_approval_and_not_with_the_hold() {
    on_both(|engine| {
        let mut company = company(engine);
        let good = || company.one("SELECT good_run_id FROM connectors").parse::<i64>().expect("a number");
        let before = good();
        company.leave_many("s", 20);
        let run = company.sync_held().run.expect("a number");
        assert_eq!(company.one("SELECT good_run_id FROM connectors"), before.to_string());
        company.approve(run).expect("approved");
        assert_eq!(company.one("SELECT good_run_id FROM connectors"), run.0.to_string());
        company.sync_free();
    });
}

#[test]
fn what_was_rejected_is_not_held_again_until_the_source_or_the_rule_changes() {
    on_both(|engine| {
        let mut company = company(engine);
        for number in 1..=20 {
            company.move_to(&format!("s{number}"), "Research");
        }
        let report = company.sync_held();
        company.reject(report.run.expect("a number")).expect("rejected");
        assert!(matches!(company.sync_free().outcome, Outcome::Unchanged));
        assert_eq!(company.members("Sales").len(), 30, "rejected: nobody is removed");
        company.change("s1", &[("location", "Berlin")]);
        company.sync_free();
        assert_eq!(company.members("Sales").len(), 29, "what the directory says of one has changed");
        company.text = company.text.replace("department != \"\"", "department  !=  \"\"");
        let report = company.sync_held();
        assert_eq!(held(&report)["end"], 19, "the rule has changed: it is asked again");
        company.verify();
    });
}

#[test]
fn people_whose_leaving_was_rejected_stay_until_the_directory_has_them_again() {
    on_both(|engine| {
        let mut company = company(engine);
        company.leave_many("s", 20);
        let run = company.sync_held().run.expect("a number");
        company.reject(run).expect("rejected");
        for _ in 0..2 {
            company.sync_free();
            assert_eq!(company.members("Sales").len(), 30);
        }
        company.leave("r1");
        company.sync_free();
        assert_eq!(company.status("r1"), "left", "others leave as ever");
        company.hire("s1", &[("department", "Sales")]);
        company.sync_free();
        company.leave("s1");
        company.sync_free();
        assert_eq!(company.status("s1"), "left", "came back and left again: that is news");
        company.verify();
    });
}

#[test]
fn nothing_is_approved_twice_and_nothing_that_does_not_wait() {
    on_both(|engine| {
        let mut company = company(engine);
        company.leave_many("s", 20);
        let run = company.sync_held().run.expect("a number");
        company.approve(run).expect("approved");
        assert!(matches!(company.approve(run), Err(approve::Error::NothingHeld { .. })));
        assert!(matches!(company.reject(run), Err(approve::Error::NothingHeld { .. })));
        let unknown = rollcall::model::ids::RunId(99);
        assert!(matches!(company.approve(unknown), Err(approve::Error::NoRun { .. })));
    });
}

#[test]
fn a_dry_run_holds_what_the_run_holds() {
    on_both(|engine| {
        let mut company = company(engine);
        company.leave_many("s", 20);
        let dry = company.run("hr", true);
        assert_eq!(company.count("held_changes"), 0);
        let real = company.sync_held();
        assert_eq!(held(&dry), held(&real));
        assert_eq!(dry.counts.enrollments_held, real.counts.enrollments_held);
    });
}
