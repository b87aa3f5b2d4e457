//! Approvals: what they commit, and what they leave.

use rollcall_core::sync::{ApprovalError, RunOutcome};
use rollcall_model::guard::ChangeKind;

use super::company;
use crate::support::database::on_both;
use crate::support::decisions::count_held_changes;

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

/// Only a waiting change can be approved, and only once.
#[test]
fn only_waiting_changes_can_be_approved_once() {
    on_both(|engine| {
        let mut company = company(engine);
        company.leave_many("s", 20);
        let run = company.sync_with_hold().run.expect("a number");
        company.approve(run).expect("approved");
        assert!(matches!(company.approve(run), Err(ApprovalError::NothingHeld { .. })));
        assert!(matches!(company.reject(run), Err(ApprovalError::NothingHeld { .. })));
        let unknown = rollcall_model::ids::RunId(99);
        assert!(matches!(company.approve(unknown), Err(ApprovalError::NoRun { .. })));
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
        assert!(matches!(decided, Err(ApprovalError::NothingHeld { .. })), "{decided:?}");
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
        assert!(matches!(company.approve(later), Err(ApprovalError::NothingHeld { .. })));
        let refused = company.approve(run);
        assert!(
            matches!(refused, Err(ApprovalError::Rejected { rejection: named, .. }) if named == rejection),
            "{refused:?}"
        );
        let decided = company.approve(rejection).expect("approved");
        assert_eq!(decided.done.iter().filter(|change| change.kind == ChangeKind::Leave).count(), 20);
        assert_eq!(company.members("Sales").len(), 10);
        company.verify();
    });
}

/// A run whose hold a newer run replaced says so by command, API text and page.
#[test]
fn replaced_hold_names_the_run_that_superseded_it() {
    on_both(|engine| {
        let mut company = company(engine);
        company.leave_many("s", 20);
        let run = company.sync_with_hold().run.expect("a number");
        for number in 1..=20 {
            company.hire(&format!("s{number}"), &[("department", "Sales")]);
        }
        company.leave_many("r", 20);
        let newer = company.sync_with_hold().run.expect("a number");
        let refused = company.approve(run).expect_err("replaced").to_string();
        assert_eq!(refused, format!("run {run} has no pending changes: run {newer} superseded it"));
        company.account("ops@corp.example", rollcall_model::role::Role::Operator);
        let site = company.serve();
        company.runtime.block_on(async {
            let ops = site.signed_in_client("ops@corp.example").await;
            let page = ops.get(&format!("/sync/runs/{run}")).await.text;
            assert!(page.contains(&format!("Run {newer}</a> superseded it")), "{page}");
            let page = ops.get(&format!("/sync/runs/{newer}")).await.text;
            assert!(!page.contains("superseded"), "{page}");
        });
        site.end();
    });
}
