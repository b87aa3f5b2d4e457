//! Learners who are suspended by hand, and restored.

use rollcall_core::sync::RunOutcome;
use rollcall_core::sync::undo::UndoError;
use rollcall_model::due_policy::DuePolicy;
use rollcall_model::run_warning::RunWarningKind;
use serde_json::json;

use crate::support::company::{Company, email};
use crate::support::database::{Engine, on_both};

/// Ada and Bob in Sales, which has a course; Ada is also in a group by hand, which has another one.
fn company(engine: Engine) -> Company {
    let mut company = Company::sales(engine, &["ada", "bob"], "due_days = 30");
    company.course("R");
    company.assignment("R", "Research", "");
    company.sync();
    company.add_course("CHESS");
    company.create("Chess club", &["ada"]);
    company.assign("CHESS", "Chess club", DuePolicy::Never);
    company
}

fn suspend(company: &Company, who: &str) {
    company.rollcall(&["learners", "suspend", &email(who)]).expect_status(0);
}

fn restore(company: &Company, who: &str) -> String {
    company.rollcall(&["learners", "restore", &email(who)]).expect_status(0).out
}

/// Asserts that a learner is suspended and in nothing.
#[track_caller]
fn assert_out(company: &Company, who: &str) {
    assert_eq!(company.status(who), "suspended");
    for group in company.groups() {
        assert!(!company.members(&group).contains(&who.to_owned()), "{group}");
    }
    let learner = company.learner(who);
    assert_eq!(
        company.count_rows(&format!("enrollments WHERE state = 'active' AND learner_id = {learner}")),
        0
    );
    company.verify();
}

/// A suspended learner loses all access at once and keeps the progress. No sync, no person's sync, no new attribute and no
/// addition by hand brings the learner back.
#[test]
fn suspended_learner_is_out_until_restored() {
    on_both(|engine| {
        let mut company = company(engine);
        company.complete("ada", "GDPR");
        suspend(&company, "ada");
        assert_out(&company, "ada");
        assert!(company.enrollment("ada", "GDPR").completed);
        assert!(company.has_access("bob", "GDPR"));
        company.sync();
        company.move_to("ada", "Research");
        company.sync();
        company.rollcall(&["sync", "--only", &email("ada")]).expect_status(0);
        assert_out(&company, "ada");
        company.add("Sales", "ada");
        company.assign_alone("CHESS", "ada", DuePolicy::Never);
        company.advance_days(3);
        company.sync();
        assert_out(&company, "ada");
    });
}

/// A restoration evaluates the rules for the data as last read. Memberships by hand return.
#[test]
fn restored_learner_gets_what_data_as_last_read_gives() {
    on_both(|engine| {
        let mut company = company(engine);
        suspend(&company, "ada");
        company.move_to("ada", "Research");
        company.sync();
        let text = restore(&company, "ada");
        assert!(text.contains("whose status is active"), "{text}");
        assert_eq!(company.status("ada"), "active");
        assert_eq!(
            (company.members("Sales"), company.members("Research")),
            (vec!["bob".to_owned()], vec!["ada".to_owned()])
        );
        assert_eq!(company.members("Chess club"), ["ada"]);
        assert!(company.has_access("ada", "R") && company.has_access("ada", "CHESS"));
        company.verify();
        company.sync();
        assert_eq!(company.members("Research"), ["ada"]);
        company.rollcall(&["learners", "restore", &email("ada")]).expect_status(1);
    });
}

/// A learner who was absent, left or on leave in the source while suspended has that status after the restoration.
#[test]
fn restored_learner_has_status_of_source() {
    on_both(|engine| {
        let mut company = company(engine);
        suspend(&company, "ada");
        suspend(&company, "bob");
        company.leave("ada");
        company.change("bob", &[("status", "left")]);
        company.sync();
        assert_out(&company, "ada");
        assert_out(&company, "bob");
        assert!(restore(&company, "ada").contains("whose status is left"));
        assert!(restore(&company, "bob").contains("whose status is left"));
        assert_eq!((company.status("ada"), company.status("bob")), ("left".to_owned(), "left".to_owned()));
        company.hire("ada", &[("department", "Sales")]);
        company.sync();
        assert_eq!(company.members("Sales"), ["ada"]);
        company.verify();
    });
}

