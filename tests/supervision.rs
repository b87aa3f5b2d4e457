//! No part of the service ends alone: panics, cancelled runs, full databases and logs that nobody reads.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rollcall_store::{Store, StoreOptions, runs};

use crate::service::{ldap, silent_server};
use crate::support::company::Company;
use crate::support::database::{Engine, TestDatabase, on_both};
use crate::support::program::{RunningProgram, rollcall_command, run_to_end, send_signal, wait_until};

/// One person in Sales, in one course.
fn company(engine: Engine) -> Company {
    let mut company = Company::new(engine);
    company.departments();
    company.course("GDPR");
    company.assignment("GDPR", "*", "");
    company.hire("ada", &[("department", "Sales")]);
    company.head = "[web]\nlisten = '127.0.0.1:0'\n".to_owned();
    company
}

/// A worker that panics ends the service, so that the supervisor of the machine starts it again.
#[test]
fn worker_that_panics_ends_service_with_status_1() {
    on_both(|engine| {
        let company = company(engine);
        let mut command = rollcall_command(&company.write());
        let mut service = RunningProgram::start(command.arg("run").env("ROLLCALL_PANIC", "claim jobs"));
        let status = service.wait();
        assert_eq!(status.code(), Some(1), "{:?}", service.log());
        service.wait_for_log("the task `workers` panicked");
    });
}

/// A run that panics is a failed run: its connector is free, and the next scheduled time starts another one.
#[test]
fn run_that_panics_is_recorded_and_its_connector_runs_again() {
    on_both(|engine| {
        let mut company = company(engine);
        let failing = |company: &Company| {
            let mut command = rollcall_command(&company.write());
            command.env("ROLLCALL_PANIC", "write records");
            command
        };
        let done = run_to_end(failing(&company).args(["sync", "--json"])).expect_status(1);
        assert_eq!(done.json()["error"]["kind"], "internal_error", "{done:?}");
        company.settings("hr", "schedule = '* * * * *'");
        company.sql("UPDATE connectors SET scheduled_until = '2026-01-01T00:00:00+00:00'");
        let mut service = RunningProgram::start(failing(&company).arg("run"));
        let failed = "runs WHERE error_kind = 'internal_error' AND actor = 'schedule'";
        wait_until("the scheduled run has failed", || company.count_rows(failed) == 1);
        service.signal("TERM");
        assert!(service.wait().success());
        company.sql("UPDATE connectors SET scheduled_until = '2026-01-01T00:00:00+00:00'");
        let mut service = RunningProgram::start(rollcall_command(&company.write()).arg("run"));
        wait_until("the next scheduled run is good", || {
            company.count_rows("runs WHERE status = 'applied' AND actor = 'schedule'") == 1
        });
        service.signal("TERM");
        assert!(service.wait().success());
        assert_eq!(company.members("Sales"), ["ada"]);
    });
}

/// A log that cannot be written stops no work.
#[test]
fn full_log_stops_no_work() {
    let company = company(Engine::Sqlite);
    let full = std::fs::File::options().write(true).open("/dev/full").expect("the device");
    let mut service = rollcall_command(&company.write())
        .arg("run")
        .stdout(Stdio::null())
        .stderr(full)
        .spawn()
        .expect("it starts");
    company.rollcall(&["sync", "--no-drain"]).expect_status(0);
    wait_until("the jobs are processed", || company.count_rows("jobs") == 0);
    send_signal(service.id(), "TERM");
    assert!(service.wait().expect("it ends").success());
    assert_eq!(company.count_rows("enrollments"), 1);
}

/// A log whose reader stalls stops no work: the pipe is full after 64 KiB.
#[test]
fn stalled_log_reader_stops_no_work() {
    let company = company(Engine::Sqlite);
    let mut command = rollcall_command(&company.write());
    let command = command.arg("run").env("RUST_LOG", "trace").stdout(Stdio::null()).stderr(Stdio::piped());
    let mut service = command.spawn().expect("it starts");
    for round in 0..5 {
        company.rollcall(&["sync", "--no-drain"]).expect_status(0);
        company.sql(&format!("UPDATE learners SET name = 'round {round}'"));
    }
    wait_until("the jobs are processed", || company.count_rows("jobs") == 0);
    send_signal(service.id(), "TERM");
    assert!(service.wait().expect("it ends").success());
}

