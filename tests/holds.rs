//! What becomes of held changes: refreshed by later runs, approved as they were shown, rejected.

mod approvals;
mod limits;
mod rejections;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::decisions::count_held_changes;

/// Thirty people in Sales, which has a course, and thirty in Research, under the default limits.
fn company(engine: Engine) -> Company {
    let mut company = Company::limited(engine, 30, 30);
    company.course_for("S", "Sales", "due_days = 30");
    company.sync_without_hold();
    company
}

#[test]
fn a_dry_run_holds_what_the_run_holds() {
    on_both(|engine| {
        let mut company = company(engine);
        company.leave_many("s", 20);
        let dry = company.run("hr", true);
        assert_eq!(company.count_rows("held_changes"), 0);
        let real = company.sync_with_hold();
        assert_eq!(count_held_changes(&dry), count_held_changes(&real));
        assert_eq!(dry.counts.enrollments_held, real.counts.enrollments_held);
    });
}
