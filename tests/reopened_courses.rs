//! Completions that are taken back by hand.

use rollcall_model::role::Role;

use crate::support::company::{Company, email};
use crate::support::database::{Engine, on_both};

/// Ada has completed the course of Sales; it was due 30 days after she joined.
fn company(engine: Engine) -> Company {
    let company = Company::sales(engine, &["ada", "bob"], "due_days = 30");
    company.sync();
    company.complete("ada", "GDPR");
    company
}

fn reopen(company: &Company) -> String {
    company.rollcall(&["enrollments", "reopen", &email("ada"), "GDPR"]).expect_status(0).out
}

/// A reopened course is not completed, and has the due date that follows from its assignments today.
#[test]
fn reopened_course_has_due_date_of_its_assignments() {
    on_both(|engine| {
        let mut company = company(engine);
        company.strike("due_days = 30");
        company.assignment("GDPR", "Sales", "due_days = 60");
        company.sync();
        assert_eq!((company.due_in("ada", "GDPR"), company.due_in("bob", "GDPR")), (Some(30), Some(60)));
        assert!(reopen(&company).contains("took back that `ada@corp.example` completed `GDPR`"));
        let after = company.enrollment("ada", "GDPR");
        assert_eq!((after.completed, after.state.as_str()), (false, "active"));
        assert_eq!(company.due_in("ada", "GDPR"), Some(60));
        company.verify();
        let again = company.rollcall(&["enrollments", "reopen", &email("ada"), "GDPR"]).expect_status(0);
        assert!(again.err.contains("has not completed `GDPR`"), "{again:?}");
        company.rollcall(&["enrollments", "reopen", &email("bob"), "NONE"]).expect_status(1);
        let audit = company.rollcall(&["audit"]).expect_status(0).out;
        assert!(audit.contains("reopen `GDPR`"), "{audit}");
    });
}

/// Progress and access stay. A learner without access stays without.
#[test]
fn reopened_course_of_leaver_stays_revoked() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sql("UPDATE enrollments SET progress = 70");
        company.leave("ada");
        company.sync();
        reopen(&company);
        let after = company.enrollment("ada", "GDPR");
        assert_eq!(
            (after.completed, after.state.as_str(), after.progress.as_str()),
            (false, "revoked", "70")
        );
        company.verify();
    });
}

/// An undo of the reopening gives the completion back, unless the course was completed again.
#[test]
fn undone_reopening_gives_completion_back() {
    on_both(|engine| {
        let company = company(engine);
        let before =
            company.query_value("SELECT completed_at FROM enrollments WHERE completed_at IS NOT NULL");
        let completed = company.last_run().to_string();
        reopen(&company);
        let reopened = company.last_run().to_string();
        company.rollcall(&["undo", &reopened]).expect_status(0);
        let after =
            company.query_value("SELECT completed_at FROM enrollments WHERE completed_at IS NOT NULL");
        assert_eq!(after, before);
        company.rollcall(&["undo", &completed]).expect_status(0);
        assert!(!company.enrollment("ada", "GDPR").completed);
        company.complete("ada", "GDPR");
        reopen(&company);
        let reopened = company.last_run().to_string();
        company.complete("ada", "GDPR");
        company.rollcall(&["undo", &reopened]).expect_status(1);
        company.verify();
    });
}

/// Managers take a completion back on the learner's page.
#[test]
fn manager_reopens_course_on_page() {
    on_both(|engine| {
        let company = company(engine);
        company.account("manager@corp.example", Role::Manager);
        let site = company.serve();
        let ada = format!("/learners/{}", company.learner("ada"));
        company.runtime.block_on(async {
            let manager = site.signed_in_client("manager@corp.example").await;
            let page = manager.get(&ada).await.text;
            assert!(page.contains("the completion of GDPR"), "{page}");
            let done = manager.post(&format!("{ada}/reopen"), &[("course", "GDPR")]).await;
            assert!(done.to.starts_with(&format!("{ada}?run=")), "{done:?}");
            assert!(!manager.get(&ada).await.text.contains("the completion of GDPR"));
            let unknown = manager.post(&format!("{ada}/reopen"), &[("course", "NONE")]).await;
            assert_eq!(unknown.status, 422, "{unknown:?}");
        });
        assert!(!company.enrollment("ada", "GDPR").completed);
        site.end();
    });
}
