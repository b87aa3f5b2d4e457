//! The article by a program that has nothing but the API.

use rollcall::model::role::Role;
use serde_json::{Value, json};

use super::{Company, Course, Hand, Reader, Section};
use crate::support::company::email;
use crate::support::web::Site;
use crate::web::api::{Answer, Api};

/// A program with keys of several roles.
struct Program<'a> {
    site: &'a Site,
    keys: [(Role, String); 3],
}

pub fn walk(mut company: Company) {
    let site = company.serve();
    let keys = [Role::Manager, Role::LicenseHolder, Role::Viewer]
        .map(|role| (role, company.token(&format!("a {role}"), role)));
    super::walk(&mut company, &Program { site: &site, keys });
    site.end();
}

fn names(list: &Value) -> Vec<&str> {
    list["items"].as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect()
}

impl Program<'_> {
    fn api<'a>(&self, company: &'a Company) -> Api<'a> {
        Api::with_key(company, self.site, &self.keys[0].1)
    }

    /// The address of a group.
    fn group(&self, company: &Company, name: &str) -> String {
        let list = self.api(company).get("/groups?limit=200").is(200).body;
        let items = list["items"].as_array().expect("a list");
        let group = items.iter().find(|one| one["name"] == name).expect("the group");
        format!("/groups/{}", group["id"])
    }

    /// What became of somebody whom a change of members names.
    fn effect(answer: Answer, who: &str) -> String {
        let body = answer.is(200).body;
        assert_eq!(body["members"][0]["email"], email(who), "{body}");
        body["members"][0]["effect"].as_str().expect("a word").to_owned()
    }
}

impl Hand for Program<'_> {
    fn is_in_control(&self, company: &Company) {
        for (role, key) in &self.keys {
            let api = Api::with_key(company, self.site, key);
            for path in ["/groups", "/assignments", "/learners"] {
                api.get(path).is(200);
            }
            let made = api.post("/groups", &json!({"name": format!("Made by a {role}")}));
            if *role == Role::Viewer {
                made.is(403);
            } else {
                let group = made.is(201).location.expect("a place").replace("/api/v1", "");
                api.send("DELETE", &group, &[], None).is(200);
            }
        }
    }

    fn create(&self, company: &Company, read: &Reader, group: &str, members: &[&str]) {
        let api = self.api(company);
        read.at(Section::Create, 1);
        assert!(!names(&api.get("/groups").is(200).body).contains(&group));
        read.at(Section::Create, 4);
        let chosen = members.iter().map(|who| {
            let found = api.get(&format!("/learners?q={who}")).is(200).body;
            assert_eq!(names(&found), [*who]);
            found["items"][0]["id"].as_i64().expect("a number")
        });
        read.at(Section::Create, 5);
        let chosen: Vec<i64> = chosen.collect();
        read.at(Section::Create, 2);
        read.at(Section::Create, 3);
        read.at(Section::Create, 6);
        let made = api.post("/groups", &json!({"name": group, "members": chosen})).is(201);
        assert_eq!(made.location, Some(format!("/api/v1/groups/{}", made.body["id"])));
        assert_eq!(made.body["memberships"]["add"], members.len());
        read.at(Section::Create, 7);
        let overview = api.get("/groups").is(200).body;
        assert!(names(&overview).contains(&group), "{overview}");
    }

    fn rename(&self, company: &Company, group: &str, new: &str) {
        let path = self.group(company, group);
        self.api(company).json("PATCH", &path, &json!({"name": new})).is(200);
        assert_eq!(self.group(company, new), path);
    }

    fn add(&self, company: &Company, group: &str, who: &str) {
        let path = self.group(company, group);
        let added = json!({"members": [company.learner(who)]});
        let added = self.api(company).post(&format!("{path}/members"), &added);
        assert_eq!(Self::effect(added, who), "added");
        let members = self.api(company).get(&format!("{path}/members")).is(200).body;
        assert!(names(&members).contains(&who), "{members}");
    }

    fn remove(&self, company: &Company, group: &str, who: &str) {
        let path = format!("{}/members/remove", self.group(company, group));
        let removed = self.api(company).post(&path, &json!({"members": [email(who)]}));
        assert_eq!(Self::effect(removed, who), "removed");
    }

    fn delete(&self, company: &Company, group: &str) {
        let path = self.group(company, group);
        self.api(company).send("DELETE", &path, &[], None).is(200);
        self.api(company).get(&path).refuses(404, None);
    }

    fn assign(&self, company: &Company, read: &Reader, course: Course, group: &str, days: u32) {
        let api = self.api(company);
        read.at(Section::Assign, 1);
        api.get("/assignments").is(200);
        read.at(Section::Assign, 2);
        let courses = api.get("/courses").is(200).body;
        let titles: Vec<&Value> =
            courses["items"].as_array().expect("a list").iter().map(|one| &one["title"]).collect();
        assert!(titles.contains(&&json!(course.title)), "{courses}");
        read.at(Section::Assign, 3);
        read.at(Section::Assign, 4);
        let assigned = json!({"course": course.code, "groups": [group], "due_days": days});
        read.at(Section::Assign, 5);
        let assigned = api.post("/assignments", &assigned).is(200).body;
        assert_eq!(assigned["to"], json!([{"name": group, "outcome": "new"}]));
    }
}
