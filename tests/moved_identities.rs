//! Addresses, ids and names of units that move together: a column that was sorted apart, an address of a leaver, leading
//! zeros, a unit with another name.

use rollcall_core::sync::RunOutcome;
use rollcall_model::guard::HoldCause;
use rollcall_model::run_warning::RunWarningKind;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::decisions::{count_held_changes, reasons};

/// 30 people in Sales and 30 in Research, under the limits that apply by default.
fn company(engine: Engine) -> Company {
    let company = Company::limited(engine, 30, 30);
    company.sync_without_hold();
    company
}

fn address_of(company: &Company, who: &str) -> String {
    company.query_value(&format!("SELECT email FROM learners WHERE id = {}", company.learner_of_id(who)))
}

/// Addresses that move between known people are held, and two people may still swap theirs.
#[test]
fn addresses_sorted_apart_are_held() {
    on_both(|engine| {
        let mut company = company(engine);
        for number in 1..=6 {
            let next = number % 6 + 1;
            company.change(&format!("s{number}"), &[("email", &format!("S{next}@corp.example"))]);
        }
        company.move_to("s7", "Research");
        let report = company.sync_with_hold();
        let reasons = reasons(&report);
        assert_eq!((reasons.len(), reasons[0].0), (1, HoldCause::MaxRekeyed), "{reasons:?}");
        assert!(reasons[0].1.starts_with("6 known people have the addresses of other"), "{reasons:?}");
        assert_eq!(address_of(&company, "s1"), "s1@corp.example");
        assert_eq!(company.members("Research").len(), 31, "other changes are made");
        assert_eq!(count_held_changes(&company.sync_with_hold())["record"], 6);
        company.approve(report.run.expect("a number")).expect("approved");
        assert_eq!(address_of(&company, "s1"), "S2@corp.example");
        company.change("s1", &[("email", "S3@corp.example")]);
        company.change("s2", &[("email", "S2@corp.example")]);
        let report = company.sync_without_hold();
        let kinds: Vec<_> = report.problems.iter().map(|one| one.kind).collect();
        assert_eq!(kinds, [RunWarningKind::AddressHandedOn, RunWarningKind::AddressHandedOn]);
        assert_eq!(
            (address_of(&company, "s1"), address_of(&company, "s2")),
            ("S3@corp.example".to_owned(), "S2@corp.example".to_owned())
        );
        company.verify();
    });
}

/// The address of a person who vanishes comes to a stranger: a new learner, without what the former had.
#[test]
fn address_of_vanished_person_gives_no_record() {
    on_both(|engine| {
        for settings in ["", "match = \"role\""] {
            let mut company = Company::limited(engine, 30, 30);
            company.settings("hr", settings);
            company.course_for("GDPR", "Sales", "");
            company.change("s1", &[("role", "N1"), ("name", "Ada King")]);
            company.change("s2", &[("role", "N2"), ("name", "Bob Noel")]);
            company.change("s3", &[("role", "N3"), ("name", "Eve Berg")]);
            company.sync_without_hold();
            company.complete("s1", "GDPR");
            let (ada, bob, eve) = (company.learner("s1"), company.learner("s2"), company.learner("s3"));
            for who in ["s1", "s2", "s3"] {
                company.leave(who);
            }
            let hire = |company: &mut Company, who: &str, values: [&str; 3]| {
                let [email, name, role] = values;
                company
                    .hire(who, &[("email", email), ("name", name), ("role", role), ("department", "Sales")]);
            };
            hire(&mut company, "x1", ["s1@corp.example", "Ada Stranger", "N9"]);
            hire(&mut company, "x2", ["s2@corp.example", "Noel, Bob", "N2"]);
            let name = if settings.is_empty() { "Eve Maria Berg" } else { "Eve Holm" };
            hire(&mut company, "x3", ["s3@corp.example", name, "N3"]);
            let report = company.sync_without_hold();
            assert_eq!(report.problems.len(), 1, "{:?}", report.problems);
            let problem = &report.problems[0];
            assert_eq!((problem.kind, problem.subject.as_str()), (RunWarningKind::AddressHandedOn, "x1"));
            assert!(
                problem.message.contains("`s1`") && problem.message.contains("learners link"),
                "{problem:?}"
            );
            assert_eq!((company.learner_of_id("x2"), company.learner_of_id("x3")), (bob, eve));
            assert_ne!(company.learner_of_id("x1"), ada);
            assert_eq!(company.query_value(&format!("SELECT status FROM learners WHERE id = {ada}")), "left");
            assert_eq!(address_of(&company, "x1"), "s1@corp.example");
            assert!(!company.enrollment("x1", "GDPR").completed);
            assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
            company.verify();
        }
    });
}

