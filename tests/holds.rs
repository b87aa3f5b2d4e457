//! What becomes of held changes: refreshed by later runs, approved as they were shown, rejected.

use rollcall_core::sync::RunOutcome;
use rollcall_core::sync::approve;
use rollcall_model::guard::{ChangeKind, HoldCause};

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::decisions::{count_held_changes, reasons};

fn company(engine: Engine) -> Company {
    let mut company = Company::new(engine);
    company.use_default_limits();
    company.departments();
    company.course("S");
    company.assignment("S", "Sales", "due_days = 30");
    company.hire_many("s", 30, &[("department", "Sales")]);
    company.hire_many("r", 30, &[("department", "Research")]);
    company.sync_without_hold();
    company
}

/// A later run refreshes a hold. An approval applies the changes that were shown and are still wanted.
#[test]
fn approval_applies_shown_changes_still_wanted() {
    on_both(|engine| {
        let mut company = company(engine);
        company.leave_many("s", 20);
        let first = company.sync_with_hold().run.expect("a number");
        company.hire("s1", &[("department", "Sales")]);
        company.leave("s21");
        let second = company.sync_with_hold();
        assert_eq!(count_held_changes(&second)["leave"], 20, "one came back, another left");
        let decided = company.approve(first).expect("approved");
        assert_eq!(company.status("s2"), "left");
        assert_eq!(company.status("s1"), "active", "is back: no longer wanted");
        assert_eq!(company.status("s21"), "active", "was not shown by the run that was approved");
        assert!(!company.has_access("s2", "S") && company.has_access("s21", "S"));
        assert_eq!(decided.done.iter().filter(|change| change.kind == ChangeKind::Leave).count(), 19);
        assert!(decided.dropped.iter().any(|change| change.email.as_deref() == Some("s1@corp.example")));
        assert!(decided.waiting.iter().all(|change| change.email.as_deref() == Some("s21@corp.example")));
        assert!(!decided.waiting.is_empty());
        let last = company.sync_without_hold();
        assert!(matches!(last.outcome, RunOutcome::Applied), "one of forty may leave: {:?}", last.outcome);
        assert_eq!(company.status("s21"), "left");
        assert!(matches!(company.sync_without_hold().outcome, RunOutcome::Unchanged));
        company.verify();
    });
}

#[test]
fn an_approval_reads_the_database_and_not_the_source() {
    on_both(|engine| {
        let mut company = company(engine);
        company.leave_many("s", 20);
        let run = company.sync_with_hold().run.expect("a number");
        company.instead("hr", Some(b"nothing that could be read"));
        company.approve(run).expect("approved");
        assert_eq!(company.members("Sales").len(), 10);
        company.verify();
    });
}

/// The baseline changes with an approval, not with a hold.
#[test]
fn baseline_moves_on_approval_not_on_hold() {
    on_both(|engine| {
        let mut company = company(engine);
        let good =
            || company.query_value("SELECT good_run_id FROM connectors").parse::<i64>().expect("a number");
        let before = good();
        company.leave_many("s", 20);
        let run = company.sync_with_hold().run.expect("a number");
        assert_eq!(company.query_value("SELECT good_run_id FROM connectors"), before.to_string());
        company.approve(run).expect("approved");
        assert_eq!(company.query_value("SELECT good_run_id FROM connectors"), run.0.to_string());
        company.sync_without_hold();
    });
}

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

/// Only a waiting change can be approved, and only once.
#[test]
fn only_waiting_changes_can_be_approved_once() {
    on_both(|engine| {
        let mut company = company(engine);
        company.leave_many("s", 20);
        let run = company.sync_with_hold().run.expect("a number");
        company.approve(run).expect("approved");
        assert!(matches!(company.approve(run), Err(approve::ApprovalError::NothingHeld { .. })));
        assert!(matches!(company.reject(run), Err(approve::ApprovalError::NothingHeld { .. })));
        let unknown = rollcall_model::ids::RunId(99);
        assert!(matches!(company.approve(unknown), Err(approve::ApprovalError::NoRun { .. })));
    });
}

#[test]
fn a_dry_run_holds_what_the_run_holds() {
    on_both(|engine| {
        let mut company = company(engine);
        company.leave_many("s", 20);
        let dry = company.run("hr", true);
        assert_eq!(company.count_rows("held_changes"), 0);
        let real = company.sync_with_hold();
        assert_eq!(count_held_changes(&dry), count_held_changes(&real));
        assert_eq!(dry.counts.enrollments_held, real.counts.enrollments_held);
    });
}

/// Something waits from now on: a rule meets a group made by hand.
fn something_waits(company: &mut Company) {
    company.create("Club", &["r1"]);
    company.rule("club", "Club", "location == \"Berlin\"");
    company.change("r1", &[("location", "Berlin")]);
    company.sync_with_hold();
}