/// A person who comes back under a new id, after an absence, stays suspended.
#[test]
fn suspended_person_under_a_new_id_stays_suspended() {
    on_both(|engine| {
        let mut company = company(engine);
        suspend(&company, "ada");
        company.leave("ada");
        company.sync();
        let address = email("ada");
        company.hire("ada2", &[("email", &address), ("name", "ada"), ("department", "Sales")]);
        company.sync();
        assert_out(&company, "ada");
        assert_eq!(company.count_rows("learners"), 2);
    });
}

/// A source keeps the former record of a suspended person, as left, beside the one of the new employment.
#[test]
fn suspended_person_employed_again_beside_the_former_record_stays_suspended() {
    on_both(|engine| {
        let mut company = company(engine);
        suspend(&company, "ada");
        let address = email("ada");
        company.change("ada", &[("status", "left")]);
        company.hire("ada2", &[("email", &address), ("name", "ada"), ("department", "Sales")]);
        company.sync();
        assert_out(&company, "ada");
        assert_eq!(company.count_rows("learners"), 2);
        assert_eq!(company.count_rows("learners WHERE status = 'active'"), 1, "only the other person");
    });
}

/// A suspended person who comes back under a new id and another name stays suspended, and the run says so: by the address,
/// or by the value of `match` with a new address.
#[test]
fn suspended_person_under_a_new_id_and_name_stays_suspended() {
    for (mapped, address) in [(false, "ada"), (true, "ada"), (true, "lovelace")] {
        on_both(|engine| {
            let mut company = company(engine);
            if mapped {
                company.settings("hr", "match = 'role'\n");
            }
            company.change("ada", &[("role", "4711")]);
            company.sync();
            suspend(&company, "ada");
            for absent_first in [true, false] {
                let (old, new) = if absent_first { ("ada", "ada2") } else { ("ada2", "ada3") };
                company.leave(old);
                if absent_first {
                    company.sync();
                }
                let mail = email(address);
                let values =
                    [("email", mail.as_str()), ("name", "Countess Lovelace"), ("department", "Sales")];
                company.hire(new, &values);
                company.change(new, &[("role", "4711")]);
                let report = company.sync();
                let kept: Vec<_> = report
                    .problems
                    .iter()
                    .filter(|one| one.kind == RunWarningKind::SuspensionKept)
                    .map(|one| one.subject.clone())
                    .collect();
                assert_eq!(kept, [new], "{mapped} {address}");
                assert_out(&company, address);
                assert_eq!(company.count_rows("learners"), 2);
            }
        });
    }
}

/// A colleague who gets the address of a suspended person, with another value of `match`, is a new learner.
#[test]
fn address_of_a_suspended_person_is_given_to_a_colleague() {
    on_both(|engine| {
        let mut company = company(engine);
        company.settings("hr", "match = 'role'\n");
        company.change("ada", &[("role", "4711")]);
        company.sync();
        suspend(&company, "ada");
        company.leave("ada");
        company.sync();
        company.hire("new", &[("email", &email("ada")), ("name", "Grace"), ("role", "4712")]);
        company.sync();
        assert_eq!(company.count_rows("learners"), 3);
    });
}

/// Learners who were added by hand, and those of a connector that left the file, get back what the suspension took.
#[test]
fn learner_without_connector_of_the_file_is_restored() {
    on_both(|engine| {
        let mut company = company(engine);
        company.directory("it", &["id", "email", "name", "department"], "");
        company.hire_at("it", "eve", &[("department", "Sales")]);
        company.sync();
        company.add_learner("guest");
        company.add("Chess club", "guest");
        let before = (company.members("Sales"), company.members("Chess club"));
        company.directories.retain(|one| one.name != "it");
        for who in ["eve", "guest"] {
            suspend(&company, who);
            company.sync();
            assert_out(&company, who);
            restore(&company, who);
            assert_eq!(company.status(who), "active");
        }
        assert_eq!((company.members("Sales"), company.members("Chess club")), before);
        company.sync();
        company.verify();
        assert_eq!((company.members("Sales"), company.members("Chess club")), before);
    });
}

/// Suspensions do not count for the limits on removals.
#[test]
fn suspensions_do_not_count_for_limits() {
    on_both(|engine| {
        let mut company = Company::limited(engine, 30, 30);
        company.sync_without_hold();
        for number in 1..=5 {
            suspend(&company, &format!("s{number}"));
        }
        for number in 11..=15 {
            company.leave(&format!("s{number}"));
            company.leave(&format!("r{number}"));
        }
        company.sync_without_hold();
        assert_eq!((company.members("Sales").len(), company.members("Research").len()), (20, 25));
    });
}

