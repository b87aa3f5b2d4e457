//! One history, lived through by rollcall and by the model.

use std::collections::BTreeMap;

use rollcall_core::sync::RunOutcome;

use super::compare::differences;
use super::event::{EventKind, ModelEvent};
use super::reference_model::{CONNECTORS, ModelLearner, ModelRecord, ModelStatus, ReferenceModel};
use super::rules::{ASSIGNMENTS, ModelConfig, RULES};
use super::runs::{ModelOutcome, ModelRun};
use crate::support::company::{Company, email};
use crate::support::company_files::COLUMNS;
use crate::support::database::{Engine, TableRows};

/// So many people there may be.
const PEOPLE: usize = 60;
/// So many of them work from the first day on.
const FIRST: usize = 24;
/// The columns of the second directory.
const SECOND: [&str; 4] = ["id", "email", "department", "location"];
/// The limits of these histories: removals, groups and readings; everything else is wide open.
const LIMITS: &str = "[safety]\nmax_removals_total = 1000000\nmax_blanked = '100%'\nmax_rekeyed = '100%'\n\
                      max_new_groups = 1000000\nmax_growth = '10000%'\n";

/// What may stand in each column that changes.
const VALUES: [(&str, &[&str]); 5] = [
    ("department", &["Sales", "Research", "Legal", "Legal|Sales", ""]),
    ("location", &["Berlin", "Paris", ""]),
    ("role", &["", "lead"]),
    ("status", &["active", "active", "leave", "left"]),
    // The last one is in the future, and not so far that it counts as unreadable.
    ("start_date", &["", "2020-02-02", "2021-03-03", "2031-01-01", "2031-01-01"]),
];

type CsvRow = BTreeMap<&'static str, &'static str>;

pub(super) struct HistoryRunner {
    pub(super) company: Company,
    pub(super) model: ReferenceModel,
    pub(super) file: ModelConfig,
    rows: [BTreeMap<String, CsvRow>; 2],
    pub(super) names: usize,
    days: i64,
    /// How often what happened.
    pub tally: BTreeMap<String, usize>,
}

fn word(at: usize) -> String {
    format!("p{:02}", at % PEOPLE)
}

impl HistoryRunner {
    /// A company of two dozen people, a quarter of them in a second directory, read once.
    pub(super) fn begin(engine: Engine) -> Self {
        let mut company = Company::new(engine);
        company.head = LIMITS.to_owned();
        company.directory("it", &SECOND, "");
        let rows = [BTreeMap::new(), BTreeMap::new()];
        let mut story = Self {
            company,
            model: ReferenceModel::default(),
            file: ModelConfig::default(),
            rows,
            names: 0,
            days: 0,
            tally: BTreeMap::new(),
        };
        for at in 0..FIRST {
            let department = ["Sales", "Research", "Sales", "Legal|Sales"][at % 4];
            let role = if at % 9 == 0 { "lead" } else { "" };
            let location = if at % 3 == 0 { "Berlin" } else { "Paris" };
            let row =
                [("department", department), ("location", location), ("role", role), ("status", "active")];
            story.rows[0].insert(word(at), row.into());
        }
        for at in 0..6 {
            story.rows[1].insert(word(at * 4), [("location", "Paris")].into());
        }
        story.company.add_learner("guest");
        let record = [("email", vec![email("guest")])].into();
        let (active_since, status) = (story.company.today(), ModelStatus::Active);
        let guest = ModelLearner { status, active_since, run: 1, record, by_hand: true };
        story.model.learners.insert("hand:guest".to_owned(), guest);
        story.company.add_course("LEAD");
        story
    }

    /// Everything that happens, step by step, and a settled end.
    pub(super) fn run_events(&mut self, events: &[ModelEvent]) -> Result<(), String> {
        let beginning = [EventKind::Sync, EventKind::Sync, EventKind::Drain].iter().zip([0, 1, 0]);
        let beginning: Vec<ModelEvent> =
            beginning.map(|(what, a)| ModelEvent { what: *what, a, b: 1, c: 0 }).collect();
        for (at, event) in beginning.iter().chain(events).enumerate() {
            let happened = self.apply_event(*event).map_err(|why| format!("step {at}, {event:?}: {why}"))?;
            self.company.record();
            if happened {
                self.note(format!("{:?}", event.what));
                differences(&self.model, &self.company)
                    .map_err(|why| format!("step {at}, {event:?}:\n{why}"))?;
            }
        }
        self.check_settled().map_err(|why| format!("at the end: {why}"))
    }

    /// After everything has been read, nothing is left to be done, and the proof holds.
    fn check_settled(&mut self) -> Result<(), String> {
        self.sync(0, false, false)?;
        self.sync(1, false, false)?;
        self.drain();
        differences(&self.model, &self.company)?;
        let mut before = self.contents();
        let mut quiet = self.does_nothing()?;
        if !quiet {
            // What the second directory brought may be news for the first one's people.
            self.drain();
            before = self.contents();
            quiet = self.does_nothing()?;
        }
        if !quiet || self.contents() != before {
            return Err("there is still something to do".to_owned());
        }
        differences(&self.model, &self.company)?;
        let verdict = self.company.run_verification();
        if verdict.differences.is_empty() && verdict.pending == 0 {
            Ok(())
        } else {
            Err(format!("{verdict:?}"))
        }
    }

    /// Reads everything again; whether that changes nothing.
    fn does_nothing(&mut self) -> Result<bool, String> {
        let ends = [self.sync(0, false, false)?, self.sync(1, false, false)?];
        Ok(!ends.contains(&Some(ModelOutcome::Applied)))
    }

