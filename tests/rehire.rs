//! People who return with a new id, while the source keeps the record of the former employment.

use rollcall_core::sync::RunOutcome;
use rollcall_model::run_warning::RunWarningKind;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};

/// Eve has completed a course as `c1`; a later record of hers is known by her role, which stands for a number.
fn company(engine: Engine) -> Company {
    let mut company = Company::staffed(engine, &[("ada", "Sales"), ("bob", "Sales")]);
    company.settings("hr", "match = \"role\"");
    company.course_for("GDPR", "Sales", "due_days = 30");
    company.hire("c1", &[("email", "eve@corp.example"), ("department", "Sales"), ("role", "N1")]);
    company.sync();
    company.complete("eve@corp.example", "GDPR");
    company
}

fn leave(company: &mut Company) {
    company.change("c1", &[("status", "left")]);
}

fn return_as(company: &mut Company, number: &str, email: &str) {
    company.hire("e1", &[("email", email), ("department", "Sales"), ("role", number)]);
}

fn is_one_learner(company: &Company) {
    assert_eq!((company.count_rows("learners"), company.learner("c1")), (3, company.learner("e1")));
    assert_eq!(company.status("e1"), "active");
    let enrollment = company.enrollment("e1", "GDPR");
    assert!(enrollment.completed && enrollment.state == "active", "{enrollment:?}");
    company.verify();
}

/// A new record joins the learner whose old record says that the person left, and it stays so.
#[test]
fn returning_person_keeps_learner_beside_the_old_record() {
    on_both(|engine| {
        for (apart, email) in
            [(true, "eve@corp.example"), (false, "eve@corp.example"), (false, "eve.new@corp.example")]
        {
            let mut company = company(engine);
            leave(&mut company);
            if apart {
                company.sync();
                assert_eq!(company.status("c1"), "left");
            }
            return_as(&mut company, "N1", email);
            let report = company.sync();
            let problem = &report.problems[0];
            assert_eq!((problem.kind, problem.subject.as_str()), (RunWarningKind::Rehired, "e1"));
            assert!(problem.message.contains("`c1`"), "{problem:?}");
            is_one_learner(&company);
            let again = company.sync();
            assert!(matches!(again.outcome, RunOutcome::Unchanged), "{:?}", again.outcome);
            assert_eq!(again.problems, []);
            is_one_learner(&company);
            company.rollcall(&["sync", "--only", "e1"]).expect_status(0);
            is_one_learner(&company);
            company.change("e1", &[("status", "left")]);
            company.sync();
            assert_eq!((company.count_rows("learners"), company.status("e1")), (3, "left".to_owned()));
        }
    });
}

/// A new record with another number is another person, who is reported, until a person links both.
#[test]
fn other_number_is_another_person_until_linked() {
    on_both(|engine| {
        for apart in [true, false] {
            let mut company = company(engine);
            leave(&mut company);
            if apart {
                company.sync();
            }
            return_as(&mut company, "N2", "eve@corp.example");
            let report = company.sync();
            let problem = &report.problems[0];
            assert_eq!((problem.kind, problem.subject.as_str()), (RunWarningKind::AddressHandedOn, "e1"));
            assert!(!company.enrollment("e1", "GDPR").completed);
            assert_ne!(company.learner("c1"), company.learner("e1"));
            company.rollcall(&["learners", "link", "eve@corp.example", "hr:c1"]).expect_status(0);
            company.sync();
            assert_eq!(company.learner("c1"), company.learner("e1"));
            assert!(company.enrollment("e1", "GDPR").completed && company.has_access("e1", "GDPR"));
            assert!(matches!(company.sync().outcome, RunOutcome::Unchanged));
            company.verify();
        }
    });
}

/// People who are employed both are not joined, although their numbers agree.
#[test]
fn person_who_did_not_leave_is_not_joined() {
    on_both(|engine| {
        let mut company = company(engine);
        return_as(&mut company, "N1", "eve@corp.example");
        company.sync();
        assert_ne!(company.learner("c1"), company.learner("e1"));
        company.rollcall(&["learners", "link", "hr:c1", "hr:e1"]).expect_status(1);
    });
}
