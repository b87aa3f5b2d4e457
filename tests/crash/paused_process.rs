//! Stopped at any statement for longer than everything lasts, then woken: nothing stale is written.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use super::database_copy::{CompanyCopy, DatabaseTemplate};
use super::database_state::assert_same_state;
use super::is_long_run;
use super::killed_process::{FaultPoint, list_fault_points, sample_points};
use super::two_day_scenario::{first_day, second_day};
use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::program::{CommandOutput, RunningProgram, send_signal, wait_until};

/// A command that stands still at one of its statements.
pub(super) struct PausedCommand {
    child: Child,
}

impl Drop for PausedCommand {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl PausedCommand {
    /// Starts a command and waits until it stands still at a point.
    pub(super) fn at(mut command: Command, point: usize) -> Self {
        command.env("ROLLCALL_STRIKE", format!("{point}:STOP"));
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("rollcall starts");
        let stat = format!("/proc/{}/stat", child.id());
        wait_until("the command stands still", || {
            let ended = child.try_wait().expect("it can be asked");
            assert_eq!(ended, None, "it ended before point {point}");
            let stat = std::fs::read_to_string(&stat).expect("a process");
            stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
        });
        Self { child }
    }

    /// Wakes it and waits for its end.
    pub(super) fn resume(mut self) -> CommandOutput {
        send_signal(self.child.id(), "CONT");
        let read = |pipe: Option<&mut dyn Read>| {
            let mut text = String::new();
            pipe.expect("a pipe").read_to_string(&mut text).expect("UTF-8");
            text
        };
        let out = read(self.child.stdout.as_mut().map(|pipe| pipe as &mut dyn Read));
        let err = read(self.child.stderr.as_mut().map(|pipe| pipe as &mut dyn Read));
        CommandOutput { status: self.child.wait().expect("it ends").code().unwrap_or(-1), out, err }
    }
}

/// All that lasts for a time runs out: what holds a lock and stands idle is ended by the server, as it is after 20 s.
/// False on SQLite while a command stands still in the middle of writing: then nobody else can write at all.
fn expire_everything(company: &Company, copy: &CompanyCopy<'_>) -> bool {
    match company.db.engine {
        Engine::Sqlite => {
            let free = company.runtime.block_on(async {
                let options: SqliteConnectOptions = copy.db.url.parse().expect("a URL");
                let mut connection = options.busy_timeout(Duration::ZERO).connect().await.expect("opens");
                let begun = sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK").execute(&mut connection).await;
                connection.close().await.expect("closed");
                begun.is_ok()
            });
            if !free {
                return false;
            }
        }
        Engine::Postgres => {
            let idle =
                "FROM pg_stat_activity a WHERE datname = current_database() AND state = 'idle in transaction'
                 AND (backend_xid IS NOT NULL
                     OR EXISTS (SELECT 1 FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'advisory'))";
            copy.sql(&format!("SELECT CAST(pg_terminate_backend(pid) AS TEXT) {idle}"));
            wait_until("the server has ended what stands idle", || {
                copy.sql(&format!("SELECT CAST(pid AS TEXT) {idle}")).is_empty()
            });
        }
    }
    copy.leases_run_out();
    true
}

/// Numbers of points to stop at: some, or all in a long run.
fn chosen(points: &[FaultPoint], count: usize) -> Vec<usize> {
    if is_long_run() { (1..=points.len()).collect() } else { sample_points(1, points.len(), count) }
}

/// A sync that is paused at any statement until its lease expires writes nothing stale.
#[test]
fn sync_paused_past_lease_writes_nothing_stale() {
    on_both(|engine| {
        let mut company = first_day(engine);
        second_day(&mut company);
        let mut template = DatabaseTemplate::of(&company);
        let points = list_fault_points(&template.copy(), &["sync", "hr"]);
        let (mut overtaken, mut in_the_way) = (0, 0);
        // A plan grows stale between the first look at the database and the commit.
        let first = |doing: &str| points.iter().position(|point| point.doing == doing).expect("it does") + 1;
        let mut at = sample_points(first("read the head"), first("renew a lease"), 10);
        at.extend(chosen(&points, 8));
        at.sort_unstable();
        at.dedup();
        for at in at {
            let what = format!("stopped at point {at}, {:?}", points[at - 1]);
            let copy = template.copy();
            let stopped = PausedCommand::at(copy.command(&["sync", "hr"]), at);
            // The third day.
            company_of_the_third_day(&company);
            let before = if expire_everything(&company, &copy) {
                overtaken += 1;
                copy.rollcall(&["sync"]).expect_status(0);
                copy.rollcall(&["verify"]).expect_status(0);
                Some(copy.state())
            } else {
                in_the_way += 1;
                None
            };
            let late = stopped.resume();
            match before {
                Some(before) => assert_same_state(&copy.state(), &before, &format!("{what}: {late:?}")),
                None => assert_eq!(late.status, 0, "{what}: {late:?}"),
            }
            assert_eq!(copy.count("runs WHERE status = 'running'"), 0, "{what}: {late:?}");
            copy.rollcall(&["sync"]).expect_status(0);
            assert_eq!(
                copy.rollcall(&["sync", "hr", "--json"]).expect_status(0).json()["status"],
                "unchanged"
            );
            copy.rollcall(&["verify"]).expect_status(0);
            company.write();
        }
        eprintln!(
            "a sync on {engine}: {} points; overtaken at {overtaken}, in everybody's way at {in_the_way}",
            points.len()
        );
    });
}

/// The third day, in the directory's file only: the second day's new people are somewhere else already.
fn company_of_the_third_day(company: &Company) {
    let second = String::from_utf8(company.csv("hr")).expect("UTF-8");
    let third: String = second
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("\"p31\"") && !line.starts_with("\"p20\""))
        .map(
            |line| if line.starts_with("\"p3") { line.replace("Sales", "Research") } else { line.to_owned() },
        )
        .collect();
    assert_ne!(third, second);
    std::fs::write(company.folder.path().join("hr.csv"), third).expect("written");
}

