//! When a course is due, for whom, and what moves the date.

use rollcall::model::due::DuePolicy;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};

/// A company where everybody is in Sales, which has the course under these terms.
fn sales(engine: Engine, due: &str) -> Company {
    let mut company = Company::new(engine);
    company.departments();
    company.course("GDPR");
    company.assignment("GDPR", "Sales", due);
    company.hire("ada", &[("department", "Sales")]);
    company
}

/// Replaces the terms of the file's assignment.
fn terms(company: &mut Company, from: &str, to: &str) {
    assert!(company.text.contains(from), "{}", company.text);
    company.text = company.text.replace(from, to);
}

#[test]
fn without_terms_nothing_is_due() {
    on_both(|engine| {
        let company = sales(engine, "");
        company.sync();
        assert_eq!(company.due_in("ada", "GDPR"), None);
        company.verify();
    });
}

#[test]
fn a_fixed_date_leaves_latecomers_their_days() {
    on_both(|engine| {
        for (days, expected) in [(100, 100), (21, 21), (20, 21), (0, 21), (-300, 21)] {
            let mut company = sales(engine, "");
            let due = format!("due = '{}'\nlate_days = 21", company.day(days));
            terms(&mut company, "groups = ['Sales']\n", &format!("groups = ['Sales']\n{due}\n"));
            company.sync();
            assert_eq!(company.due_in("ada", "GDPR"), Some(expected), "{days}");
            company.verify();
        }
    });
}

#[test]
fn days_after_start_count_from_the_later_of_start_and_joining() {
    on_both(|engine| {
        let mut company = sales(engine, "due_days_after_start = 10");
        company.settings("hr", "prehire_days = 30");
        company.hire("soon", &[("department", "Sales"), ("start_date", &company.day(5))]);
        company.hire("long", &[("department", "Sales"), ("start_date", "2001-01-31")]);
        company.sync();
        assert_eq!(company.due_in("ada", "GDPR"), Some(10), "without a start, from joining");
        assert_eq!(company.due_in("soon", "GDPR"), Some(15));
        assert_eq!(company.due_in("long", "GDPR"), Some(10));
        company.verify();
    });
}

#[test]
fn changing_the_terms_moves_open_enrollments_and_no_completed_ones() {
    on_both(|engine| {
        let mut company = sales(engine, "due_days = 30");
        company.hire("bob", &[("department", "Sales")]);
        company.sync();
        company.complete("bob", "GDPR");
        terms(&mut company, "due_days = 30", "due_days = 50");
        company.sync();
        assert_eq!(company.due_in("ada", "GDPR"), Some(50));
        assert_eq!(company.due_in("bob", "GDPR"), Some(30));
        company.verify();
    });
}

#[test]
fn changing_a_start_date_moves_open_enrollments_and_no_completed_ones() {
    on_both(|engine| {
        let mut company = sales(engine, "due_days_after_start = 10");
        company.settings("hr", "prehire_days = 30");
        let early = company.day(3);
        for who in ["bob", "eve"] {
            company.hire(who, &[("department", "Sales"), ("start_date", &early)]);
        }
        company.add_course("LEAD");
        company.sync();
        company.assign_alone("LEAD", "eve", DuePolicy::AfterStart(1));
        company.complete("bob", "GDPR");
        let late = company.day(20);
        for who in ["bob", "eve"] {
            company.change(who, &[("start_date", &late)]);
        }
        company.sync();
        assert_eq!(company.due_in("bob", "GDPR"), Some(13));
        assert_eq!(company.due_in("eve", "GDPR"), Some(30));
        assert_eq!(company.due_in("eve", "LEAD"), Some(21));
        company.verify();
    });
}

#[test]
fn who_returns_within_thirty_days_keeps_the_date_and_who_returns_later_gets_a_new_one() {
    on_both(|engine| {
        for (away, expected) in [(29, 21), (30, 20), (31, 80)] {
            let mut company = sales(engine, "due_days = 80");
            company.sync();
            company.advance_days(30);
            company.leave("ada");
            company.sync();
            company.advance_days(away);
            company.hire("ada", &[("department", "Sales")]);
            company.sync();
            assert_eq!(company.due_in("ada", "GDPR"), Some(expected), "after {away} days");
            company.verify();
        }
    });
}

