//! Limits of later runs while changes are held, and after they are decided.

use rollcall_model::guard::HoldCause;

use super::company;
use crate::support::company::Company;
use crate::support::database::on_both;
use crate::support::decisions::{count_held_changes, reasons};

/// Something waits from now on: a rule meets a group made by hand.
fn something_waits(company: &mut Company) {
    company.create("Club", &["r1"]);
    company.rule("club", "Club", "location == \"Berlin\"");
    company.change("r1", &[("location", "Berlin")]);
    company.sync_with_hold();
}

/// People who were added by held runs do not widen the limits.
#[test]
fn people_added_by_held_runs_widen_no_limit() {
    on_both(|engine| {
        let mut company = company(engine);
        something_waits(&mut company);
        company.hire_many("n", 340, &[("department", "Sales")]);
        let report = company.sync_with_hold();
        assert_eq!(count_held_changes(&report), [("give", 1), ("meet", 1)].into(), "new people are let in");
        company.leave_many("s", 13);
        let report = company.sync_with_hold();
        assert_eq!(count_held_changes(&report)["leave"], 13, "13 of 60 are too many, of 400 they were not");
        let limits: Vec<HoldCause> = reasons(&report).into_iter().map(|(limit, _)| limit).collect();
        assert!(limits.contains(&HoldCause::MinRead), "47 of 60 are there, whoever came since: {limits:?}");
        let message = reasons(&report).into_iter().find(|(limit, _)| *limit == HoldCause::MaxRemovals);
        assert!(message.as_ref().is_some_and(|(_, text)| text.contains("the limit is 10")), "{message:?}");
        company.approve(report.run.expect("a number")).expect("approved");
        assert_eq!(company.query_value("SELECT COALESCE(before_hold, 'null') FROM connectors"), "null");
        company.sql("UPDATE runs SET started_at = '2020-01-01T00:00:00Z'");
        company.leave_many("n", 15);
        company.sync_without_hold();
        assert_eq!(company.members("Sales").len(), 342, "all is approved: 15 are not too many of 387");
        company.verify();
    });
}

/// People whose leaving was held count in the baseline.
#[test]
fn held_leavers_count_in_baseline() {
    on_both(|engine| {
        let mut company = Company::limited(engine, 200, 200);
        company.sync_without_hold();
        company.leave_many("s", 21);
        company.sync_with_hold();
        company.hire_many("s", 21, &[("department", "Sales")]);
        company.leave_many("r", 20);
        company.sync_without_hold();
        assert_eq!(company.members("Research").len(), 180, "20 of 400 may go, whatever waited before");
    });
}

/// A group that grew in held runs does not get wider limits.
#[test]
fn group_growth_in_held_runs_widens_no_limit() {
    on_both(|engine| {
        let mut company = Company::limited(engine, 30, 370);
        company.rule("new", "Berlin", "role == \"new\"");
        company.change("r1", &[("role", "new")]);
        company.sync_without_hold();
        something_waits(&mut company);
        company.hire_many("n", 30, &[("department", "Sales")]);
        company.rule("clerks", "Berlin", "role == \"clerk\"");
        for number in 2..=20 {
            company.change(&format!("r{number}"), &[("role", "clerk")]);
        }
        company.sync_with_hold();
        assert_eq!((company.members("Sales").len(), company.members("Berlin").len()), (60, 20));
        company.leave_many("s", 10);
        for number in 21..=23 {
            company.change(&format!("r{number}"), &[("role", "clerk")]);
        }
        let report = company.sync_with_hold();
        let of = |limit| reasons(&report).into_iter().find(|(of, _)| *of == limit).map(|(_, text)| text);
        assert_eq!(
            of(HoldCause::MaxGroupRemovals).as_deref(),
            Some("`Sales` would lose 10 of its 30 members, the limit is 30 %")
        );
        assert_eq!(
            of(HoldCause::MaxGrowth).as_deref(),
            Some("`Berlin` would grow from 1 to 23 members because the file was edited, the limit is 100 %")
        );
        assert_eq!((company.members("Sales").len(), company.members("Berlin").len()), (60, 20));
    });
}

/// Approved removals do not count towards the limit of 24 hours.
#[test]
fn approved_removals_do_not_count_for_24_hours() {
    on_both(|engine| {
        let mut company = company(engine);
        company.hire_many("t", 60, &[("department", "Legal")]);
        company.sync_without_hold();
        company.leave_many("t", 6);
        company.sync_without_hold();
        company.leave_many("s", 20);
        let run = company.sync_with_hold().run.expect("a number");
        company.approve(run).expect("approved");
        for number in 7..=10 {
            company.leave(&format!("t{number}"));
        }
        company.sync_without_hold();
        company.leave("t11");
        let report = company.sync_with_hold();
        assert!(reasons(&report)[0].1.contains("and 10 went in the last 24 hours"), "{:?}", reasons(&report));
        company.sync_allowing_removals();
        company.leave("t12");
        let report = company.sync_with_hold();
        assert!(reasons(&report)[0].1.contains("and 10 went in the last 24 hours"), "{:?}", reasons(&report));
    });
}

/// The reason counts the people who were read, though those whose leaving was rejected are kept.
#[test]
fn min_read_reason_counts_people_read() {
    on_both(|engine| {
        let mut company = company(engine);
        company.leave_many("s", 20);
        let run = company.sync_with_hold().run.expect("a number");
        company.reject(run).expect("rejected");
        company.leave_many("r", 20);
        let report = company.sync_with_hold();
        let reasons = reasons(&report);
        let min_read =
            reasons.iter().find(|(limit, _)| *limit == HoldCause::MinRead).expect("too few were read");
        assert!(min_read.1.starts_with("the directory holds 20 of the 60 people"), "{}", min_read.1);
    });
}
