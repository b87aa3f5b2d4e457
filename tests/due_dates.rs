//! When a course is due, for whom, and what moves the date.

use rollcall_model::due_policy::DuePolicy;

use crate::support::company::Company;
use crate::support::database::on_both;

/// Replaces the terms of the file's assignment.
fn terms(company: &mut Company, from: &str, to: &str) {
    assert!(company.text.contains(from), "{}", company.text);
    company.text = company.text.replace(from, to);
}

/// An assignment without due date rules has no due date.
#[test]
fn assignment_without_terms_has_no_due_date() {
    on_both(|engine| {
        let company = Company::sales(engine, &["ada"], "");
        company.sync();
        assert_eq!(company.due_in("ada", "GDPR"), None);
        company.verify();
    });
}

#[test]
fn a_fixed_date_leaves_latecomers_their_days() {
    on_both(|engine| {
        for (days, expected) in [(100, 100), (21, 21), (20, 21), (0, 21), (-300, 21)] {
            let mut company = Company::sales(engine, &["ada"], "");
            let due = format!("due = '{}'\nlate_days = 21", company.day(days));
            terms(&mut company, "groups = ['Sales']\n", &format!("groups = ['Sales']\n{due}\n"));
            company.sync();
            assert_eq!(company.due_in("ada", "GDPR"), Some(expected), "{days}");
            company.verify();
        }
    });
}

/// Days after the start count from the start date or the joining date, whichever is later.
#[test]
fn days_after_start_count_from_later_date() {
    on_both(|engine| {
        let mut company = Company::sales(engine, &["ada"], "due_days_after_start = 10");
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

/// Changed due date rules move the dates of open enrollments only.
#[test]
fn changed_terms_move_only_open_enrollments() {
    on_both(|engine| {
        let mut company = Company::sales(engine, &["ada"], "due_days = 30");
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

/// A changed start date moves the dates of open enrollments only.
#[test]
fn changed_start_date_moves_only_open_enrollments() {
    on_both(|engine| {
        let mut company = Company::sales(engine, &["ada"], "due_days_after_start = 10");
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

/// A learner who returns within 30 days keeps the due date. A later return gives a new one.
#[test]
fn due_date_kept_for_return_within_thirty_days() {
    on_both(|engine| {
        for (away, expected) in [(29, 21), (30, 20), (31, 80)] {
            let mut company = Company::sales(engine, &["ada"], "due_days = 80");
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

/// An assignment to one learner keeps its due date over a short absence.
#[test]
fn individual_assignment_keeps_date_over_short_absence() {
    on_both(|engine| {
        let mut company = Company::sales(engine, &["ada"], "");
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

/// New due date rules override an earlier date that was retained.
#[test]
fn new_terms_override_retained_due_date() {
    on_both(|engine| {
        let mut company = Company::sales(engine, &["ada"], "due_days = 30");
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

/// A learner with a future start date gets access when the prehire days begin.
#[test]
fn future_start_waits_for_prehire_days() {
    on_both(|engine| {
        let mut company = Company::sales(engine, &["ada"], "");
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

/// The end date is the last day with access.
#[test]
fn access_lasts_through_end_date() {
    on_both(|engine| {
        let mut company = Company::sales(engine, &["ada"], "");
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

/// Date rules apply even if the directory cannot be read.
#[test]
fn date_rules_apply_when_source_fails() {
    on_both(|engine| {
        let mut company = Company::sales(engine, &["ada"], "");
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
        assert!(matches!(report.outcome, rollcall_core::sync::RunOutcome::Failed(_)));
        company.drain();
        assert_eq!(company.members("Sales"), ["bob"]);
        assert!(!company.has_access("ada", "GDPR"));
        company.verify();
    });
}
