//! What a database has decided, as text that both engines share and that a change of names in the code leaves alone.
//!
//! Learners, groups, rules, courses and connectors are named, days are counted from today, and numbers of rows, instants
//! and sentences are left out.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::Value;

use super::queries::{
    ADDRESSES, ASSIGNMENTS, CONNECTORS, COURSES, DORMANT, ENROLLMENTS, EXCLUSIONS, FEEDS, GROUPS, HELD, JOBS,
    KEPT_DUES, LEARNERS, LINKS, MEMBERSHIPS, PERSONS, PINNED, RULES, RUNS,
};
use super::runs::run_text;
use crate::support::database::{TableRows, TestDatabase};

pub(super) type TableRow = BTreeMap<String, Option<String>>;

/// Facts and whom each is about, with how often it stands there.
pub(super) type DatabaseFacts = BTreeMap<(String, String), usize>;

/// What a database says at one moment.
pub(super) struct RecordedChanges {
    /// Each run with its number and its lines.
    pub runs: Vec<(i64, String)>,
    pub facts: DatabaseFacts,
}

pub(super) fn text<'a>(row: &'a TableRow, column: &str) -> &'a str {
    row[column].as_deref().unwrap_or_default()
}

pub(super) fn is_true(row: &TableRow, column: &str) -> bool {
    matches!(text(row, column), "1" | "t" | "true")
}

/// A day, counted from today where it is near.
fn day(text: &str, today: NaiveDate) -> String {
    let Some(Ok(day)) = text.get(..10).map(str::parse::<NaiveDate>) else { return text.to_owned() };
    match (day - today).num_days() {
        0 => "today".to_owned(),
        days @ -400..=400 => format!("today{days:+}"),
        _ => day.to_string(),
    }
}

/// Names by the number of the row; rows of the same name are numbered in their order.
pub(super) struct RowNames(BTreeMap<String, String>);

impl RowNames {
    fn of(rows: &TableRows) -> Self {
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        let mut names = BTreeMap::new();
        for row in rows {
            let name = text(row, "name");
            let time = times.entry(name).or_default();
            *time += 1;
            let name = if *time == 1 { name.to_owned() } else { format!("{name}#{time}") };
            names.insert(text(row, "id").to_owned(), name);
        }
        Self(names)
    }

    pub(super) fn get(&self, row: &TableRow, column: &str) -> &str {
        self.0.get(text(row, column)).map_or("", String::as_str)
    }
}

pub(super) struct FactReader {
    today: NaiveDate,
    pub(super) learners: RowNames,
    pub(super) groups: RowNames,
    pub(super) rules: RowNames,
    pub(super) courses: RowNames,
    pub(super) connectors: RowNames,
    pub(super) assignments: BTreeMap<String, TableRow>,
    facts: DatabaseFacts,
}

/// Reads everything that is written of a database.
pub(super) async fn read_changes(db: &TestDatabase, today: NaiveDate) -> RecordedChanges {
    let queries = [
        LEARNERS,
        GROUPS,
        RULES,
        COURSES,
        CONNECTORS,
        ASSIGNMENTS,
        PERSONS,
        ADDRESSES,
        LINKS,
        FEEDS,
        MEMBERSHIPS,
        DORMANT,
        EXCLUSIONS,
        ENROLLMENTS,
        KEPT_DUES,
        JOBS,
        HELD,
        PINNED,
        RUNS,
    ];
    let mut answers = db.sql_each(&queries).await.into_iter();
    let mut next = || answers.next().expect("an answer to every query");
    let (learners, groups, rules, courses, connectors) = (next(), next(), next(), next(), next());
    let assignments = next();
    let mut reader = FactReader {
        today,
        learners: RowNames::of(&learners),
        groups: RowNames::of(&groups),
        rules: RowNames::of(&rules),
        courses: RowNames::of(&courses),
        connectors: RowNames::of(&connectors),
        assignments: assignments.into_iter().map(|row| (text(&row, "id").to_owned(), row)).collect(),
        facts: DatabaseFacts::new(),
    };
    reader.add_learners(&learners);
    reader.add_catalogue(&groups, &courses, &connectors);
    reader.add_people(&next(), &next(), &next());
    reader.add_groups(&next(), &next(), &next(), &next());
    reader.add_enrollments(&next(), &next(), &next());
    reader.add_held(&next(), &next());
    let runs =
        next().iter().map(|row| (text(row, "run").parse().expect("a number"), run_text(row))).collect();
    RecordedChanges { runs, facts: reader.facts }
}

