//! What is forgotten, and what is not.

use chrono::Utc;
use rollcall_model::ids::RunId;
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_model::run_warning::{RunWarning, RunWarningKind};
use rollcall_service::retention;
use rollcall_store::runs;

use crate::support::company::Company;
use crate::support::database::on_both;

/// History older than 90 days is deleted, except for records that still matter.
#[test]
fn history_older_than_90_days_is_deleted() {
    on_both(|engine| {
        let mut company = Company::sales(engine, &["ada", "bob", "eve"], "due_days = 10");
        company.sync();
        company.move_to("ada", "Research");
        company.move_to("bob", "Research");
        company.sync();
        company.advance_days(5);
        company.move_to("ada", "Sales");
        company.sync();
        let due = company.due_in("ada", "GDPR");
        assert_eq!(due, Some(5), "the date that was given up five days ago stands again");
        company
            .sql("UPDATE runs SET problems = '[{\"kind\":\"no_id\",\"subject\":\"\",\"message\":\"old\"}]'");
        company.sql("UPDATE runs SET started_at = '2020-01-01T00:00:00Z'");
        company.advance_days(40);
        company.move_to("eve", "Research");
        company.sync();
        assert_eq!(company.count_rows("runs WHERE status = 'applied'"), 4, "runs stay");
        let forget = || {
            company
                .runtime
                .block_on(retention::purge_history(&company.store, company.change_time()))
                .expect("forgotten")
        };
        assert!(forget() > 0);
        assert_eq!(company.count_rows("person_changes"), 1, "eve moved today");
        assert_eq!(company.count_rows("ended_memberships"), 1);
        let text = company.db.pick("problems", "problems::text");
        assert_eq!(company.count_rows(&format!("runs WHERE {text} <> '[]'")), 0, "old problems are deleted");
        assert_eq!(company.count_rows("kept_dues"), 2, "ada's stands for her enrollment, eve may come back");
        company.verify();
        assert_eq!(company.due_in("ada", "GDPR"), Some(-35));
        assert_eq!(forget(), 0);
    });
}

/// A directory with endless addresses does not fill the database: a run keeps so many problems, each of a bounded length.
#[test]
fn problems_of_a_run_are_bounded() {
    let (problems, characters) = (ResourceLimit::Problems, ResourceLimit::ProblemCharacters);
    on_both(|engine| {
        let mut company = Company::staffed(engine, &[]);
        let count = problems.default_value() + 1;
        for number in 0..count {
            let address = format!("{number} {}", "x".repeat(900));
            company.hire(&format!("p{number}"), &[("email", &address)]);
        }
        let report = company.sync();
        let about_people = report.problems.iter().filter(|one| one.kind != RunWarningKind::RuleUnmatched);
        assert_eq!(about_people.count() as u64, count, "the report of the run has all");
        let text = company.db.pick("problems", "problems::text");
        let kept = company.query_value(&format!("SELECT {text} FROM runs ORDER BY id DESC LIMIT 1"));
        let kept: Vec<RunWarning> = serde_json::from_str(&kept).expect("JSON");
        assert_eq!(kept.len() as u64, problems.default_value());
        let longest = kept.iter().map(|one| one.message.chars().count()).max();
        assert_eq!(longest.map(|longest| longest as u64), Some(characters.default_value() + 1), "with `…`");
    });
}

/// The error of a failed run is kept up to a bound.
#[test]
fn error_of_a_failed_run_is_bounded() {
    on_both(|engine| {
        let company = Company::sales(engine, &["ada"], "");
        company.sync();
        let most = usize::try_from(ResourceLimit::RunErrorCharacters.default_value()).expect("a size");
        company.runtime.block_on(async {
            let mut tx = company.store.begin_write().await.expect("a transaction");
            tx.execute("reopen a run", "UPDATE runs SET status = 'running' WHERE id = 1", Vec::new())
                .await
                .expect("reopened");
            let message = "x".repeat(most + 1);
            runs::record_failure(&mut tx, RunId(1), "unreadable", &message, Utc::now())
                .await
                .expect("failed");
            tx.commit().await.expect("committed");
        });
        let kept = company.query_value("SELECT error FROM runs WHERE id = 1");
        assert_eq!(kept, format!("{}…", "x".repeat(most)));
    });
}
