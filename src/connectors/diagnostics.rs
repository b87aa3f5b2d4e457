//! Steps of `rollcall check` that all sources have in common.

use crate::{CheckStep, Connector, ConnectorError};
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::people::PeopleTable;

/// Number of people that `check` shows, so that an operator can verify them.
const SHOWN: usize = 3;

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

/// The last step: number of people with each attribute, and the first people. Adds warnings to the previous step
/// if no people were found or records were set aside, and to this step for attributes that no person has.
pub(super) fn add_people_step(
    steps: &mut Vec<CheckStep>,
    connector: &Connector,
    attributes: &AttributeSet,
    people: &PeopleTable,
) {
    if people.set_aside() > 0 {
        add_warning(
            steps,
            format!(
                "{} records have an empty or repeated id, or no name, and are set aside",
                people.set_aside()
            ),
        );
    }
    if people.is_empty() {
        add_warning(steps, "no people found".to_owned());
        return;
    }
    let mut counts = Vec::new();
    let mut warnings = Vec::new();
    for (attribute, source) in &connector.mapping.columns {
        let name = attributes.name(*attribute);
        let count = people.rows().filter(|&row| !people.cell(row, *attribute).is_empty()).count();
        counts.push(format!("{name} {count}"));
        if count == 0 {
            warnings.push(format!("no person has a value for `{source}`, which is mapped to `{name}`"));
        }
    }
    let shown: Vec<String> = people
        .rows()
        .take(SHOWN)
        .map(|row| {
            format!("`{}` {}", people.id(row), people.first(row, Attribute::NAME)).trim_end().to_owned()
        })
        .collect();
    let description =
        format!("of {} people: {}; the first are {}", people.len(), counts.join(", "), shown.join(", "));
    steps.push(CheckStep { name: "attributes", outcome: Ok(description), warnings });
}
