//! The facts of groups, memberships, courses, enrollments and held changes.

use super::facts::{FactReader, TableRow, is_true, text};
use crate::support::database::TableRows;

impl FactReader {
    pub(super) fn add_groups(
        &mut self,
        feeds: &TableRows,
        memberships: &TableRows,
        dormant: &TableRows,
        exclusions: &TableRows,
    ) {
        for row in feeds {
            let (rule, key, name) = (self.rules.get(row, "rule"), text(row, "key"), text(row, "name"));
            let group = self.groups.get(row, "grp").to_owned();
            let met = if name == group { String::new() } else { format!(", met as {name}") };
            self.add(format!("fed by {rule} for [{}]{met}", key.escape_debug()), &group);
        }
        for row in memberships {
            let (group, rule) = (self.groups.get(row, "grp"), self.rules.get(row, "rule"));
            let who = self.learners.get(row, "learner").to_owned();
            self.add(format!("member {group} / {rule}, joined {}", self.day(row, "joined")), &who);
        }
        for row in dormant {
            let who = self.learners.get(row, "learner").to_owned();
            self.add(format!("dormant {}", self.groups.get(row, "grp")), &who);
        }
        for row in exclusions {
            let who = self.learners.get(row, "learner").to_owned();
            let until = if row["until"].is_some() { self.day(row, "until") } else { "ever".to_owned() };
            self.add(format!("excluded {} until {until}", self.groups.get(row, "grp")), &who);
        }
    }

    pub(super) fn add_enrollments(&mut self, enrollments: &TableRows, kept: &TableRows, jobs: &TableRows) {
        let assignments: Vec<TableRow> = self.assignments.values().cloned().collect();
        for row in assignments.iter().filter(|row| row["ended"].is_none()) {
            let (fact, subject) = self.assignment(row);
            self.add(fact, &subject);
        }
        for row in enrollments {
            let who = self.learners.get(row, "learner").to_owned();
            let due = if row["due"].is_some() { self.day(row, "due") } else { "never".to_owned() };
            let completed = if row["completed"].is_some() { ", completed" } else { "" };
            let progress = match text(row, "progress") {
                "0" => String::new(),
                percent => format!(", {percent} %"),
            };
            let course = self.courses.get(row, "course");
            self.add(
                format!("enrollment {course} {}, due {due}{completed}{progress}", text(row, "state")),
                &who,
            );
        }
        for row in kept {
            let who = self.learners.get(row, "learner").to_owned();
            let (course, lost, due) =
                (self.courses.get(row, "course"), self.day(row, "lost"), self.day(row, "due"));
            self.add(format!("kept due {course} {due}, lost {lost}"), &who);
        }
        for row in jobs {
            let who = self.learners.get(row, "learner").to_owned();
            let course = self.courses.get(row, "course");
            self.add(format!("job {} {course}, {}", text(row, "kind"), text(row, "state")), &who);
        }
    }

    /// An assignment and the group or the learner that it is given to.
    fn assignment(&self, row: &TableRow) -> (String, String) {
        let due = match (text(row, "due_on"), text(row, "due_days")) {
            ("", "") => String::new(),
            ("", days) => format!(" {days}"),
            _ => format!(" {}", self.day(row, "due_on")),
        };
        let pattern = match text(row, "pattern") {
            "" => String::new(),
            pattern => format!(" [{pattern}]"),
        };
        let (whom, subject) = match self.groups.get(row, "grp") {
            "" => ("learner", self.learners.get(row, "learner")),
            group => ("group", group),
        };
        let fact = format!(
            "assignment {} by {}{pattern} to {whom}, due {}{due}, late {}, since {}",
            self.courses.get(row, "course"),
            text(row, "source"),
            text(row, "due_kind"),
            text(row, "late_days"),
            self.day(row, "assigned_on")
        );
        (fact, subject.to_owned())
    }

    pub(super) fn add_held(&mut self, changes: &TableRows, pinned: &TableRows) {
        for row in changes {
            let connector = self.connectors.get(row, "connector");
            let mut about: Vec<String> =
                [self.groups.get(row, "grp"), text(row, "group_name"), self.rules.get(row, "rule")]
                    .into_iter()
                    .filter(|name| !name.is_empty())
                    .map(str::to_owned)
                    .collect();
            if let Some(assignment) = self.assignments.get(text(row, "assignment")) {
                let (_, subject) = self.assignment(assignment);
                about.push(format!("{} of {subject}", self.courses.get(assignment, "course")));
            }
            let about = about.join(" / ");
            let fact = format!(
                "{} {connector} {} {about} by {} since run {}",
                text(row, "state"),
                text(row, "kind"),
                text(row, "reason"),
                text(row, "first")
            );
            let who = match self.learners.get(row, "learner") {
                "" => text(row, "person").to_owned(),
                who => who.to_owned(),
            };
            self.add(fact.replace("  ", " "), &who);
        }
        for row in pinned {
            let connector = self.connectors.get(row, "connector").to_owned();
            let person = text(row, "person");
            let presence = if is_true(row, "present") { "present" } else { "absent" };
            self.add(format!("pinned {connector} {presence}"), person);
            self.attributes(&format!("pinned {connector}"), row, person);
        }
    }
}
