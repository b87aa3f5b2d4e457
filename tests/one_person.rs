//! A sync of one person: `sync --only`, in the command and in the API.

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};

/// 30 people in Sales and 30 in Research, with a course each, under the limits that apply by default.
fn company(engine: Engine) -> Company {
    let mut company = Company::limited(engine, 30, 30);
    company.course_for("S", "Sales", "due_days = 30");
    company.course_for("R", "Research", "due_days = 30");
    company.sync_without_hold();
    company
}

/// A change of one person is measured against all people of the connector, so that it is applied at once.
#[test]
fn one_move_is_applied_without_hold() {
    on_both(|engine| {
        let mut company = company(engine);
        company.move_to("s3", "Research");
        company.rollcall(&["sync", "--only", "s3@corp.example"]).expect_status(0);
        assert!(company.members("Research").contains(&"s3".to_owned()));
        assert!(!company.has_access("s3", "S") && company.has_access("s3", "R"));
        company.change("s4", &[("status", "left")]);
        company.rollcall(&["sync", "--only", "s4@corp.example"]).expect_status(0);
        assert_eq!((company.status("s4"), company.has_access("s4", "S")), ("left".to_owned(), false));
        company.verify();
    });
}

/// Removals of single people count against the limit of 24 hours, as those of a complete sync do.
#[test]
fn removals_of_single_people_count_within_24_hours() {
    on_both(|engine| {
        let mut company = company(engine);
        for number in 1..=10 {
            company.move_to(&format!("s{number}"), "Research");
            company.rollcall(&["sync", "--only", &format!("s{number}@corp.example")]).expect_status(0);
        }
        company.move_to("s11", "Research");
        company.rollcall(&["sync", "--only", "s11@corp.example"]).expect_status(3);
        assert_eq!(company.members("Sales").len(), 20);
    });
}

/// A person is found by id and by a former address, too.
#[test]
fn person_is_found_by_id_and_by_former_address() {
    on_both(|engine| {
        let mut company = company(engine);
        company.move_to("s3", "Research");
        company.rollcall(&["sync", "--only", "s3"]).expect_status(0);
        assert!(company.members("Research").contains(&"s3".to_owned()));
        company.change("s4", &[("email", "new@corp.example")]);
        company.rollcall(&["sync", "--only", "s4@corp.example"]).expect_status(0);
        assert_eq!(company.query_value("SELECT email FROM learners WHERE name = 's4'"), "new@corp.example");
        company.hire("late", &[("department", "Sales")]);
        company.rollcall(&["sync", "--only", "late"]).expect_status(0);
        assert!(company.members("Sales").contains(&"late".to_owned()));
    });
}

/// A person whom the source no longer holds, by its own answer, leaves, and the message says so.
#[test]
fn person_whom_the_source_lacks_leaves() {
    on_both(|engine| {
        let mut company = company(engine);
        company.leave("s3");
        company.leave("s4");
        let done = company.rollcall(&["sync", "--only", "s3@corp.example", "--json"]).expect_status(0).json();
        assert_eq!(
            (&done["people"]["left"], &done["problems"][0]["kind"]),
            (&1.into(), &"person_gone".into())
        );
        assert_eq!(done["problems"][0]["subject"], "s3@corp.example");
        assert_eq!((company.status("s3"), company.status("s4")), ("left".to_owned(), "active".to_owned()));
        assert!(!company.has_access("s3", "S") && company.has_access("s4", "S"));
        let again = company.rollcall(&["sync", "--only", "s3@corp.example"]).expect_status(1);
        assert!(again.err.contains("`s3@corp.example` was not found"), "{again:?}");
        company.verify();
    });
}

/// A file that lacks a large part of the people is no answer about one of them.
#[test]
fn small_file_is_no_answer_about_one_person() {
    on_both(|engine| {
        let mut company = company(engine);
        company.leave_many("s", 30);
        let done = company.rollcall(&["sync", "--only", "s3@corp.example"]).expect_status(1);
        assert!(done.err.contains("did not prove"), "{done:?}");
        assert_eq!(company.status("s3"), "active");
    });
}

/// A person whom another connector holds stays, with what that connector says.
#[test]
fn person_of_another_connector_stays() {
    on_both(|engine| {
        let mut company = company(engine);
        company.directory("it", &["id", "email", "name", "department"], "");
        company.hire_at("it", "s3-it", &[("email", "s3@corp.example"), ("department", "Support")]);
        company.sync();
        company.leave("s3");
        company.rollcall(&["sync", "--only", "s3@corp.example"]).expect_status(0);
        assert_eq!(
            company.query_value("SELECT status FROM learners WHERE email = 's3@corp.example'"),
            "active"
        );
        assert_eq!(company.members("Support").len(), 1);
        company.verify();
    });
}

/// An address that no connector knows is an error that names it; one connector that knows it is enough.
#[test]
fn unknown_person_is_an_error_that_names_the_person() {
    on_both(|engine| {
        let mut company = company(engine);
        company.directory("it", &["id", "email", "name"], "");
        company.hire_at("it", "guest", &[]);
        company.sync();
        let done = company.rollcall(&["sync", "--only", "s3@corp.exmaple"]).expect_status(1);
        assert!(done.err.contains("error: `s3@corp.exmaple` was not found"), "{done:?}");
        company.rollcall(&["sync", "--only", "guest@corp.example"]).expect_status(0);
        company.rollcall(&["sync", "hr", "--only", "guest@corp.example"]).expect_status(1);
    });
}

/// A record without an id keeps a person whom it may be, and no other one.
#[test]
fn record_without_an_id_keeps_its_person_only() {
    for (record, is_kept) in
        [(("", "s3@corp.example"), true), (("", ""), true), (("", "somebody@corp.example"), false)]
    {
        on_both(|engine| {
            let mut company = company(engine);
            company.leave("s3");
            company.hire("rejected", &[("id", record.0), ("email", record.1), ("name", "Somebody")]);
            company.rollcall(&["sync", "--only", "s3@corp.example"]);
            let status = if is_kept { "active" } else { "left" };
            assert_eq!(company.status("s3"), status, "{record:?}");
        });
    }
}
