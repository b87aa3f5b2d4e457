//! The queue: what is refused, what is retried, and many workers at once; and the proof of what came out.

use rollcall_core::enrollment::drain::{QueueWorker, drain_ready};
use rollcall_core::groups;
use rollcall_model::due_policy::DuePolicy;
use rollcall_model::progress::ReadProgress;
use tokio_util::sync::CancellationToken;

use crate::support::company::{Company, email, run};
use crate::support::database::{Engine, on_both};
use crate::support::manual_changes::manual_run;

/// So many people in Sales, which has a course.
fn sales(engine: Engine, people: usize) -> Company {
    let mut company = Company::sales(engine, &[], "due_days = 30");
    for number in 0..people {
        company.hire(&format!("p{number:04}"), &[("department", "Sales")]);
    }
    company
}

/// The database refuses to enroll one learner.
fn refuse(company: &Company, who: &str) {
    let id = company.learner(who);
    let (sqlite, postgres) = (
        format!(
            "CREATE TRIGGER refuse BEFORE INSERT ON enrollments WHEN new.learner_id = {id}
             BEGIN SELECT RAISE(ABORT, 'not this one'); END"
        ),
        format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF new.learner_id = {id} THEN RAISE EXCEPTION 'not this one'; END IF; RETURN new; END $$;
             CREATE TRIGGER refuse BEFORE INSERT ON enrollments FOR EACH ROW EXECUTE FUNCTION refuse()"
        ),
    );
    company.sql(company.db.pick(&sqlite, &postgres));
}

fn allow(company: &Company) {
    company.sql(company.db.pick("DROP TRIGGER refuse", "DROP TRIGGER refuse ON enrollments"));
}

/// A failing job does not block the jobs of other learners.
#[test]
fn failing_job_does_not_block_others() {
    on_both(|engine| {
        let company = sales(engine, 40);
        company.run("hr", false);
        refuse(&company, "p0017");
        let (drained, length) = company.drain();
        assert_eq!((drained.done, drained.failed, length.later, length.failed), (39, 1, 1, 0));
        assert_eq!(company.count_rows("enrollments"), 39);
        let jobs = company.json(&["jobs", "list"]);
        assert_eq!(jobs[0]["email"], "p0017@corp.example");
        assert_eq!((&jobs[0]["state"], &jobs[0]["attempts"]), (&"ready".into(), &1.into()));
        assert!(jobs[0]["error"].as_str().is_some_and(|error| error.contains("not this one")), "{jobs}");
    });
}

/// A job that keeps failing is parked, listed, and retried on request.
#[test]
fn failing_job_is_parked_and_retried_on_request() {
    on_both(|engine| {
        let company = sales(engine, 3);
        company.run("hr", false);
        refuse(&company, "p0001");
        // It has been tried three times before: with all its pauses that takes half a minute.
        company.sql("UPDATE jobs SET attempts = 3");
        let done = company.rollcall(&["worker", "--until-empty", "--json"]).expect_status(1);
        assert_eq!((&done.json()["done"], &done.json()["failed"]), (&2.into(), &1.into()));
        let jobs = company.json(&["jobs", "list"]);
        assert_eq!((&jobs[0]["state"], &jobs[0]["attempts"]), (&"failed".into(), &4.into()));
        assert_eq!(company.rollcall(&["jobs", "retry", "--no-drain"]).expect_status(0).out, "");
        assert_eq!(company.json(&["jobs", "list"])[0]["state"], "ready");
        company.sql("UPDATE jobs SET attempts = 3");
        company.rollcall(&["worker", "--until-empty"]).expect_status(1);
        assert_eq!(
            company.rollcall(&["verify"]).expect_status(1).out.lines().count(),
            2,
            "a parked job leaves a difference"
        );
        allow(&company);
        company.rollcall(&["jobs", "retry", &jobs[0]["id"].to_string()]).expect_status(0);
        assert_eq!(company.json(&["jobs", "list"]), serde_json::json!([]));
        company.verify();
    });
}

/// A worker waits for jobs that will be retried.
#[test]
fn worker_waits_for_retries() {
    on_both(|engine| {
        let company = sales(engine, 3);
        company.run("hr", false);
        let later = chrono::Utc::now() + chrono::TimeDelta::milliseconds(1500);
        let later = later.to_rfc3339_opts(chrono::SecondsFormat::Micros, false);
        company.sql(&format!("UPDATE jobs SET run_at = '{later}', attempts = 1"));
        company.rollcall(&["worker", "--until-empty"]).expect_status(0);
        assert_eq!(company.count_rows("jobs"), 0);
        company.verify();
    });
}

