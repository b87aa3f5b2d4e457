//! Days on which things go wrong, and nothing is lost.

use std::fs;
use std::process::Command;
use std::time::Duration;

use rollcall_core::sync::lease::{AcquireResult, acquire};
use rollcall_model::names::ConnectorName;
use tokio::time::timeout;

use crate::service::{ldap, silent_server};
use crate::support::company::Company;
use crate::support::database::{Engine, TestDatabase, on_both};
use crate::support::pgbouncer::PgBouncerServer;
use crate::support::postgres::{self, PostgresServer};
use crate::support::program::{RunningProgram, rollcall_command, run_to_end, wait_until};

/// So many people in Sales, which has some courses.
fn fill(company: &mut Company, people: usize) {
    company.departments();
    for course in ["A", "B", "C", "D"] {
        company.course(course);
        company.assignment(course, "Sales", "due_days = 30");
    }
    for number in 0..people {
        company.hire(&format!("p{number:04}"), &[("department", "Sales")]);
    }
}

/// A directory that was not read completely removes nobody.
#[test]
fn incomplete_directory_removes_nobody() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        fill(&mut company, 20);
        company.sync();
        let before = company.contents();
        let whole = company.csv("hr");
        let header = whole.split_inclusive(|byte| *byte == b'\n').next().expect("a header").to_vec();
        let mut one_field_less = whole.clone();
        one_field_less.extend(b"p9999,short\n");
        for bad in [&b""[..], &whole[..whole.len() - 1], &whole[..whole.len() / 2], &one_field_less] {
            company.instead("hr", Some(bad));
            let done = company.rollcall(&["sync", "--json"]).expect_status(1).json();
            assert_eq!((&done["status"], &done["memberships"]["remove"]), (&"failed".into(), &0.into()));
            assert!(done["error"]["kind"].is_string() && done["error"]["message"].is_string(), "{done}");
            assert_eq!(company.contents(), before);
        }
        company.instead("hr", Some(&header));
        let head = company.toml().replace("min_rows = 0", "min_rows = 1");
        fs::write(company.write(), head).expect("written");
        let done = run_to_end(
            rollcall_command(&company.folder.path().join("rollcall.toml")).args(["sync", "--json"]),
        );
        assert_eq!(done.expect_status(1).json()["status"], "failed");
        assert_eq!(company.contents(), before);
    });
}

/// A first reading without people fails: a wrong path or filter must not look like a company without people.
#[test]
fn first_reading_without_people_fails_unless_min_read_is_zero() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.departments();
        let head = |min_read: &str| format!("[safety]\nmax_removals = '100%'\nmin_read = {min_read}\n");
        company.head = head("'80%'");
        company.write();
        for arguments in [&["sync", "--json"][..], &["sync", "--dry-run", "--json"]] {
            let done = company.rollcall(arguments).expect_status(1).json();
            assert_eq!((&done["status"], &done["error"]["kind"]), (&"failed".into(), &"no_people".into()));
        }
        company.instead("hr", Some(&[&company.csv("hr")[..], b",,Sales,,,,,,\n"].concat()));
        let done = company.rollcall(&["sync", "--json"]).expect_status(1).json();
        assert!(
            done["error"]["message"]
                .as_str()
                .is_some_and(|text| text.contains("1 record without a usable id"))
        );
        company.instead("hr", None);
        company.head = head("0");
        company.write();
        assert_eq!(company.rollcall(&["sync", "--json"]).expect_status(0).json()["status"], "unchanged");

        // A source that had people is subject to the limits.
        company.head = head("'80%'");
        company.hire("ada", &[("department", "Sales")]);
        company.sync();
        company.leave("ada");
        assert_eq!(company.rollcall(&["sync", "--json"]).expect_status(3).json()["status"], "held");
    });
}

/// Two concurrent syncs of one directory run one after the other.
#[test]
fn concurrent_syncs_of_one_connector_are_serialized() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        fill(&mut company, 200);
        let path = company.write();
        company.sql("CREATE TABLE at_once (running BIGINT)");
        company.sql(company.db.pick(
            "CREATE TRIGGER watch AFTER INSERT ON runs BEGIN
                 INSERT INTO at_once SELECT count(*) FROM runs WHERE status = 'running'; END",
            "CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 INSERT INTO at_once SELECT count(*) FROM runs WHERE status = 'running'; RETURN new; END $$;
             CREATE TRIGGER watch AFTER INSERT ON runs FOR EACH ROW EXECUTE FUNCTION watch()",
        ));
        let syncs: Vec<_> = (0..3)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || {
                    run_to_end(rollcall_command(&path).args(["sync", "--json"])).expect_status(0).json()
                })
            })
            .collect();
        let mut statuses: Vec<String> = syncs
            .into_iter()
            .map(|sync| sync.join().expect("a sync")["status"].as_str().expect("a status").to_owned())
            .collect();
        statuses.sort();
        assert_eq!(statuses, ["applied", "unchanged", "unchanged"]);
        assert_eq!(company.query_value("SELECT max(running) FROM at_once"), "1");
        company.verify();
    });
}