/// While changed ids wait, people without an address are not new and nobody leaves; the approval links them.
#[test]
fn lost_leading_zeros_are_held_for_people_without_address() {
    on_both(|engine| {
        let mut company = Company::staffed(engine, &[]);
        company.use_default_limits();
        company.course_for("GDPR", "Sales", "");
        for number in 100..160 {
            let (who, name) = (format!("00{number}"), format!("Person {number}"));
            let email = if number < 104 { String::new() } else { format!("p{number}@corp.example") };
            company.hire(&who, &[("email", &email), ("name", &name), ("department", "Sales")]);
        }
        company.sync_without_hold();
        let (first, second) = (company.learner("00100"), company.learner("00150"));
        for number in 100..160 {
            company.change(&format!("00{number}"), &[("id", &number.to_string())]);
        }
        company.change("103", &[("name", "Another Person")]);
        let report = company.sync_with_hold();
        let reasons = reasons(&report);
        assert_eq!((reasons.len(), reasons[0].0), (1, HoldCause::MaxRekeyed), "{reasons:?}");
        assert!(reasons[0].1.contains("such as `100` instead of `00100`"), "{reasons:?}");
        assert!(reasons[0].1.contains("differ only in leading zeros"), "{reasons:?}");
        assert_eq!((company.count_rows("learners"), company.members("Sales").len()), (60, 60));
        assert_eq!(company.count_rows("learners WHERE status = 'left'"), 0);
        company.approve(report.run.expect("a number")).expect("approved");
        assert_eq!((company.learner("100"), company.learner("150")), (first, second));
        assert_eq!(company.count_rows("learners"), 61, "only the person with another name is new");
        assert_eq!(company.count_rows("learners WHERE status = 'left'"), 1);
        company.sync_without_hold();
        company.verify();
    });
}

/// A small unit with courses that has another name is held, whatever rule gives the groups; its people lose no course.
#[test]
fn renamed_small_unit_is_held() {
    on_both(|engine| {
        for has_two_rules in [false, true] {
            let mut company = Company::limited(engine, 30, 30);
            if has_two_rules {
                company.strike("departments");
                company.rule("stores", "Stores", "department == \"Stores\"");
                company.rule("logistics", "Logistics", "department == \"Logistics\"");
                company.rule("everybody", "Everybody", "true");
                company.course_for("ALL", "Everybody", "");
            } else {
                company.course_for("ALL", "*", "");
            }
            company.course_for("GDPR", "Stores", "");
            company.hire_many("w", 5, &[("department", "Stores")]);
            company.hire_many("t", 5, &[("department", "Tools")]);
            company.sync_without_hold();
            for number in 1..=5 {
                company.move_to(&format!("w{number}"), "Logistics");
                company.move_to(&format!("t{number}"), "Machines");
            }
            let report = company.sync_with_hold();
            let reasons = reasons(&report);
            assert_eq!(reasons.len(), 1, "the other unit has no course: {reasons:?}");
            assert_eq!(reasons[0].0, HoldCause::MaxGroupRemovals);
            assert!(reasons[0].1.starts_with("5 people would leave `Stores` for `Logistics`"), "{reasons:?}");
            assert_eq!((company.members("Stores").len(), company.members("Logistics").len()), (5, 5));
            assert!(company.has_access("w1", "GDPR"));
            company.approve(report.run.expect("a number")).expect("approved");
            assert!(!company.has_access("w1", "GDPR"));
            company.sync_without_hold();
            company.verify();
        }
    });
}

/// People who move to groups with the same course lose nothing, and nothing waits.
#[test]
fn renamed_unit_with_the_same_courses_is_not_held() {
    on_both(|engine| {
        let mut company = Company::limited(engine, 30, 30);
        company.course_for("GDPR", "*", "");
        company.hire_many("w", 6, &[("department", "Stores")]);
        company.sync_without_hold();
        for number in 1..=6 {
            company.move_to(&format!("w{number}"), "Logistics");
        }
        company.sync_without_hold();
        assert_eq!((company.members("Stores").len(), company.members("Logistics").len()), (0, 6));
        company.verify();
    });
}
