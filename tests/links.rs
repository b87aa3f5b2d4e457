//! Learners whom somebody makes one, and connectors that leave the file for good.

use rollcall_core::groups;
use rollcall_core::sync::lease::{AcquireResult, acquire};
use rollcall_core::sync::link_learners::LinkError;
use rollcall_model::ids::RunId;
use rollcall_model::names::ConnectorName;

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
        company.course_for(course, group, "due_days = 30");
    }
    company.hire("ada", &[("department", "Sales")]);
    company.hire("bob", &[("department", "Sales")]);
    company.hire_at("it", "alovelace", &[("location", "Berlin")]);
    company.sync();
    company
}

/// Two linked learners become one with the attributes, courses and progress of both.
#[test]
fn linked_learners_merge_attributes_and_progress() {
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

/// Unlinking restores both learners.
#[test]
fn unlink_restores_both_learners() {
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
        assert_eq!(
            company.query_value("SELECT count(*) FROM learners WHERE email = 'alovelace@corp.example'"),
            "1"
        );
        company.sync();
        company.verify();
        assert!(company.unlink("ada", "alovelace").is_err(), "once is enough");
    });
}

/// A link is stored even if the rules cannot be evaluated at once. The next sync evaluates them.
#[test]
fn link_stays_if_rules_are_evaluated_later() {
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
        assert!(said.starts_with("the change is saved (run "), "{said}");
        assert_eq!(company.learner("alovelace"), company.learner("ada"));
        assert_eq!(company.members("Sales Berlin"), Vec::<String>::new());
        company.runtime.block_on(lease.release());
        company.sync();
        assert_eq!(company.members("Sales Berlin"), ["ada"]);
        company.verify();
    });
}

/// A refused link has a different error than a link whose rules are evaluated later.
#[test]
fn refused_link_has_own_error() {
    on_both(|engine| {
        let error = company(engine).link("ada", "bob").expect_err("two people of `hr`");
        assert!(matches!(error, LinkError::Refused(groups::GroupError::SameConnector { .. })), "{error:?}");
    });
}

/// A manual learner can be linked and unlinked.
#[test]
fn manual_learner_can_be_linked_and_unlinked() {
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

/// Two people of one directory cannot be linked.
#[test]
fn people_of_one_directory_cannot_be_linked() {
    on_both(|engine| {
        let company = company(engine);
        let before = company.contents();
        assert!(company.link("ada", "bob").is_err());
        assert!(company.link("ada", "ada").is_err());
        assert!(company.link("ada", "nobody").is_err());
        assert_eq!(company.contents(), before);
    });
}

/// A retired connector removes its people on approval.
#[test]
fn retired_connector_removes_people_on_approval() {
    on_both(|engine| {
        let mut company = company(engine);
        assert!(company.retire("it", false).is_err(), "it is still in the file");
        company.directories.retain(|one| one.name != "it");
        company.use_default_limits();
        company.sync();
        assert_eq!(company.members("Berlin"), ["alovelace"], "as last read");
        let report = company.retire("it", false).expect("a run");
        assert_eq!(
            count_held_changes(&report).get("leave"),
            Some(&1),
            "everybody of a connector is more than half"
        );
        assert_eq!(company.members("Berlin"), ["alovelace"]);
        company.approve(report.run.unwrap_or(RunId(0))).expect("approved");
        assert_eq!((company.members("Berlin"), company.status("alovelace")), (Vec::new(), "left".to_owned()));
        assert_eq!(company.count_rows("connectors WHERE name = 'it' AND retired_at IS NOT NULL"), 1);
        assert_eq!(company.members("Sales"), ["ada", "bob"]);
        company.verify();
        assert!(company.retire("itt", false).is_err());
    });
}

/// People who are in another directory stay when a connector is retired.
#[test]
fn people_of_other_directory_stay_on_retirement() {
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