#[test]
fn a_sync_that_was_killed_is_closed_by_the_next_one() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        fill(&mut company, 3);
        company.sync();
        company.sql(
            "INSERT INTO runs (id, kind, connector_id, actor, what, status, started_at)
             SELECT runs + 1, 'sync', (SELECT id FROM connectors), 'x', 'x', 'running', '2026-01-01T00:00:00+00:00'
             FROM head",
        );
        company.sql("UPDATE head SET runs = runs + 1");
        company.sync();
        assert_eq!(company.count_rows("runs WHERE status = 'running'"), 0);
        assert_eq!(company.count_rows("runs WHERE error_kind = 'interrupted'"), 1);
    });
}

/// Concurrent syncs of two directories with the same people create each learner once.
#[test]
fn concurrent_connectors_create_each_learner_once() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.directory("it", &["id", "email", "department"], "");
        fill(&mut company, 100);
        for number in 0..100 {
            company.hire_at("it", &format!("p{number:04}"), &[("department", "Research")]);
        }
        let path = company.write();
        let syncs = ["hr", "it"].map(|directory| {
            let path = path.clone();
            std::thread::spawn(move || {
                run_to_end(rollcall_command(&path).args(["sync", directory])).expect_status(0)
            })
        });
        for sync in syncs {
            sync.join().expect("a sync");
        }
        company.sync();
        assert_eq!(company.count_rows("learners"), 100);
        assert_eq!(company.members("Research").len(), 0, "the first directory of the file wins");
        company.verify();
    });
}

/// A killed sync leaves no partial state, and the next sync completes the work.
#[test]
fn killed_sync_leaves_no_partial_state() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        fill(&mut company, 3);
        company.sync();
        let before = company.contents();
        let (silent, url) = silent_server();
        company.settings("hr", &ldap(&url));
        let sync = RunningProgram::start(rollcall_command(&company.write()).arg("sync"));
        silent.accept().expect("it connects");
        drop(sync);
        assert_eq!(company.contents(), before);
        // The dead run's lease has run out.
        company.sql("UPDATE leases SET expires_at = '2026-01-01T00:00:00+00:00'");
        company.settings("hr", "");
        company.hire("eve", &[("department", "Sales")]);
        company.sync();
        assert_eq!(company.members("Sales").len(), 4);
        assert_eq!(company.count_rows("runs WHERE error_kind = 'interrupted'"), 1);
    });
}

/// A run that loses its lease stops and commits nothing.
#[test]
fn run_without_lease_commits_nothing() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        fill(&mut company, 3);
        company.sync();
        let before = company.contents();
        let (silent, url) = silent_server();
        company.settings("hr", &ldap(&url));
        let mut sync = RunningProgram::start(rollcall_command(&company.write()).args(["sync", "-v"]));
        silent.accept().expect("it connects");
        company.sql("UPDATE leases SET fence = fence + 1, holder = 'another', expires_at = '2040-01-01T00:00:00+00:00'");
        assert_eq!(sync.wait().code(), Some(1));
        sync.wait_for_log("the lease was lost");
        assert_eq!(company.contents(), before);
        assert_eq!(company.count_rows("runs WHERE error_kind = 'lease_lost'"), 1);
    });
}

/// A commit that takes longer than its lease is not reported as lost.
#[test]
fn commit_longer_than_lease_is_not_lost() {
    let company = Company::new(Engine::Sqlite);
    let taken = company.runtime.block_on(acquire(&company.store, &ConnectorName::new("hr")));
    let AcquireResult::Acquired(held) = taken.expect("the database answers") else {
        panic!("nobody else runs it")
    };
    let lost_within = |seconds| {
        let lost = held.lost.cancelled();
        company.runtime.block_on(async { timeout(Duration::from_secs(seconds), lost).await.is_ok() })
    };
    held.set_committing(true);
    company.sql("UPDATE leases SET expires_at = '2026-01-01T00:00:00+00:00'");
    assert!(!lost_within(6), "the renewal that comes meanwhile says nothing about the commit");
    held.set_committing(false);
    assert!(lost_within(12), "without a commit it would have been lost");
}