/// People who were added by held runs do not widen the limits.
#[test]
fn people_added_by_held_runs_widen_no_limit() {
    on_both(|engine| {
        let mut company = company(engine);
        something_waits(&mut company);
        company.hire_many("n", 340, &[("department", "Sales")]);
        let report = company.sync_with_hold();
        assert_eq!(count_held_changes(&report), [("give", 1), ("meet", 1)].into(), "new people are let in");
        company.leave_many("s", 13);
        let report = company.sync_with_hold();
        assert_eq!(count_held_changes(&report)["leave"], 13, "13 of 60 are too many, of 400 they were not");
        let limits: Vec<HoldCause> = reasons(&report).into_iter().map(|(limit, _)| limit).collect();
        assert!(limits.contains(&HoldCause::MinRead), "47 of 60 are there, whoever came since: {limits:?}");
        let message = reasons(&report).into_iter().find(|(limit, _)| *limit == HoldCause::MaxRemovals);
        assert!(message.as_ref().is_some_and(|(_, text)| text.contains("the limit is 10")), "{message:?}");
        company.approve(report.run.expect("a number")).expect("approved");
        assert_eq!(company.query_value("SELECT COALESCE(before_hold, 'null') FROM connectors"), "null");
        company.leave_many("n", 15);
        company.sync_without_hold();
        assert_eq!(company.members("Sales").len(), 342, "all is approved: 15 are not too many of 387");
        company.verify();
    });
}

/// People whose leaving was held count in the baseline.
#[test]
fn held_leavers_count_in_baseline() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.use_default_limits();
        company.departments();
        company.hire_many("s", 200, &[("department", "Sales")]);
        company.hire_many("r", 200, &[("department", "Research")]);
        company.sync_without_hold();
        company.leave_many("s", 21);
        company.sync_with_hold();
        company.hire_many("s", 21, &[("department", "Sales")]);
        company.leave_many("r", 20);
        company.sync_without_hold();
        assert_eq!(company.members("Research").len(), 180, "20 of 400 may go, whatever waited before");
    });
}

/// A group that grew in held runs does not get wider limits.
#[test]
fn group_growth_in_held_runs_widens_no_limit() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.use_default_limits();
        company.departments();
        company.hire_many("s", 30, &[("department", "Sales")]);
        company.hire_many("r", 370, &[("department", "Research")]);
        company.rule("new", "Berlin", "role == \"new\"");
        company.change("r1", &[("role", "new")]);
        company.sync_without_hold();
        something_waits(&mut company);
        company.hire_many("n", 30, &[("department", "Sales")]);
        company.rule("clerks", "Berlin", "role == \"clerk\"");
        for number in 2..=20 {
            company.change(&format!("r{number}"), &[("role", "clerk")]);
        }
        company.sync_with_hold();
        assert_eq!((company.members("Sales").len(), company.members("Berlin").len()), (60, 20));
        company.leave_many("s", 10);
        for number in 21..=23 {
            company.change(&format!("r{number}"), &[("role", "clerk")]);
        }
        let report = company.sync_with_hold();
        let of = |limit| reasons(&report).into_iter().find(|(of, _)| *of == limit).map(|(_, text)| text);
        assert_eq!(
            of(HoldCause::MaxGroupRemovals).as_deref(),
            Some("`Sales` would lose 10 of its 30 members, the limit is 30 %")
        );
        assert_eq!(
            of(HoldCause::MaxGrowth).as_deref(),
            Some("`Berlin` would grow from 1 to 23 members because the file was edited, the limit is 100 %")
        );
        assert_eq!((company.members("Sales").len(), company.members("Berlin").len()), (60, 20));
    });
}

/// Approved removals do not count towards the limit of 24 hours.
#[test]
fn approved_removals_do_not_count_for_24_hours() {
    on_both(|engine| {
        let mut company = company(engine);
        company.hire_many("t", 60, &[("department", "Legal")]);
        company.sync_without_hold();
        company.leave_many("t", 6);
        company.sync_without_hold();
        company.leave_many("s", 20);
        let run = company.sync_with_hold().run.expect("a number");
        company.approve(run).expect("approved");
        for number in 7..=10 {
            company.leave(&format!("t{number}"));
        }
        company.sync_without_hold();
        company.leave("t11");
        let report = company.sync_with_hold();
        assert!(reasons(&report)[0].1.contains("and 10 went in the last 24 hours"), "{:?}", reasons(&report));
        company.sync_allowing_removals();
        company.leave("t12");
        let report = company.sync_with_hold();
        assert!(reasons(&report)[0].1.contains("and 10 went in the last 24 hours"), "{:?}", reasons(&report));
    });
}

