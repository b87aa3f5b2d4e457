//! Snapshot of the reasons of holds and the warnings of plans, so that they are reviewed as text.
//!
//! Each function returns the example that follows another one: a new variant does not compile without an example.

use std::fmt::Write;

use crate::hold_pattern::HoldPattern;
use crate::limit_violation::{IdChange, LimitViolation, RemovedItem};
use crate::manager_problem::ManagerProblem;
use crate::plan_warning::PlanWarning;
use crate::run_baseline::RunBaseline;
use rollcall_model::guard::{LimitExceeded, Percent};
use rollcall_model::names::{BadGroupName, RuleName};
use rollcall_model::other_config::OtherConfigService;
use rollcall_model::run_warning::RunWarning;

fn other_machine(host: &str) -> OtherConfigService {
    OtherConfigService::OtherMachine { host: host.to_owned() }
}

fn next_violation(previous: Option<&LimitViolation>) -> Option<LimitViolation> {
    use LimitViolation as V;
    let (group, most) = ("Sales".to_owned(), Percent::new(30));
    let Some(previous) = previous else {
        return Some(V::FilesDiffer { services: vec![other_machine("node-1")] });
    };
    Some(match previous {
        V::FilesDiffer { services } if services.len() == 1 => {
            let here = OtherConfigService::ThisMachine { process: "4711".to_owned() };
            V::FilesDiffer { services: vec![here, other_machine("node-2")] }
        }
        V::FilesDiffer { .. } => V::ReadingTooSmall { read: 1_056, known: 1_604, least: Percent::new(80) },
        V::ReadingTooSmall { .. } => removals(RemovedItem::Memberships, 1_200),
        V::Removals { what: RemovedItem::Memberships, .. } => removals(RemovedItem::Learners, 0),
        V::Removals { what: RemovedItem::Learners, .. } => removals(RemovedItem::Enrollments, 0),
        V::Removals { what: RemovedItem::Enrollments, .. } => {
            V::PeopleAffected { people: 501, limit: 500, earlier: 0 }
        }
        V::PeopleAffected { earlier: 0, .. } => V::PeopleAffected { people: 41, limit: 500, earlier: 480 },
        V::PeopleAffected { .. } => V::GroupShrinks { group, lost: 10, size: 30, most },
        V::GroupShrinks { .. } => {
            V::GroupRenamed { from: "Logistics".to_owned(), to: "Logistics & Stores".to_owned(), people: 16 }
        }
        V::GroupRenamed { .. } => V::NewGroups { groups: 51, limit: 50 },
        V::NewGroups { .. } => V::ManualGroup { rule: "departments".to_owned(), group },
        V::ManualGroup { .. } => V::GroupGrows { group, before: 30, after: 1_061, most: Percent::new(100) },
        V::GroupGrows { .. } => V::ChangedIds { addresses: 12, limit: 5, example: None, only_zeros: false },
        V::ChangedIds { example: None, .. } => {
            let example = Some(IdChange { former: "00123".to_owned(), new: "123".to_owned() });
            V::ChangedIds { addresses: 360, limit: 5, example, only_zeros: true }
        }
        V::ChangedIds { .. } => V::MovedAddresses { addresses: 400, limit: 5 },
        V::MovedAddresses { .. } => {
            let attribute = "department".to_owned();
            V::BlankedAttribute { attribute, blank: 10, had: 60, most: Percent::new(5) }
        }
        V::BlankedAttribute { .. } => V::SharedAddresses { shared: 99, had: 100, most: Percent::new(5) },
        V::SharedAddresses { .. } => return None,
    })
}

fn removals(what: RemovedItem, earlier: u64) -> LimitViolation {
    LimitViolation::Removals { what, lost: 312, people: 148, limit: 60, earlier }
}

fn next_warning<'a>(previous: Option<&PlanWarning<'a>>, rule: &'a RuleName) -> Option<PlanWarning<'a>> {
    let (id, why) = ("E000101", "`2026-13-01` is not a valid date");
    let taken = |holder| PlanWarning::AddressTaken { id, address: "anna@corp.example", holder };
    Some(match previous {
        None => PlanWarning::UnknownCourse { code: "GDPR" },
        Some(PlanWarning::UnknownCourse { .. }) => taken("`Anna King` (id `E000007`)"),
        Some(PlanWarning::AddressTaken { holder, .. }) if holder.starts_with('`') => {
            taken("the person with the id `E000007`")
        }
        Some(PlanWarning::AddressTaken { holder, .. }) if holder.starts_with("the") => {
            taken("another learner")
        }
        Some(PlanWarning::AddressTaken { .. }) => PlanWarning::AddressHandedOn { id, former: None },
        Some(PlanWarning::AddressHandedOn { former: None, .. }) => {
            PlanWarning::AddressHandedOn { id, former: Some("E000007") }
        }
        Some(PlanWarning::AddressHandedOn { .. }) => PlanWarning::AddressMoved { id, former: "E000007" },
        Some(PlanWarning::AddressMoved { .. }) => {
            let start = chrono::NaiveDate::from_ymd_opt(2068, 5, 2).unwrap_or_default();
            PlanWarning::DistantStart { id, start }
        }
        Some(PlanWarning::DistantStart { .. }) => {
            PlanWarning::SharedMailbox { id, address: "info@corp.example" }
        }
        Some(PlanWarning::SharedMailbox { .. }) => PlanWarning::Rehired { id, former: "C000101" },
        Some(PlanWarning::Rehired { .. }) => PlanWarning::SuspensionKept { id },
        Some(PlanWarning::SuspensionKept { .. }) => {
            PlanWarning::AttributeBlank { attribute: "manager", blank: 7, had: 118 }
        }
        Some(PlanWarning::AttributeBlank { .. }) => PlanWarning::RuleFailed { id, rule, why },
        Some(PlanWarning::RuleFailed { .. }) => PlanWarning::UnknownGroup { rule, group: "Sales" },
        Some(PlanWarning::UnknownGroup { .. }) => PlanWarning::CircularRule { rule },
        Some(PlanWarning::CircularRule { .. }) => PlanWarning::UnmatchedRule { rule },
        Some(PlanWarning::UnmatchedRule { .. }) => {
            PlanWarning::BadGroupName { name: " ", why: BadGroupName::Empty }
        }
        Some(PlanWarning::BadGroupName { why: BadGroupName::Empty, .. }) => {
            PlanWarning::BadGroupName { name: "Sales…", why: BadGroupName::TooLong(300) }
        }
        Some(PlanWarning::BadGroupName { why: BadGroupName::TooLong(_), .. }) => return None,
    })
}

