//! The same questions about a past day.

use super::*;

impl Company {
    /// Moves everything up to the last run into the past, and days with it.
    fn rest_for(&self, days: i64) {
        self.advance_days(days);
        let then = chrono::Utc::now() - chrono::TimeDelta::days(days);
        let then = then.format("%Y-%m-%dT%H:%M:%S+00:00");
        let last = self.last_run();
        self.sql(&format!(
            "UPDATE runs SET started_at = '{then}' WHERE id <= {last} AND started_at > '{then}'"
        ));
        self.sql(&format!("UPDATE enrollments SET enrolled_at = '{then}' WHERE enrolled_at > '{then}'"));
    }

    fn at(&self, who: &str, days_ago: i64) -> Value {
        let at = Some(self.today() - chrono::TimeDelta::days(days_ago));
        self.try_explain(who, ExplainFilter { at, ..ExplainFilter::default() }).expect("an explanation")
    }
}

fn of<'v>(explained: &'v Value, list: &str, name: &str, value: &str) -> &'v Value {
    let all = explained[list].as_array().expect("a list");
    all.iter().find(|one| one[name] == value).unwrap_or_else(|| panic!("no {value}: {explained:#}"))
}

/// The explanation of a past day shows the attributes, groups and courses of that day.
#[test]
fn past_day_shows_state_of_that_day() {
    on_both(|engine| {
        let mut company = company(engine);
        company.course_for("S", "Sales", "due_days = 30");
        let first = company.sync().run.expect("a number").0;
        company.rest_for(10);
        company.change("ada", &[("department", "Research"), ("location", "Berlin")]);
        company.sync();
        let then = company.at("ada", 5);
        let department = of(&then["learner"], "attributes", "name", "department");
        assert_eq!((&department["values"], &then["at"]), (&json!(["Sales"]), &json!(company.day(-5))));
        assert_eq!(
            all_kinds(&then),
            [("Sales", true, vec!["rule"]), ("Sales Berlin", false, vec!["clause_false"])]
        );
        let sales = of(&then, "groups", "group", "Sales");
        assert_eq!(
            (&sales["because"][0]["run"]["run"], &sales["joined_on"]),
            (&json!(first), &json!(company.day(-10)))
        );
        assert_eq!(
            of(&then, "groups", "group", "Sales Berlin")["because"][0]["clauses"],
            json!(["location == \"Berlin\""])
        );
        let course = of(&then, "courses", "course", "S");
        assert_eq!((&course["access"], &course["due"]), (&json!(true), &json!(company.day(20))));
        assert!(then["notes"][0].as_str().expect("a note").contains("file today"), "{then}");
        let now = company.explain("ada");
        assert_eq!(of(&now, "courses", "course", "S")["access"], false);
        assert_eq!(all_kinds(&now)[0], ("Research", true, vec!["rule"]));
    });
}

/// A learner is unknown on a day before the first reading.
#[test]
fn learner_unknown_before_first_reading() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        company.rest_for(10);
        company.hire("eve", &[("department", "Sales")]);
        company.sync();
        company.rest_for(5);
        company.change("eve", &[("department", "Research")]);
        company.sync();
        let then = company.at("eve", 7);
        assert_eq!(
            (&then["learner"]["because"]["kind"], &then["learner"]["status"]),
            (&json!("unknown"), &Value::Null)
        );
        assert_eq!((&then["groups"], &then["courses"]), (&json!([]), &json!([])));
        let then = company.at("eve", 3);
        assert_eq!(of(&then["learner"], "attributes", "name", "department")["values"], json!(["Sales"]));
        assert_eq!(all_kinds(&then)[0], ("Sales", true, vec!["rule"]));
    });
}

/// Records that ended after the past day are shown as in force.
#[test]
fn past_day_shows_since_ended_records() {
    on_both(|engine| {
        let mut company = company(engine);
        company.course_for("S", "Sales", "due_days = 30");
        company.sync();
        company.remove("Sales Berlin", "bob");
        company.rest_for(10);
        company.lift("Sales Berlin", "bob");
        company.text = company.text.replace("due_days = 30", "due_days = 60");
        company.sync();
        company.delete("Sales");
        let then = company.at("bob", 5);
        assert_eq!(
            all_kinds(&then),
            [("Sales", true, vec!["rule"]), ("Sales Berlin", false, vec!["excluded"])]
        );
        assert_eq!(of(&then, "groups", "group", "Sales")["exists"], true);
        let course = of(&then, "courses", "course", "S");
        assert_eq!(
            (&course["access"], &course["due"]),
            (&json!(true), &json!(company.day(20))),
            "30 days from joining"
        );
        assert_eq!(kinds(&company.why("bob", "Sales")), (false, vec!["deleted_group"]));
    });
}

/// A learner who left later is shown as active, and dates count from the past day.
#[test]
fn past_day_counts_dates_from_that_day() {
    on_both(|engine| {
        let mut company = company(engine);
        company.rule("new", "New", "days_since(start_date) < 30");
        company.change("ada", &[("start_date", &company.day(-35))]);
        company.sync();
        company.rest_for(10);
        company.leave("ada");
        company.sync();
        let then = company.at("ada", 8);
        assert_eq!(then["learner"]["status"], "active");
        assert_eq!(of(&then, "groups", "group", "New")["rules"][0]["outcome"], "true");
        assert_eq!(company.explain("ada")["learner"]["status"], "left");
    });
}

/// A future day and a day before the kept history are refused. Today gives the current state.
#[test]
fn future_or_too_old_day_refused() {
    on_both(|engine| {
        let company = company(engine);
        company.sync();
        let ask = |days: i64| {
            let at = Some(company.today() + chrono::TimeDelta::days(days));
            company.try_explain("ada", ExplainFilter { at, ..ExplainFilter::default() })
        };
        assert!(matches!(ask(1), Err(explain::ExplainError::Future { .. })));
        assert!(matches!(ask(-91), Err(explain::ExplainError::TooOld { .. })));
        assert_eq!(ask(-90).expect("an explanation")["learner"]["status"], Value::Null);
        assert_eq!(ask(0).expect("an explanation"), company.explain("ada"));
    });
}
