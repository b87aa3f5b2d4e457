//! The end of an assignment that many people would feel.

use rollcall_model::due_policy::DuePolicy;
use rollcall_model::role::Role;

use super::ApiClient;
use crate::support::company::Company;
use crate::support::database::{Engine, on_both};

/// A company of `sales` people in Sales, to which a course is assigned by hand.
fn company(engine: Engine, sales: usize) -> Company {
    let company = Company::limited(engine, sales, 0);
    company.sync_without_hold();
    company.add_course("GDPR");
    company.assign("GDPR", "Sales", DuePolicy::Never);
    company
}

/// The end of an assignment beyond the limits requires `--yes` in the command and the name in the API.
#[test]
fn unassignment_beyond_limits_requires_confirmation() {
    on_both(|engine| {
        let company = company(engine, 30);
        let unassign = ["unassign", "GDPR", "--group", "Sales"];
        let refused = company.rollcall(&unassign).expect_status(2).err;
        assert!(refused.contains("takes the course from 30 learners"), "{refused}");
        assert!(refused.contains("add `--yes`"), "{refused}");
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::Manager);
        let path = format!("/assignments/{}", company.query_value("SELECT id FROM assignments"));
        let asked = api.send("DELETE", &path, &[], None);
        asked.expect_problem(409, Some("confirm"));
        assert_eq!(asked.body["kind"], "confirmation_needed");
        assert!(asked.body["hint"].as_str().is_some_and(|said| said.contains("`?confirm=`")), "{asked:?}");
        api.send("DELETE", &format!("{path}?confirm=Club"), &[], None).expect_problem(422, Some("confirm"));
        assert_eq!(company.count_rows("assignments WHERE ended_run_id IS NULL"), 1, "nothing was done");
        api.send("DELETE", &format!("{path}?confirm=sales"), &[], None).expect_status(200);
        site.end();
        assert_eq!(company.count_rows("assignments WHERE ended_run_id IS NULL"), 0);
        company.assign("GDPR", "Sales", DuePolicy::Never);
        company.rollcall(&["unassign", "GDPR", "--group", "Sales", "--yes"]).expect_status(0);
        assert_eq!(company.count_rows("assignments WHERE ended_run_id IS NULL"), 0);
    });
}

/// The end of an assignment that ten people have needs no confirmation, however small the company is.
#[test]
fn unassignment_within_limits_needs_no_confirmation() {
    on_both(|engine| {
        let company = company(engine, 10);
        company.rollcall(&["unassign", "GDPR", "--group", "Sales"]).expect_status(0);
        assert_eq!(company.count_rows("assignments WHERE ended_run_id IS NULL"), 0);
    });
}