impl FactReader {
    pub(super) fn add(&mut self, fact: String, subject: &str) {
        *self.facts.entry((fact, subject.to_owned())).or_default() += 1;
    }

    pub(super) fn day(&self, row: &TableRow, column: &str) -> String {
        day(text(row, column), self.today)
    }

    /// The attributes of a record; those that only repeat the name of the subject are left out.
    pub(super) fn attributes(&mut self, what: &str, row: &TableRow, subject: &str) {
        let Ok(Value::Object(attributes)) = serde_json::from_str(text(row, "attributes")) else { return };
        for (name, value) in attributes {
            let values = match value {
                Value::String(one) => day(&one, self.today),
                Value::Array(many) => {
                    let mut many: Vec<String> =
                        many.iter().filter_map(Value::as_str).map(|one| day(one, self.today)).collect();
                    many.sort();
                    many.join("|")
                }
                other => other.to_string(),
            };
            let is_name = values == subject || values == format!("{subject}@corp.example");
            if !(is_name && matches!(name.as_str(), "id" | "email" | "name")) {
                self.add(format!("{what} {name}={values}"), subject);
            }
        }
    }

    fn add_learners(&mut self, learners: &TableRows) {
        for row in learners {
            let who = self.learners.get(row, "id").to_owned();
            let since = self.day(row, "since");
            self.add(format!("learner {} since {since}", text(row, "status")), &who);
            if is_true(row, "by_hand") {
                self.add("learner by hand".to_owned(), &who);
            }
            let email = text(row, "email");
            if email != format!("{who}@corp.example") {
                self.add(format!("learner address={email}"), &who);
            }
            if row["contested"].is_some() {
                self.add(format!("learner contests {}", text(row, "contested")), &who);
            }
            self.attributes("learner", row, &who);
        }
    }

    fn add_catalogue(&mut self, groups: &TableRows, courses: &TableRows, connectors: &TableRows) {
        for row in groups {
            let name = self.groups.get(row, "id").to_owned();
            let origin = if is_true(row, "by_hand") { "by hand" } else { "by a rule" };
            let deleted = if row["deleted"].is_some() { ", deleted" } else { "" };
            self.add(format!("group {origin}{deleted}"), &name);
        }
        for row in courses {
            let name = self.courses.get(row, "id").to_owned();
            self.add(format!("course by {}", text(row, "source")), &name);
        }
        for row in connectors {
            let name = self.connectors.get(row, "id").to_owned();
            let retired = if row["retired"].is_some() { ", retired" } else { "" };
            let good = row["good"].as_deref().unwrap_or("none");
            self.add(format!("connector good run {good}{retired}"), &name);
        }
    }

    fn add_people(&mut self, persons: &TableRows, addresses: &TableRows, links: &TableRows) {
        for row in persons {
            let connector = self.connectors.get(row, "connector").to_owned();
            let who = self.learners.get(row, "learner").to_owned();
            let person = text(row, "person");
            let is = if person == who { String::new() } else { format!(", is {who}") };
            let presence = if is_true(row, "present") { "present" } else { "absent" };
            self.add(format!("person {connector} {presence}{is}"), person);
            self.attributes(&format!("person {connector}"), row, person);
        }
        for row in addresses {
            let who = self.learners.get(row, "learner").to_owned();
            self.add(format!("learner formerly {}", text(row, "address")), &who);
        }
        for row in links {
            let (who, merged) =
                (self.learners.get(row, "learner"), self.learners.get(row, "merged").to_owned());
            self.add(format!("linked with {who}"), &merged);
        }
    }
}
