//! Suspensions, restorations and completions taken back, in the API and on the learner's page.

use rollcall_model::due_policy::DuePolicy;
use rollcall_model::role::Role;
use serde_json::json;

use super::ApiClient;
use crate::support::company::{Company, email};
use crate::support::database::on_both;

/// Operators suspend and restore in the API and on the learner's page. Managers do not.
#[test]
fn operators_suspend_and_restore_in_api_and_pages() {
    on_both(|engine| {
        let company = Company::sales(engine, &["ada"], "due_days = 30");
        company.sync();
        company.add_course("CHESS");
        company.create("Chess club", &["ada"]);
        company.assign("CHESS", "Chess club", DuePolicy::Never);
        company.account("ops@corp.example", Role::Operator);
        let site = company.serve();
        let ada = format!("/learners/{}", company.learner("ada"));
        let manager = ApiClient::new(&company, &site, Role::Manager);
        manager.send("POST", &format!("{ada}/suspend"), &[], None).expect_status(403);
        let operator = ApiClient::new(&company, &site, Role::Operator);
        let done = operator.send("POST", &format!("{ada}/suspend"), &[], None).expect_status(200).body;
        assert_eq!(done["memberships"]["remove"], 2, "{done}");
        assert_eq!(operator.get(&ada).expect_status(200).body["status"], "suspended");
        let again = operator.send("POST", &format!("{ada}/suspend"), &[], None).expect_status(200).body;
        assert_eq!(again["run"], json!(null));
        operator.send("POST", &format!("{ada}/restore"), &[], None).expect_status(200);
        assert_eq!(operator.get(&ada).expect_status(200).body["groups"], json!(["Chess club", "Sales"]));
        operator.send("POST", &format!("{ada}/restore"), &[], None).expect_status(409);
        let reopen = |who: &ApiClient<'_>| {
            who.post("/enrollments/reopen", &json!({"email": email("ada"), "course": "GDPR"}))
        };
        reopen(&operator).expect_status(403);
        assert_eq!(reopen(&manager).expect_status(200).body["run"], json!(null), "nothing was completed");
        company.complete("ada", "GDPR");
        assert!(reopen(&manager).expect_status(200).body["completed_at"].is_string());
        company.runtime.block_on(async {
            let ops = site.signed_in_client("ops@corp.example").await;
            let page = ops.get(&ada).await;
            assert!(page.text.contains("Suspend this learner"), "{}", page.text);
            let confirmation = ops.get(&format!("{ada}/suspend")).await;
            assert!(confirmation.text.contains("<li>Chess club</li>"), "{}", confirmation.text);
            assert_eq!(ops.post(&format!("{ada}/suspend"), &[]).await.status, 303);
            let page = ops.get(&ada).await.text;
            assert!(page.contains("suspended by hand on") && page.contains("by ops@corp.example"), "{page}");
            assert!(page.contains("Restore this learner"), "{page}");
            assert_eq!(ops.post(&format!("{ada}/restore"), &[]).await.status, 303);
            assert!(!ops.get(&ada).await.text.contains("suspended by hand"));
        });
        site.end();
    });
}