/// A change that is held by two connectors can be approved through either of them.
#[test]
fn hold_of_two_connectors_approved_through_either() {
    on_both(|engine| {
        let mut company = company(engine);
        company.directory("it", &["id", "email"], "");
        for number in 1..=30 {
            company.hire_at("it", &format!("s{number}"), &[]);
        }
        company.sync_without_hold();
        company.strike("course = 'S'");
        let (hr, it) = (company.sync_directory("hr"), company.sync_directory("it"));
        assert_eq!(
            (count_held_changes(&hr), count_held_changes(&it)),
            ([("unassign", 1)].into(), [("unassign", 1)].into())
        );
        company.approve(it.run.expect("a number")).expect("approved");
        assert!(!company.has_access("s1", "S"));
        let decided = company.approve(hr.run.expect("a number"));
        assert!(matches!(decided, Err(approve::ApprovalError::NothingHeld { .. })), "{decided:?}");
        company.sync_without_hold();
        company.verify();
    });
}

/// A person whose leaving was approved has no memberships, including groups restored in between.
#[test]
fn approved_leaver_has_no_memberships() {
    on_both(|engine| {
        let mut company = company(engine);
        company.delete("Sales");
        company.leave_many("s", 20);
        let run = company.sync_with_hold().run.expect("a number");
        company.restore("Sales");
        company.approve(run).expect("approved");
        assert_eq!((company.status("s1"), company.has_access("s1", "S")), ("left".into(), false));
        assert_eq!(company.members("Sales").len(), 10);
        company.verify();
    });
}

/// A person whose last day has passed has no memberships, whatever was rejected.
#[test]
fn ended_learner_has_no_memberships_despite_rejection() {
    on_both(|engine| {
        let mut company = company(engine);
        company.zone = chrono_tz::Etc::GMTPlus12;
        let last = company.day(0);
        company.change("s1", &[("end_date", &last)]);
        company.sync_without_hold();
        for number in 1..=20 {
            company.move_to(&format!("s{number}"), "Research");
        }
        let report = company.sync_with_hold();
        company.reject(report.run.expect("a number")).expect("rejected");
        company.zone = chrono_tz::Etc::GMTMinus14;
        company.sync_without_hold();
        assert_eq!((company.status("s1"), company.has_access("s1", "S")), ("left".into(), false));
        assert_eq!(company.members("Sales").len(), 29, "the others stay");
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

/// An approval of a later run does not commit what an earlier rejection discarded.
#[test]
fn reject_then_approve_commits_only_held() {
    on_both(|engine| {
        let mut company = company(engine);
        company.leave_many("s", 20);
        let first = company.sync_with_hold().run.expect("a number");
        company.reject(first).expect("rejected");
        company.leave_many("r", 20);
        let second = company.sync_with_hold();
        assert_eq!(count_held_changes(&second)["leave"], 20, "what was rejected is not held again");
        let decided = company.approve(second.run.expect("a number")).expect("approved");
        assert_eq!(decided.done.iter().filter(|change| change.kind == ChangeKind::Leave).count(), 20);
        assert_eq!(company.status("r1"), "left");
        assert_eq!((company.status("s1"), company.has_access("s1", "S")), ("active".into(), true));
        assert_eq!(company.members("Sales").len(), 30);
        company.sync_without_hold();
        assert_eq!(company.members("Sales").len(), 30, "the rejection stands");
        company.verify();
    });
}

/// A rejection can be approved by its own number, and not by that of the run that held.
#[test]
fn approve_of_rejection_commits_what_it_discarded() {
    on_both(|engine| {
        let mut company = company(engine);
        company.leave_many("s", 20);
        let run = company.sync_with_hold().run.expect("a number");
        let rejection = company.reject(run).expect("rejected").run;
        company.leave("r1");
        let later = company.sync_without_hold().run.expect("a number");
        assert!(matches!(company.approve(later), Err(approve::ApprovalError::NothingHeld { .. })));
        let refused = company.approve(run);
        assert!(
            matches!(refused, Err(approve::ApprovalError::Rejected { rejection: named, .. }) if named == rejection),
            "{refused:?}"
        );
        let decided = company.approve(rejection).expect("approved");
        assert_eq!(decided.done.iter().filter(|change| change.kind == ChangeKind::Leave).count(), 20);
        assert_eq!(company.members("Sales").len(), 10);
        company.verify();
    });
}

/// The reason counts the people who were read, though those whose leaving was rejected are kept.
#[test]
fn min_read_reason_counts_people_read() {
    on_both(|engine| {
        let mut company = company(engine);
        company.leave_many("s", 20);
        let run = company.sync_with_hold().run.expect("a number");
        company.reject(run).expect("rejected");
        company.leave_many("r", 20);
        let report = company.sync_with_hold();
        let reasons = reasons(&report);
        let min_read =
            reasons.iter().find(|(limit, _)| *limit == HoldCause::MinRead).expect("too few were read");
        assert!(min_read.1.starts_with("the directory holds 20 of the 60 people"), "{}", min_read.1);
    });
}
