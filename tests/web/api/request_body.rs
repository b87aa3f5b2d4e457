//! What is wrong with what was sent.

use rollcall_model::role::Role;

use super::ApiClient;
use crate::support::company::Company;
use crate::support::database::{Engine, on_both};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// Each kind of invalid body is refused with the name of the field, and nothing changes.
#[test]
fn invalid_body_names_field_and_changes_nothing() {
    on_both(|engine| {
        let company = Company::new(engine);
        company.create("There", &[]);
        company.add_course("GDPR");
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::Manager);
        let long = format!(r#"{{"name": "{}"}}"#, "x".repeat(501));
        let long_name = format!(r#"{{"email": "ada@corp.example", "name": "{}"}}"#, "x".repeat(501));
        for (path, body, status, field) in [
            ("/groups", r#"{"name": "A", "memebers": []}"#, 422, Some("memebers")),
            ("/groups", r#"{"members": []}"#, 422, Some("name")),
            ("/groups", r#"{"name": 7}"#, 422, Some("name")),
            ("/groups", r#"{"name": "A", "members": ["a@b.example", 7]}"#, 422, Some("members")),
            ("/groups", r#"{"name": "A", "members": ["nobody@corp.example"]}"#, 422, Some("members")),
            ("/groups", r#"{"name": " "}"#, 422, Some("name")),
            ("/groups", r#"{"name": "a\u0000b"}"#, 422, Some("name")),
            ("/groups", &long, 422, Some("name")),
            ("/groups", r#"{"name": "there"}"#, 409, Some("name")),
            ("/groups", r#"{"name": "A""#, 400, None),
            ("/groups", "[]", 422, Some(".")),
            ("/groups", "", 400, None),
            ("/assignments", r#"{"course": "GDPX", "groups": ["There"]}"#, 422, Some("course")),
            ("/assignments", r#"{"course": "GDPR", "groups": ["Theer"]}"#, 422, Some("groups")),
            ("/assignments", r#"{"course": "GDPR", "learner": "x@y.example"}"#, 422, Some("learner")),
            ("/assignments", r#"{"course": "GDPR"}"#, 422, Some("groups")),
            (
                "/assignments",
                r#"{"course": "GDPR", "groups": ["There"], "due": "31.12.2026"}"#,
                422,
                Some("due"),
            ),
            (
                "/assignments",
                r#"{"course": "GDPR", "groups": ["There"], "due_days": 9999}"#,
                422,
                Some("due_days"),
            ),
            (
                "/assignments",
                r#"{"course": "GDPR", "groups": ["There"], "due_days": 1, "due_days_after_start": 1}"#,
                422,
                Some("due"),
            ),
            ("/assignments", r#"{"course": "GDPR", "groups": ["There", 5]}"#, 422, Some("groups[1]")),
            ("/learners", r#"{"email": "nobody", "name": "N"}"#, 422, Some("email")),
            ("/learners", r#"{"email": "nobody@corp.example", "name": " "}"#, 422, Some("name")),
            ("/learners", &long_name, 422, Some("name")),
            ("/jobs/drop", "{}", 403, None),
        ] {
            let answer = api.send("POST", path, JSON, Some(body));
            eprintln!("{path} {body}");
            answer.expect_problem(status, field);
        }
        let broken = api.send("POST", "/groups", JSON, Some("{\n \"name\": oops}"));
        assert!(
            broken.body["detail"].as_str().is_some_and(|text| text.contains("line 2 column 10")),
            "{broken:?}"
        );
        let near = api.send("POST", "/assignments", JSON, Some(r#"{"course": "GDPX", "groups": ["There"]}"#));
        assert_eq!(near.body["hint"], "Did you mean `GDPR`?.".trim_end_matches('.'), "{near:?}");
        api.send("POST", "/groups", &[], Some(r#"{"name": "A"}"#)).expect_problem(415, None);
        api.send("POST", "/groups", &[("content-type", "text/plain")], Some("{}")).expect_problem(415, None);
        let huge = format!(r#"{{"name": "A", "members": ["{}"]}}"#, "x".repeat(1 << 20));
        api.send("POST", "/groups", JSON, Some(&huge)).expect_problem(413, None);
        assert_eq!(company.groups(), ["There"]);
        assert_eq!(company.count_rows("assignments"), 0);
        site.end();
    });
}

/// An unknown route, an unknown method and a foreign origin are refused with problem details.
#[test]
fn unknown_route_method_and_foreign_origin_give_problem() {
    let company = Company::new(Engine::Sqlite);
    let site = company.serve();
    let api = ApiClient::new(&company, &site, Role::LicenseHolder);
    api.get("/nothing").expect_problem(404, None);
    api.get("/groups/x").expect_problem(404, None);
    company.create("There", &[]);
    let there = company.query_value("SELECT id FROM groups");
    api.get(&format!("/groups/{there}")).expect_status(200);
    for id in ["-1", "0", &format!("+{there}"), &format!("%2B{there}"), "9223372036854775808"] {
        api.get(&format!("/groups/{id}")).expect_problem(404, None);
    }
    api.send("PUT", "/groups", JSON, Some("{}")).expect_problem(405, None);
    api.get("/groups?sort=size").expect_problem(422, Some("sort"));
    api.get("/groups?limit=201").expect_problem(422, Some("limit"));
    api.get("/groups?limit=0").expect_problem(422, Some("limit"));
    api.get("/groups?limit=1&limit=2").expect_problem(422, Some("limit"));
    api.get("/groups?after=nowhere").expect_problem(422, Some("after"));
    api.get("/enrollments?learner=nobody").expect_problem(422, Some("learner"));
    api.get("/audit?since=yesterday").expect_problem(422, Some("since"));
    api.get("/runs/7").expect_problem(404, None);
    let elsewhere = [JSON[0], ("origin", "https://elsewhere.example"), ("sec-fetch-site", "cross-site")];
    api.send("POST", "/groups", &elsewhere, Some(r#"{"name": "A"}"#)).expect_problem(403, None);
    assert_eq!(company.groups(), ["There"]);
    site.end();
}
