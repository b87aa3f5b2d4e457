//! Connectors, runs, what is held, and the rules, by an operator.

use rollcall_core::sync::lease::{self, AcquireResult};
use rollcall_model::names::ConnectorName;
use rollcall_model::role::Role;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::program::wait_until;
use crate::support::web::WebServer;

const OPS: &str = "ops@corp.example";

/// Thirty people in Sales, thirty in Research, a course for Sales, and the usual limits.
fn company(engine: Engine) -> Company {
    let mut company = Company::limited(engine, 30, 30);
    company.course_for("S", "Sales", "due_days = 30");
    company.account(OPS, Role::Operator);
    company
}

/// A hold is approved and undone in the page.
#[test]
fn hold_is_approved_and_undone_in_page() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync_without_hold();
        company.leave_many("s", 20);
        let held = company.sync_with_hold().run.expect("a number");
        let site = company.serve();
        let approval = company.runtime.block_on(async {
            let ops = site.open_window(OPS, false).await;
            ops.click("Sync").await;
            ops.says("wait for approval").await;
            ops.click(&format!("look at run {held}")).await;
            ops.says("20 learners leave").await;
            ops.says("the limit is").await;
            ops.says("s1@corp.example leaves").await;
            ops.click("Approve").await;
            ops.says("This is done, as far as the latest complete reading still wants it").await;
            ops.says("20 learners leave").await;
            ops.click("Approve").await;
            ops.says(&format!("that run {held} held")).await;
            ops.close().await;
            held.0 + 1
        });
        wait_until("Sales has ten members", || company.members("Sales").len() == 10);
        assert_eq!(company.status("s1"), "left");
        let sql = format!("SELECT actor FROM runs WHERE id = {approval} AND kind = 'approval'");
        assert_eq!(company.query_value(&sql), OPS);
        company.runtime.block_on(async {
            let ops = site.open_window(OPS, false).await;
            ops.go(&format!("/sync/runs/{held}/approve")).await;
            ops.click("Approve").await;
            ops.says("has no pending changes").await;
            ops.go(&format!("/sync/runs/{approval}")).await;
            ops.click("Undo").await;
            ops.says("20 memberships that it removed come back").await;
            ops.click("Undo").await;
            ops.says("20 learners are back").await;
            ops.close().await;
        });
        assert_eq!(company.members("Sales").len(), 30);
        wait_until("the queue is empty", || company.count_rows("jobs") == 0);
        company.verify();
        site.end();
    });
}

/// A hold is rejected in the page.
#[test]
fn hold_is_rejected_in_page() {
    let mut company = company(Engine::Sqlite);
    company.sync_without_hold();
    company.leave_many("s", 20);
    let held = company.sync_with_hold().run.expect("a number");
    let site = company.serve();
    company.runtime.block_on(async {
        let ops = site.open_window(OPS, true).await;
        ops.go(&format!("/sync/runs/{held}")).await;
        ops.click("Reject").await;
        ops.says("This is discarded").await;
        ops.click("Reject").await;
        ops.says(&format!("Rejected run {held}")).await;
        ops.close().await;
    });
    assert_eq!(company.members("Sales").len(), 30);
    assert_eq!(company.count_rows("held_changes WHERE state = 'held'"), 0);
    site.end();
}

/// A preview changes nothing, and the run does what the preview showed.
#[test]
fn preview_changes_nothing_and_matches_run() {
    on_both(|engine| {
        let company = company(engine);
        let site = company.serve();
        company.runtime.block_on(preview(&site));
        assert_eq!((company.count_rows("runs WHERE kind = 'sync'"), company.count_rows("learners")), (0, 0));
        company.runtime.block_on(async {
            let ops = site.open_window(OPS, true).await;
            ops.go("/sync").await;
            ops.click("Run now: hr").await;
            // The page looks again by itself until the run has ended.
            ops.says("Memberships added").await;
            ops.says("applied after").await;
            ops.click("by person").await;
            ops.says("added to Sales").await;
            ops.click("Runs").await;
            ops.says("run connector `hr` now").await;
            ops.click("Last 90 days").await;
            ops.says("at most 60 on").await;
            ops.close().await;
        });
        assert_eq!(company.members("Sales").len(), 30);
        wait_until("the queue is empty", || company.count_rows("jobs") == 0);
        company.verify();
        site.end();
    });
}

async fn preview(site: &WebServer) {
    let ops = site.open_window(OPS, true).await;
    ops.click("Sync").await;
    ops.says("never run").await;
    ops.click("Preview: hr").await;
    ops.says("Nothing was changed. A run would do this:").await;
    ops.says("60 new, 0 changed, 0 left, 0 unchanged; 60 memberships added, 0 removed").await;
    ops.close().await;
}

/// A second start reports that the connector is already running.
#[test]
fn second_start_reports_running_connector() {
    let company = company(Engine::Sqlite);
    let site = company.serve();
    let name = ConnectorName::new("hr");
    company.runtime.block_on(async {
        let AcquireResult::Acquired(lease) =
            lease::acquire(&company.store, &name).await.expect("the database answers")
        else {
            panic!("nobody else runs it");
        };
        let ops = site.open_window(OPS, false).await;
        ops.go("/sync").await;
        ops.says("running now").await;
        ops.click("Run now: hr").await;
        ops.says("is being run by").await;
        lease.release().await;
        ops.close().await;
    });
    assert_eq!(company.count_rows("runs WHERE kind = 'sync'"), 0);
    site.end();
}

/// The page of a failed run shows the cause.
#[test]
fn failed_run_shows_cause() {
    let mut company = company(Engine::Sqlite);
    company.instead("hr", Some(b"nothing that could be read"));
    let site = company.serve();
    company.runtime.block_on(async {
        let ops = site.open_window(OPS, true).await;
        ops.go("/sync").await;
        ops.click("Run now: hr").await;
        ops.says("Nothing was changed, nobody was removed.").await;
        ops.go("/sync").await;
        ops.click("Preview: hr").await;
        ops.says("a run would change nothing either").await;
        ops.close().await;
    });
    site.end();
}

/// A rule preview shows errors, matches and the difference from a group.
#[test]
fn rule_preview_shows_errors_matches_and_difference() {
    on_both(|engine| {
        let mut company = company(engine);
        company.hire("odd", &[("department", "Sales"), ("location", "Berlin")]);
        company.sync();
        company.create("Berlin", &["r1"]);
        let site = company.serve();
        company.runtime.block_on(async {
            let ops = site.open_window(OPS, false).await;
            ops.click("Sync").await;
            ops.click("Rules").await;
            ops.says("61 in 2 groups").await;
            ops.fill("Expression", "department == \"Sales\" && locatoin == \"Berlin\"").await;
            ops.click("Try it").await;
            ops.says("Line 1, column 26").await;
            ops.says("did you mean “location”").await;
            ops.fill("Expression", "department == \"Sales\" && location == \"Berlin\"").await;
            ops.fill("Compare with the members of a group", "berlin").await;
            ops.click("Try it").await;
            ops.says("1 learner matches").await;
            ops.says("odd@corp.example").await;
            ops.says("Would be added to “Berlin”: 1").await;
            ops.says("Would be removed from “Berlin”: 0").await;
            ops.click("Would stay in “Berlin” as members by hand: 1").await;
            ops.says("r1@corp.example").await;
            ops.close().await;
        });
        site.end();
    });
}
