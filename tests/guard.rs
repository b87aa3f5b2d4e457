//! What one run may take away or make without being asked: each limit, on its effect, whatever the cause.

use rollcall_core::sync::RunOutcome;
use rollcall_model::guard::HoldCause;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::decisions::{causes, count_held_changes, reasons};

/// Two departments with a course each, and one that both share.
fn company(engine: Engine, sales: usize, research: usize) -> Company {
    let mut company = Company::limited(engine, sales, research);
    for (course, group) in [("S", "Sales"), ("R", "Research"), ("B", "Sales")] {
        company.course_for(course, group, "due_days = 30");
    }
    company.assignment("B", "Research", "due_days = 30");
    company.sync_without_hold();
    company
}

/// A directory with half of its people removes nobody but adds new people.
#[test]
fn half_directory_holds_removals_and_adds_new_people() {
    on_both(|engine| {
        let mut company = company(engine, 30, 30);
        company.leave_many("s", 30);
        company.hire("ada", &[("department", "Sales")]);
        let report = company.sync_with_hold();
        assert_eq!(company.members("Sales").len(), 31, "everybody is still there, and ada is in");
        assert!(company.has_access("s1", "S") && company.has_access("ada", "S"));
        assert_eq!(company.status("s1"), "active");
        let limits: Vec<HoldCause> = reasons(&report).into_iter().map(|(limit, _)| limit).collect();
        assert!(
            limits.contains(&HoldCause::MinRead) && limits.contains(&HoldCause::MaxRemovals),
            "{limits:?}"
        );
        assert_eq!(
            causes(&report),
            [
                "the directory answered with 31 people, the last good run read 60",
                "all 30 people who would leave have `department` = `Sales`: if they still work there, wait for the \
                 next complete reading"
            ]
        );
        assert_eq!(count_held_changes(&report)["leave"], 30);
        let counts = report.counts;
        assert_eq!((counts.people_held, counts.memberships_held, counts.enrollments_held), (30, 30, 60));
        company.verify();
    });
}

/// Ten removals are always allowed, and removals of the last 24 hours count.
#[test]
fn ten_removals_allowed_within_24_hours() {
    on_both(|engine| {
        let mut company = Company::limited(engine, 60, 60);
        company.sync_without_hold();
        for number in 1..=6 {
            company.leave(&format!("s{number}"));
        }
        company.sync_without_hold();
        assert_eq!(company.members("Sales").len(), 54);
        for number in 7..=10 {
            company.leave(&format!("s{number}"));
        }
        company.sync_without_hold();
        company.leave("s11");
        let report = company.sync_with_hold();
        assert!(reasons(&report)[0].1.contains("and 10 went in the last 24 hours"), "{:?}", reasons(&report));
        assert_eq!(company.members("Sales").len(), 50);
        company.sql("UPDATE runs SET started_at = '2020-01-01T00:00:00Z'");
        company.sync_without_hold();
        assert_eq!(company.members("Sales").len(), 49, "a day later it is one of one");
    });
}

/// All runs so far were more than 24 hours ago.
fn let_a_day_pass(company: &Company) {
    company.sql("UPDATE runs SET started_at = '2020-01-01T00:00:00Z'");
}

/// People who are added do not raise the limits of the same day.
#[test]
fn people_who_came_within_24_hours_widen_no_limit() {
    on_both(|engine| {
        let mut company = company(engine, 110, 110);
        let_a_day_pass(&company);
        company.hire_many("n", 600, &[("department", "Research")]);
        company.sync_without_hold();
        company.leave_many("s", 13);
        let report = company.sync_with_hold();
        let reasons = reasons(&report);
        assert!(reasons.iter().all(|(limit, _)| *limit == HoldCause::MaxRemovals), "{reasons:?}");
        assert_eq!(
            reasons.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(),
            [
                "13 memberships of 13 people would be removed, the limit is 11",
                "13 learners would lose access, the limit is 11",
                "26 enrollments of 13 people would be removed, the limit is 22"
            ]
        );
        assert_eq!(company.members("Sales").len(), 110);
        company.hire("s13", &[("department", "Sales")]);
        company.hire("s12", &[("department", "Sales")]);
        company.hire("s11", &[("department", "Sales")]);
        for number in 4..=10 {
            company.hire(&format!("s{number}"), &[("department", "Sales")]);
        }
        company.sync_without_hold();
        assert_eq!(company.members("Sales").len(), 107, "3 of 220 may go");
        company.hire_many("s", 3, &[("department", "Sales")]);
        company.sync_without_hold();
        let_a_day_pass(&company);
        company.leave_many("s", 13);
        company.sync_without_hold();
        assert_eq!(company.members("Sales").len(), 97, "a day later it is 13 of 820");
        company.verify();
    });
}

