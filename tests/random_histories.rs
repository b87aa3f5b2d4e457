//! Whatever happens in the directory and by hand: a dry run says what the run does, the next one finds nothing to do, and
//! the proof holds.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rollcall_core::sync::{RunOutcome, RunReport};
use rollcall_model::due_policy::DuePolicy;
use rollcall_planner::membership_plan::MembershipPlan;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both, on_both_unrecorded};

const PEOPLE: [&str; 5] = ["ada", "bob", "eve", "joe", "zoe"];
const DEPARTMENTS: [&str; 5] = ["", "Sales", "sales", "Research", "Sales|Research"];
const STATUSES: [&str; 4] = ["active", "active", "leave", "left"];

/// One thing that happens between two syncs.
#[derive(Debug, Clone)]
enum HistoryEvent {
    Hire { who: usize, second: bool },
    Leave { who: usize, second: bool },
    Move { who: usize, department: usize, second: bool },
    Status { who: usize, status: usize },
    Address { who: usize, of: usize },
    Dates { who: usize, start: i64, end: i64 },
    AddByHand { who: usize },
    RemoveByHand { who: usize },
    Delete,
    Restore,
    Assign { days: u32 },
    Pass { days: i64 },
}

fn random_event() -> impl Strategy<Value = HistoryEvent> {
    let who = 0..PEOPLE.len();
    let day = prop::sample::select(vec![-40_i64, -1, 0, 1, 40]);
    prop_oneof![
        4 => (who.clone(), any::<bool>()).prop_map(|(who, second)| HistoryEvent::Hire { who, second }),
        2 => (who.clone(), any::<bool>()).prop_map(|(who, second)| HistoryEvent::Leave { who, second }),
        4 => (who.clone(), 0..DEPARTMENTS.len(), any::<bool>())
            .prop_map(|(who, department, second)| HistoryEvent::Move { who, department, second }),
        2 => (who.clone(), 0..STATUSES.len()).prop_map(|(who, status)| HistoryEvent::Status { who, status }),
        2 => (who.clone(), who.clone()).prop_map(|(who, of)| HistoryEvent::Address { who, of }),
        1 => (who.clone(), day.clone(), day).prop_map(|(who, start, end)| HistoryEvent::Dates { who, start, end }),
        2 => who.clone().prop_map(|who| HistoryEvent::AddByHand { who }),
        2 => who.prop_map(|who| HistoryEvent::RemoveByHand { who }),
        1 => Just(HistoryEvent::Delete),
        1 => Just(HistoryEvent::Restore),
        1 => (1_u32..90).prop_map(|days| HistoryEvent::Assign { days }),
        1 => (1_i64..40).prop_map(|days| HistoryEvent::Pass { days }),
    ]
}

/// A company and what its files hold, so that events that make no sense are left out.
struct HistoryScenario {
    company: Company,
    present: [BTreeSet<usize>; 2],
}

const DIRECTORIES: [&str; 2] = ["hr", "it"];

impl HistoryScenario {
    fn begin(engine: Engine) -> Self {
        let mut company = Company::new(engine);
        company.directory("it", &["id", "email", "name", "department"], "");
        company.departments();
        company.rule("everybody", "Everybody", "status != \"leave\"");
        company.rule("of-it", "IT", "department.startsWith(\"Res\")");
        for (course, group, due) in
            [("A", "Sales", "due_days = 30"), ("B", "*", "due_days_after_start = 10"), ("A", "Research", "")]
        {
            if !company.text.contains(&format!("code = '{course}'")) {
                company.course(course);
            }
            company.assignment(course, group, due);
        }
        company.sync();
        company.create("Club", &[]);
        Self { company, present: [BTreeSet::new(), BTreeSet::new()] }
    }

    fn known(&self, who: usize) -> bool {
        self.company.count_rows(&format!("learners WHERE email = '{}@corp.example'", PEOPLE[who])) > 0
    }

