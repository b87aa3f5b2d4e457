//! Answers bent at random: whatever a server sends, a run takes nobody for absent whom the whole answer still holds.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use rollcall::sync::Outcome;
use serde_json::Value;

use super::is_for_people;
use crate::support::api::{Body, MANNERS, System, everybody};
use crate::support::company::Company;
use crate::support::database::Engine;

const PEOPLE: usize = 90;

const RULE: &str = "[[rule]]\nname = 'd'\ngroup = 'D: {department}'\nwhen = 'department != \"\"'\n";

/// What becomes of an answer on its way.
#[derive(Debug, Clone)]
enum Bend {
    Cut,
    Lose(usize),
    Gain(u8),
    Change(u8),
    Twice(usize),
}

fn bend() -> impl Strategy<Value = Bend> {
    let byte = || prop_oneof![any::<u8>(), prop::sample::select(b"[]{},:\"\\0n ".to_vec())];
    let length = || prop_oneof![1_usize..4, 1_usize..400];
    prop_oneof![
        Just(Bend::Cut),
        length().prop_map(Bend::Lose),
        byte().prop_map(Bend::Gain),
        byte().prop_map(Bend::Change),
        length().prop_map(Bend::Twice),
    ]
}

impl Bend {
    fn done_to(&self, body: &mut Vec<u8>, at: Index) {
        let at = at.index(body.len());
        let end = |length: usize| (at + length).min(body.len());
        match *self {
            Self::Cut => body.truncate(at),
            Self::Lose(length) => drop(body.drain(at..end(length))),
            Self::Gain(byte) => body.insert(at, byte),
            Self::Change(byte) => body[at] = byte,
            Self::Twice(length) => {
                let again = body[at..end(length)].to_vec();
                body.splice(at..at, again);
            }
        }
    }
}

/// A company that has read a system once.
struct Story {
    system: System,
    company: Company,
    /// How many answers a reading takes.
    pages: usize,
}

impl Story {
    fn begin(system: System) -> Self {
        let mut company = Company::new(Engine::Sqlite);
        company.directories.clear();
        company.text = format!("{}{RULE}", system.section("hr"));
        let report = company.run("hr", false);
        assert!(matches!(report.outcome, Outcome::Applied), "{:?}", report.outcome);
        let pages = system.server.asked().iter().filter(|request| is_for_people(request)).count();
        Self { system, company, pages }
    }

    /// The ids of those who were there at first and count as gone now.
    fn gone(&self) -> BTreeSet<String> {
        let left = self.company.sql(
            "SELECT p.external_id AS id FROM persons p JOIN learners l ON l.id = p.learner_id WHERE l.status = 'left'",
        );
        let left: BTreeSet<String> = left.into_iter().filter_map(|row| row["id"].clone()).collect();
        everybody(PEOPLE).iter().map(Body::id).filter(|id| left.contains(id)).collect()
    }

    /// Runs once with the answer of this number bent; gives what it was bent to.
    fn run_bent(&self, page: usize, bend: &Bend, at: Index) -> (Outcome, Vec<u8>) {
        let sent = Arc::new(Mutex::new((0, Vec::new())));
        let (shared, bend) = (Arc::clone(&sent), bend.clone());
        self.system.server.bend(move |request, mut reply| {
            let mut sent = shared.lock().expect("nobody panicked");
            if is_for_people(request) {
                sent.0 += 1;
                if sent.0 == page {
                    bend.done_to(&mut reply.body, at);
                    sent.1.clone_from(&reply.body);
                }
            }
            reply
        });
        let outcome = self.company.run("hr", false).outcome;
        self.system.server.straighten();
        let sent = sent.lock().expect("nobody panicked").1.clone();
        (outcome, sent)
    }
}

/// Whether a text stands anywhere in a document.
fn holds(document: &Value, text: &str) -> bool {
    match document {
        Value::String(found) => found == text,
        Value::Array(list) => list.iter().any(|one| holds(one, text)),
        Value::Object(map) => map.values().any(|one| holds(one, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[test]
fn nobody_is_removed_by_a_bent_answer_unless_it_is_whole_and_holds_them_no_more() {
    let people: Vec<Body> =
        everybody(PEOPLE).into_iter().map(|one| Body { works: true, manager: None, ..one }).collect();
    let stories: Vec<Story> =
        MANNERS.iter().map(|manner| Story::begin(System::start(*manner, &people))).collect();
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(88);
    let config = Config { cases, max_shrink_iters: 60, failure_persistence: None, ..Config::default() };
    let bents = (0..stories.len(), any::<Index>(), any::<Index>(), bend());
    let result = TestRunner::new(config).run(&bents, |(story, page, at, bend)| {
        let story = &stories[story];
        let kind = story.system.manner.kind;
        let (outcome, sent) = story.run_bent(page.index(story.pages) + 1, &bend, at);
        let gone = story.gone();
        let asks_by_id = ["scim", "entra", "okta", "google", "personio"].contains(&kind);
        let document: Option<Value> = serde_json::from_slice(&sent).ok();
        let may_go =
            |id: &String| !asks_by_id && document.as_ref().is_some_and(|document| !holds(document, id));
        prop_assert!(gone.iter().all(may_go), "{kind}: {gone:?} went: {}", String::from_utf8_lossy(&sent));
        if !matches!(outcome, Outcome::Failed(_) | Outcome::Unchanged) {
            let again = story.company.run("hr", false).outcome;
            prop_assert!(matches!(again, Outcome::Applied | Outcome::Unchanged), "{kind}: {again:?}");
            prop_assert!(story.gone().is_empty(), "{kind}: {:?} did not come back", story.gone());
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