fn next_pattern(previous: Option<&HoldPattern>) -> Option<HoldPattern> {
    let common = |some, others| {
        let (attribute, value) = ("location".to_owned(), "Hamburg".to_owned());
        HoldPattern::CommonValue { some, all: 750, others, attribute, value }
    };
    let moves = |people| {
        let (from, to, rule) = ("Sales".to_owned(), "Revenue".to_owned(), "departments".to_owned());
        HoldPattern::Move { people, from, to, rule }
    };
    match previous {
        None => Some(moves(2_297)),
        Some(HoldPattern::Move { people: 1, .. }) => Some(common(750, 0)),
        Some(HoldPattern::Move { .. }) => Some(moves(1)),
        Some(HoldPattern::CommonValue { others: 0, .. }) => Some(common(740, 12)),
        Some(HoldPattern::CommonValue { .. }) => None,
    }
}

fn next_manager_problem(previous: Option<ManagerProblem<'static>>) -> Option<ManagerProblem<'static>> {
    match previous {
        None => Some(ManagerProblem::Unknown { text: "C000104" }),
        Some(ManagerProblem::Unknown { .. }) => Some(ManagerProblem::Ambiguous { text: "Ada Lovelace" }),
        Some(ManagerProblem::Ambiguous { .. }) => Some(ManagerProblem::Several),
        Some(ManagerProblem::Several) => Some(ManagerProblem::TooManyLevels),
        Some(ManagerProblem::TooManyLevels) => Some(ManagerProblem::NotStored),
        Some(ManagerProblem::NotStored) => Some(ManagerProblem::LacksPeople),
        Some(ManagerProblem::LacksPeople) => None,
    }
}

/// The source, the mapping and the rules differ from the last good run.
fn baseline_changes() -> Vec<String> {
    let rules =
        |all: &[(&str, i64)]| all.iter().map(|(name, digest)| ((*name).to_owned(), *digest)).collect();
    let then = RunBaseline { people: 1_204, mapping: 1, rules: rules(&[("a", 1), ("b", 1)]) };
    let now = RunBaseline { people: 1_056, mapping: 2, rules: rules(&[("b", 2), ("c", 1)]) };
    now.changes(&then, "hr")
}

/// The reasons of holds and the warnings of plans match the snapshot.
#[test]
fn messages() {
    let mut out = String::from("# Reasons of holds\n\n");
    let mut current = next_violation(None);
    while let Some(violation) = current {
        let exceeded = LimitExceeded::from(&violation);
        writeln!(out, "[{}] {}", exceeded.limit.as_str(), exceeded.message).expect("a string");
        if let Some(change) = violation.source_change() {
            writeln!(out, "    because: {change}").expect("a string");
        }
        current = next_violation(Some(&violation));
    }
    writeln!(out, "\n# Changes since the last good run\n\n{}", baseline_changes().join("\n"))
        .expect("a string");
    out.push_str("\n# What the people of a hold have in common\n\n");
    let mut current = next_pattern(None);
    while let Some(pattern) = current {
        writeln!(out, "{pattern}").expect("a string");
        current = next_pattern(Some(&pattern));
    }
    out.push_str("\n# Managers who are not known\n\n");
    let mut current = next_manager_problem(None);
    while let Some(problem) = current {
        writeln!(out, "{problem}").expect("a string");
        current = next_manager_problem(Some(problem));
    }
    out.push_str("\n# Warnings\n\n");
    let rule = RuleName::new("tenure");
    let mut current = next_warning(None, &rule);
    while let Some(warning) = current {
        current = next_warning(Some(&warning), &rule);
        let RunWarning { kind, subject, message } = warning.into();
        writeln!(out, "[{}] {subject}: {message}", kind.as_str()).expect("a string");
    }
    insta::assert_snapshot!(out.trim());
}
