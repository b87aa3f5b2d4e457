//! What has gone wrong with other programs of this kind, in public, each once more here.

use super::paused_process::worker_overtaken_anywhere;
use crate::service::{ldap, silent_server};
use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::program::{RunningProgram, rollcall_command, wait_until};

/// A slow worker whose jobs were taken by others records no failure and does nothing twice.
#[test]
fn overtaken_worker_repeats_nothing() {
    on_both(|engine| worker_overtaken_anywhere(engine, 12));
}

/// Whoever writes the enrollment of this learner waits for the lock with the number 16; every write is counted.
fn hold_up(company: &Company, who: &str) {
    let learner = company.learner(who);
    company.sql(&format!(
        "CREATE TABLE written (learner BIGINT, course BIGINT);
         CREATE FUNCTION written() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF new.learner_id = {learner} THEN PERFORM pg_advisory_xact_lock(16); END IF;
             INSERT INTO written VALUES (new.learner_id, new.course_id);
             RETURN new; END $$;
         CREATE TRIGGER written AFTER INSERT OR UPDATE ON enrollments FOR EACH ROW EXECUTE FUNCTION written()"
    ));
}

/// Services that started put the running jobs of other services back on the queue.
#[test]
fn service_start_requeued_jobs_of_others() {
    let mut company = Company::new(Engine::Postgres);
    company.head = "[web]\nlisten = '127.0.0.1:0'\n[worker]\nconcurrency = 1\n".to_owned();
    company.departments();
    for course in ["A", "B"] {
        company.course(course);
        company.assignment(course, "Sales", "");
    }
    for number in 0..50 {
        company.hire(&format!("p{number:02}"), &[("department", "Sales")]);
    }
    company.run("hr", false);
    company.add_learner("late");
    hold_up(&company, "p17");
    let in_hand =
        || company.sql("SELECT id, learner_id, course_id, state, attempts, run_at FROM jobs ORDER BY id");
    let path = company.write();
    let start = || {
        let service = RunningProgram::start(rollcall_command(&path).arg("run"));
        service.wait_for_log("service started");
        service
    };
    // What is held is let go of inside a runtime, even when the test fails.
    let _inside = company.runtime.enter();
    let held = company.runtime.block_on(async {
        let mut tx = company.store.begin_read().await.expect("the database answers");
        let held = tx.execute("hold a lock", "SELECT pg_advisory_xact_lock(16)", Vec::new()).await;
        held.expect("nobody else has it");
        tx
    });
    let first = start();
    wait_until("the first service has a batch in hand", || {
        company.count_rows("pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'")
            == 1
    });
    let before = in_hand();
    assert_eq!(before.len(), 100);
    let others = [start(), start()];
    company.rollcall(&["groups", "add", "Sales", "late@corp.example", "--no-drain"]).expect_status(0);
    let late = company.learner("late");
    wait_until("another service has done what came later", || {
        company.count_rows(&format!("enrollments WHERE learner_id = {late}")) == 2
    });
    assert_eq!(in_hand(), before, "nobody touches what the first one has in hand");
    company.runtime.block_on(held.rollback()).expect("let go");
    wait_until("the queue is empty", || company.count_rows("jobs") == 0);
    assert_eq!(
        (company.count_rows("written"), company.count_rows("enrollments")),
        (102, 102),
        "each was written once"
    );
    company.verify();
    drop((first, others));
}

/// A service that started took over the active run of another service.
#[test]
fn service_start_took_over_active_run() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.head = "[web]\nlisten = '127.0.0.1:0'\n".to_owned();
        company.departments();
        company.hire("ada", &[("department", "Sales")]);
        // Once a year: what is missed is due at once, and nothing else is.
        let schedule = "schedule = '0 0 1 1 *'\n";
        company.settings("hr", schedule);
        company.sync();
        let missed = |company: &Company| {
            company.sql(
                "UPDATE connectors SET schedule = '0 0 1 1 *', scheduled_until = '2020-06-01T00:00:00+00:00'",
            )
        };
        let (silent, url) = silent_server();
        company.settings("hr", &format!("{schedule}{}", ldap(&url)));
        let sync = RunningProgram::start(rollcall_command(&company.write()).args(["sync", "hr"]));
        let (_reading, _) = silent.accept().expect("it connects");
        let running = company.query_value("SELECT id FROM runs WHERE status = 'running'");
        let lease = "SELECT holder || ' ' || CAST(fence AS TEXT) FROM leases WHERE name = 'connector:hr'";
        let before = company.query_value(lease);
        missed(&company);
        company.settings("hr", schedule);
        let service = RunningProgram::start(rollcall_command(&company.write()).arg("run"));
        service.wait_for_log("the connector is already running");
        assert_eq!(company.query_value("SELECT id FROM runs WHERE status = 'running'"), running);
        assert_eq!(company.query_value(lease), before);
        assert_eq!(company.count_rows("runs WHERE actor = 'schedule'"), 0);
        // Only when it is dead and its lease has run out.
        drop((sync, service));
        company.sql("UPDATE leases SET expires_at = '2020-01-01T00:00:00+00:00'");
        missed(&company);
        let service = RunningProgram::start(rollcall_command(&company.write()).arg("run"));
        wait_until("the schedule has its run", || {
            company.count_rows("runs WHERE actor = 'schedule' AND status = 'unchanged'") == 1
        });
        assert_eq!(
            company.query_value(&format!("SELECT error_kind FROM runs WHERE id = {running}")),
            "interrupted"
        );
        drop(service);
    });
}