/// Four workers drain one queue during a commit and a manual removal of members.
#[test]
fn workers_drain_during_sync_and_manual_removal() {
    on_both(|engine| {
        let mut company = sales(engine, 600);
        company.add_course("LEAD");
        company.sync();
        company.assign("LEAD", "Sales", DuePolicy::Never);
        for number in 0..600 {
            let department = ["Sales", "Research", "Sales|Research"][number % 3];
            company.move_to(&format!("p{number:04}"), department);
        }
        for course in ["A", "B", "C"] {
            company.course(course);
            company.assignment(course, "*", "due_days = 9");
        }
        let config = company.config();
        let (about, when) = (manual_run(), company.change_time());
        let stop = CancellationToken::new();
        company.runtime.block_on(async {
            let mut workers = tokio::task::JoinSet::new();
            for _ in 0..4 {
                let (mut worker, stop) = (QueueWorker::new(company.store.clone()), stop.clone());
                workers.spawn(async move {
                    while !stop.is_cancelled() {
                        worker.drain(&stop).await.expect("no deadlock, no lost connection");
                        tokio::task::yield_now().await;
                    }
                });
            }
            let sync = run(&company.store, &config, "hr", false);
            let hand = async {
                for number in (1..600).step_by(40) {
                    let who = [email(&format!("p{number:04}"))];
                    let removed = groups::remove_members(
                        &company.store,
                        &about,
                        when,
                        "Sales",
                        &who,
                        groups::NewExclusion::default(),
                    )
                    .await;
                    removed.expect("removed");
                    groups::add_members(&company.store, &about, when, "Sales", &who).await.expect("added");
                }
            };
            let (report, ()) = tokio::join!(sync, hand);
            assert!(
                matches!(report.outcome, rollcall_core::sync::RunOutcome::Applied),
                "{:?}",
                report.outcome
            );
            stop.cancel();
            while let Some(ended) = workers.join_next().await {
                ended.expect("a worker does not panic");
            }
        });
        company.drain();
        assert_eq!(company.count_rows("jobs"), 0);
        company.verify();
    });
}

/// `verify` finds and repairs each kind of discrepancy.
#[test]
fn verify_finds_and_repairs_each_discrepancy() {
    on_both(|engine| {
        let company = sales(engine, 6);
        company.sync();
        company.add_course("EXTRA");
        let course = company.query_value("SELECT id FROM courses WHERE code = 'EXTRA'");
        let id = |who: &str| company.learner(who);
        company.sql(&format!("DELETE FROM enrollments WHERE learner_id = {}", id("p0000")));
        company.sql(&format!(
            "UPDATE enrollments SET state = 'revoked', revoked_at = enrolled_at WHERE learner_id = {}",
            id("p0001")
        ));
        company.sql(&format!("UPDATE enrollments SET due = '2020-02-29' WHERE learner_id = {}", id("p0002")));
        company.sql(&format!("UPDATE enrollments SET due = NULL WHERE learner_id = {}", id("p0003")));
        company.sql(&format!(
            "INSERT INTO enrollments (learner_id, course_id, state, enrolled_at)
             SELECT learner_id, {course}, 'active', enrolled_at FROM enrollments WHERE learner_id = {}",
            id("p0004")
        ));
        let verdict = company.rollcall(&["verify", "--json"]).expect_status(1).json();
        let mut found: Vec<String> = verdict["differences"]
            .as_array()
            .expect("differences")
            .iter()
            .map(|one| {
                let text = |name: &str| one[name].as_str().unwrap_or("none").to_owned();
                format!("{} {} {}", &text("email")[..5], text("course"), text("what"))
            })
            .collect();
        found.sort();
        assert_eq!(
            found,
            [
                "p0000 GDPR missing",
                "p0001 GDPR missing",
                "p0002 GDPR due",
                "p0003 GDPR due",
                "p0004 EXTRA extra"
            ]
        );
        assert_eq!(verdict["memberships"], 6);
        company.rollcall(&["verify", "--repair"]).expect_status(0);
        company.verify();
        assert_eq!(company.enrollment("p0004", "EXTRA").state, "revoked", "nothing is deleted");
    });
}

/// A failing job is counted once, independent of the number of workers.
#[test]
fn failing_job_counted_once_by_many_workers() {
    on_both(|engine| {
        let company = sales(engine, 400);
        company.run("hr", false);
        refuse(&company, "p0017");
        let (settled, stop) = (ReadProgress::default(), CancellationToken::new());
        let (drained, length) =
            company.runtime.block_on(drain_ready(&company.store, 4, &settled, &stop)).expect("drained");
        assert_eq!((drained.done, drained.failed, length.later), (399, 1, 1));
        assert_eq!(company.query_value("SELECT attempts FROM jobs"), "1");
    });
}
