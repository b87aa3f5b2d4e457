//! What has gone wrong with other programs of this kind, in public, each once more here. Those that need a server that is
//! cut, stalled or stopped stand in `fire`, those about large groups in `active_directory`.

use rollcall_core::sync::RunOutcome;
use rollcall_model::guard::HoldCause;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::decisions::{count_held_changes, reasons};
use crate::support::named_code::check_name;

/// Twelve people in two departments, each with a course.
fn company(engine: Engine) -> Company {
    let mut company = Company::limited(engine, 6, 6);
    for (course, group) in [("S", "Sales"), ("R", "Research")] {
        company.course_for(course, group, "due_days = 30");
    }
    company.sync_without_hold();
    company
}

/// The people, memberships and enrollments of a company.
fn everything(company: &Company) -> (i64, i64, i64) {
    let count = |from: &str| company.count_rows(from);
    (
        count("learners WHERE status = 'active'"),
        count("memberships"),
        count("enrollments WHERE state = 'active'"),
    )
}

/// A directory that could not be reached deleted all people.
#[test]
fn unreachable_directory_deleted_everyone() {
    on_both(|engine| {
        let mut company = company(engine);
        let before = everything(&company);
        let ldap = "kind = 'ldap'\nurl = 'ldap://127.0.0.1:1'\nplaintext = true\nbase_dn = 'dc=corp'\nfilter = '(uid=*)'\n";
        company.settings("hr", ldap);
        let report = company.run("hr", false);
        assert!(matches!(report.outcome, RunOutcome::Failed(_)), "{:?}", report.outcome);
        company.drain();
        assert_eq!(everything(&company), before);
        company.settings("hr", "");
        assert!(matches!(company.sync_without_hold().outcome, RunOutcome::Unchanged));
    });
}

/// An empty response with a success code was treated as an empty company.
#[test]
fn empty_success_response_deleted_everyone() {
    on_both(|engine| {
        let mut company = company(engine);
        let before = everything(&company);
        company.leave_many("s", 6);
        company.leave_many("r", 6);
        let report = company.run("hr", false);
        assert!(matches!(report.outcome, RunOutcome::Held), "{:?}", report.outcome);
        company.drain();
        assert_eq!(everything(&company), before);
    });
}

/// A sync removed memberships that it had not given.
#[test]
fn sync_removed_memberships_of_others() {
    on_both(|engine| {
        let mut company = company(engine);
        company.create("Club", &["s1", "r1"]);
        company.add("Research", "s2");
        company.strike("departments");
        let report = company.sync_allowing_removals();
        assert!(matches!(report.outcome, RunOutcome::Applied), "{:?}", report.outcome);
        assert_eq!(company.members("Club"), ["r1", "s1"]);
        assert_eq!(
            company.members("Research"),
            ["s2"],
            "what the rule gave is gone, what a hand gave is not"
        );
        company.verify();
    });
}

/// A new name and another unit created a second account without the progress.
#[test]
fn rename_and_move_created_second_account() {
    on_both(|engine| {
        let mut company = company(engine);
        company.complete("s1", "S");
        let learner = company.learner("s1");
        company
            .change("s1", &[("name", "married"), ("email", "married@corp.example"), ("location", "Paris")]);
        let report = company.sync_without_hold();
        assert_eq!((report.counts.memberships_added, report.counts.memberships_removed), (0, 0));
        assert_eq!((company.count_rows("learners"), company.learner("s1")), (12, learner));
        assert!(company.enrollment("s1", "S").completed);
    });
}

/// A restored directory gave all people new ids.
#[test]
fn restored_directory_changed_all_ids() {
    on_both(|engine| {
        let mut company = company(engine);
        let before = everything(&company);
        for number in 1..=6 {
            for (prefix, department) in [("s", "Sales"), ("r", "Research")] {
                let who = format!("{prefix}{number}");
                company.leave(&who);
                let email = format!("{who}@corp.example");
                company.hire(&format!("restored-{who}"), &[("email", &email), ("department", department)]);
            }
        }
        let report = company.sync_with_hold();
        assert_eq!(reasons(&report)[0].0, HoldCause::MaxRekeyed);
        assert_eq!((count_held_changes(&report)["rekey"], everything(&company)), (12, before));
    });
}

#[test]
fn leaving_a_group_deleted_the_grade() {
    on_both(|engine| {
        let mut company = company(engine);
        company.complete("s1", "S");
        company.sql("UPDATE enrollments SET progress = 80 WHERE completed_at IS NOT NULL");
        company.move_to("s1", "Research");
        company.sync_without_hold();
        let left = company.enrollment("s1", "S");
        assert_eq!((left.state.as_str(), left.completed, left.progress.as_str()), ("revoked", true, "80"));
        company.move_to("s1", "Sales");
        company.sync_without_hold();
        let back = company.enrollment("s1", "S");
        assert_eq!((back.state.as_str(), back.completed, back.progress.as_str()), ("active", true, "80"));
    });
}

/// An end date took effect in the time zone of the server, not of the company.
#[test]
fn end_date_used_time_zone_of_server() {
    on_both(|engine| {
        // Of two days in a row, at most one is the day of the server.
        for is_next_day in [false, true] {
            let mut company = Company::new(engine);
            if is_next_day {
                company.begin_next_day();
            }
            company.departments();
            let (today, yesterday) = (company.day(0), company.day(-1));
            company.hire("last-day", &[("department", "Sales"), ("end_date", &today)]);
            company.hire("gone", &[("department", "Sales"), ("end_date", &yesterday)]);
            company.sync();
            assert_eq!(company.members("Sales"), ["last-day"], "{}", company.zone);
        }
    });
}

/// A hire with a future start date was skipped forever.
#[test]
fn future_hire_was_skipped_forever() {
    on_both(|engine| {
        let mut company = Company::staffed(engine, &[]);
        let tomorrow = company.day(1);
        company.hire("soon", &[("department", "Sales"), ("start_date", &tomorrow)]);
        company.sync();
        assert_eq!(company.members("Sales"), [""; 0]);
        company.begin_next_day();
        company.sync();
        assert_eq!(company.members("Sales"), ["soon"], "the row is the same, the day has come");
    });
}

/// `docs/promises.md` named a test that does not exist.
#[test]
fn documented_test_did_not_exist() {
    let promises = include_str!("../docs/promises.md");
    let named: Vec<&str> =
        promises.split('`').skip(1).step_by(2).filter(|name| name.contains("::")).collect();
    assert!(named.len() > 50, "{named:?}");
    let wrong: Vec<String> = named.iter().filter_map(|name| check_name(name).err()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
