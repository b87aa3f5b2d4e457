//! Approvals, undos and retirements that take longer than somebody waits, and services that end in the middle.

use rollcall_core::sync::lease::{self, AcquireResult, LeaseGuard};
use rollcall_model::ids::RunId;
use rollcall_model::names::ConnectorName;
use rollcall_model::role::Role;
use rollcall_store::runs;

use crate::support::company::Company;
use crate::support::company_files::COLUMNS;
use crate::support::database::{Engine, on_both};
use crate::support::program::wait_until;

const OPS: &str = "ops@corp.example";
const DOING: &str = "This is being done";

/// Thirty people in Sales of whom the directory has lost twenty; the number of the run that held that.
fn company(engine: Engine) -> (Company, RunId) {
    let mut company = Company::limited(engine, 30, 30);
    company.account(OPS, Role::Operator);
    company.sync_without_hold();
    company.leave_many("s", 20);
    let held = company.sync_with_hold().run.expect("a number");
    (company, held)
}

/// Somebody else runs the connector: an approval waits for that.
async fn occupied(company: &Company) -> LeaseGuard {
    match lease::acquire(&company.store, &ConnectorName::new("hr")).await.expect("the database answers") {
        AcquireResult::Acquired(lease) => lease,
        AcquireResult::HeldBy(holder) => panic!("{holder} runs it"),
    }
}

/// A long approval has its own page, which shows the result.
#[test]
fn long_approval_shows_result_on_operation_page() {
    on_both(|engine| {
        let (company, held) = company(engine);
        let site = company.serve();
        let (ops, path) = company.runtime.block_on(async {
            // With a script on one engine, and without on the other.
            let ops = site.open_window(OPS, engine == Engine::Sqlite).await;
            let lease = occupied(&company).await;
            ops.go(&format!("/sync/runs/{held}/approve")).await;
            ops.click("Approve").await;
            ops.says(DOING).await;
            let path = ops.path().await;
            lease.release().await;
            (ops, path)
        });
        wait_until("Sales has ten members", || company.members("Sales").len() == 10);
        wait_until("its end is kept", || company.count_rows("drafts WHERE answers LIKE '%\"Came\"%'") == 1);
        company.runtime.block_on(async {
            if engine == Engine::Postgres {
                ops.click("look again").await;
            }
            ops.says(&format!("that run {held} held")).await;
            ops.says("s1@corp.example leaves").await;
            // A service that was killed right after the commit could not have kept this.
            let lost = company.db.pick(
                "UPDATE drafts SET answers = json_set(answers, '$.ended', NULL)",
                "UPDATE drafts SET answers = jsonb_set(answers::jsonb, '{ended}', 'null')::text",
            );
            company.db.sql(lost).await;
            ops.go(&path).await;
            ops.says(&format!("look at run {}", held.0 + 1)).await;
            ops.close().await;
        });
        site.end();
    });
}

/// A late refusal is shown on the page of the operation.
#[test]
fn late_refusal_shown_on_operation_page() {
    let (company, held) = company(Engine::Sqlite);
    let site = company.serve();
    company.runtime.block_on(async {
        let ops = site.open_window(OPS, true).await;
        let lease = occupied(&company).await;
        ops.go(&format!("/sync/runs/{held}/approve")).await;
        ops.click("Approve").await;
        ops.says(DOING).await;
        let node = "INSERT INTO nodes (id, host, version, file_digest, started_at, seen_at)
                    VALUES ('there:1/1', 'there', '1', '', '2026-01-01T00:00:00+00:00', '2099-01-01T00:00:00+00:00')";
        company.db.sql(node).await;
        lease.release().await;
        ops.says("Cannot approve: there uses a different configuration").await;
        ops.click("Back to the page before").await;
        ops.says("This waits for approval").await;
        ops.close().await;
    });
    assert_eq!(company.members("Sales").len(), 30);
    site.end();
}