#[test]
fn a_course_for_one_learner_alone_keeps_its_date_over_a_short_absence() {
    on_both(|engine| {
        let mut company = sales(engine, "");
        company.sync();
        company.add_course("LEAD");
        company.assign_alone("LEAD", "ada", DuePolicy::AfterJoining(60));
        company.advance_days(10);
        company.leave("ada");
        company.sync();
        company.advance_days(10);
        company.hire("ada", &[]);
        company.sync();
        assert_eq!(company.due_in("ada", "LEAD"), Some(40));
        company.verify();
    });
}

#[test]
fn new_terms_stand_even_for_whoever_brought_an_earlier_date_along() {
    on_both(|engine| {
        let mut company = sales(engine, "due_days = 30");
        company.sync();
        company.add_course("LEAD");
        company.assign_alone("LEAD", "ada", DuePolicy::AfterJoining(30));
        company.leave("ada");
        company.sync();
        company.advance_days(10);
        company.hire("ada", &[("department", "Sales")]);
        company.sync();
        assert_eq!((company.due_in("ada", "GDPR"), company.due_in("ada", "LEAD")), (Some(20), Some(20)));
        terms(&mut company, "due_days = 30", "due_days = 70");
        company.sync();
        company.assign_alone("LEAD", "ada", DuePolicy::AfterJoining(70));
        assert_eq!((company.due_in("ada", "GDPR"), company.due_in("ada", "LEAD")), (Some(70), Some(70)));
        company.verify();
    });
}

#[test]
fn a_future_start_waits_until_the_days_before_it() {
    on_both(|engine| {
        let mut company = sales(engine, "");
        company.settings("hr", "prehire_days = 7");
        company.hire("eve", &[("department", "Sales"), ("start_date", &company.day(8))]);
        company.hire("joe", &[("department", "Sales"), ("start_date", &company.day(7))]);
        company.sync();
        assert_eq!(company.members("Sales"), ["ada", "joe"]);
        assert_eq!(company.status("eve"), "upcoming");
        company.change("eve", &[("start_date", &company.day(7))]);
        company.sync();
        assert!(company.has_access("eve", "GDPR"));
        company.verify();
    });
}

#[test]
fn the_end_date_is_the_last_day_in() {
    on_both(|engine| {
        let mut company = sales(engine, "");
        company.change("ada", &[("end_date", &company.day(0))]);
        company.hire("bob", &[("department", "Sales"), ("end_date", &company.day(-1))]);
        company.sync();
        assert_eq!(company.members("Sales"), ["ada"]);
        assert_eq!(company.status("bob"), "left");
        company.change("ada", &[("end_date", &company.day(-1))]);
        company.sync();
        assert!(!company.has_access("ada", "GDPR"));
        company.verify();
    });
}

#[test]
fn the_clock_runs_though_the_directory_cannot_be_read() {
    on_both(|engine| {
        let mut company = sales(engine, "");
        let (last, over) = (company.day(0), company.day(-1));
        company.change("ada", &[("end_date", &last)]);
        company.hire("bob", &[("department", "Sales")]);
        company.sync();
        let moved =
            format!("replace({}, '{last}', '{over}')", company.db.pick("attributes", "attributes::text"));
        let cast = company.db.pick("", "::jsonb");
        company.sql(&format!("UPDATE persons SET attributes = {moved}{cast}"));
        company.instead("hr", Some(b"cut"));
        let report = company.run("hr", false);
        assert!(matches!(report.outcome, rollcall::sync::RunOutcome::Failed(_)));
        company.drain();
        assert_eq!(company.members("Sales"), ["bob"]);
        assert!(!company.has_access("ada", "GDPR"));
        company.verify();
    });
}
