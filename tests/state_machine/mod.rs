//! A model of what rollcall must be, and histories that both live through.
//!
//! The model is some hundred lines of plain maps: people of two connectors who are the same learners, rules and
//! templates, groups that are renamed, deleted and restored, memberships by their reasons, exclusions, assignments and
//! due dates, enrollments, the guard's limits on removals with approving and rejecting, suspensions, and undo. It knows no SQL and
//! nothing of rollcall's own planning. After each step every table says what the model says; in the end nothing is left
//! to be done, and the proof holds.
//!
//! The limits on blanks, new ids, new groups and growth are wide open here, addresses stay as they are, and no group
//! made by hand is called like one of a rule: `guard`, `identity` and `histories` try those.
//!
//! A history that fails is cut down to the events that it takes; the seed is printed, and `ROLLCALL_FIRE_SEED` gives it
//! back. `ROLLCALL_FIRE=long` lives through many more.

mod compare;
mod enrollments;
mod event;
mod group_growth;
mod limits;
mod losses;
mod manual_changes;
mod operations;
mod plan;
mod reference_model;
mod rules;
mod runner;
mod runs;
mod suspensions;
mod undo;
mod undone_learners;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::crash::{SeededRng, is_long_run};
use crate::support::database::Engine;
use crate::support::recorder;
use event::ModelEvent;
use runner::HistoryRunner;

/// How often each thing happened.
type EventCounts = BTreeMap<String, usize>;

/// How a history comes out.
fn run_history(engine: Engine, events: &[ModelEvent]) -> Result<EventCounts, String> {
    let lived = catch_unwind(AssertUnwindSafe(|| {
        let mut story = HistoryRunner::begin(engine);
        story.run_events(events).map(|()| story.tally)
    }));
    lived.unwrap_or_else(|_| Err("it panicked".to_owned()))
}

/// The events of a history without which it would not fail, as far as a few tries find out.
fn shrink_history(engine: Engine, mut events: Vec<ModelEvent>, mut why: String) -> (Vec<ModelEvent>, String) {
    let mut tries = 80;
    let mut size = events.len() / 2;
    while size > 0 {
        let mut from = 0;
        while from < events.len() && tries > 0 {
            let mut fewer = events.clone();
            fewer.drain(from..(from + size).min(events.len()));
            tries -= 1;
            match run_history(engine, &fewer) {
                Ok(_) => from += size,
                Err(still) => (events, why) = (fewer, still),
            }
        }
        size /= 2;
    }
    (events, why)
}

/// How often each thing happened, and what was decided at each step.
fn assert_history(engine: Engine, events: Vec<ModelEvent>) -> (EventCounts, String) {
    let (lived, text) = recorder::record_companies(|| run_history(engine, &events));
    let tally = lived.unwrap_or_else(|why| {
        eprintln!("on {engine}, rollcall and the model differ: {why}\nnow for fewer events");
        let (events, why) = shrink_history(engine, events, why);
        let events: String = events.iter().map(|event| format!("  {event:?}\n")).collect();
        panic!("on {engine}, rollcall and the model differ after\n{events}{why}");
    });
    (tally, text)
}

/// After each event the tables match the reference model. In the end nothing is left to do and `verify` finds nothing.
#[test]
fn tables_match_reference_model() {
    let mut dice = SeededRng::new();
    let count = if is_long_run() { 2_000 } else { 6 };
    let mut all = EventCounts::new();
    let mut steps = 0;
    let is_asked = std::env::var_os("ROLLCALL_FIRE_SEED").is_some();
    for number in 1..=count {
        let length = 40 + dice.next_below(50);
        steps += length;
        let events = event::random_history(&mut dice, length);
        let lived = std::thread::scope(|scope| {
            let engines = [Engine::Sqlite, Engine::Postgres].map(|engine| {
                let events = events.clone();
                scope.spawn(move || assert_history(engine, events))
            });
            engines.map(|engine| engine.join().expect("both live through it"))
        });
        for (tally, text) in lived {
            for (what, times) in tally {
                *all.entry(what).or_default() += times;
            }
            if !is_long_run() && !is_asked {
                recorder::compare_with_snapshot("state_machine", &format!("history_{number}"), &text);
            }
        }
        if is_long_run() && number % 20 == 0 {
            eprintln!("{number} histories with {steps} steps");
        }
    }
    eprintln!("this happened: {all:#?}");
    if is_asked {
        return;
    }
    for what in event::WEIGHTS.map(|(what, _)| format!("{what:?}")) {
        let is_quiet = ["Hire", "Leave", "Change", "Rule", "FileAssignment"].contains(&what.as_str());
        assert!(is_quiet || all.contains_key(&what), "`{what}` never happened");
    }
}
