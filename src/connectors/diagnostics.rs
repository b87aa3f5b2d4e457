//! Steps of `rollcall check` that all sources have in common.

use std::collections::BTreeMap;

use crate::mapper::PeopleSample;
use crate::mapping::SeveralRecords;
use crate::{CheckStep, Connector, ConnectorError, DirectoryReading};
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::format::count;
use rollcall_model::people::{PeopleTable, RowIndex};
use rollcall_model::run_warning::{RunWarning, RunWarningKind};

/// Number of people, and of problems of a kind, that `check` shows, so that an operator can verify them.
const SHOWN: usize = 3;

/// The beginning of the warning about an attribute without values.
const NOBODY_HAS: &str = "no person has a value";

/// The number of people that a sync makes of the records.
pub(super) fn count_people(connector: &Connector, people: &PeopleTable) -> u64 {
    let merged = if merges_records(connector) { people.repeated_ids() } else { 0 };
    people.len() as u64 + merged
}

fn merges_records(connector: &Connector) -> bool {
    match connector.mapping.several {
        SeveralRecords::Merge => true,
        SeveralRecords::Refuse => false,
    }
}

/// Records the result of a step; returns `None` if the step failed.
pub(super) fn record_step<T>(
    steps: &mut Vec<CheckStep>,
    name: &'static str,
    outcome: Result<T, ConnectorError>,
    description: impl FnOnce(&T) -> String,
) -> Option<T> {
    let (outcome, value) = match outcome {
        Ok(value) => (Ok(description(&value)), Some(value)),
        Err(error) => (Err(error), None),
    };
    steps.push(CheckStep { name, outcome, warnings: Vec::new() });
    value
}

/// The step that reports a cancellation.
pub(super) fn cancelled_step(connector: &Connector) -> CheckStep {
    let cancelled = ConnectorError::cancelled(&connector.name);
    CheckStep { name: "read", outcome: Err(cancelled), warnings: Vec::new() }
}

/// Adds a warning to the last step.
pub(super) fn add_warning(steps: &mut [CheckStep], warning: String) {
    if let Some(step) = steps.last_mut() {
        step.warnings.push(warning);
    }
}

/// The last step of a complete reading: number of people with each attribute, and the first people. Adds warnings to the
/// previous step if no people were found or records were set aside, and to this step for attributes that no person has
/// and for values that cannot be used.
pub(super) fn add_reading_step(
    steps: &mut Vec<CheckStep>,
    connector: &Connector,
    attributes: &AttributeSet,
    reading: &DirectoryReading,
) {
    let warnings = summarize_problems(reading.problems());
    add_attributes_step(steps, connector, attributes, reading.people(), NOBODY_HAS, (Vec::new(), warnings));
}

/// As [`add_reading_step`], for people that are not a reading. Of a first page it says nothing about later pages.
pub(super) fn add_sample_step(
    steps: &mut Vec<CheckStep>,
    connector: &Connector,
    attributes: &AttributeSet,
    sample: &PeopleSample,
) {
    let PeopleSample { people, is_whole, unreadable_dates, problems } = sample;
    let nobody_has = if *is_whole {
        NOBODY_HAS.to_owned()
    } else {
        format!("none of the first {} has a value", count(people.len() as u64, "person", "people"))
    };
    let (unreadable, mut warnings): (Vec<_>, Vec<_>) = unreadable_dates.iter().cloned().unzip();
    let others = problems.iter().filter(|problem| problem.kind != RunWarningKind::BadDate);
    warnings.extend(summarize_problems(others));
    add_attributes_step(steps, connector, attributes, people, &nobody_has, (unreadable, warnings));
}

/// The messages of problems, a few of each kind.
fn summarize_problems<'p>(problems: impl IntoIterator<Item = &'p RunWarning>) -> Vec<String> {
    let mut by_kind: BTreeMap<RunWarningKind, Vec<&str>> = BTreeMap::new();
    for problem in problems {
        by_kind.entry(problem.kind).or_default().push(&problem.message);
    }
    by_kind.remove(&RunWarningKind::AttributeEmpty);
    let mut lines = Vec::new();
    for messages in by_kind.values() {
        lines.extend(messages.iter().take(SHOWN).map(|&message| message.to_owned()));
        if let Some(more) = messages.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            lines.push(format!("{} of this kind", count(more as u64, "more problem", "more problems")));
        }
    }
    lines
}

/// Warns of people with several managers, whom the rules do not choose from.
fn describe_several_managers(people: &PeopleTable) -> Option<String> {
    let has_several = |&row: &RowIndex| people.values.all(people.cell(row, Attribute::MANAGER)).count() > 1;
    let number = people.rows().filter(has_several).count();
    (number > 0).then(|| {
        let several = count(number as u64, "person has", "people have");
        format!("{several} several managers: rules that read managers are not evaluated for them, if these are different people")
    })
}

/// `nobody_has` is the beginning of the warning about an attribute without values. `found` are the attributes whose values
/// cannot be read, and further warnings.
fn add_attributes_step(
    steps: &mut Vec<CheckStep>,
    connector: &Connector,
    attributes: &AttributeSet,
    people: &PeopleTable,
    nobody_has: &str,
    (unreadable, others): (Vec<Attribute>, Vec<String>),
) {
    let merges = merges_records(connector);
    let merged = if merges { people.repeated_records() } else { 0 };
    let set_aside = people.set_aside() - merged;
    if set_aside > 0 {
        add_warning(
            steps,
            format!("{set_aside} records have an empty or repeated id, or no name, and are set aside"),
        );
    }
    if !merges && people.repeated_ids() > 0 {
        let ids = count(people.repeated_ids(), "id has", "ids have");
        let advice = "`several = \"merge\"` makes one person of them";
        add_warning(steps, format!("{ids} different records, which are set aside: {advice}"));
    }
    if count_people(connector, people) == 0 {
        add_warning(steps, "no people found".to_owned());
        return;
    }
    let mut counts = Vec::new();
    let mut warnings = Vec::new();
    for (attribute, source) in &connector.mapping.columns {
        let name = attributes.name(*attribute);
        let of_repeated = if merges { people.count_repeated_with(*attribute) } else { 0 };
        let count = people.count_with(*attribute) + of_repeated;
        counts.push(format!("{name} {count}"));
        if count == 0 && !unreadable.contains(attribute) {
            warnings.push(format!("{nobody_has} for `{source}`, which is mapped to `{name}`"));
        }
    }
    warnings.extend(describe_several_managers(people));
    warnings.extend(others);
    let shown: Vec<String> = people
        .rows()
        .take(SHOWN)
        .map(|row| {
            format!("`{}` {}", people.id(row), people.first(row, Attribute::NAME)).trim_end().to_owned()
        })
        .collect();
    let mut description = format!(
        "of {} people: {}; the first are {}",
        count_people(connector, people),
        counts.join(", "),
        shown.join(", ")
    );
    if merged > 0 {
        let ids = count(people.repeated_ids(), "person", "people");
        description.push_str(&format!("; {} of {ids} are merged", count(merged, "record", "records")));
    }
    steps.push(CheckStep { name: "attributes", outcome: Ok(description), warnings });
}
