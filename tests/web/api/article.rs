//! The help article, by a program that has nothing but the API.

use rollcall::model::role::Role;
use serde_json::{Value, json};

use super::Api;
use crate::support::company::{Company, email};
use crate::support::database::on_both;
use crate::support::program::until;

fn enrolled(company: &Company, course: &str, expected: &[&str]) {
    until(&format!("{expected:?} are enrolled"), || {
        let all = ["ada", "grace", "linus", "margaret"];
        company.count("jobs") == 0
            && all.iter().all(|who| company.has_access(who, course) == expected.contains(who))
    });
}

fn names(list: &Value) -> Vec<String> {
    list.as_array()
        .expect("a list")
        .iter()
        .map(|one| one["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[test]
fn every_sentence_of_the_article_is_true_of_the_api() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        for who in ["ada", "grace", "linus", "margaret"] {
            company.hire(who, &[("department", "Sales")]);
        }
        company.sync();
        let site = company.serve();
        let api = Api::new(&company, &site, Role::Manager);
        // Creating a group with members: "Your new group will now appear in the Groups overview."
        let made =
            api.post("/groups", &json!({"name": "Sales Europe", "members": [email("ada"), email("grace")]}));
        let made = made.is(201);
        let group = made.location.clone().expect("a place").replace("/api/v1", "");
        assert_eq!(group, format!("/groups/{}", made.body["id"]));
        assert_eq!(made.body["memberships"]["add"], 2);
        assert_eq!(company.members("Sales Europe"), ["ada", "grace"]);
        assert_eq!(names(&api.get("/groups").is(200).body["items"]), ["Sales Europe"]);
        // Assigning a course with a due date: "The course will now be assigned to everyone in that group."
        api.post("/courses", &json!({"code": "GDPR-101", "title": "Data protection basics"})).is(200);
        let day = company.day(90);
        let assigned = json!({"course": "GDPR-101", "groups": ["Sales Europe"], "due": day});
        let assigned = api.post("/assignments", &assigned).is(200);
        assert_eq!(assigned.body["to"], json!([{"name": "Sales Europe", "outcome": "new"}]));
        enrolled(&company, "GDPR-101", &["ada", "grace"]);
        assert_eq!(company.due_in("ada", "GDPR-101"), Some(90));
        // "When you add someone to a group, they are automatically enrolled in any courses assigned to that group."
        let linus = company.learner("linus");
        let added = api.post(&format!("{group}/members"), &json!({"members": [linus]})).is(200);
        assert_eq!(added.body["members"], json!([{"email": email("linus"), "effect": "added"}]));
        enrolled(&company, "GDPR-101", &["ada", "grace", "linus"]);
        let members = api.get(&format!("{group}/members")).is(200).body;
        assert_eq!(names(&members["items"]), ["ada", "grace", "linus"]);
        assert_eq!(members["items"][0]["reasons"], json!(["manual"]));
        // "When you remove someone, they lose access to the group assignment."
        let removed =
            api.post(&format!("{group}/members/remove"), &json!({"members": [email("grace")]})).is(200);
        assert_eq!(removed.body["members"], json!([{"email": email("grace"), "effect": "removed"}]));
        enrolled(&company, "GDPR-101", &["ada", "linus"]);
        // "Editing the group name"
        api.json("PATCH", &group, &json!({"name": "Sales EMEA"})).is(200);
        assert_eq!(company.members("Sales EMEA"), ["ada", "linus"]);
        enrolled(&company, "GDPR-101", &["ada", "linus"]);
        // "If you delete a group, any course assignments linked to that group are also removed."
        api.send("DELETE", &group, &[], None).is(200);
        assert_eq!(company.groups(), [""; 0]);
        assert_eq!(company.count("assignments WHERE ended_run_id IS NULL"), 0);
        enrolled(&company, "GDPR-101", &[]);
        api.get(&group).refuses(404, None);
        // And back again, for 30 days.
        api.post("/groups/restore", &json!({"name": "Sales EMEA"})).is(200);
        enrolled(&company, "GDPR-101", &["ada", "linus"]);
        company.verify();
        site.end();
    });
}

#[test]
fn what_the_command_steers_the_api_steers() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.departments();
        company.hire("ada", &[("department", "Sales")]);
        let site = company.serve();
        let api = Api::new(&company, &site, Role::LicenseHolder);
        let planned = api.post("/connectors/hr/sync", &json!({"dry_run": true})).is(200).body;
        assert_eq!((&planned["run"], &planned["status"]), (&Value::Null, &"planned".into()), "{planned}");
        let synced = api.send("POST", "/connectors/hr/sync", &[], None).is(200).body;
        assert_eq!((&synced["status"], &synced["people"]["new"]), (&"applied".into(), &1.into()), "{synced}");
        let run = &synced["run"];
        assert_eq!(company.members("Sales").len(), 1);
        assert_eq!(api.get(&format!("/runs/{run}")).is(200).body["changes"][0]["email"], email("ada"));
        let connectors = api.get("/connectors").is(200).body;
        assert_eq!(
            (&connectors["items"][0]["name"], &connectors["items"][0]["last_run"]),
            (&"hr".into(), run)
        );
        // Excluded, shown, and let in again.
        let group = format!("/groups/{}", company.one("SELECT id FROM groups"));
        let out = json!({"members": [email("ada")], "because": "on loan", "until": company.day(3)});
        let out = api.post(&format!("{group}/members/remove"), &out).is(200).body;
        assert_eq!(out["members"][0]["effect"], "excluded");
        let kept = api.get("/exclusions").is(200).body;
        assert_eq!(
            (&kept["items"][0]["email"], &kept["items"][0]["reason"]),
            (&email("ada").into(), &"on loan".into())
        );
        let me = format!("/learners/{}", company.learner("ada"));
        let why = api.get(&format!("{me}/explanation")).is(200).body;
        assert_eq!(why["learner"]["email"], email("ada"));
        api.post(&format!("{group}/exclusions/lift"), &json!({"email": email("ada")})).is(200);
        assert_eq!(api.get("/exclusions").is(200).body["items"], json!([]));
        // Taken back: the removal is as if it had not been.
        let undone = api.send("POST", &format!("/runs/{}/undo", out["run"]), &[], None).is(200).body;
        assert_eq!(undone["memberships"]["add"], 1, "{undone}");
        assert_eq!(company.members("Sales").len(), 1);
        assert_eq!(api.get(&me).is(200).body["groups"], json!(["Sales"]));
        assert_eq!(
            api.send("POST", &format!("{me}/resync"), &[], None).is(200).body["items"][0]["status"],
            "unchanged"
        );
        assert_eq!(api.get("/verify").is(200).body["differences"], json!([]));
        let newest = api.get("/audit?limit=1").is(200).body;
        assert!(newest["next"].is_string() && newest["items"][0]["run"].is_number(), "{newest}");
        site.end();
    });
}
