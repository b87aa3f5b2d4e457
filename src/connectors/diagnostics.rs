//! What the steps of `check` have in common, whatever the source.

use crate::{CheckStep, Connector, ConnectorError};
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::people::PeopleTable;

/// How many people `check` shows, so that somebody can see whether they are the right ones.
const SHOWN: usize = 3;

/// Notes what came of a step; `None` ends the walk.
pub(super) fn record_step<T>(
    steps: &mut Vec<CheckStep>,
    name: &'static str,
    outcome: Result<T, ConnectorError>,
    words: impl FnOnce(&T) -> String,
) -> Option<T> {
    let (outcome, value) = match outcome {
        Ok(value) => (Ok(words(&value)), Some(value)),
        Err(error) => (Err(error), None),
    };
    steps.push(CheckStep { name, outcome, warnings: Vec::new() });
    value
}

/// The step that was not taken because somebody ended the walk.
pub(super) fn cancelled_step(connector: &Connector) -> CheckStep {
    let cancelled = ConnectorError::Cancelled { connector: connector.name.clone() };
    CheckStep { name: "read", outcome: Err(cancelled), warnings: Vec::new() }
}

/// Adds a warning to the step that was taken last.
pub(super) fn add_warning(steps: &mut [CheckStep], warning: String) {
    if let Some(step) = steps.last_mut() {
        step.warnings.push(warning);
    }
}

/// The last step: how many people have each attribute, and who the first ones are. Warns about the step before when
/// nobody or not everybody came, and about attributes that nobody has.
pub(super) fn add_people_step(
    steps: &mut Vec<CheckStep>,
    connector: &Connector,
    attributes: &AttributeSet,
    people: &PeopleTable,
) {
    if people.set_aside() > 0 {
        add_warning(
            steps,
            format!("{} records have an empty or repeated id and are set aside", people.set_aside()),
        );
    }
    if people.is_empty() {
        add_warning(steps, "nobody was found".to_owned());
        return;
    }
    let mut counts = Vec::new();
    let mut warnings = Vec::new();
    for (attribute, source) in &connector.mapping.columns {
        let name = attributes.name(*attribute);
        let count = people.rows().filter(|&row| !people.cell(row, *attribute).is_empty()).count();
        counts.push(format!("{name} {count}"));
        if count == 0 {
            warnings.push(format!("nobody has `{source}`, which is mapped to `{name}`"));
        }
    }
    let shown: Vec<String> = people
        .rows()
        .take(SHOWN)
        .map(|row| {
            format!("`{}` {}", people.id(row), people.first(row, Attribute::NAME)).trim_end().to_owned()
        })
        .collect();
    let words =
        format!("of {} people: {}; the first are {}", people.len(), counts.join(", "), shown.join(", "));
    steps.push(CheckStep { name: "attributes", outcome: Ok(words), warnings });
}
