//! The proof, and the repair.

use rollcall_model::due_policy::DuePolicy;
use rollcall_model::role::Role;
use serde_json::json;

use super::ApiClient;
use crate::support::company::Company;
use crate::support::database::on_both;
use crate::support::program::wait_until;

/// A repair enqueues each discrepancy once as a numbered change, and the service settles it.
#[test]
fn repair_enqueues_discrepancies_once() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        for who in ["ada", "grace", "linus"] {
            company.hire(who, &[]);
        }
        company.sync();
        company.create("Sales", &["ada", "grace", "linus"]);
        company.add_course("GDPR");
        company.assign("GDPR", "Sales", DuePolicy::Never);
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::Operator);
        let nothing = api.send("POST", "/verify/repair", &[], None).expect_status(200).body;
        assert_eq!(nothing, json!({"run": null, "differences": 0, "jobs": {"enqueued": 0}}));
        company.sql("UPDATE enrollments SET state = 'revoked', revoked_at = enrolled_at");
        company.sql("DELETE FROM enrollments WHERE learner_id = (SELECT min(learner_id) FROM enrollments)");
        let found = api.get("/verify").expect_status(200).body;
        assert_eq!(found["differences"].as_array().map(Vec::len), Some(3));
        let repaired = api.send("POST", "/verify/repair", &[], None).expect_status(200).body;
        assert_eq!((&repaired["differences"], &repaired["jobs"]["enqueued"]), (&3.into(), &3.into()));
        let columns = "actor || ': ' || what || ' ' || jobs_enqueued || ' ' || found";
        let recorded =
            company.query_value(&format!("SELECT {columns} FROM runs WHERE id = {}", repaired["run"]));
        let expected = "token a operator: repair enrollments 3 {\"differences\":3,\"pairs\":[\"";
        assert!(recorded.starts_with(expected), "{recorded}");
        wait_until("all is as it should be", || {
            company.count_rows("jobs") == 0
                && api.get("/verify").expect_status(200).body["differences"] == json!([])
        });
        company.verify();
        assert!(company.has_access("ada", "GDPR"));
        site.end();
    });
}