/// A run is cancelled from another process, and changes nothing.
#[test]
fn cancelled_run_stops_and_changes_nothing() {
    on_both(|engine| {
        let mut company = company(engine);
        company.rollcall(&["sync"]).expect_status(0);
        let (silent, url) = silent_server();
        company.settings("hr", &ldap(&url));
        let mut run = RunningProgram::start(rollcall_command(&company.write()).arg("sync"));
        silent.accept().expect("it connects");
        let number =
            company.sql("SELECT id FROM runs WHERE status = 'running'")[0]["id"].clone().expect("a run");
        let told = company.rollcall(&["runs", "cancel", &number]).expect_status(0);
        assert!(told.out.contains("was told to stop"), "{told:?}");
        assert_eq!(run.wait().code(), Some(1));
        let ended = &company.sql(&format!("SELECT error_kind, error FROM runs WHERE id = {number}"))[0];
        assert_eq!(ended["error_kind"].as_deref(), Some("cancelled"));
        assert!(
            ended["error"]
                .as_deref()
                .is_some_and(|text| text.contains("cancelled by ") && text.contains("uid ")),
            "{ended:?}"
        );
        let again = company.rollcall(&["runs", "cancel", &number]).expect_status(1);
        assert!(again.err.contains("has ended already"), "{again:?}");
        let unknown = company.rollcall(&["runs", "cancel", "999"]).expect_status(1);
        assert!(unknown.err.contains("there is no run 999"), "{unknown:?}");
        company.verify();
    });
}

/// A company whose rule takes nearly all steps for each of many people: its evaluation takes minutes.
fn company_with_expensive_rule(engine: Engine) -> Company {
    let mut company = Company::new(engine);
    let numbers = vec!["1"; 280].join(",");
    let nested = format!("[{numbers}].all(a, [{numbers}].all(b, a == b))");
    company.rule("slow", "Slow", &format!("location == \"Berlin\" && email != \"\" && {nested}"));
    company.head = "[web]\nlisten = '127.0.0.1:0'\n".to_owned();
    company.settings("hr", "schedule = '* * * * *'");
    company.sync();
    company.sql("UPDATE connectors SET scheduled_until = '2026-01-01T00:00:00+00:00'");
    company.hire_many("s", 2_000, &[("location", "Berlin")]);
    company
}

/// Waits until a program has worked for so long that it evaluates the rules.
fn wait_for_evaluation(program: &RunningProgram) {
    wait_until("the rules are evaluated", || program.processor_time() > Duration::from_secs(3));
}

/// A service that evaluates an expensive rule ends in time, and the run changes nothing.
#[test]
fn service_ends_in_time_while_rules_are_evaluated() {
    on_both(|engine| {
        let company = company_with_expensive_rule(engine);
        let mut service = RunningProgram::start(rollcall_command(&company.write()).arg("run"));
        service.wait_for_log("began a run");
        wait_for_evaluation(&service);
        let since = Instant::now();
        service.signal("TERM");
        assert!(service.wait().success(), "{:?}", service.log());
        assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
        assert_eq!(company.count_rows("runs WHERE error_kind = 'stopped'"), 1);
        assert_eq!(company.count_rows("memberships"), 0);
    });
}

/// A run that evaluates an expensive rule is cancelled from another process.
#[test]
fn run_is_cancelled_while_rules_are_evaluated() {
    on_both(|engine| {
        let company = company_with_expensive_rule(engine);
        let mut run = RunningProgram::start(rollcall_command(&company.write()).arg("sync"));
        wait_for_evaluation(&run);
        company.rollcall(&["runs", "cancel", "2"]).expect_status(0);
        let since = Instant::now();
        assert_eq!(run.wait().code(), Some(1));
        assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
        assert_eq!(company.count_rows("runs WHERE error_kind = 'cancelled'"), 1);
        assert_eq!(company.count_rows("memberships"), 0);
    });
}

/// A run that a kill left open is closed by cancelling it.
#[test]
fn run_of_killed_process_is_closed_by_cancelling() {
    on_both(|engine| {
        let mut company = company(engine);
        let (silent, url) = silent_server();
        company.settings("hr", &ldap(&url));
        let run = RunningProgram::start(rollcall_command(&company.write()).arg("sync"));
        silent.accept().expect("it connects");
        drop(run);
        company.sql("UPDATE leases SET expires_at = '2026-01-01T00:00:00+00:00'");
        let closed = company.rollcall(&["runs", "cancel", "1"]).expect_status(0);
        assert!(closed.out.contains("no process runs it"), "{closed:?}");
        assert_eq!(company.count_rows("runs WHERE error_kind = 'interrupted'"), 1);
    });
}

/// A database that was full for a moment is used again by the process that found it full.
#[test]
fn connection_of_failed_transaction_is_not_used_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = TestDatabase::new(Engine::Sqlite, folder.path());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let options = StoreOptions { max_size: Some(1 << 20), connections: 1, ..db.options() };
        let store = Store::open(&options).await.expect("the database opens");
        for _ in 0..3 {
            let mut tx = store.begin_write().await.expect("the connection is usable");
            let mut wrote = Ok(0);
            while wrote.is_ok() {
                wrote = tx.execute("fill", "INSERT INTO leases (name, holder, fence, expires_at) VALUES (hex(randomblob(100000)), 'x', 1, 'x')", Vec::new()).await;
            }
            let error = wrote.expect_err("the database is full");
            assert_eq!(error.kind(), "database_full", "{error}");
            drop(tx);
            let mut tx = store.begin_read().await.expect("a new transaction begins");
            assert_eq!(runs::get_latest_id(&mut tx).await.expect("a read"), 0);
        }
        let tx = store.begin_write().await.expect("a write begins");
        tx.commit().await.expect("a commit");
    });
}