/// On its first day a connector is measured against the people of its first run.
#[test]
fn people_who_came_after_the_first_run_widen_no_limit_on_the_first_day() {
    on_both(|engine| {
        let mut company = company(engine, 110, 110);
        company.hire_many("n", 600, &[("department", "Research")]);
        company.sync_without_hold();
        company.leave_many("s", 13);
        let report = company.sync_with_hold();
        assert!(
            reasons(&report).iter().any(|(_, text)| text == "13 learners would lose access, the limit is 11"),
            "{:?}",
            reasons(&report)
        );
        assert_eq!(company.members("Sales").len(), 110);
        company.verify();
    });
}

/// The number of people who may lose something is a number for 24 hours, not for a run.
#[test]
fn people_who_lose_something_count_for_24_hours() {
    on_both(|engine| {
        let mut company = company(engine, 60, 340);
        company.head = "[safety]\nmax_removals_total = 15\nmax_removals = '20%'\n".to_owned();
        let_a_day_pass(&company);
        company.leave_many("r", 10);
        company.sync_without_hold();
        for number in 11..=16 {
            company.leave(&format!("r{number}"));
        }
        let report = company.sync_with_hold();
        assert_eq!(
            reasons(&report),
            [(
                HoldCause::MaxRemovalsTotal,
                "6 people would lose a membership or an enrollment, the limit is 15, and 10 did so in the last 24 hours"
                    .to_owned()
            )]
        );
        assert_eq!(company.members("Research").len(), 330);
        company.hire("r16", &[("department", "Research")]);
        company.sync_without_hold();
        assert_eq!(company.members("Research").len(), 325, "15 of them may go");
        company.leave("r16");
        company.sync_with_hold();
        let_a_day_pass(&company);
        company.sync_without_hold();
        assert_eq!(company.members("Research").len(), 324);
        company.verify();
    });
}

/// Removals are held alike for an edited rule, a changed attribute and a removed assignment.
#[test]
fn removals_held_whatever_the_cause() {
    on_both(|engine| {
        let mut company = company(engine, 40, 40);
        let whole = company.text.clone();
        company.text = whole.replace("department != \"\"", "department == \"Research\"");
        let report = company.sync_with_hold();
        assert_eq!(count_held_changes(&report), [("end", 40)].into());
        assert_eq!(causes(&report), ["the rule `departments` was edited"]);
        company.text = whole.clone();
        company.sync_without_hold();
        for number in 1..=40 {
            company.move_to(&format!("s{number}"), "Research");
        }
        let report = company.sync_with_hold();
        assert_eq!(count_held_changes(&report), [("end", 40)].into(), "the move to Research goes through");
        assert_eq!((company.members("Sales").len(), company.members("Research").len()), (40, 80));
        for number in 1..=40 {
            company.move_to(&format!("s{number}"), "Sales");
        }
        company.sql("UPDATE runs SET started_at = '2020-01-01T00:00:00Z'");
        company.sync();
        company.text = whole;
        company.strike("course = 'S'");
        let report = company.sync();
        assert_eq!(count_held_changes(&report).get("unassign"), Some(&1), "{:?}", reasons(&report));
        assert!(company.has_access("s40", "S"));
        company.verify();
    });
}

/// A group that loses a third of its members is held. Changes of other groups are applied.
#[test]
fn group_losing_a_third_is_held_alone() {
    on_both(|engine| {
        let mut company = company(engine, 200, 20);
        company.leave_many("r", 7);
        company.leave("s1");
        let report = company.sync_with_hold();
        assert_eq!(count_held_changes(&report), [("end", 7), ("leave", 7)].into());
        assert!(reasons(&report)[0].1.contains("`Research` would lose 7 of its 20 members"));
        assert_eq!((company.members("Research").len(), company.members("Sales").len()), (20, 199));
        assert_eq!((company.status("r1"), company.status("s1")), ("active".into(), "left".into()));
        company.text = company.text.replacen("when =", "max_group_removals = '50%'\nwhen =", 1);
        company.sync_without_hold();
        assert_eq!(company.members("Research").len(), 13, "the rule sets a limit of its own");
    });
}