    /// The tables, without what every run writes about itself and about what waits.
    fn contents(&self) -> BTreeMap<String, TableRows> {
        let mut contents = self.company.contents();
        contents.retain(|table, _| !table.starts_with("held_"));
        contents
    }

    fn note(&mut self, what: String) {
        *self.tally.entry(what).or_default() += 1;
    }

    fn drain(&mut self) {
        self.company.drain();
        self.model.drain();
    }

    /// What a directory says, as the model reads it.
    fn people(&self, connector: usize) -> BTreeMap<String, ModelRecord> {
        let columns: &[&str] = if connector == 0 { &COLUMNS } else { &SECOND };
        let record = |row: &CsvRow| -> ModelRecord {
            let cells = row.iter().filter(|(name, value)| columns.contains(name) && !value.is_empty());
            cells
                .map(|(name, value)| {
                    let mut values: Vec<String> = value.split('|').map(str::to_owned).collect();
                    values.sort();
                    (*name, values)
                })
                .collect()
        };
        self.rows[connector].iter().map(|(word, row)| (word.clone(), record(row))).collect()
    }

    pub(super) fn write(&mut self, broken: Option<usize>) {
        self.company.text = self.file.text();
        for (connector, name) in CONNECTORS.iter().enumerate() {
            let rows = self.rows[connector].iter();
            let rows: Vec<(String, Vec<(&str, &str)>)> =
                rows.map(|(word, row)| (word.clone(), row.iter().map(|(k, v)| (*k, *v)).collect())).collect();
            self.company.fire_all(name);
            for (word, values) in rows {
                self.company.hire_at(name, &word, &values);
            }
            let cut = (broken == Some(connector)).then_some(b"id,email\np01".as_slice());
            self.company.instead(name, cut);
        }
    }

    /// A run; none for one that failed.
    fn sync(&mut self, connector: usize, broken: bool, allow: bool) -> Result<Option<ModelOutcome>, String> {
        self.write(broken.then_some(connector));
        let report = self.company.run_allowing(CONNECTORS[connector], allow);
        let run = report.run.ok_or_else(|| format!("no run: {:?}", report.outcome))?.0;
        let passage = ModelRun { file: &self.file, connector, today: self.company.today(), run, allow };
        let found = match report.outcome {
            RunOutcome::Held => ModelOutcome::Held,
            RunOutcome::Unchanged => ModelOutcome::Unchanged,
            RunOutcome::Applied => ModelOutcome::Applied,
            RunOutcome::Failed(_) if broken => {
                let does = self.model.failed(passage);
                self.note(format!("failed run, {}", if does { "the clock runs" } else { "nothing happens" }));
                return Ok(None);
            }
            RunOutcome::Failed(_) | RunOutcome::Planned => return Err(format!("{:?}", report.outcome)),
        };
        let people = self.people(connector);
        let expected = self.model.sync(passage, people);
        // Whether an address is free again is no business of the model.
        let same = found == expected || (found, expected) == (ModelOutcome::Applied, ModelOutcome::Unchanged);
        self.note(format!("run {found:?}"));
        if same {
            Ok(Some(found))
        } else {
            Err(format!("the run came to {found:?}, the model says {expected:?}"))
        }
    }

    /// One event; false where it makes no sense now.
    fn apply_event(&mut self, event: ModelEvent) -> Result<bool, String> {
        let ModelEvent { what, a, b, c } = event;
        let many = if c % 3 == 0 { c / 3 % 9 + 1 } else { 1 };
        let directory = usize::from(b % 4 == 0);
        match what {
            EventKind::Hire => {
                let row = CsvRow::from([
                    ("department", VALUES[0].1[c % 4]),
                    ("location", VALUES[1].1[b % 3]),
                    ("status", "active"),
                ]);
                for at in a..a + many * 3 {
                    self.rows[directory].entry(word(at)).or_insert_with(|| row.clone());
                }
            }
            EventKind::Leave => {
                for at in a..a + many {
                    self.rows[directory].remove(&word(at));
                }
            }
            EventKind::Change => {
                let (column, values) = VALUES[b % VALUES.len()];
                let directory = usize::from(b % 7 == 0);
                for at in a..a + many {
                    if let Some(row) = self.rows[directory].get_mut(&word(at)) {
                        row.insert(column, values[c % values.len()]);
                    }
                }
            }
            EventKind::Rule => self.file.rules[a % RULES.len()] = b % RULES[a % RULES.len()].len(),
            EventKind::FileAssignment => {
                self.file.assignments[a % ASSIGNMENTS.len()] = b % ASSIGNMENTS[a % ASSIGNMENTS.len()].len();
            }
            EventKind::Sync => {
                self.sync(a % 2, b % 8 == 0, false)?;
            }
            EventKind::AllowRemovals => {
                self.sync(a % 2, false, true)?;
            }
            EventKind::Drain => self.drain(),
            EventKind::Pass => return Ok(self.pass([2, 9, 25, 40][a % 4])),
            EventKind::Suspend => return self.suspends(a),
            EventKind::LiftSuspension => return self.lifts_suspension(a),
            EventKind::Approve | EventKind::Reject | EventKind::Undo => return self.decides(what, a),
            EventKind::Add
            | EventKind::Remove
            | EventKind::Lift
            | EventKind::Create
            | EventKind::Rename
            | EventKind::Delete
            | EventKind::Restore
            | EventKind::Assign
            | EventKind::Unassign
            | EventKind::Complete => return self.by_hand(event),
        }
        Ok(matches!(what, EventKind::Sync | EventKind::AllowRemovals | EventKind::Drain))
    }

    fn pass(&mut self, days: i64) -> bool {
        self.days += 1;
        if self.days > 6 {
            return false;
        }
        self.company.backdate_everything(days);
        self.model.pass(days);
        true
    }
}
