//! The article by a program that has nothing but the API.

use rollcall_model::role::Role;
use serde_json::{Value, json};

use super::{ArticleActor, ArticleCourse, ArticleReader, ArticleSection, Company};
use crate::support::company::email;
use crate::support::web::WebServer;
use crate::web::api::{ApiClient, ApiResponse};

/// A program with keys of several roles.
struct ApiActor<'a> {
    site: &'a WebServer,
    keys: [(Role, String); 3],
}

pub(super) fn follow_article(mut company: Company) {
    let site = company.serve();
    let keys = [Role::Manager, Role::LicenseHolder, Role::Viewer]
        .map(|role| (role, company.token(&format!("a {role}"), role)));
    super::follow_article(&mut company, &ApiActor { site: &site, keys });
    site.end();
}

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect()
}

impl ApiActor<'_> {
    fn api<'a>(&self, company: &'a Company) -> ApiClient<'a> {
        ApiClient::with_key(company, self.site, &self.keys[0].1)
    }

    /// The address of a group.
    fn group(&self, company: &Company, name: &str) -> String {
        let list = self.api(company).get("/groups?limit=200").expect_status(200).body;
        let items = list["items"].as_array().expect("a list");
        let group = items.iter().find(|one| one["name"] == name).expect("the group");
        format!("/groups/{}", group["id"])
    }

    /// What became of somebody whom a change of members names.
    fn effect(answer: ApiResponse, who: &str) -> String {
        let body = answer.expect_status(200).body;
        assert_eq!(body["members"][0]["email"], email(who), "{body}");
        body["members"][0]["effect"].as_str().expect("a word").to_owned()
    }
}

impl ArticleActor for ApiActor<'_> {
    fn is_in_control(&self, company: &Company) {
        for (role, key) in &self.keys {
            let api = ApiClient::with_key(company, self.site, key);
            for path in ["/groups", "/assignments", "/learners"] {
                api.get(path).expect_status(200);
            }
            let made = api.post("/groups", &json!({"name": format!("Made by a {role}")}));
            if *role == Role::Viewer {
                made.expect_status(403);
            } else {
                let group = made.expect_status(201).location.expect("a place").replace("/api/v1", "");
                api.send("DELETE", &group, &[], None).expect_status(200);
            }
        }
    }

    fn create(&self, company: &Company, read: &ArticleReader, group: &str, members: &[&str]) {
        let api = self.api(company);
        read.follow(ArticleSection::Create, 1);
        assert!(!names(&api.get("/groups").expect_status(200).body).contains(&group));
        read.follow(ArticleSection::Create, 4);
        let chosen = members.iter().map(|who| {
            let found = api.get(&format!("/learners?q={who}")).expect_status(200).body;
            assert_eq!(names(&found), [*who]);
            found["items"][0]["id"].as_i64().expect("a number")
        });
        read.follow(ArticleSection::Create, 5);
        let chosen: Vec<i64> = chosen.collect();
        read.follow(ArticleSection::Create, 2);
        read.follow(ArticleSection::Create, 3);
        read.follow(ArticleSection::Create, 6);
        let made = api.post("/groups", &json!({"name": group, "members": chosen})).expect_status(201);
        assert_eq!(made.location, Some(format!("/api/v1/groups/{}", made.body["id"])));
        assert_eq!(made.body["memberships"]["add"], members.len());
        read.follow(ArticleSection::Create, 7);
        let overview = api.get("/groups").expect_status(200).body;
        assert!(names(&overview).contains(&group), "{overview}");
    }

    fn rename(&self, company: &Company, group: &str, new: &str) {
        let path = self.group(company, group);
        self.api(company).json("PATCH", &path, &json!({"name": new})).expect_status(200);
        assert_eq!(self.group(company, new), path);
    }

    fn add(&self, company: &Company, group: &str, who: &str) {
        let path = self.group(company, group);
        let added = json!({"members": [company.learner(who)]});
        let added = self.api(company).post(&format!("{path}/members"), &added);
        assert_eq!(Self::effect(added, who), "added");
        let members = self.api(company).get(&format!("{path}/members")).expect_status(200).body;
        assert!(names(&members).contains(&who), "{members}");
    }

    fn remove(&self, company: &Company, group: &str, who: &str) {
        let path = format!("{}/members/remove", self.group(company, group));
        let removed = self.api(company).post(&path, &json!({"members": [email(who)]}));
        assert_eq!(Self::effect(removed, who), "removed");
    }

    fn delete(&self, company: &Company, group: &str) {
        let path = self.group(company, group);
        self.api(company).send("DELETE", &path, &[], None).expect_status(200);
        self.api(company).get(&path).expect_problem(404, None);
    }

    fn assign(&self, company: &Company, read: &ArticleReader, course: ArticleCourse, group: &str, days: u32) {
        let api = self.api(company);
        read.follow(ArticleSection::Assign, 1);
        api.get("/assignments").expect_status(200);
        read.follow(ArticleSection::Assign, 2);
        let courses = api.get("/courses").expect_status(200).body;
        let titles: Vec<&Value> =
            courses["items"].as_array().expect("a list").iter().map(|one| &one["title"]).collect();
        assert!(titles.contains(&&json!(course.title)), "{courses}");
        read.follow(ArticleSection::Assign, 3);
        read.follow(ArticleSection::Assign, 4);
        let assigned = json!({"course": course.code, "groups": [group], "due_days": days});
        read.follow(ArticleSection::Assign, 5);
        let assigned = api.post("/assignments", &assigned).expect_status(200).body;
        assert_eq!(assigned["to"], json!([{"name": group, "outcome": "new"}]));
    }
}
