//! Rejections: how long they last.

use rollcall_core::sync::RunOutcome;

use super::company;
use crate::support::database::on_both;
use crate::support::decisions::count_held_changes;

/// A rejected change is not held again until the source or the rule changes.
#[test]
fn rejected_change_stays_rejected_until_input_changes() {
    on_both(|engine| {
        let mut company = company(engine);
        for number in 1..=20 {
            company.move_to(&format!("s{number}"), "Research");
        }
        let report = company.sync_with_hold();
        company.reject(report.run.expect("a number")).expect("rejected");
        assert!(matches!(company.sync_without_hold().outcome, RunOutcome::Unchanged));
        assert_eq!(company.members("Sales").len(), 30, "rejected: nobody is removed");
        company.change("s1", &[("location", "Berlin")]);
        company.sync_without_hold();
        assert_eq!(company.members("Sales").len(), 29, "what the directory says of one has changed");
        company.text = company.text.replace("department != \"\"", "department  !=  \"\"");
        let report = company.sync_with_hold();
        assert_eq!(count_held_changes(&report)["end"], 19, "the rule has changed: it is asked again");
        company.verify();
    });
}

/// A person whose leaving was rejected stays until the directory contains the person again.
#[test]
fn rejected_leaver_stays_until_present_again() {
    on_both(|engine| {
        let mut company = company(engine);
        company.leave_many("s", 20);
        let run = company.sync_with_hold().run.expect("a number");
        company.reject(run).expect("rejected");
        for _ in 0..2 {
            company.sync_without_hold();
            assert_eq!(company.members("Sales").len(), 30);
        }
        company.leave("r1");
        company.sync_without_hold();
        assert_eq!(company.status("r1"), "left", "others leave as ever");
        company.hire("s1", &[("department", "Sales")]);
        company.sync_without_hold();
        company.leave("s1");
        company.sync_without_hold();
        assert_eq!(company.status("s1"), "left", "came back and left again: that is news");
        company.verify();
    });
}

/// A person whose last day has passed has no memberships, whatever was rejected.
#[test]
fn ended_learner_has_no_memberships_despite_rejection() {
    on_both(|engine| {
        let mut company = company(engine);
        let last = company.day(0);
        company.change("s1", &[("end_date", &last)]);
        company.sync_without_hold();
        for number in 1..=20 {
            company.move_to(&format!("s{number}"), "Research");
        }
        let report = company.sync_with_hold();
        company.reject(report.run.expect("a number")).expect("rejected");
        company.begin_next_day();
        company.sync_without_hold();
        assert_eq!((company.status("s1"), company.has_access("s1", "S")), ("left".into(), false));
        assert_eq!(company.members("Sales").len(), 29, "the others stay");
        company.verify();
    });
}

/// Two connectors hold the same change, and both holds are rejected. Later runs keep each rejection, and each can be approved by
/// its own number.
#[test]
fn rejections_of_two_connectors_stay_apart() {
    on_both(|engine| {
        let mut company = company(engine);
        company.directory("it", &["id", "email"], "");
        company.hire_at("it", "s1", &[]);
        company.sync_without_hold();
        company.strike("course = 'S'");
        let held = ["hr", "it"].map(|directory| company.sync_directory(directory).run.expect("a number"));
        let rejections = held.map(|run| company.reject(run).expect("rejected").run);
        for directory in ["it", "hr", "it"] {
            assert!(
                matches!(company.sync_directory(directory).outcome, RunOutcome::Unchanged),
                "{directory}"
            );
        }
        let sql = "SELECT DISTINCT decision_run_id AS run FROM held_changes ORDER BY 1";
        let kept: Vec<_> = company.sql(sql).into_iter().map(|mut row| row.remove("run").flatten()).collect();
        assert_eq!(kept, rejections.map(|run| Some(run.to_string())));
        company.approve(rejections[1]).expect("approved");
        assert!(!company.has_access("s1", "S"));
        company.verify();
    });
}

#[test]
fn a_growth_that_was_rejected_is_not_held_again() {
    on_both(|engine| {
        let mut company = company(engine);
        company.rule("berlin", "Berlin", "location == \"Berlin\"");
        company.change("s1", &[("location", "Berlin")]);
        company.sync_without_hold();
        company.text = company.text.replace("location == \"Berlin\"", "department == \"Sales\"");
        let run = company.sync_with_hold().run.expect("a number");
        company.reject(run).expect("rejected");
        for _ in 0..2 {
            assert!(matches!(company.sync_without_hold().outcome, RunOutcome::Unchanged));
        }
        assert_eq!(company.members("Berlin"), ["s1"]);
        company.hire("s31", &[("department", "Sales")]);
        company.sync_without_hold();
        assert_eq!(company.members("Berlin"), ["s1", "s31"], "somebody new was not part of it");
    });
}