/// A worker stands still at each of its statements, others go on without it, and then it wakes.
pub(super) fn worker_overtaken_anywhere(engine: Engine, count: usize) {
    let mut company = first_day(engine);
    second_day(&mut company);
    company.rollcall(&["sync", "--no-drain"]).expect_status(0);
    let worker = ["worker", "--until-empty"];
    let mut template = DatabaseTemplate::of(&company);
    let points = list_fault_points(&template.copy(), &worker);
    for at in chosen(&points, count) {
        let what = format!("stopped at point {at}, {:?}", points[at - 1]);
        let copy = template.copy();
        let stopped = PausedCommand::at(copy.command(&worker), at);
        let before = expire_everything(&company, &copy).then(|| {
            copy.rollcall(&worker).expect_status(0);
            copy.rollcall(&["groups", "remove", "Legal", "p06@corp.example"]).expect_status(0);
            copy.state()
        });
        let late = stopped.resume();
        let ended = late.err.contains("terminating connection");
        assert_eq!(late.status, i32::from(ended), "{what}: {late:?}");
        if let Some(before) = before {
            assert_same_state(&copy.state(), &before, &what);
        }
        assert_eq!(copy.count("jobs"), 0, "{what}: nothing is left, put off or parked");
        copy.rollcall(&["verify"]).expect_status(0);
    }
}

/// A manual change that is paused at any statement does not change a group deleted in the meantime.
#[test]
fn paused_manual_change_skips_deleted_group() {
    on_both(|engine| {
        let company = first_day(engine);
        let mut template = DatabaseTemplate::of(&company);
        let remove = ["groups", "remove", "Legal", "p02@corp.example", "p06@corp.example"];
        let points = list_fault_points(&template.copy(), &remove);
        for at in chosen(&points, 8) {
            let what = format!("stopped at point {at}, {:?}", points[at - 1]);
            let copy = template.copy();
            let stopped = PausedCommand::at(copy.command(&remove), at);
            let before = expire_everything(&company, &copy).then(|| {
                copy.rollcall(&["groups", "delete", "Legal", "--yes"]).expect_status(0);
                copy.state()
            });
            let late = stopped.resume();
            if let Some(before) = before {
                assert_same_state(&copy.state(), &before, &format!("{what}: {late:?}"));
            }
            copy.rollcall(&["worker", "--until-empty"]).expect_status(0);
            copy.rollcall(&["verify"]).expect_status(0);
        }
    });
}

/// A paused sync is overtaken by the next one when its lease or its transaction expires.
#[test]
fn paused_sync_is_overtaken_after_expiry() {
    on_both(|engine| {
        let mut company = first_day(engine);
        second_day(&mut company);
        let mut template = DatabaseTemplate::of(&company);
        let points = list_fault_points(&template.copy(), &["sync", "hr"]);
        let copy = template.copy();
        // In the middle of its commit on PostgreSQL, whose server does not wait for ever; between two transactions on
        // SQLite, where nobody can end somebody else's.
        let doing = company.db.pick("read attributes of learners", "give memberships");
        let at = points.iter().position(|point| point.doing == doing).expect("it does") + 1;
        let stopped = PausedCommand::at(copy.command(&["sync", "hr"]), at);
        company_of_the_third_day(&company);
        // Waits for the lease of 15 s, or for the transaction that may stand idle for 20 s.
        let mut next = RunningProgram::start(&mut copy.command(&["sync", "hr"]));
        wait_until("the next one has ended", || next.has_ended());
        assert_eq!(next.wait().code(), Some(0), "{:?}", next.log());
        let before = copy.state();
        let late = stopped.resume();
        assert_eq!(late.status, 1, "{late:?}");
        assert_same_state(&copy.state(), &before, "woken");
        copy.rollcall(&["verify"]).expect_status(0);
    });
}