/// A database server that crashes during a drain loses no jobs and no enrollments.
#[test]
fn server_crash_during_drain_loses_nothing() {
    let cluster = PostgresServer::start();
    let folder = tempfile::tempdir().expect("a folder");
    let mut company = Company::with(TestDatabase::at(cluster.url(&cluster.new_database())), folder);
    fill(&mut company, 3000);
    company.run("hr", false);
    let jobs = company.count_rows("jobs");
    assert_eq!(jobs, 12_000);
    let path = company.write();
    // The worker is stopped by the crash while it waits for a lock inside a batch.
    let lock = company.runtime.block_on(async {
        let mut lock = company.store.begin_write().await.expect("the database answers");
        let doing = "hold a row";
        lock.execute(doing, "LOCK TABLE enrollments IN EXCLUSIVE MODE", Vec::new()).await.expect("locked");
        lock
    });
    let worker = RunningProgram::start(rollcall_command(&path).args(["worker", "-v"]));
    wait_until("the worker waits for the lock", || {
        company.count_rows("pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%enrollments%'")
            > 0
    });
    cluster.crash();
    company.runtime.block_on(async { drop(lock) });
    worker.wait_for_log("could not process the queue");
    cluster.start_again();
    wait_until("the queue is empty", || company.count_rows("jobs") == 0);
    assert_eq!(company.count_rows("enrollments"), jobs);
    company.verify();
}

#[test]
fn a_pooler_in_transaction_mode_may_stand_between() {
    let pooler = PgBouncerServer::start_for(postgres::shared_server());
    let folder = tempfile::tempdir().expect("a folder");
    let db = TestDatabase::at(pooler.url(&postgres::shared_server().new_database()));
    let mut company = Company::with(db, folder);
    fill(&mut company, 300);
    company.rollcall(&["sync", "--json"]).expect_status(0);
    for number in 0..50 {
        company.move_to(&format!("p{number:04}"), "Research");
    }
    let path = company.write();
    let mut others: Vec<RunningProgram> = (0..3)
        .map(|_| RunningProgram::start(rollcall_command(&path).args(["worker", "--until-empty"])))
        .collect();
    company.sync();
    for group in ["Research", "Sales"] {
        company.remove(group, "p0007");
        company.add(group, "p0008");
    }
    company.create("Chess club", &["p0001", "p0099"]);
    company.delete("Chess club");
    company.restore("Chess club");
    for other in &mut others {
        assert!(other.wait().success(), "{:?}", other.log());
    }
    company.rollcall(&["verify"]).expect_status(0);
    assert_eq!(company.members("Research").len(), 49);
    company.verify();
}

/// A full database is reported, and work continues when space is available.
#[test]
fn full_database_reports_and_recovers() {
    let mut company = Company::new(Engine::Sqlite);
    company.sync();
    fill(&mut company, 3000);
    let path = company.write();
    let toml = company.toml();
    let small = toml.replace("rollcall.db'\n", "rollcall.db'\nmax_size = '512KiB'\n");
    assert_ne!(small, toml);
    let before = company.contents();
    fs::write(&path, small).expect("written");
    let done = run_to_end(rollcall_command(&path).args(["sync", "--json"])).expect_status(1);
    assert_eq!(done.json()["error"]["kind"], "database_full");
    assert_eq!(company.contents(), before, "nothing is half done");
    fs::write(&path, toml).expect("written");
    run_to_end(rollcall_command(&path).args(["sync"])).expect_status(0);
    assert_eq!(company.count_rows("enrollments"), 12_000);
    company.verify();
}

#[test]
fn a_full_disk_says_so_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let mount = folder.path().join("disk");
    fs::create_dir(&mount).expect("a folder");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1M", "none"]).arg(&mount).output();
    let mounted = mounted.expect("mount runs");
    let said = String::from_utf8_lossy(&mounted.stderr);
    assert!(mounted.status.success(), "a small disk must be mounted for this test, which takes root: {said}");
    let unmount = MountGuard(mount.clone());
    let mut company = Company::with(TestDatabase::new(Engine::Sqlite, &mount), folder);
    company.sync();
    fill(&mut company, 3000);
    let before = company.contents();
    let done = company.rollcall(&["sync", "--json"]).expect_status(1);
    assert_eq!(done.json()["error"]["kind"], "database_full");
    assert_eq!(company.contents(), before, "nothing is half done");
    let more = Command::new("mount").args(["-o", "remount,size=64M"]).arg(&mount).status();
    assert!(more.expect("mount runs").success());
    company.rollcall(&["sync"]).expect_status(0);
    assert_eq!(company.count_rows("enrollments"), 12_000);
    company.verify();
    company.runtime.block_on(company.store.close());
    drop(unmount);
}

struct MountGuard(std::path::PathBuf);

impl Drop for MountGuard {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