/// Changes that follow from a blanked attribute are held. All other changes are applied.
#[test]
fn blanked_attribute_is_held_and_rest_applied() {
    on_both(|engine| {
        let mut company = company(engine, 30, 30);
        company.rule("berlin", "Berlin", "location == \"Berlin\"");
        company.rule("nowhere", "No department", "department == \"\"");
        for number in 1..=10 {
            company.change(&format!("s{number}"), &[("department", ""), ("location", "Berlin")]);
        }
        let report = company.sync_with_hold();
        let (limit, message) = reasons(&report).remove(0);
        assert_eq!(limit, HoldCause::MaxBlanked);
        assert!(
            message.starts_with("`department` is empty for 10 of the 60 people who had a value (16 %)"),
            "{message}"
        );
        assert_eq!(company.members("Sales").len(), 30);
        assert_eq!(company.members("Berlin").len(), 10, "the place is another attribute");
        assert!(!company.groups().contains(&"No department".to_owned()), "additions wait, too");
        let again = company.sync_with_hold();
        assert_eq!(count_held_changes(&again), count_held_changes(&report));
        for number in 1..=10 {
            company.move_to(&format!("s{number}"), "Sales");
        }
        company.sync_without_hold();
        assert_eq!(company.count_rows("held_changes"), 0, "the source is whole again, nothing waits");
        assert_eq!(company.count_rows("held_records"), 0);
    });
}

/// New people do not count when the share of blanked attributes is measured.
#[test]
fn new_people_do_not_dilute_blanked_attribute() {
    on_both(|engine| {
        let mut company = company(engine, 30, 30);
        for number in 1..=10 {
            company.change(&format!("s{number}"), &[("department", "")]);
        }
        company.hire_many("n", 200, &[("department", "Sales")]);
        let report = company.sync_with_hold();
        let message = &reasons(&report)[0].1;
        assert!(
            message.starts_with("`department` is empty for 10 of the 60 people who had a value"),
            "{message}"
        );
        assert_eq!(company.members("Sales").len(), 230);
    });
}

/// People with new ids are held, and linked to their learners on approval.
#[test]
fn changed_ids_are_held_and_linked_on_approval() {
    on_both(|engine| {
        let mut company = company(engine, 20, 20);
        company.complete("s1", "S");
        let ids: Vec<i64> = (1..=20).map(|number| company.learner(&format!("s{number}"))).collect();
        for number in 1..=20 {
            let who = format!("s{number}");
            company.leave(&who);
            company.hire(
                &format!("new-{who}"),
                &[("email", &format!("{who}@corp.example")), ("department", "Sales")],
            );
        }
        let report = company.sync_with_hold();
        assert_eq!(count_held_changes(&report)["rekey"], 20, "{:?}", reasons(&report));
        assert_eq!(reasons(&report)[0].0, HoldCause::MaxRekeyed);
        assert_eq!(reasons(&report).len(), 1, "one cause, one reason: {:?}", reasons(&report));
        assert_eq!((company.count_rows("learners"), company.members("Sales").len()), (40, 20));
        company.approve(report.run.expect("a number")).expect("approved");
        assert_eq!(company.count_rows("learners"), 40, "nobody is new");
        assert_eq!(company.count_rows("persons WHERE external_id LIKE 'new-%' AND present"), 20);
        assert_eq!(company.learner("new-s1"), ids[0]);
        assert!(company.enrollment("new-s1", "S").completed, "progress stays");
        company.sync_without_hold();
        company.verify();
    });
}

/// Too many new groups are held, except in the first run of a connector.
#[test]
fn too_many_new_groups_held_after_first_run() {
    on_both(|engine| {
        let mut company = company(engine, 60, 1);
        company.rule("each", "Team {name}", "true");
        let report = company.sync_with_hold();
        assert_eq!(count_held_changes(&report)["group"], 61);
        assert_eq!(company.groups().len(), 2);
        assert_eq!(report.counts.groups_held, 61);
        company.approve(report.run.expect("a number")).expect("approved");
        assert_eq!(company.groups().len(), 63);
        company.sync_without_hold();
    });
}

