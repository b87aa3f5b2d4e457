//! Why somebody has access to a course, and when it is due.

use rollcall_model::due_policy::DuePolicy;

use super::*;

/// A course names its groups, its assignments and the source of its due date.
#[test]
fn course_names_groups_assignments_and_due_date_source() {
    on_both(|engine| {
        let mut company = company(engine);
        company.course_for("S", "Sales", "due_days = 30");
        company.assignment("S", "Sales Berlin", "due_days_after_start = 10");
        company.change("bob", &[("start_date", &company.day(-100))]);
        company.sync();
        let course = company.why_course("bob", "S");
        assert_eq!((&course["access"], &course["due"]), (&json!(true), &json!(company.day(10))));
        let through = course["through"].as_array().expect("a list");
        let groups: Vec<&Value> = through.iter().map(|one| &one["group"]).collect();
        assert_eq!(groups, [&json!("Sales"), &json!("Sales Berlin")]);
        assert_eq!((&course["due_from"], &through[1]["due_kind"]), (&json!(1), &json!("after_start")));
        assert_eq!(
            (&through[0]["due"], &through[0]["joined_on"]),
            (&json!(company.day(30)), &json!(company.today()))
        );
        assert_eq!(
            (&through[1]["start_date"], &through[1]["counts_from"]),
            (&json!(company.day(-100)), &json!(company.today()))
        );
        let ada = company.why_course("ada", "S");
        assert_eq!((&ada["due_from"], &ada["other_groups"]), (&json!(0), &json!(["Sales Berlin"])));
        company.add_course("H");
        company.assign_alone("H", "ada", DuePolicy::On(company.today()));
        let alone = company.why_course("ada", "H");
        assert_eq!(
            (&alone["through"][0]["group"], &alone["due"]),
            (&Value::Null, &json!(company.day(14))),
            "late_days"
        );
        assert_eq!(company.why_course("bob", "H")["enrolled_at"], Value::Null, "never enrolled");
    });
}

/// A revoked course names the time of the loss and what gave access before.
#[test]
fn revoked_course_names_time_and_lost_grant() {
    on_both(|engine| {
        let mut company = company(engine);
        company.course("S");
        company.course("B");
        company.assignment("S", "Sales", "due_days = 30");
        company.assignment("B", "Sales Berlin", "due_days = 30");
        company.sync();
        company.complete("bob", "B");
        company.change("bob", &[("location", "Paris")]);
        let run = company.sync().run.expect("a number").0;
        let course = company.why_course("bob", "B");
        assert_eq!((&course["access"], &course["due"]), (&json!(false), &Value::Null));
        assert!(course["revoked_at"].is_string() && course["completed_at"].is_string(), "{course}");
        let lost = &course["lost"][0];
        assert_eq!(
            (&lost["kind"], &lost["group"], &lost["run"]["run"]),
            (&json!("membership"), &json!("Sales Berlin"), &json!(run))
        );
        assert_eq!(course["other_groups"], json!(["Sales Berlin"]));
        company.strike("course = 'S'");
        let run = company.sync().run.expect("a number").0;
        let lost = &company.why_course("bob", "S")["lost"];
        assert_eq!((&lost[0]["kind"], &lost[0]["run"]["run"]), (&json!("assignment"), &json!(run)));
    });
}

/// A retained due date is shown as such.
#[test]
fn retained_due_date_is_explained() {
    on_both(|engine| {
        let mut company = company(engine);
        company.course_for("S", "Sales", "due_days = 30");
        company.sync();
        company.advance_days(10);
        company.move_to("ada", "Research");
        company.sync();
        company.move_to("ada", "Sales");
        company.sync();
        let course = company.why_course("ada", "S");
        assert_eq!((&course["due"], &course["due_from"]), (&json!(company.day(20)), &json!(0)));
        assert_eq!(course["through"][0]["kept"], json!({"lost_on": company.today(), "due": company.day(20)}));
    });
}

/// A waiting or failed job is shown with its course.
#[test]
fn waiting_or_failed_job_is_shown() {
    on_both(|engine| {
        let mut company = company(engine);
        company.course_for("S", "Sales", "due_days = 30");
        company.run("hr", false);
        let course = company.why_course("ada", "S");
        assert_eq!(
            (&course["access"], &course["job"]["state"], &course["through"][0]["group"]),
            (&json!(false), &json!("ready"), &json!("Sales"))
        );
        company.sql("UPDATE jobs SET state = 'failed', error = 'the platform said no'");
        assert_eq!(company.why_course("ada", "S")["job"]["error"], "the platform said no");
    });
}
