//! The article at a terminal.

use rollcall_model::role::Role;
use serde_json::{Value, json};

use super::{ArticleActor, ArticleCourse, ArticleReader, ArticleSection, Company};
use crate::support::company::email;

/// Somebody who types, and whose commands drain what they cause.
struct CommandLineActor;

pub(super) fn follow_article(mut company: Company) {
    super::follow_article(&mut company, &CommandLineActor);
}

/// The names that a command lists.
fn names(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect()
}

impl ArticleActor for CommandLineActor {
    fn is_in_control(&self, company: &Company) {
        // Whoever may use the file may do everything; the others are given a role.
        for role in [Role::LicenseHolder, Role::Manager] {
            let address = format!("{role}@corp.example");
            company.rollcall(&["admin", "create", &address, "--role", role.as_str()]).expect_status(0);
        }
        let accounts = company.json(&["admin", "list"]);
        let roles: Vec<&Value> =
            accounts["accounts"].as_array().expect("a list").iter().map(|one| &one["role"]).collect();
        assert_eq!(roles, [&json!("license_holder"), &json!("manager")]);
    }

    fn create(&self, company: &Company, read: &ArticleReader, group: &str, members: &[&str]) {
        read.follow(ArticleSection::Create, 1);
        assert!(!names(&company.json(&["groups", "list"])).contains(&group));
        read.follow(ArticleSection::Create, 4);
        let learners = company.json(&["learners", "list"]);
        for who in members {
            assert!(names(&learners).contains(who), "{learners}");
        }
        read.follow(ArticleSection::Create, 2);
        read.follow(ArticleSection::Create, 3);
        let mut words = vec!["groups".to_owned(), "create".to_owned(), group.to_owned()];
        read.follow(ArticleSection::Create, 5);
        for who in members {
            words.extend(["--member".to_owned(), email(who)]);
        }
        read.follow(ArticleSection::Create, 6);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        company.rollcall(&words).expect_status(0);
        read.follow(ArticleSection::Create, 7);
        let overview = company.json(&["groups", "list"]);
        assert!(names(&overview).contains(&group), "{overview}");
    }

    fn rename(&self, company: &Company, group: &str, new: &str) {
        company.rollcall(&["groups", "rename", group, new]).expect_status(0);
    }

    fn add(&self, company: &Company, group: &str, who: &str) {
        company.rollcall(&["groups", "add", group, &email(who)]).expect_status(0);
    }

    fn remove(&self, company: &Company, group: &str, who: &str) {
        company.rollcall(&["groups", "remove", group, &email(who)]).expect_status(0);
    }

    fn delete(&self, company: &Company, group: &str) {
        company.rollcall(&["groups", "delete", group, "--yes"]).expect_status(0);
        company.rollcall(&["groups", "show", group]).expect_status(1);
    }

    fn assign(&self, company: &Company, read: &ArticleReader, course: ArticleCourse, group: &str, days: u32) {
        read.follow(ArticleSection::Assign, 1);
        read.follow(ArticleSection::Assign, 2);
        let courses = company.json(&["courses", "list"]);
        assert!(
            courses.as_array().expect("a list").iter().any(|one| one["title"] == course.title),
            "{courses}"
        );
        read.follow(ArticleSection::Assign, 3);
        read.follow(ArticleSection::Assign, 4);
        read.follow(ArticleSection::Assign, 5);
        let days = days.to_string();
        company.rollcall(&["assign", course.code, "--group", group, "--due-days", &days]).expect_status(0);
        let shown = company.json(&["groups", "show", group]);
        assert_eq!(shown["assignments"][0]["course"], course.code);
    }
}