/// A group that doubles is held if the configuration changed, and not if the directory changed.
#[test]
fn growth_held_for_edit_but_not_for_reorganization() {
    on_both(|engine| {
        let mut company = company(engine, 30, 30);
        company.rule("berlin", "Berlin", "location == \"Berlin\"");
        company.change("s1", &[("location", "Berlin")]);
        company.sync_without_hold();
        company.text = company.text.replace("location == \"Berlin\"", "department == \"Sales\"");
        let report = company.sync_with_hold();
        assert_eq!(reasons(&report)[0].0, HoldCause::MaxGrowth);
        assert_eq!(
            (count_held_changes(&report), company.members("Berlin").len()),
            ([("give", 29)].into(), 1)
        );
        company.text = company.text.replace("'department == \"Sales\"", "'location == \"Berlin\"");
        company.sync_without_hold();
        for number in 2..=30 {
            company.change(&format!("s{number}"), &[("location", "Berlin")]);
        }
        company.sync_without_hold();
        assert_eq!(company.members("Berlin").len(), 30);
    });
}

/// A rule adds people to a manual group only after approval.
#[test]
fn rule_uses_manual_group_after_approval() {
    on_both(|engine| {
        let mut company = company(engine, 5, 5);
        company.create("Berlin", &["r1"]);
        company.rule("berlin", "Berlin", "location == \"Berlin\"");
        company.change("s1", &[("location", "Berlin")]);
        let report = company.sync_with_hold();
        assert_eq!(count_held_changes(&report), [("give", 1), ("meet", 1)].into());
        assert_eq!(company.members("Berlin"), ["r1"]);
        company.approve(report.run.expect("a number")).expect("approved");
        assert_eq!(company.members("Berlin"), ["r1", "s1"]);
        company.change("s2", &[("location", "Berlin")]);
        company.sync_without_hold();
        assert_eq!(company.members("Berlin"), ["r1", "s1", "s2"], "once is enough");
    });
}

/// A moved membership does not count as a loss, and neither does a reason that overlaps with another.
#[test]
fn moves_and_overlapping_reasons_are_not_losses() {
    on_both(|engine| {
        let mut company = company(engine, 40, 1);
        company.text = company.text.replace("name = 'departments'", "name = 'by-department'");
        let report = company.sync_without_hold();
        assert_eq!(report.counts.memberships_removed, 0, "the rule has another name, nobody loses anything");
        assert_eq!(company.members("Sales").len(), 40);
    });
}

/// `--allow-removals` lifts the limits for one run and does not count for later runs.
#[test]
fn allow_removals_applies_once_and_is_not_counted() {
    on_both(|engine| {
        let mut company = company(engine, 30, 30);
        company.leave_many("s", 20);
        company.sync_with_hold();
        let report = company.sync_allowing_removals();
        assert!(matches!(report.outcome, RunOutcome::Applied), "{:?}", report.outcome);
        assert_eq!(company.members("Sales").len(), 10);
        company.leave("s21");
        company.sync_without_hold();
        company.verify();
    });
}

/// While machines have different configurations, nobody is removed.
#[test]
fn different_configs_block_removals() {
    on_both(|engine| {
        let mut company = company(engine, 30, 30);
        let now = company.db.pick("strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now')", "now()");
        company.sql(&format!("INSERT INTO nodes VALUES ('n', 'other-host', '1', 'another', {now}, {now})"));
        company.leave("s1");
        company.hire("ada", &[("department", "Sales")]);
        let report = company.sync_with_hold();
        assert!(
            reasons(&report)[0].1.contains("other-host uses a different configuration"),
            "{:?}",
            reasons(&report)
        );
        assert_eq!(company.members("Sales").len(), 31);
        assert!(company.approve(report.run.expect("a number")).is_err(), "no approval either");
        company.sql("DELETE FROM nodes");
        company.sync_without_hold();
        assert_eq!(company.members("Sales").len(), 30);
    });
}

/// A learner whose leaving is held keeps the address.
#[test]
fn held_leaver_keeps_email() {
    on_both(|engine| {
        let mut company = company(engine, 30, 30);
        company.leave_many("s", 20);
        company.hire("neo", &[("email", "s1@corp.example"), ("department", "Research")]);
        company.hire("joe", &[("department", "Research")]);
        company.sync_with_hold();
        assert_eq!(company.status("s1"), "active");
        assert_eq!(company.members("Research").len(), 32, "both are in, one of them without an address");
        company.verify();
    });
}