/// A long undo has its own page, too.
#[test]
fn long_undo_has_operation_page() {
    let (company, held) = company(Engine::Postgres);
    let site = company.serve();
    company.runtime.block_on(async {
        let ops = site.open_window(OPS, true).await;
        // Somebody else is about to commit: the next change waits.
        let mut other = company.store.begin_write().await.expect("a transaction");
        runs::lock_head(&mut other).await.expect("locked");
        ops.go(&format!("/sync/runs/{}/undo", held.0 - 1)).await;
        ops.type_into("typed", &(held.0 - 1).to_string()).await;
        ops.click("Undo").await;
        ops.says(DOING).await;
        other.rollback().await.expect("rolled back");
        ops.says(&format!("Undid run {}", held.0 - 1)).await;
        ops.close().await;
    });
    assert_eq!(company.members("Sales").len(), 0);
    site.end();
}

/// A service that is killed during an operation changes nothing, and the next service reports it.
#[test]
fn killed_service_reports_operation_as_not_done() {
    on_both(|engine| {
        let (company, held) = company(engine);
        let site = company.serve();
        let (lease, path) = company.runtime.block_on(async {
            let ops = site.open_window(OPS, false).await;
            let lease = occupied(&company).await;
            ops.go(&format!("/sync/runs/{held}/approve")).await;
            ops.click("Approve").await;
            ops.says(DOING).await;
            let path = ops.path().await;
            ops.close().await;
            (lease, path)
        });
        site.kill();
        // Its last sign of life is old.
        company.sql("UPDATE nodes SET seen_at = '2026-01-01T00:00:00+00:00'");
        let site = company.serve();
        company.runtime.block_on(async {
            lease.release().await;
            let ops = site.open_window(OPS, false).await;
            ops.go(&path).await;
            ops.says("Nothing was changed. Repeat the operation").await;
            assert_eq!(company.db.sql("SELECT 1 AS one FROM runs WHERE kind = 'approval'").await.len(), 0);
            ops.click("Back to the page before").await;
            ops.click("Approve").await;
            ops.click("Approve").await;
            ops.says(&format!("that run {held} held")).await;
            ops.close().await;
        });
        assert_eq!(company.members("Sales").len(), 10);
        site.end();
    });
}

/// A connector that is removed from the configuration is retired in the page within the limits.
#[test]
fn removed_connector_is_retired_within_limits() {
    on_both(|engine| {
        let mut company = Company::limited(engine, 30, 0);
        company.course_for("S", "Sales", "due_days = 30");
        company.account(OPS, Role::Operator);
        company.sync_without_hold();
        let still = company.serve();
        company.runtime.block_on(async {
            let page = still.signed_in_client(OPS).await.get("/sync/connectors/hr/retire").await;
            assert!(page.status == 422 && page.text.contains("is still defined in the file"), "{page:?}");
        });
        still.end();
        company.directories.clear();
        company.directory("new", &COLUMNS, "");
        let site = company.serve();
        company.runtime.block_on(async {
            let ops = site.open_window(OPS, false).await;
            ops.click("Sync").await;
            ops.click("Retire: hr").await;
            ops.says("This waits for approval then").await;
            ops.says("30 people").await;
            ops.click("Retire connector").await;
            // The page of the run.
            ops.says("30 learners leave").await;
            assert_eq!(company.db.sql("SELECT 1 AS one FROM memberships").await.len(), 30);
            ops.click("Approve").await;
            ops.click("Approve").await;
            ops.says("Approved 60 changes").await;
            ops.click("Sync").await;
            assert!(!ops.text().await.contains("No longer in the file"), "it is retired");
            ops.close().await;
        });
        assert_eq!(company.members("Sales").len(), 0);
        let who = company.query_value("SELECT actor FROM runs WHERE what = 'retire connector hr'");
        assert_eq!(who, OPS);
        wait_until("the queue is empty", || company.count_rows("jobs") == 0);
        company.verify();
        site.end();
    });
}
