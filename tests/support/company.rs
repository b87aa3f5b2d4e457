//! A company to tell stories about: its people in CSV files, its rules and courses in a file of TOML, its database.
//!
//! Everybody is called by a short word, which is the external id and the name; the address is `WORD@corp.example`.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone, Timelike, Utc};
use chrono_tz::{Etc, Tz};
use rollcall_config::Config;
use rollcall_core::enrollment::change::ChangeTime;
use rollcall_core::enrollment::drain::{self, DrainResult};
use rollcall_core::enrollment::verify::{VerifyResult, verify_enrollments};
use rollcall_core::sync::{self, RunOptions, RunOutcome, RunReport};
use rollcall_model::progress::ReadProgress;
use rollcall_store::Store;
use rollcall_store::jobs::QueueLength;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::company_files::{COLUMNS, CsvDirectory};
use super::database::{Engine, TableRows, TestDatabase};
use super::recorder::CompanyRecorder;
use super::single_attempt;

/// A company.
pub(crate) struct Company {
    /// Ends before the folder does.
    recorder: CompanyRecorder,
    pub db: TestDatabase,
    pub folder: TempDir,
    pub runtime: Runtime,
    pub store: Store,
    /// Rules, courses and assignments, or anything else that stands behind the connectors.
    pub text: String,
    /// Sections before the connectors, besides the database.
    pub head: String,
    pub directories: Vec<CsvDirectory>,
    /// Where the company is: one of [`FIRST_DAY`] or, after [`Company::begin_next_day`], of [`NEXT_DAY`].
    pub zone: Tz,
}

/// A learner's access to a course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompanyEnrollment {
    pub state: String,
    pub due: Option<NaiveDate>,
    pub completed: bool,
    pub progress: String,
    pub enrolled_at: String,
}

/// The address of somebody.
pub(crate) fn email(who: &str) -> String {
    if who.contains(['@', ':']) { who.to_owned() } else { format!("{who}@corp.example") }
}

/// Zones of a company's first day. At any time one of them is at least two hours before midnight.
const FIRST_DAY: [Tz; 2] = [Etc::GMTPlus12, Etc::GMTPlus10];

/// Zones 24 hours ahead of [`FIRST_DAY`]: it is the same time of the next day there.
const NEXT_DAY: [Tz; 2] = [Etc::GMTMinus12, Etc::GMTMinus14];

