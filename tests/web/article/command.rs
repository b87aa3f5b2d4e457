//! The article at a terminal.

use rollcall::model::role::Role;
use serde_json::{Value, json};

use super::{Company, Course, Hand, Reader, Section};
use crate::support::company::email;

/// Somebody who types, and whose commands drain what they cause.
struct Typist;

pub fn walk(mut company: Company) {
    super::walk(&mut company, &Typist);
}

/// The names that a command lists.
fn names(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect()
}

impl Hand for Typist {
    fn is_in_control(&self, company: &Company) {
        // Whoever may use the file may do everything; the others are given a role.
        for role in [Role::LicenseHolder, Role::Manager] {
            let address = format!("{role}@corp.example");
            company.rollcall(&["admin", "create", &address, "--role", role.as_str()]).ended(0);
        }
        let accounts = company.json(&["admin", "list"]);
        let roles: Vec<&Value> =
            accounts["accounts"].as_array().expect("a list").iter().map(|one| &one["role"]).collect();
        assert_eq!(roles, [&json!("license_holder"), &json!("manager")]);
    }

    fn create(&self, company: &Company, read: &Reader, group: &str, members: &[&str]) {
        read.at(Section::Create, 1);
        assert!(!names(&company.json(&["groups", "list"])).contains(&group));
        read.at(Section::Create, 4);
        let learners = company.json(&["learners", "list"]);
        for who in members {
            assert!(names(&learners).contains(who), "{learners}");
        }
        read.at(Section::Create, 2);
        read.at(Section::Create, 3);
        let mut words = vec!["groups".to_owned(), "create".to_owned(), group.to_owned()];
        read.at(Section::Create, 5);
        for who in members {
            words.extend(["--member".to_owned(), email(who)]);
        }
        read.at(Section::Create, 6);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        company.rollcall(&words).ended(0);
        read.at(Section::Create, 7);
        let overview = company.json(&["groups", "list"]);
        assert!(names(&overview).contains(&group), "{overview}");
    }

    fn rename(&self, company: &Company, group: &str, new: &str) {
        company.rollcall(&["groups", "rename", group, new]).ended(0);
    }

    fn add(&self, company: &Company, group: &str, who: &str) {
        company.rollcall(&["groups", "add", group, &email(who)]).ended(0);
    }

    fn remove(&self, company: &Company, group: &str, who: &str) {
        company.rollcall(&["groups", "remove", group, &email(who)]).ended(0);
    }

    fn delete(&self, company: &Company, group: &str) {
        company.rollcall(&["groups", "delete", group, "--yes"]).ended(0);
        company.rollcall(&["groups", "show", group]).ended(1);
    }

    fn assign(&self, company: &Company, read: &Reader, course: Course, group: &str, days: u32) {
        read.at(Section::Assign, 1);
        read.at(Section::Assign, 2);
        let courses = company.json(&["courses", "list"]);
        assert!(
            courses.as_array().expect("a list").iter().any(|one| one["title"] == course.title),
            "{courses}"
        );
        read.at(Section::Assign, 3);
        read.at(Section::Assign, 4);
        read.at(Section::Assign, 5);
        let days = days.to_string();
        company.rollcall(&["assign", course.code, "--group", group, "--due-days", &days]).ended(0);
        let shown = company.json(&["groups", "show", group]);
        assert_eq!(shown["assignments"][0]["course"], course.code);
    }
}
