//! Several records of one person at one connector: equal rows, two jobs, periods that are over.

use rollcall_core::sync::RunOutcome;
use rollcall_model::run_warning::RunWarningKind;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};

/// 100 people in Sales.
fn company(engine: Engine, settings: &str) -> Company {
    let mut company = Company::staffed(engine, &[]);
    company.settings("hr", settings);
    company.hire_many("p", 100, &[("department", "Sales"), ("status", "active")]);
    company
}

/// Adds a row of a person whose id is in the file already.
fn add_row(company: &mut Company, who: &str, values: &[(&str, &str)]) {
    let email = format!("{who}@corp.example");
    let row = format!("{who} again");
    let own = [("id", who), ("email", email.as_str()), ("name", who), ("status", "active")];
    let values: Vec<(&str, &str)> = own.into_iter().chain(values.iter().copied()).collect();
    company.hire(&row, &values);
}

/// Equal rows count once.
#[test]
fn equal_rows_count_once() {
    on_both(|engine| {
        let mut company = company(engine, "");
        for number in 1..=12 {
            add_row(&mut company, &format!("p{number}"), &[("department", "Sales")]);
        }
        let report = company.sync();
        assert_eq!((report.problems.len(), report.counts.people_set_aside), (0, 0));
        assert_eq!(company.members("Sales").len(), 100);
    });
}

/// People with two jobs are set aside and reported, and all other people are applied.
#[test]
fn people_with_two_jobs_stop_no_other_person() {
    on_both(|engine| {
        let mut company = company(engine, "");
        for number in 1..=12 {
            add_row(&mut company, &format!("p{number}"), &[("department", "Ops")]);
        }
        let report = company.sync();
        assert_eq!((report.problems.len(), report.problems[0].kind), (12, RunWarningKind::RepeatedId));
        assert_eq!((company.members("Sales").len(), company.members("Ops").len()), (88, 0));
    });
}

/// Rows of one id with different addresses are a wrong mapping, and the run fails.
#[test]
fn one_id_for_different_people_fails_the_run() {
    on_both(|engine| {
        let mut company = company(engine, "several = \"merge\"");
        for number in 1..=12 {
            company.change(&format!("p{number}"), &[("id", "7")]);
        }
        let report = company.run("hr", false);
        let RunOutcome::Failed(error) = report.outcome else { panic!("{:?}", report.outcome) };
        assert_eq!(error.kind(), "set_aside");
    });
}

/// With `merge` two jobs are one person, with both departments and the earliest start.
#[test]
fn two_jobs_become_one_person() {
    on_both(|engine| {
        let mut company = company(engine, "several = \"merge\"");
        company.rule("teachers", "Teachers", "\"Teaching\" in department_all");
        company.change("p1", &[("start_date", "2020-01-01")]);
        add_row(&mut company, "p1", &[("department", "Teaching"), ("start_date", "2018-01-01")]);
        company.change("p2", &[("status", "left"), ("end_date", "2019-12-31")]);
        add_row(&mut company, "p2", &[("department", "Teaching"), ("start_date", "2021-01-01")]);
        let report = company.sync();
        assert_eq!((report.problems.len(), report.counts.people_read), (0, 100));
        assert_eq!(company.members("Teachers"), ["p1", "p2"]);
        assert!(company.members("Sales").contains(&"p1".to_owned()), "both jobs run");
        assert!(!company.members("Sales").contains(&"p2".to_owned()), "this job is over");
        let start = |who: &str| {
            company
                .query_value(&format!("SELECT start_date FROM learners WHERE id = {}", company.learner(who)))
        };
        assert_eq!((start("p1"), start("p2")), ("2018-01-01".to_owned(), "2021-01-01".to_owned()));
        assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
        company.rollcall(&["sync", "--only", "p1@corp.example"]).expect_status(0);
        assert_eq!(company.members("Teachers"), ["p1", "p2"]);
    });
}

/// A person all of whose records say that the person left, leaves.
#[test]
fn person_leaves_when_all_records_say_so() {
    on_both(|engine| {
        let mut company = company(engine, "");
        company.sync();
        company.change("p1", &[("status", "left")]);
        add_row(&mut company, "p1", &[("department", "Ops"), ("status", "left")]);
        company.change("p2", &[("status", "left")]);
        add_row(&mut company, "p2", &[("department", "Ops")]);
        let report = company.sync();
        assert_eq!((company.status("p1"), company.status("p2")), ("left".to_owned(), "active".to_owned()));
        assert_eq!(report.problems.len(), 1, "{:?}", report.problems);
    });
}

/// `check` counts the people that a sync makes of several records, and names the setting where it makes none.
#[test]
fn check_counts_people_as_a_sync_does() {
    on_both(|engine| {
        for (settings, people) in [("several = \"merge\"", 100), ("", 88)] {
            let mut company = company(engine, settings);
            for number in 1..=12 {
                add_row(&mut company, &format!("p{number}"), &[("department", "Ops")]);
            }
            let checked = company.rollcall(&["check"]).expect_status(0).out;
            assert!(checked.contains(&format!("  {people} people")), "{checked}");
            assert!(checked.contains(&format!("of {people} people: id {people},")), "{checked}");
            let merges = people == 100;
            assert_eq!(checked.contains("24 records of 12 people are merged"), merges, "{checked}");
            assert_eq!(
                checked.contains("set aside: `several = \"merge\"` makes one person"),
                !merges,
                "{checked}"
            );
        }
    });
}

/// Many problems of one kind do not hide the others.
#[test]
fn problems_of_each_kind_are_shown() {
    on_both(|engine| {
        let mut company = company(engine, "");
        for number in 1..=60 {
            add_row(&mut company, &format!("p{number}"), &[("department", "Ops")]);
        }
        company.change("p99", &[("status", "dormant")]);
        let said = company.rollcall(&["sync"]).expect_status(0).err;
        assert!(said.contains("61 problems:"), "{said}");
        assert!(said.contains("does not contain `dormant`"), "{said}");
        assert!(said.contains("the id occurs 2 times"), "{said}");
        assert!(said.contains(" … and 55 more of this kind"), "{said}");
    });
}
