//! Answers bent at random: whatever a server sends, a run takes nobody for absent whom the whole answer still holds.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use rollcall_core::sync::RunOutcome;
use serde_json::Value;

use super::is_people_request;
use crate::support::company::Company;
use crate::support::database::Engine;
use crate::support::vendors::{Employee, VENDOR_PROFILES, VendorServer, make_employees};

const PEOPLE: usize = 90;

const RULE: &str = "[[rule]]\nname = 'd'\ngroup = 'D: {department}'\nwhen = 'department != \"\"'\n";

/// What becomes of an answer on its way.
#[derive(Debug, Clone)]
enum ReplyCorruption {
    Cut,
    Lose(usize),
    Gain(u8),
    Change(u8),
    Twice(usize),
}

fn random_corruption() -> impl Strategy<Value = ReplyCorruption> {
    let byte = || prop_oneof![any::<u8>(), prop::sample::select(b"[]{},:\"\\0n ".to_vec())];
    let length = || prop_oneof![1_usize..4, 1_usize..400];
    prop_oneof![
        Just(ReplyCorruption::Cut),
        length().prop_map(ReplyCorruption::Lose),
        byte().prop_map(ReplyCorruption::Gain),
        byte().prop_map(ReplyCorruption::Change),
        length().prop_map(ReplyCorruption::Twice),
    ]
}

impl ReplyCorruption {
    fn apply_to(&self, body: &mut Vec<u8>, at: Index) {
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
struct CorruptionScenario {
    system: VendorServer,
    company: Company,
    /// How many answers a reading takes.
    pages: usize,
}

impl CorruptionScenario {
    fn begin(system: VendorServer) -> Self {
        let mut company = Company::new(Engine::Sqlite);
        company.directories.clear();
        company.text = format!("{}{RULE}", system.section("hr"));
        let report = company.run("hr", false);
        assert!(matches!(report.outcome, RunOutcome::Applied), "{:?}", report.outcome);
        let pages = system.server.take_requests().iter().filter(|request| is_people_request(request)).count();
        Self { system, company, pages }
    }

    /// The ids of those who were there at first and count as gone now.
    fn list_removed(&self) -> BTreeSet<String> {
        let left = self.company.sql(
            "SELECT p.external_id AS id FROM persons p JOIN learners l ON l.id = p.learner_id WHERE l.status = 'left'",
        );
        let left: BTreeSet<String> = left.into_iter().filter_map(|row| row["id"].clone()).collect();
        make_employees(PEOPLE).iter().map(Employee::id).filter(|id| left.contains(id)).collect()
    }

    /// Runs once with the answer of this number bent; gives what it was bent to.
    fn run_corrupted(&self, page: usize, bend: &ReplyCorruption, at: Index) -> (RunOutcome, Vec<u8>) {
        let sent = Arc::new(Mutex::new((0, Vec::new())));
        let (shared, bend) = (Arc::clone(&sent), bend.clone());
        self.system.server.set_transform(move |request, mut reply| {
            let mut sent = shared.lock().expect("nobody panicked");
            if is_people_request(request) {
                sent.0 += 1;
                if sent.0 == page {
                    bend.apply_to(&mut reply.body, at);
                    sent.1.clone_from(&reply.body);
                }
            }
            reply
        });
        let outcome = self.company.run("hr", false).outcome;
        self.system.server.clear_transform();
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

/// A corrupted reply never removes a person that the complete reply contains.
#[test]
fn corrupted_reply_removes_nobody_it_contains() {
    let people: Vec<Employee> = make_employees(PEOPLE)
        .into_iter()
        .map(|one| Employee { is_employed: true, manager: None, ..one })
        .collect();
    let stories: Vec<CorruptionScenario> = VENDOR_PROFILES
        .iter()
        .map(|manner| CorruptionScenario::begin(VendorServer::start(*manner, &people)))
        .collect();
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(88);
    let config = Config { cases, max_shrink_iters: 60, failure_persistence: None, ..Config::default() };
    let bents = (0..stories.len(), any::<Index>(), any::<Index>(), random_corruption());
    let result = TestRunner::new(config).run(&bents, |(story, page, at, bend)| {
        let story = &stories[story];
        let kind = story.system.profile.kind;
        let (outcome, sent) = story.run_corrupted(page.index(story.pages) + 1, &bend, at);
        let gone = story.list_removed();
        let asks_by_id = ["scim", "entra", "okta", "google", "personio"].contains(&kind);
        let document: Option<Value> = serde_json::from_slice(&sent).ok();
        let may_go =
            |id: &String| !asks_by_id && document.as_ref().is_some_and(|document| !holds(document, id));
        prop_assert!(gone.iter().all(may_go), "{kind}: {gone:?} went: {}", String::from_utf8_lossy(&sent));
        if !matches!(outcome, RunOutcome::Failed(_) | RunOutcome::Unchanged) {
            let again = story.company.run("hr", false).outcome;
            prop_assert!(matches!(again, RunOutcome::Applied | RunOutcome::Unchanged), "{kind}: {again:?}");
            prop_assert!(
                story.list_removed().is_empty(),
                "{kind}: {:?} did not come back",
                story.list_removed()
            );
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
