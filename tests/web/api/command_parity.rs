//! What the command steers, by a program that has nothing but the API.

use rollcall_model::role::Role;
use serde_json::{Value, json};

use super::ApiClient;
use crate::support::company::{Company, email};
use crate::support::database::on_both;

#[test]
fn what_the_command_steers_the_api_steers() {
    on_both(|engine| {
        let company = Company::staffed(engine, &[("ada", "Sales")]);
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::LicenseHolder);
        let planned = api.post("/connectors/hr/sync", &json!({"dry_run": true})).expect_status(200).body;
        assert_eq!((&planned["run"], &planned["status"]), (&Value::Null, &"planned".into()), "{planned}");
        let synced = api.send("POST", "/connectors/hr/sync", &[], None).expect_status(200).body;
        assert_eq!((&synced["status"], &synced["people"]["new"]), (&"applied".into(), &1.into()), "{synced}");
        let run = &synced["run"];
        assert_eq!(company.members("Sales").len(), 1);
        assert_eq!(
            api.get(&format!("/runs/{run}")).expect_status(200).body["changes"][0]["email"],
            email("ada")
        );
        let connectors = api.get("/connectors").expect_status(200).body;
        assert_eq!(
            (&connectors["items"][0]["name"], &connectors["items"][0]["last_run"]),
            (&"hr".into(), run)
        );
        let only = |person: &str| api.post("/connectors/hr/sync", &json!({"only": person}));
        assert_eq!(only("ada").expect_status(200).body["people"]["read"], 1);
        let missing = only("eve@corp.example").expect_status(404).body;
        assert!(missing["hint"].to_string().contains("holds no person"), "{missing}");
        // Excluded, shown, and let in again.
        let group = format!("/groups/{}", company.query_value("SELECT id FROM groups"));
        let out = json!({"members": [email("ada")], "because": "on loan", "until": company.day(3)});
        let out = api.post(&format!("{group}/members/remove"), &out).expect_status(200).body;
        assert_eq!(out["members"][0]["effect"], "excluded");
        let kept = api.get("/exclusions").expect_status(200).body;
        assert_eq!(
            (&kept["items"][0]["email"], &kept["items"][0]["reason"]),
            (&email("ada").into(), &"on loan".into())
        );
        let me = format!("/learners/{}", company.learner("ada"));
        let why = api.get(&format!("{me}/explanation")).expect_status(200).body;
        assert_eq!(why["learner"]["email"], email("ada"));
        api.post(&format!("{group}/exclusions/lift"), &json!({"email": email("ada")})).expect_status(200);
        assert_eq!(api.get("/exclusions").expect_status(200).body["items"], json!([]));
        // Taken back: the removal is as if it had not been.
        let undone =
            api.send("POST", &format!("/runs/{}/undo", out["run"]), &[], None).expect_status(200).body;
        assert_eq!(undone["memberships"]["add"], 1, "{undone}");
        assert_eq!(company.members("Sales").len(), 1);
        assert_eq!(api.get(&me).expect_status(200).body["groups"], json!(["Sales"]));
        assert_eq!(
            api.send("POST", &format!("{me}/resync"), &[], None).expect_status(200).body["items"][0]["status"],
            "unchanged"
        );
        assert_eq!(api.get("/verify").expect_status(200).body["differences"], json!([]));
        let newest = api.get("/audit?limit=1").expect_status(200).body;
        assert!(newest["next"].is_string() && newest["items"][0]["run"].is_number(), "{newest}");
        site.end();
    });
}
