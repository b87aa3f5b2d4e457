//! Writes down what a company decides, step by step, and compares it with a file of `tests/snapshots`.
//!
//! A test of the rooms in [`ROOMS`] that runs on both engines is compared without asking for it. `INSTA_UPDATE=always`
//! writes the files anew.

mod facts;
mod group_facts;
mod queries;
mod runs;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use chrono::{NaiveDate, Utc};
use rollcall_core::sync::{RunOutcome, RunReport};
use serde_json::json;

use super::database::TestDatabase;
use super::decisions::{causes, count_held_changes, reasons};
use facts::DatabaseFacts;

/// Where every company of a test on both engines is recorded.
const ROOMS: [&str; 10] = [
    "due_dates",
    "enrollments",
    "guard",
    "random_histories",
    "hold_commands",
    "holds",
    "identity",
    "links",
    "memberships",
    "undo",
];

/// What the companies of one test have decided, in the order in which they began.
type RecordedTexts = Arc<Mutex<Vec<String>>>;

thread_local! {
    static JOURNAL: RefCell<Option<RecordedTexts>> = const { RefCell::new(None) };
}

/// The room and the name of the test of this thread, where its companies are recorded.
pub(crate) fn recorded_test() -> Option<(String, String)> {
    let thread = std::thread::current();
    let (room, test) = thread.name()?.split_once("::")?;
    let name = test.rsplit("::").next()?;
    ROOMS.contains(&room).then(|| (room.to_owned(), name.to_owned()))
}

/// Does something and answers what the companies that began and ended with it have decided.
pub(crate) fn record_companies<T>(act: impl FnOnce() -> T) -> (T, String) {
    let journal = RecordedTexts::default();
    JOURNAL.set(Some(journal.clone()));
    let done = act();
    JOURNAL.set(None);
    let texts = journal.lock().expect("no test panicked").clone();
    let companies = texts.iter().enumerate();
    (done, companies.map(|(at, text)| format!("company {}\n{text}", at + 1)).collect())
}

/// Compares with the file of a test; nothing is compared where no company was recorded.
pub(crate) fn compare_with_snapshot(room: &str, name: &str, text: &str) {
    if text.is_empty() {
        return;
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(room));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

struct RecorderState {
    run: i64,
    facts: DatabaseFacts,
    text: String,
    zone: chrono_tz::Tz,
}

/// Records one company; does nothing outside of [`record_companies`].
pub(crate) struct CompanyRecorder(Option<ActiveRecorder>);

struct ActiveRecorder {
    db: TestDatabase,
    runtime: tokio::runtime::Runtime,
    journal: RecordedTexts,
    place: usize,
    seen: Mutex<RecorderState>,
}

impl CompanyRecorder {
    pub(crate) fn new(db: &TestDatabase, zone: chrono_tz::Tz) -> Self {
        let Some(journal) = JOURNAL.with_borrow(Clone::clone) else { return Self(None) };
        let place = {
            let mut texts = journal.lock().expect("no test panicked");
            texts.push(String::new());
            texts.len() - 1
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let seen =
            Mutex::new(RecorderState { run: 0, facts: DatabaseFacts::new(), text: String::new(), zone });
        Self(Some(ActiveRecorder { db: db.clone(), runtime, journal, place, seen }))
    }

    /// Writes down what has changed since the last time.
    pub(crate) fn record_changes(&self, zone: chrono_tz::Tz) {
        if let Some(recording) = &self.0 {
            recording.seen.lock().expect("no test panicked").zone = zone;
            recording.record_changes();
        }
    }

    /// Writes down what a dry run reports.
    pub(crate) fn record_dry_run(&self, report: &RunReport) {
        if let Some(recording) = &self.0 {
            recording.seen.lock().expect("no test panicked").text.push_str(&dry_run_text(report));
        }
    }
}

impl ActiveRecorder {
    fn record_changes(&self) {
        let mut seen = self.seen.lock().expect("no test panicked");
        let today: NaiveDate = Utc::now().with_timezone(&seen.zone).date_naive();
        let found = self.runtime.block_on(facts::read_changes(&self.db, today));
        let changes = changes_text(&seen.facts, &found.facts);
        let runs: Vec<&(i64, String)> = found.runs.iter().filter(|(run, _)| *run > seen.run).collect();
        if runs.is_empty() && changes.is_empty() {
            return;
        }
        if runs.is_empty() {
            seen.text.push_str("after that\n");
        }
        for (run, text) in runs {
            seen.run = *run;
            seen.text.push_str(text);
        }
        seen.text.push_str(&changes);
        seen.facts = found.facts;
    }
}

impl Drop for ActiveRecorder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.record_changes();
            let text = std::mem::take(&mut self.seen.lock().expect("no test panicked").text);
            self.journal.lock().expect("no test panicked")[self.place] = text;
        }
    }
}

