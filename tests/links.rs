//! Learners whom somebody makes one, and connectors that leave the file for good.

use rollcall::groups;
use rollcall::model::ids::RunId;
use rollcall::model::names::ConnectorName;
use rollcall::sync::lease::{AcquireResult, acquire};
use rollcall::sync::linked::LinkError;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::decisions::count_held_changes;

/// The same human in two directories, under addresses that have nothing in common.
fn company(engine: Engine) -> Company {
    let mut company = Company::new(engine);
    company.directory("it", &["id", "email", "name", "department", "location"], "");
    company.departments();
    company.rule("berlin", "Berlin", "location == \"Berlin\"");
    company.rule("both", "Sales Berlin", "department == \"Sales\" && location == \"Berlin\"");
    for (course, group) in [("S", "Sales"), ("B", "Berlin")] {
        company.course(course);
        company.assignment(course, group, "due_days = 30");
    }
    company.hire("ada", &[("department", "Sales")]);
    company.hire("bob", &[("department", "Sales")]);
    company.hire_at("it", "alovelace", &[("location", "Berlin")]);
    company.sync();
    company
}

#[test]
fn two_learners_become_one_with_the_attributes_courses_and_progress_of_both() {
    on_both(|engine| {
        let company = company(engine);
        company.create("Club", &["alovelace"]);
        company.complete("alovelace", "B");
        assert_eq!(company.members("Sales Berlin"), Vec::<String>::new());
        company.link("ada", "alovelace").expect("linked");
        assert_eq!(company.learner("alovelace"), company.learner("ada"));
        assert_eq!(company.members("Sales Berlin"), ["ada"], "the rules see both directories");
        assert_eq!(
            (company.members("Berlin"), company.members("Club")),
            (vec!["ada".into()], vec!["ada".to_owned()])
        );
        assert!(company.enrollment("ada", "B").completed);
        assert!(company.has_access("ada", "S") && company.has_access("ada", "B"));
        company.verify();
        company.sync();
        assert_eq!(company.members("Sales Berlin"), ["ada"], "and the next runs keep it so");
        assert_eq!(company.count_rows("learners WHERE status <> 'left'"), 2);
        company.verify();
    });
}

#[test]
fn parting_them_takes_it_back() {
    on_both(|engine| {
        let company = company(engine);
        company.create("Club", &["alovelace"]);
        company.complete("alovelace", "B");
        let (ada, other) = (company.learner("ada"), company.learner("alovelace"));
        company.link("ada", "alovelace").expect("linked");
        company.unlink("ada", "alovelace").expect("parted");
        assert_eq!((company.learner("ada"), company.learner("alovelace")), (ada, other));
        assert_eq!(company.members("Sales Berlin"), Vec::<String>::new());
        assert_eq!(company.members("Sales"), ["ada", "bob"]);
        assert_eq!(
            (company.members("Berlin"), company.members("Club")),
            (vec!["alovelace".into()], vec!["alovelace".to_owned()])
        );
        assert!(company.enrollment("alovelace", "B").completed);
        assert!(!company.find_enrollment("ada", "B").is_some_and(|one| one.completed), "ada never did it");
        assert_eq!(company.query_value("SELECT count(*) FROM learners WHERE email = 'alovelace@corp.example'"), "1");
        company.sync();
        company.verify();
        assert!(company.unlink("ada", "alovelace").is_err(), "once is enough");
    });
}

#[test]
fn a_link_stands_when_the_rules_cannot_decide_at_once_and_the_next_sync_does_it() {
    on_both(|engine| {
        let company = company(engine);
        let hr = ConnectorName::new("hr");
        let lease = company.runtime.block_on(acquire(&company.store, &hr)).expect("the database answers");
        let AcquireResult::Acquired(lease) = lease else { panic!("nobody else runs `hr`") };
        let error = company.link("ada", "alovelace").expect_err("`hr` is being run");
        assert!(
            matches!(&error, LinkError::Undecided { run, cause }
            if run.0 == company.last_run() && cause.kind() == "already_running"),
            "{error:?}"
        );
        let said = error.to_string();
        assert!(said.starts_with("it is done (run "), "{said}");
        assert_eq!(company.learner("alovelace"), company.learner("ada"));
        assert_eq!(company.members("Sales Berlin"), Vec::<String>::new());
        company.runtime.block_on(lease.release());
        company.sync();
        assert_eq!(company.members("Sales Berlin"), ["ada"]);
        company.verify();
    });
}

#[test]
fn a_link_that_is_refused_is_told_from_one_that_is_done() {
    on_both(|engine| {
        let error = company(engine).link("ada", "bob").expect_err("two people of `hr`");
        assert!(matches!(error, LinkError::Refused(groups::GroupError::SameConnector { .. })), "{error:?}");
    });
}

#[test]
fn a_learner_added_by_hand_is_linked_and_parted_like_anybody() {
    on_both(|engine| {
        let company = company(engine);
        company.add_learner("guest");
        company.create("Club", &["guest"]);
        company.link("ada", "guest").expect("linked");
        assert_eq!(company.members("Club"), ["ada"]);
        company.unlink("ada", "guest").expect("parted");
        assert_eq!(company.members("Club"), ["guest"]);
        assert_eq!(company.status("guest"), "active");
        company.sync();
        company.verify();
    });
}

#[test]
fn colleagues_of_one_directory_are_not_one_person() {
    on_both(|engine| {
        let company = company(engine);
        let before = company.contents();
        assert!(company.link("ada", "bob").is_err());
        assert!(company.link("ada", "ada").is_err());
        assert!(company.link("ada", "nobody").is_err());
        assert_eq!(company.contents(), before);
    });
}

#[test]
fn a_connector_that_is_retired_lets_its_people_go_when_that_is_approved() {
    on_both(|engine| {
        let mut company = company(engine);
        assert!(company.retire("it", false).is_err(), "it is still in the file");
        company.directories.retain(|one| one.name != "it");
        company.use_default_limits();
        company.sync();
        assert_eq!(company.members("Berlin"), ["alovelace"], "as last read");
        let report = company.retire("it", false).expect("a run");
        assert_eq!(count_held_changes(&report).get("leave"), Some(&1), "everybody of a connector is more than half");
        assert_eq!(company.members("Berlin"), ["alovelace"]);
        company.approve(report.run.unwrap_or(RunId(0))).expect("approved");
        assert_eq!((company.members("Berlin"), company.status("alovelace")), (Vec::new(), "left".to_owned()));
        assert_eq!(company.count_rows("connectors WHERE name = 'it' AND retired_at IS NOT NULL"), 1);
        assert_eq!(company.members("Sales"), ["ada", "bob"]);
        company.verify();
        assert!(company.retire("itt", false).is_err());
    });
}

#[test]
fn whom_another_directory_holds_stays_when_one_is_retired() {
    on_both(|engine| {
        let mut company = company(engine);
        company.link("ada", "alovelace").expect("linked");
        company.directories.retain(|one| one.name != "it");
        company.retire("it", true).expect("retired");
        assert_eq!(company.status("ada"), "active");
        assert_eq!(
            (company.members("Sales"), company.members("Berlin")),
            (vec!["ada".into(), "bob".to_owned()], Vec::new())
        );
        company.sync();
        company.verify();
    });
}