/// The list, the learner, the explanation and the audit log name the suspension, its day and its actor.
#[test]
fn suspension_is_shown_with_day_and_actor() {
    on_both(|engine| {
        let company = company(engine);
        suspend(&company, "ada");
        let actor = company.query_value("SELECT actor FROM runs WHERE what LIKE 'suspend %'");
        let said = format!("suspended by hand on {} by {actor}", company.today());
        let listed = company.json(&["learners", "list", "--status", "suspended"]);
        assert_eq!(
            (&listed[0]["email"], &listed[0]["status"], &listed[1]),
            (&email("ada").into(), &"suspended".into(), &json!(null))
        );
        let shown = company.rollcall(&["learners", "show", &email("ada")]).expect_status(0).out;
        assert!(shown.contains("(suspended)") && shown.contains(&said), "{shown}");
        let shown = company.json(&["learners", "show", &email("ada")]);
        assert_eq!(shown["suspension"]["actor"], actor, "{shown}");
        assert_eq!(company.json(&["learners", "show", &email("bob")])["suspension"], json!(null));
        let explained = company.rollcall(&["explain", &email("ada")]).expect_status(0).out;
        assert!(explained.contains(&format!("suspended by hand on {}", company.today())), "{explained}");
        assert!(
            explained.contains(&format!(" by {actor}")) && explained.contains("the learner is suspended"),
            "{explained}"
        );
        let again = company.rollcall(&["learners", "suspend", &email("ada")]).expect_status(0);
        assert!(
            again.err.contains(&format!("was already suspended on {} by {actor}", company.today())),
            "{again:?}"
        );
        restore(&company, "ada");
        let audit = company.rollcall(&["audit"]).expect_status(0).out;
        assert!(
            audit.contains("suspend `ada@corp.example`") && audit.contains("restore `ada@corp.example`"),
            "{audit}"
        );
        assert!(!company.rollcall(&["explain", &email("ada")]).expect_status(0).out.contains("suspended"));
    });
}

/// A suspension is taken back by a restoration and by nothing else. A link that would evade it is refused.
#[test]
fn undo_and_link_refuse_a_suspended_learner() {
    on_both(|engine| {
        let mut company = company(engine);
        company.directory("it", &["id", "email", "name", "department"], "");
        company.hire_at("it", "eve", &[("department", "Sales")]);
        company.sync();
        suspend(&company, "ada");
        let run = company.last_run().to_string();
        let refused = company.rollcall(&["undo", &run]).expect_status(1).err;
        assert!(refused.contains("rollcall learners restore ada@corp.example"), "{refused}");
        for (one, other) in [("ada", "eve"), ("eve", "ada")] {
            let refused =
                company.rollcall(&["learners", "link", &email(one), &email(other)]).expect_status(1).err;
            assert!(refused.contains("is suspended"), "{refused}");
        }
        assert_out(&company, "ada");
    });
}

/// The run that evaluates the rules after a restoration is not undone for the restored learner: access and memberships stay, and
/// the message says what takes them.
#[test]
fn undo_after_restoration_leaves_no_suspended_status() {
    on_both(|engine| {
        let company = company(engine);
        suspend(&company, "ada");
        restore(&company, "ada");
        let refused = company.undo(company.last_run());
        let Err(UndoError::Nothing { touched, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(
            touched,
            [
                "ada@corp.example was suspended and restored before, and keeps access: suspend the learner instead"
            ]
        );
        assert_eq!(
            (company.status("ada"), company.members("Chess club")),
            ("active".into(), vec!["ada".into()])
        );
        assert_eq!(company.members("Sales"), ["ada", "bob"]);
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
        company.verify();
    });
}

/// An undo of a run that changed the record of a suspended learner leaves the learner suspended.
#[test]
fn undone_start_date_of_suspended_learner_keeps_suspension() {
    on_both(|engine| {
        let mut company = company(engine);
        let (start, later) = (company.day(-30), company.day(30));
        company.change("ada", &[("start_date", &later)]);
        company.sync();
        suspend(&company, "ada");
        company.change("ada", &[("start_date", &start)]);
        company.sync();
        company.undo(company.last_run()).expect("undone");
        assert_out(&company, "ada");
        company.sync();
        assert_out(&company, "ada");
    });
}