/// A zone in which it is far from midnight, so that no test begins on one day and ends on the next.
fn first_zone(now: DateTime<Utc>) -> Tz {
    let [usual, before_midnight] = FIRST_DAY;
    if now.with_timezone(&usual).hour() < 22 { usual } else { before_midnight }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

impl Company {
    /// A company with one directory, `hr`, and nobody in it.
    pub(crate) fn new(engine: Engine) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let db = TestDatabase::new(engine, folder.path());
        Self::with(db, folder)
    }

    /// A company on a certain database.
    pub(crate) fn with(db: TestDatabase, folder: TempDir) -> Self {
        let runtime = runtime();
        let store = runtime.block_on(db.open());
        let (text, head, zone) = (String::new(), String::new(), first_zone(Utc::now()));
        let recorder = CompanyRecorder::new(&db, zone);
        let directories = Vec::new();
        let mut company = Self { recorder, db, folder, runtime, store, text, head, directories, zone };
        company.directory("hr", &COLUMNS, "");
        company
    }

    /// One run of one directory, without draining.
    pub(crate) fn run(&self, directory: &str, dry_run: bool) -> RunReport {
        let config = self.config();
        let report = self.runtime.block_on(run(&self.store, &config, directory, dry_run));
        if dry_run {
            self.recorder.record_dry_run(&report);
        }
        self.record();
        report
    }

    /// Syncs a directory and drains; fails the test when the run fails.
    pub(crate) fn sync_directory(&self, directory: &str) -> RunReport {
        let report = self.run(directory, false);
        if let RunOutcome::Failed(error) = &report.outcome {
            panic!("the sync failed: {error} {error:?}");
        }
        self.drain();
        report
    }

    /// Syncs every directory in the order of the file; answers the report of the last.
    pub(crate) fn sync(&self) -> RunReport {
        let mut last = None;
        for one in &self.directories {
            last = Some(self.sync_directory(&one.name));
        }
        last.expect("a company has a directory")
    }

    /// Drains what is ready.
    pub(crate) fn drain(&self) -> (DrainResult, QueueLength) {
        let (settled, stop) = (ReadProgress::default(), CancellationToken::new());
        self.record();
        let drained = self.runtime.block_on(drain::drain_ready(&self.store, 1, &settled, &stop));
        self.record();
        drained.expect("the queue is drained")
    }

    /// Records what has changed, where the test is recorded.
    pub(crate) fn record(&self) {
        self.recorder.record_changes(self.zone);
    }

    /// What the proof says.
    pub(crate) fn run_verification(&self) -> VerifyResult {
        self.runtime.block_on(verify_enrollments(&self.store)).expect("the database answers")
    }

    /// Proves that enrollments are what they should be, with nothing left in the queue.
    pub(crate) fn verify(&self) {
        let verdict = self.run_verification();
        assert_eq!(verdict.differences, [], "{verdict:?}");
        assert_eq!(verdict.pending, 0, "{verdict:?}");
    }

    /// Statements past rollcall.
    pub(crate) fn sql(&self, sql: &str) -> TableRows {
        self.runtime.block_on(self.db.sql(sql))
    }

    /// The first column of the first row.
    pub(crate) fn query_value(&self, sql: &str) -> String {
        let rows = self.sql(sql);
        let row = rows.first().unwrap_or_else(|| panic!("no row: {sql}"));
        row.values().next().cloned().flatten().unwrap_or_default()
    }

    /// How many rows a query has.
    pub(crate) fn count_rows(&self, from: &str) -> i64 {
        self.query_value(&format!("SELECT count(*) FROM {from}")).parse().expect("a number")
    }

    /// Everything in the database but what every run writes about itself.
    pub(crate) fn contents(&self) -> BTreeMap<String, TableRows> {
        self.runtime.block_on(self.db.contents(&["runs", "head", "leases", "connectors", "sqlite_stat1"]))
    }

    /// The number of the learner whom any directory calls so, or whose address it is.
    pub(crate) fn learner(&self, who: &str) -> i64 {
        let rows = self.sql(&format!(
            "SELECT learner_id AS id FROM persons WHERE external_id = '{who}'
             UNION SELECT id FROM learners WHERE email = '{}'",
            email(who)
        ));
        assert_eq!(rows.len(), 1, "`{who}` is one learner: {rows:?}");
        rows[0]["id"].as_deref().and_then(|id| id.parse().ok()).expect("a number")
    }

    /// The number of the learner who has an id in any directory.
    pub(crate) fn learner_of_id(&self, id: &str) -> i64 {
        let sql = format!("SELECT learner_id FROM persons WHERE external_id = '{id}'");
        self.query_value(&sql).parse().expect("a number")
    }

    /// The state of a learner.
    pub(crate) fn status(&self, who: &str) -> String {
        self.query_value(&format!("SELECT status FROM learners WHERE id = {}", self.learner(who)))
    }

    /// The names of a group's members, sorted.
    pub(crate) fn members(&self, group: &str) -> Vec<String> {
        let sql = format!(
            "SELECT DISTINCT l.name FROM memberships m JOIN learners l ON l.id = m.learner_id
             JOIN groups g ON g.id = m.group_id WHERE g.name = '{group}' AND g.deleted_run_id IS NULL"
        );
        let mut names: Vec<String> =
            self.sql(&sql).into_iter().filter_map(|row| row["name"].clone()).collect();
        names.sort();
        names
    }

    /// The names of all groups that are not deleted, sorted.
    pub(crate) fn groups(&self) -> Vec<String> {
        let rows = self.sql("SELECT name FROM groups WHERE deleted_run_id IS NULL");
        let mut names: Vec<String> = rows.into_iter().filter_map(|row| row["name"].clone()).collect();
        names.sort();
        names
    }

    /// A learner's enrollment in a course.
    pub(crate) fn find_enrollment(&self, who: &str, course: &str) -> Option<CompanyEnrollment> {
        let rows = self.sql(&format!(
            "SELECT e.state, e.due, e.completed_at, e.progress, e.enrolled_at FROM enrollments e
             JOIN courses c ON c.id = e.course_id WHERE c.code = '{course}' AND e.learner_id = {}",
            self.learner(who)
        ));
        assert!(rows.len() <= 1, "{rows:?}");
        rows.into_iter().next().map(|row| CompanyEnrollment {
            state: row["state"].clone().unwrap_or_default(),
            due: row["due"].as_deref().map(|day| day.parse().expect("a day")),
            completed: row["completed_at"].is_some(),
            progress: row["progress"].clone().unwrap_or_default(),
            enrolled_at: row["enrolled_at"].clone().unwrap_or_default(),
        })
    }

    /// A learner's enrollment in a course that must be there.
    pub(crate) fn enrollment(&self, who: &str, course: &str) -> CompanyEnrollment {
        self.find_enrollment(who, course)
            .unwrap_or_else(|| panic!("`{who}` was never enrolled in `{course}`"))
    }

    /// Whether a learner may open a course.
    pub(crate) fn has_access(&self, who: &str, course: &str) -> bool {
        self.find_enrollment(who, course).is_some_and(|one| one.state == "active")
    }

    /// The due date of a course for a learner, in days from today.
    pub(crate) fn due_in(&self, who: &str, course: &str) -> Option<i64> {
        self.enrollment(who, course).due.map(|due| (due - self.today()).num_days())
    }

    /// Now.
    pub(crate) fn change_time(&self) -> ChangeTime {
        ChangeTime::at(Utc::now(), self.zone)
    }

    /// Today where the company is.
    pub(crate) fn today(&self) -> NaiveDate {
        self.change_time().today
    }

    /// The day that is `days` from today, as files write it.
    pub(crate) fn day(&self, days: i64) -> String {
        (self.today() + chrono::TimeDelta::days(days)).to_string()
    }

    /// The instant of a local time such as `2026-01-01T23:59:59`, as a column holds it.
    pub(crate) fn instant(&self, local: &str) -> String {
        let local: NaiveDateTime = local.parse().expect("a local time");
        let at = self.zone.from_local_datetime(&local).single().expect("a zone without summer time");
        at.with_timezone(&Utc).format("%Y-%m-%dT%H:%M:%S+00:00").to_string()
    }

    /// Takes the company to where the next day has begun, once. Nothing else changes.
    pub(crate) fn begin_next_day(&mut self) {
        let at = FIRST_DAY.iter().position(|zone| *zone == self.zone).expect("the first day");
        self.zone = NEXT_DAY[at];
    }

    /// Lets days pass, by moving everything that has happened into the past.
    pub(crate) fn advance_days(&self, days: i64) {
        self.record();
        for (table, column) in [
            ("memberships", "joined_on"),
            ("ended_memberships", "joined_on"),
            ("assignments", "assigned_on"),
            ("learners", "active_since"),
            ("kept_dues", "lost_on"),
            ("kept_dues", "due"),
            ("enrollments", "due"),
        ] {
            let moved = match self.db.engine {
                Engine::Sqlite => format!("date({column}, '-{days} days')"),
                Engine::Postgres => format!("{column} - {days}"),
            };
            self.sql(&format!("UPDATE {table} SET {column} = {moved}"));
        }
    }

    /// Lets days pass as [`Company::advance_days`] does, for deletions, fixed dates and what runs took away, too.
    pub(crate) fn backdate_everything(&self, days: i64) {
        self.advance_days(days);
        for (table, column) in [("assignments", "due_on"), ("assignment_changes", "due_on")] {
            let moved = match self.db.engine {
                Engine::Sqlite => format!("date({column}, '-{days} days')"),
                Engine::Postgres => format!("{column} - {days}"),
            };
            self.sql(&format!("UPDATE {table} SET {column} = {moved}"));
        }
        for (table, column) in [("groups", "deleted_at"), ("runs", "started_at")] {
            let moved = match self.db.engine {
                Engine::Sqlite => format!("strftime('%Y-%m-%dT%H:%M:%S+00:00', {column}, '-{days} days')"),
                Engine::Postgres => format!("{column} - interval '{days} days'"),
            };
            self.sql(&format!("UPDATE {table} SET {column} = {moved}"));
        }
    }
}

/// One run of one directory of a file.
pub(crate) async fn run(store: &Store, config: &Config, directory: &str, dry_run: bool) -> RunReport {
    run_with_options(store, config, directory, |asked| asked.dry_run = dry_run).await
}

/// One run of one directory of a file, as it is asked for.
pub(crate) async fn run_with_options(
    store: &Store,
    config: &Config,
    directory: &str,
    ask: impl FnOnce(&mut RunOptions),
) -> RunReport {
    let at = config.connectors.iter().position(|one| one.name.as_str() == directory).expect("a connector");
    let mut asked = RunOptions {
        actor: "tester".to_owned(),
        what: "a test".to_owned(),
        dry_run: false,
        only: None,
        allow_removals: false,
        patience: std::time::Duration::from_mins(1),
        reading: single_attempt(),
    };
    ask(&mut asked);
    sync::run(store, config.for_sync(), at, &asked).await
}
