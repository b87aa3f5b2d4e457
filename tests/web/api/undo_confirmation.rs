//! Undoing what many people would feel.

use rollcall_model::role::Role;

use super::ApiClient;
use crate::support::company::Company;
use crate::support::database::{Engine, on_both};

/// A company of `sales` people in Sales with a course; the run of its first sync.
fn company(engine: Engine, sales: usize) -> (Company, i64) {
    let mut company = Company::limited(engine, sales, 0);
    company.account("ops@corp.example", Role::Operator);
    company.course_for("GDPR", "Sales", "due_days = 30");
    let run = company.sync_without_hold().run.expect("a number").0;
    (company, run)
}

/// The undo of a large run requires the number of the run in the command, in the API and on the page.
#[test]
fn undo_beyond_limits_requires_confirmation() {
    on_both(|engine| {
        let (company, first) = company(engine, 30);
        let number = first.to_string();
        let refused = company.rollcall(&["undo", &number]).expect_status(2).err;
        assert!(refused.contains("ends 30 memberships and 30 enrollments of 30 people"), "{refused}");
        assert!(refused.contains("add `--yes`"), "{refused}");
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::Operator);
        let runs = company.count_rows("runs");
        let path = format!("/runs/{first}/undo");
        let asked = api.send("POST", &path, &[], None);
        asked.expect_problem(409, Some("confirm"));
        assert_eq!(asked.body["kind"], "confirmation_needed");
        let hint = format!("`?confirm={first}`");
        assert!(asked.body["hint"].as_str().is_some_and(|said| said.contains(&hint)), "{asked:?}");
        api.send("POST", &format!("{path}?confirm=99"), &[], None).expect_problem(422, Some("confirm"));
        company.runtime.block_on(async {
            let ops = site.signed_in_client("ops@corp.example").await;
            let page = format!("/sync/runs/{first}/undo");
            assert!(ops.get(&page).await.text.contains("name=\"typed\""), "the page asks for the number");
            for typed in ["", "99"] {
                let refused = ops.post(&page, &[("typed", typed)]).await;
                assert_eq!(refused.status, 422, "{refused:?}");
            }
        });
        assert_eq!(company.count_rows("runs"), runs, "nothing was done");
        assert_eq!(company.members("Sales").len(), 30);
        let undone = api.send("POST", &format!("{path}?confirm={first}"), &[], None).expect_status(200).body;
        assert_eq!((&undone["memberships"]["remove"], &undone["assignments_ended"]), (&30.into(), &1.into()));
        assert_eq!(company.members("Sales").len(), 0);
        // The undo of the undo takes nothing, so that it needs no confirmation.
        company.rollcall(&["undo", &undone["run"].to_string()]).expect_status(0);
        assert_eq!(company.members("Sales").len(), 30);
        company.runtime.block_on(async {
            let ops = site.signed_in_client("ops@corp.example").await;
            let done =
                ops.post(&format!("/sync/runs/{first}/undo"), &[("typed", &format!(" {first} "))]).await;
            assert!([200, 303].contains(&done.status), "{done:?}");
        });
        site.end();
    });
}

/// An undo says what ends and what is restored.
#[test]
fn undo_says_what_ends_and_what_is_restored() {
    on_both(|engine| {
        let (company, first) = company(engine, 30);
        let undone = company.rollcall(&["undo", &first.to_string(), "--yes"]).expect_status(0).out;
        assert!(undone.contains("0 memberships restored, 30 ended"), "{undone}");
        assert!(undone.contains("0 assignments restored, 1 ended"), "{undone}");
    });
}

/// The undo of a run that touched ten people needs no confirmation, however small the company is.
#[test]
fn undo_within_limits_needs_no_confirmation() {
    on_both(|engine| {
        let (company, first) = company(engine, 10);
        company.rollcall(&["undo", &first.to_string()]).expect_status(0);
        assert_eq!(company.members("Sales").len(), 0);
    });
}
