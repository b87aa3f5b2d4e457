//! Killed at any statement: started again, it comes to what it would have come to undisturbed.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;

use super::database_copy::{CompanyCopy, DatabaseTemplate};
use super::database_state::assert_same_state;
use super::is_long_run;
use super::two_day_scenario::{first_day, second_day};
use crate::support::company::Company;
use crate::support::database::{Engine, on_both};

/// A point at which a command can be killed: see `src/store/fault_injection.rs`.
#[derive(Debug)]
pub(super) struct FaultPoint {
    /// What the statement is for.
    pub doing: String,
    /// `Before` or `After` it.
    side: String,
    verb: String,
}

impl FaultPoint {
    fn writes(&self) -> bool {
        ["INSERT", "UPDATE", "DELETE", "COPY"].contains(&self.verb.as_str())
    }
}

/// Every point of a command that nobody disturbs, in order.
pub(super) fn list_fault_points(copy: &CompanyCopy<'_>, args: &[&str]) -> Vec<FaultPoint> {
    let mut command = copy.command(args);
    let output =
        command.env("RUST_LOG", "rollcall_store::fault_injection=trace").output().expect("rollcall runs");
    let log = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(output.status.success(), "{log}");
    let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let text = |line: &serde_json::Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    lines
        .filter(|line| line["point"].is_u64())
        .map(|line| FaultPoint {
            doing: text(&line, "doing"),
            side: text(&line, "side"),
            verb: text(&line, "verb"),
        })
        .collect()
}

/// `count` numbers from `first` to `last`, the last among them, as evenly as can be, odd and even ones in turn: every
/// other point lies before a statement.
pub(super) fn sample_points(first: usize, last: usize, count: usize) -> Vec<usize> {
    let even = |step: usize| first + (last - first) * step / count;
    let mut spread: Vec<usize> =
        (1..=count).map(|step| (even(step) - (even(step) + count - step) % 2).max(first)).collect();
    spread.dedup();
    spread
}

/// So many points of which three in four lie between the first write and the end; all of them in a long run.
fn chosen(points: &[FaultPoint], count: usize) -> (Vec<usize>, usize) {
    let first_write = points.iter().position(FaultPoint::writes).expect("it writes") + 1;
    let chosen = if is_long_run() {
        (1..=points.len()).collect()
    } else {
        let mut chosen = sample_points(1, first_write - 1, count / 4);
        chosen.extend(sample_points(first_write, points.len(), count - chosen.len()));
        assert_eq!(chosen.len(), count, "as many points as are promised");
        chosen
    };
    (chosen, first_write)
}

/// Kills a command at so many of its points, each time on a fresh copy, starts it again, and compares what comes of
/// it with what comes of the same command undisturbed.
fn assert_recovers_from_any_kill(company: &Company, args: &[&str], (on_sqlite, on_postgres): (usize, usize)) {
    let mut template = DatabaseTemplate::of(company);
    let twin = template.copy();
    let points = list_fault_points(&twin, args);
    // What was committed before the kill may be refused the second time, because it is so already.
    let repeated = twin.rollcall(args);
    assert!(!repeated.err.contains("the database"), "{repeated:?}");
    let runs_before = if repeated.status == 0 { 0 } else { template.copy().count("runs") };
    twin.rollcall(&["worker", "--until-empty"]).expect_status(0);
    let expected = twin.state();
    assert!(!expected.iter().any(|line| line.starts_with("job ")), "{expected:#?}");
    let count = match company.db.engine {
        Engine::Sqlite => on_sqlite,
        Engine::Postgres => on_postgres,
    };
    let (chosen, first_write) = chosen(&points, count);
    let mut reached: BTreeMap<&str, usize> = BTreeMap::new();
    for &at in &chosen {
        let point = &points[at - 1];
        let what = format!("`{}` killed at point {at}, {:?}", args.join(" "), point);
        let copy = template.copy();
        let killed = copy.command(args).env("ROLLCALL_STRIKE", format!("{at}:KILL")).output();
        assert_eq!(killed.expect("rollcall runs").status.signal(), Some(9), "{what}");
        copy.leases_run_out();
        let is_repetition = repeated.status != 0 && copy.count("runs") > runs_before;
        let again = copy.rollcall(args);
        assert_eq!(again.status, if is_repetition { repeated.status } else { 0 }, "{what}: {again:?}");
        copy.rollcall(&["worker", "--until-empty"]).expect_status(0);
        let proof = copy.rollcall(&["verify"]);
        assert_eq!(proof.status, 0, "{what}: {proof:?}");
        assert_same_state(&copy.state(), &expected, &what);
        assert_eq!(copy.count("runs WHERE status = 'running'"), 0, "{what}");
        *reached.entry(&point.doing).or_default() += 1;
    }
    let early = chosen.iter().filter(|at| **at < first_write).count();
    let before = chosen.iter().filter(|at| points[**at - 1].side == "Before").count();
    eprintln!(
        "`{}` on {}: {} points, the first write at {first_write}; killed at {early} before it and {} from it on, \
         {before} before a statement and {} after one: {reached:?}",
        args.join(" "),
        company.db.engine,
        points.len(),
        chosen.len() - early,
        chosen.len() - before
    );
}

/// A sync that is killed at any statement gives the same result when it is repeated.
#[test]
fn sync_killed_at_any_statement_recovers() {
    on_both(|engine| {
        let mut company = first_day(engine);
        second_day(&mut company);
        assert_recovers_from_any_kill(&company, &["sync"], (60, 44));
    });
}

/// A drain that is killed at any statement gives the same result when it is repeated.
#[test]
fn drain_killed_at_any_statement_recovers() {
    on_both(|engine| {
        let mut company = first_day(engine);
        second_day(&mut company);
        company.rollcall(&["sync", "--no-drain"]).expect_status(0);
        assert!(company.count_rows("jobs") > 20);
        assert_recovers_from_any_kill(&company, &["worker", "--until-empty"], (12, 8));
    });
}

/// A manual change that is killed at any statement gives the same result when it is repeated.
#[test]
fn manual_change_killed_at_any_statement_recovers() {
    on_both(|engine| {
        let company = first_day(engine);
        let changes: [&[&str]; 4] = [
            &["groups", "remove", "Sales", "p00@corp.example", "p08@corp.example"],
            &["groups", "add", "Club", "p11@corp.example", "p12@corp.example"],
            &["groups", "delete", "Club", "--yes"],
            &["assign", "LEAD", "--group", "Research", "--due-days", "9"],
        ];
        for change in changes {
            assert_recovers_from_any_kill(&company, change, (10, 6));
        }
    });
}

/// A first start that is killed at any statement can be repeated.
#[test]
fn first_start_killed_at_any_statement_recovers() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.hire("ada", &[("department", "Sales")]);
        company.departments();
        // Back to a database that nobody has opened yet.
        company.runtime.block_on(company.store.close());
        empty(&company);
        assert_recovers_from_any_kill(&company, &["sync"], (8, 4));
    });
}

fn empty(company: &Company) {
    match company.db.engine {
        Engine::Sqlite => {
            std::fs::write(company.folder.path().join("rollcall.db"), b"").expect("emptied");
        }
        Engine::Postgres => {
            company.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
        }
    }
}