/// The difference between two moments: a line for each fact that came or went, with everybody whom it is about.
fn changes_text(before: &DatabaseFacts, after: &DatabaseFacts) -> String {
    let mut lines: BTreeMap<(&str, char), BTreeSet<&str>> = BTreeMap::new();
    for (sign, these, those) in [('-', before, after), ('+', after, before)] {
        for ((fact, subject), times) in these {
            if those.get(&(fact.clone(), subject.clone())) != Some(times) {
                lines.entry((fact, sign)).or_default().insert(subject);
            }
        }
    }
    let lines = lines.into_iter();
    lines.map(|((fact, sign), subjects)| format!("  {sign} {fact}: {}\n", list_names(subjects))).collect()
}

/// What stands before the number at the end of a name, that number, and how many digits it has.
fn split_number(name: &str) -> (&str, Option<u32>, usize) {
    let start = name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    (&name[..start], name[start..].parse().ok(), name.len() - start)
}

/// Names in their order, `s1, s2, s3` as `s1..s3`.
fn list_names(names: BTreeSet<&str>) -> String {
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_by_key(|name| (split_number(name), *name));
    let follows = |one: &&str, other: &&str| {
        let (word, number, digits) = split_number(one);
        number.is_some_and(|number| format!("{word}{:0digits$}", number + 1) == **other)
    };
    let spans = names.chunk_by(follows).map(|span| match span {
        [first, .., last] if span.len() > 2 => format!("{first}..{last}"),
        _ => span.join(", "),
    });
    spans.collect::<Vec<_>>().join(", ")
}

/// A dry run by its counts, the limits that it reached, and the changes that it would hold.
fn dry_run_text(report: &RunReport) -> String {
    let end = match &report.outcome {
        RunOutcome::Applied => "applied".to_owned(),
        RunOutcome::Held => "held".to_owned(),
        RunOutcome::Unchanged => "unchanged".to_owned(),
        RunOutcome::Planned => "planned".to_owned(),
        RunOutcome::Failed(error) => format!("failed ({})", error.kind()),
    };
    let mut text = format!("dry run {}: {end}", report.connector.as_str());
    let counts = &report.counts;
    let counts = [
        ("read", counts.people_read),
        ("new", counts.people_new),
        ("changed", counts.people_changed),
        ("left", counts.people_left),
        ("set aside", counts.people_set_aside),
        ("not included", counts.people_left_out),
        ("groups created", counts.groups_created),
        ("added", counts.memberships_added),
        ("removed", counts.memberships_removed),
        ("held people", counts.people_held),
        ("held groups", counts.groups_held),
        ("held memberships", counts.memberships_held),
        ("held enrollments", counts.enrollments_held),
    ];
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    text.extend(counts.map(|(word, count)| format!(", {word} {count}")));
    text.push('\n');
    if report.change_set.is_some() {
        text.extend(
            count_held_changes(report).iter().map(|(kind, count)| format!("  would hold {kind}: {count}\n")),
        );
        let limits = reasons(report).into_iter();
        let limits = limits.map(|(limit, message)| json!({ "limit": limit, "message": message }));
        let limits = json!({ "causes": causes(report), "reasons": limits.collect::<Vec<_>>() });
        text.push_str(&runs::held_reasons_text(&limits));
    }
    text + &runs::warnings_text(&json!(report.problems))
}
