//! The rules and the assignments that the file may have, as text for rollcall and as plain code for the model.

use std::collections::BTreeSet;

use super::reference_model::{ModelDueDate, ModelRecord, ModelStatus};

/// A rule of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct ModelRule {
    pub name: &'static str,
    /// What the template puts in front of the value, and the attribute that it reads.
    group: (&'static str, Option<&'static str>),
    when: &'static str,
    matches: fn(&ModelRecord, ModelStatus) -> bool,
    /// The only connector whose people the rule is about.
    pub connector: Option<usize>,
}

/// Each rule in the forms that it may have.
pub(super) const RULES: [&[Option<ModelRule>]; 5] = [
    &[
        Some(rule("departments", ("", Some("department")), "department != \"\"", |record, _| {
            record.contains_key("department")
        })),
        Some(rule("by-department", ("", Some("department")), "department != \"\"", |record, _| {
            record.contains_key("department")
        })),
        Some(rule(
            "departments",
            ("", Some("department")),
            "department != \"\" && role != \"lead\"",
            |record, _| record.contains_key("department") && first(record, "role") != "lead",
        )),
    ],
    &[
        Some(rule("everybody", ("Everybody", None), "true", |_, _| true)),
        Some(rule("everybody", ("Everybody", None), "status != \"leave\"", |_, status| {
            status != ModelStatus::Leave
        })),
    ],
    &[
        Some(rule("berlin", ("Berlin", None), "location == \"Berlin\"", |record, _| {
            first(record, "location") == "Berlin"
        })),
        Some(rule("berlin", ("Berlin", None), "location == \"Berlin\" || role == \"lead\"", |record, _| {
            first(record, "location") == "Berlin" || first(record, "role") == "lead"
        })),
        None,
    ],
    &[Some(ModelRule { connector: Some(1), ..rule("it", ("IT people", None), "true", |_, _| true) }), None],
    &[
        Some(rule("leads", ("Leads ", Some("location")), "role == \"lead\"", |record, _| {
            first(record, "role") == "lead"
        })),
        Some(rule("leads", ("Heads ", Some("location")), "role == \"lead\"", |record, _| {
            first(record, "role") == "lead"
        })),
    ],
];

const fn rule(
    name: &'static str,
    group: (&'static str, Option<&'static str>),
    when: &'static str,
    matches: fn(&ModelRecord, ModelStatus) -> bool,
) -> ModelRule {
    ModelRule { name, group, when, matches, connector: None }
}

fn first<'a>(record: &'a ModelRecord, attribute: &str) -> &'a str {
    record.get(attribute).and_then(|values| values.first()).map_or("", String::as_str)
}

impl ModelRule {
    /// As the file has it.
    pub(super) fn text(&self) -> String {
        let (before, attribute) = self.group;
        let value = attribute.map_or_else(String::new, |name| format!("{{{name}}}"));
        let (name, when) = (self.name, self.when);
        let only = if self.connector.is_some() { "connectors = ['it']\n" } else { "" };
        format!("[[rule]]\nname = '{name}'\ngroup = '{before}{value}'\nwhen = '{when}'\n{only}")
    }

    /// The groups that it gives to somebody: the value that makes each, and the name.
    pub(super) fn groups(
        &self,
        record: &ModelRecord,
        status: ModelStatus,
        sources: &BTreeSet<usize>,
    ) -> Vec<(String, String)> {
        let applies = self.connector.is_none_or(|only| sources.contains(&only));
        if !applies || !(self.matches)(record, status) {
            return Vec::new();
        }
        let (before, attribute) = self.group;
        let Some(attribute) = attribute else { return vec![(String::new(), before.to_owned())] };
        let values = record.get(attribute).cloned().unwrap_or_default();
        values.into_iter().map(|value| (value.to_lowercase(), format!("{before}{value}"))).collect()
    }
}

/// An assignment of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct ModelFileAssignment {
    pub course: &'static str,
    pub pattern: &'static str,
    pub due: ModelDueDate,
}

/// Each assignment in the forms that it may have.
pub(super) const ASSIGNMENTS: [&[Option<ModelFileAssignment>]; 4] = [
    &[
        Some(of("A", "Sales", ModelDueDate::AfterJoining(30))),
        Some(of("A", "Sales", ModelDueDate::AfterJoining(12))),
        None,
    ],
    &[Some(of("B", "*", ModelDueDate::Never)), Some(of("B", "*", ModelDueDate::AfterStart(20))), None],
    &[Some(of("A", "Berlin", ModelDueDate::AfterStart(10))), None],
    &[Some(of("C", "L*", ModelDueDate::AfterJoining(45))), None],
];

const fn of(course: &'static str, pattern: &'static str, due: ModelDueDate) -> ModelFileAssignment {
    ModelFileAssignment { course, pattern, due }
}

impl ModelFileAssignment {
    /// As the file has it.
    pub(super) fn text(&self) -> String {
        let due = match self.due {
            ModelDueDate::Never => String::new(),
            ModelDueDate::On(day) => format!("due = '{day}'"),
            ModelDueDate::AfterJoining(days) => format!("due_days = {days}"),
            ModelDueDate::AfterStart(days) => format!("due_days_after_start = {days}"),
        };
        format!("[[assignment]]\ncourse = '{}'\ngroups = ['{}']\n{due}\n", self.course, self.pattern)
    }

    /// Whether it is about a group of this name.
    pub(super) fn matches(&self, name: &str) -> bool {
        match self.pattern.strip_suffix('*') {
            Some(beginning) => name.to_lowercase().starts_with(&beginning.to_lowercase()),
            None => name == self.pattern,
        }
    }
}

/// What the file says at the moment.
#[derive(Debug, Clone, Default)]
pub(super) struct ModelConfig {
    pub rules: [usize; RULES.len()],
    pub assignments: [usize; ASSIGNMENTS.len()],
}

impl ModelConfig {
    pub(super) fn rules(&self) -> impl Iterator<Item = ModelRule> + '_ {
        RULES.iter().zip(self.rules).filter_map(|(forms, form)| forms[form])
    }

    pub(super) fn assignments(&self) -> impl Iterator<Item = ModelFileAssignment> + '_ {
        ASSIGNMENTS.iter().zip(self.assignments).filter_map(|(forms, form)| forms[form])
    }

    /// The text of a rule; nothing for one that the file does not have.
    pub(super) fn rule_text(&self, rule: &str) -> String {
        self.rules().find(|one| one.name == rule).map_or_else(String::new, |one| one.text())
    }

    pub(super) fn text(&self) -> String {
        let courses =
            ["A", "B", "C"].map(|code| format!("[[course]]\ncode = '{code}'\ntitle = 'All about {code}'\n"));
        let rules = self.rules().map(|rule| rule.text());
        let assignments = self.assignments().map(|one| one.text());
        rules.chain(courses).chain(assignments).collect()
    }
}
