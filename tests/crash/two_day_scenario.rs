//! One company on two days: enough happens between them that a run writes to every table.

use rollcall_model::due_policy::DuePolicy;

use super::SAFETY_DISABLED;
use crate::support::company::Company;
use crate::support::database::Engine;

/// The first day, synced and drained. One worker, so that statements come in the same order each time.
pub(super) fn first_day(engine: Engine) -> Company {
    let mut company = Company::new(engine);
    company.head = format!("{SAFETY_DISABLED}[worker]\nconcurrency = 1\n");
    company.directory("it", &["id", "email", "location"], "");
    company.departments();
    company.rule("everybody", "Everybody", "true");
    company.rule("new", "New hires", "days_since(start_date) < 90");
    for course in ["A", "B", "C"] {
        company.course(course);
    }
    company.assignment("A", "Sales", "due_days = 30");
    company.assignment("B", "Everybody", "due_days_after_start = 10");
    company.assignment("C", "*e*", "");
    for number in 0..24 {
        let department = ["Sales", "Research", "Legal", "Sales|Legal"][number % 4];
        company.hire(&format!("p{number:02}"), &[("department", department)]);
    }
    for number in 0..6 {
        company.hire_at("it", &format!("p{number:02}"), &[("location", "Berlin")]);
    }
    company.sync();
    company.add_course("LEAD");
    company.create("Club", &["p01", "p02", "p03"]);
    company.assign("LEAD", "Club", DuePolicy::AfterJoining(20));
    company.assign_alone("LEAD", "p08", DuePolicy::AfterStart(5));
    company.remove("Sales", "p04");
    company.complete("p00", "A");
    company.sync();
    company.verify();
    company
}

/// The second day, in the files only.
pub(super) fn second_day(company: &mut Company) {
    let soon = company.day(5);
    let recent = company.day(-10);
    for number in 30..34 {
        company.hire(&format!("p{number}"), &[("department", "Sales"), ("start_date", &recent)]);
    }
    company.hire("p40", &[("department", "Purchasing"), ("start_date", &soon)]);
    company.move_to("p00", "Legal");
    company.move_to("p05", "Purchasing");
    company.move_to("p01", "Research|Purchasing");
    company.leave("p02");
    company.leave("p07");
    company.change("p09", &[("status", "leave"), ("email", "married@corp.example")]);
    company.change("p08", &[("start_date", &recent)]);
    company.leave_at("it", "p03");
    company.hire_at("it", "p10", &[("location", "Paris")]);
    company.strike("groups = ['Sales']");
    company.assignment("A", "Legal", "due_days = 15");
    company.course("D");
    company.assignment("D", "Purchasing", "due_days = 3");
}