    fn happens(&mut self, event: &HistoryEvent) {
        let club = self.company.groups().contains(&"Club".to_owned());
        match *event {
            HistoryEvent::Hire { who, second } => {
                if self.present[usize::from(second)].insert(who) {
                    let directory = DIRECTORIES[usize::from(second)];
                    self.company.hire_at(directory, PEOPLE[who], &[("department", "Sales")]);
                }
            }
            HistoryEvent::Leave { who, second } => {
                if self.present[usize::from(second)].remove(&who) {
                    self.company.leave_at(DIRECTORIES[usize::from(second)], PEOPLE[who]);
                }
            }
            HistoryEvent::Move { who, department, second } => {
                self.change(usize::from(second), who, &[("department", DEPARTMENTS[department])]);
            }
            HistoryEvent::Status { who, status } => self.change(0, who, &[("status", STATUSES[status])]),
            HistoryEvent::Address { who, of } => {
                self.change(0, who, &[("email", &format!("{}@corp.example", PEOPLE[of]))]);
            }
            HistoryEvent::Dates { who, start, end } => {
                let (start, end) = (self.company.day(start), self.company.day(end));
                self.change(0, who, &[("start_date", &start), ("end_date", &end)]);
            }
            HistoryEvent::AddByHand { who } if club && self.known(who) => {
                self.company.add("Club", PEOPLE[who]);
            }
            HistoryEvent::RemoveByHand { who } if self.known(who) => {
                if self.company.groups().contains(&"Sales".to_owned()) {
                    self.company.remove("Sales", PEOPLE[who]);
                }
            }
            HistoryEvent::Delete if club => self.company.delete("Club"),
            HistoryEvent::Restore if !club => self.company.restore("Club"),
            HistoryEvent::Assign { days } if club => {
                self.company.assign("A", "Club", DuePolicy::AfterJoining(days));
            }
            HistoryEvent::Pass { days } => self.company.advance_days(days),
            HistoryEvent::AddByHand { .. }
            | HistoryEvent::RemoveByHand { .. }
            | HistoryEvent::Delete
            | HistoryEvent::Restore
            | HistoryEvent::Assign { .. } => {}
        }
    }

    fn change(&mut self, directory: usize, who: usize, values: &[(&str, &str)]) {
        if self.present[directory].contains(&who) {
            self.company.change_at(DIRECTORIES[directory], PEOPLE[who], values);
        }
    }

    /// Every reason for every membership: group, rule, learner.
    fn reasons(&self) -> BTreeSet<String> {
        let sql = "SELECT group_id, rule_id, learner_id FROM memberships";
        self.company.sql(sql).into_iter().map(|row| format!("{row:?}")).collect()
    }

    fn sync(&self, directory: &str) {
        let plan = |report: &RunReport| report.change_set.as_ref().expect("a plan").plan.clone();
        let contents = |company: &Company| company.runtime.block_on(company.db.contents(&[]));
        let before = (contents(&self.company), self.reasons());
        let dry = self.company.run(directory, true);
        assert!(matches!(dry.outcome, RunOutcome::Planned), "{:?}", dry.outcome);
        assert_eq!(contents(&self.company), before.0, "a dry run writes nothing");
        let real = self.company.run(directory, false);
        let (planned, done): (MembershipPlan, MembershipPlan) = (plan(&dry), plan(&real));
        assert_eq!(planned, done, "the plan of the dry run is the plan of the run");
        let after = self.reasons();
        let counted = (dry.counts.memberships_added, dry.counts.memberships_removed);
        let changed =
            (after.difference(&before.1).count() as u64, before.1.difference(&after).count() as u64);
        assert_eq!(changed, counted, "the tables changed by what the dry run said");
        let nothing = dry.change_set.as_ref().is_some_and(rollcall_planner::ChangeSet::is_empty);
        assert_eq!(matches!(real.outcome, RunOutcome::Unchanged), nothing, "{:?}", real.outcome);
        self.company.drain();
        self.company.verify();
        let again = self.company.run(directory, false);
        assert!(matches!(again.outcome, RunOutcome::Unchanged), "the same people again: {:?}", again.outcome);
    }

    /// After a sync of everything, nothing is left to be done.
    fn settles(&self) {
        // What the second directory brought may be news for the first one's people.
        for directory in DIRECTORIES.iter().chain(&DIRECTORIES) {
            self.sync(directory);
        }
        let before = self.company.contents();
        for directory in DIRECTORIES {
            let report = self.company.run(directory, false);
            assert!(matches!(report.outcome, RunOutcome::Unchanged), "{:?}", report.outcome);
        }
        assert_eq!(self.company.contents(), before);
    }
}

/// Runs histories that `runner` draws.
fn run_histories(runner: &mut TestRunner, engine: Engine) {
    let histories = prop::collection::vec(prop::collection::vec(random_event(), 1..8), 1..4);
    let result = runner.run(&histories, |history| {
        let mut story = HistoryScenario::begin(engine);
        for events in &history {
            for event in events {
                story.happens(event);
            }
            story.settles();
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

fn config(cases: u32) -> Config {
    Config { cases, max_shrink_iters: 60, failure_persistence: None, ..Config::default() }
}

/// A dry run prints what the run does, and the next run finds no changes.
#[test]
fn dry_run_matches_run_and_next_run_is_unchanged() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(4);
    on_both_unrecorded(|engine| run_histories(&mut TestRunner::new(config(cases)), engine));
}

/// Histories of a fixed seed make the same changes each time.
#[test]
fn seeded_histories_match_snapshot() {
    on_both(|engine| {
        let seeded = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        run_histories(&mut TestRunner::new_with_rng(config(4), seeded), engine);
    });
}
