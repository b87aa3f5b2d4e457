//! Tests of the search of managers, without a database.

use rustc_hash::FxHashMap;

use crate::manager_problem::ManagerProblem;
use crate::managers::{OrgChart, OrgPerson, StoredLine, StoredManagers};
use rollcall_model::attributes::{Attribute, UNRESOLVED};
use rollcall_model::ids::LearnerId;
use rollcall_model::interner::Interner;

fn person(number: i64, manager: &str) -> OrgPerson {
    OrgPerson {
        learner: Some(LearnerId(number)),
        ids: vec![(0, format!("p{number}"))],
        address: format!("p{number}@corp.example"),
        managers: Some(manager.to_owned()).filter(|text| !text.is_empty()).into_iter().collect(),
        ..OrgPerson::default()
    }
}

/// The value of an attribute that is not known.
fn not_known(problem: ManagerProblem<'_>) -> String {
    format!("{UNRESOLVED}{problem}")
}

/// Returns the chains of ids and the numbers of reports.
fn resolve(people: Vec<OrgPerson>, stored: &StoredManagers, complete: bool) -> (Vec<String>, Vec<String>) {
    let count = u32::try_from(people.len()).expect("few people");
    let mut values = Interner::default();
    let (found, _) = OrgChart::new(people, stored, complete).resolve(&mut values);
    let all = |attribute| (0..count).map(|who| values.text(found.cell(who, attribute)).to_owned()).collect();
    (all(Attribute::MANAGER_CHAIN_IDS), all(Attribute::REPORTS_TOTAL))
}

/// A chain is in the order of the managers, and a circle ends before the person.
#[test]
fn circle_ends_before_the_person() {
    let people = vec![person(1, "p2"), person(2, "p1"), person(3, "p1"), person(4, "p4")];
    let (chains, reports) = resolve(people, &StoredManagers::default(), true);
    assert_eq!(chains, ["p2", "p1", "p1\u{1f}p2", ""]);
    assert_eq!(reports, ["2", "2", "0", "0"]);
}

/// Everything above an unknown manager is unknown, and the last known manager keeps the report.
#[test]
fn unknown_manager_is_unknown_for_all_below() {
    let people = vec![person(1, ""), person(2, "ghost"), person(3, "p2")];
    let line = StoredLine { manager: Some(LearnerId(1)), ..StoredLine::default() };
    let lines = FxHashMap::from_iter([(LearnerId(2), line)]);
    let (chains, reports) = resolve(people, &StoredManagers { people: Vec::new(), lines }, true);
    assert_eq!(chains[0], "");
    assert!(
        chains[1..].iter().all(|chain| *chain == not_known(ManagerProblem::Unknown { text: "ghost" })),
        "{chains:?}"
    );
    assert_eq!(reports, ["2", "1", "0"]);
}

/// More managers than an organization can have are an error.
#[test]
fn chain_without_end_is_an_error() {
    let people = (0..=101).map(|number| person(number, &format!("p{}", number + 1))).collect();
    let above = person(102, "");
    let stored = StoredManagers { people: vec![above], lines: FxHashMap::default() };
    let (chains, _) = resolve(people, &stored, true);
    assert_eq!(chains[0], not_known(ManagerProblem::TooManyLevels));
    assert!(chains[101] == "p102", "{chains:?}");
}

/// With a part of the people, a stored manager is used as long as the source writes the same text.
#[test]
fn stored_manager_is_used_while_the_text_is_the_same() {
    let line = |written: &str, manager| StoredLine {
        written: written.to_owned(),
        manager,
        reports: 7,
        ..StoredLine::default()
    };
    let lines =
        FxHashMap::from_iter([(LearnerId(1), line("x", Some(LearnerId(2)))), (LearnerId(2), line("", None))]);
    let stored = StoredManagers { people: vec![person(2, "")], lines };
    assert_eq!(resolve(vec![person(1, "x")], &stored, false), (vec!["p2".to_owned()], vec!["7".to_owned()]));
    let (chains, _) = resolve(vec![person(1, "y")], &stored, false);
    assert_eq!(chains, [not_known(ManagerProblem::Unknown { text: "y" })]);
}
