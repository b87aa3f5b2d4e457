//! Why somebody is, or is not, in each group and course.

use rollcall_core::explain::{self, ExplainRequest};
use rollcall_core::groups;
use rollcall_model::ids::CourseId;
use serde_json::{Value, json};

use crate::support::company::{Company, email};
use crate::support::database::{Engine, on_both};

mod courses;
mod learner_lookup;
mod past_day;
mod rules;

/// What is asked besides the learner.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ExplainFilter<'a> {
    pub group: Option<&'a str>,
    pub course: Option<&'a str>,
    pub at: Option<chrono::NaiveDate>,
}

impl Company {
    /// What an explanation says, as JSON.
    pub(crate) fn try_explain(
        &self,
        who: &str,
        ask: ExplainFilter<'_>,
    ) -> Result<Value, explain::ExplainError> {
        let config = self.config();
        let file = config.for_explain();
        self.runtime.block_on(async {
            let mut tx = self.store.begin_read().await.expect("the database answers");
            let learner = groups::find_learner(&mut tx, &email(who)).await.expect("a learner").id;
            let course = match ask.course {
                Some(code) => Some(CourseId(groups::find_course(&mut tx, code).await.expect("a course").id)),
                None => None,
            };
            let asked = ExplainRequest { learner, group: ask.group, course, at: ask.at };
            let explained = explain::explain(&mut tx, file, asked, self.change_time()).await?;
            Ok(serde_json::to_value(&explained).expect("JSON"))
        })
    }

    /// Everything about somebody.
    pub(crate) fn explain(&self, who: &str) -> Value {
        self.try_explain(who, ExplainFilter::default()).expect("an explanation")
    }

    /// Somebody and one group.
    pub(crate) fn why(&self, who: &str, group: &str) -> Value {
        let ask = ExplainFilter { group: Some(group), ..ExplainFilter::default() };
        let explained = self.try_explain(who, ask).expect("an explanation");
        let groups = explained["groups"].as_array().expect("a list");
        assert_eq!(groups.len(), 1, "{groups:#?}");
        groups[0].clone()
    }

    /// Somebody and one course.
    pub(crate) fn why_course(&self, who: &str, course: &str) -> Value {
        let ask = ExplainFilter { course: Some(course), ..ExplainFilter::default() };
        self.try_explain(who, ask).expect("an explanation")["courses"][0].clone()
    }
}

/// The kinds of what decides on a membership, and whether there is one.
pub(crate) fn kinds(group: &Value) -> (bool, Vec<&str>) {
    let because = group["because"].as_array().expect("a list");
    let kinds = because.iter().map(|one| one["kind"].as_str().expect("a kind")).collect();
    (group["member"].as_bool().expect("yes or no"), kinds)
}

/// The groups of an explanation by name, each with [`kinds`].
pub(crate) fn all_kinds(explained: &Value) -> Vec<(&str, bool, Vec<&str>)> {
    let groups = explained["groups"].as_array().expect("a list").iter();
    let one = |group| {
        let (member, kinds) = kinds(group);
        (group["group"].as_str().expect("a name"), member, kinds)
    };
    groups.map(one).collect()
}

/// A rule for department and place.
fn berlin(company: &mut Company) {
    company.rule("berlin-sales", "Sales Berlin", "department == \"Sales\" && location == \"Berlin\"");
}

fn company(engine: Engine) -> Company {
    let mut company = Company::staffed(engine, &[]);
    berlin(&mut company);
    company.hire("ada", &[("department", "Sales"), ("location", "Paris")]);
    company.hire("bob", &[("department", "Sales"), ("location", "Berlin")]);
    company
}

/// The explanation of a membership names the rule, the run and the values that the rule reads.
#[test]
fn membership_names_rule_run_and_values() {
    on_both(|engine| {
        let company = company(engine);
        let run = company.sync().run.expect("a number").0;
        let group = company.why("bob", "sales berlin");
        assert_eq!(kinds(&group), (true, vec!["rule"]));
        assert_eq!((&group["group"], &group["joined_on"]), (&json!("Sales Berlin"), &json!(company.today())));
        let because = &group["because"][0];
        assert_eq!((&because["rule"], &because["in_file"]), (&json!("berlin-sales"), &json!(true)));
        assert_eq!((&because["run"]["run"], &because["run"]["actor"]), (&json!(run), &json!("tester")));
        let values = &group["rules"][0]["values"];
        assert_eq!(
            values[0],
            json!({"variable": "department", "values": ["Sales"], "connector": "hr", "external_id": "bob"})
        );
        assert_eq!(values[1]["values"], json!(["Berlin"]));
    });
}

/// The explanation of a missing membership names the false clause and its value.
#[test]
fn non_membership_names_false_clause_and_value() {
    on_both(|engine| {
        let company = company(engine);
        company.sync();
        let group = company.why("ada", "Sales Berlin");
        assert_eq!(kinds(&group), (false, vec!["clause_false"]));
        assert_eq!(group["because"][0]["clauses"], json!(["location == \"Berlin\""]));
        let clauses = group["rules"][0]["clauses"].as_array().expect("a list");
        let outcomes: Vec<&Value> = clauses.iter().map(|one| &one["outcome"]).collect();
        assert_eq!(outcomes, [&json!("true"), &json!("false")]);
        assert_eq!(clauses[1]["values"][0]["values"], json!(["Paris"]));
        assert_eq!(
            all_kinds(&company.explain("ada")),
            [("Sales", true, vec!["rule"]), ("Sales Berlin", false, vec!["clause_false"])]
        );
    });
}

/// Each value names its connector and the values of other connectors.
#[test]
fn values_name_connector_and_alternatives() {
    on_both(|engine| {
        let mut company = company(engine);
        company.directory("it", &["id", "email", "department", "role"], "");
        let values = [("email", "ada@corp.example"), ("department", "IT"), ("role", "Boss")];
        company.hire_at("it", "u7", &values);
        company.sync();
        let explained = company.explain("ada");
        let attributes = explained["learner"]["attributes"].as_array().expect("a list");
        let of = |name: &str| attributes.iter().find(|one| one["name"] == name).expect("an attribute");
        assert_eq!(
            *of("department"),
            json!({
                "name": "department", "values": ["Sales"], "connector": "hr", "external_id": "ada",
                "lost": [{"connector": "it", "external_id": "u7", "values": ["IT"]}],
            })
        );
        assert_eq!((&of("role")["connector"], &of("role")["lost"]), (&json!("it"), &json!([])));
        assert_eq!(
            explained["learner"]["because"],
            json!({"kind": "says", "connector": "hr", "external_id": "ada", "status": "active"})
        );
    });
}

/// A manual membership names the change that added the learner.
#[test]
fn manual_membership_names_change() {
    on_both(|engine| {
        let company = company(engine);
        company.sync();
        company.add("Sales Berlin", "ada");
        let group = company.why("ada", "Sales Berlin");
        assert_eq!(kinds(&group), (true, vec!["by_hand"]));
        let run = &group["because"][0]["run"];
        assert_eq!((&run["run"], &run["kind"]), (&json!(company.last_run()), &json!("hand")));
        company.add_learner("eve");
        let eve = company.explain("eve");
        assert_eq!(
            (&eve["learner"]["because"]["kind"], &eve["learner"]["status"]),
            (&json!("added_by_hand"), &json!("active"))
        );
    });
}

/// An exclusion names who made it and the reason.
#[test]
fn exclusion_names_person_and_reason() {
    on_both(|engine| {
        let company = company(engine);
        company.sync();
        company.remove("Sales Berlin", "bob");
        let group = company.why("bob", "Sales Berlin");
        assert_eq!(kinds(&group), (false, vec!["excluded"]));
        let because = &group["because"][0];
        assert_eq!((&because["reason"], &because["until"]), (&json!("removed by hand"), &Value::Null));
        assert_eq!(
            (&because["run"]["actor"], &because["run"]["run"]),
            (&json!("tester"), &json!(company.last_run()))
        );
        assert_eq!(group["ended"]["run"], json!(company.last_run()));
        company.lift("Sales Berlin", "bob");
        assert_eq!(kinds(&company.why("bob", "Sales Berlin")), (false, vec!["next_run"]));
        company.sync();
        assert_eq!(kinds(&company.why("bob", "Sales Berlin")), (true, vec!["rule"]));
    });
}

/// A held or rejected membership names its run and its limit.
#[test]
fn held_or_rejected_membership_names_run_and_limit() {
    on_both(|engine| {
        let mut company = Company::limited(engine, 60, 0);
        company.sync_without_hold();
        company.rule("each", "Team {name}", "true");
        let run = company.sync_with_hold().run.expect("a number");
        let group = company.why("s1", "Team s1");
        assert_eq!(kinds(&group), (false, vec!["held"]));
        let because = &group["because"][0];
        assert_eq!((&because["limit"], &because["rule"]), (&json!("max_new_groups"), &json!("each")));
        assert_eq!((&because["first_run"]["run"], &group["exists"]), (&json!(run.0), &json!(false)));
        company.reject(run).expect("rejected");
        assert_eq!(kinds(&company.why("s1", "Team s1")), (false, vec!["rejected"]));
        company.sync_without_hold();
        assert_eq!(kinds(&company.why("s1", "Team s1")), (false, vec!["rejected"]));
    });
}

/// A membership whose removal is held says so.
#[test]
fn held_removal_explains_membership() {
    on_both(|engine| {
        let mut company = Company::limited(engine, 30, 0);
        company.hire_many("r", 30, &[("department", "Research")]);
        company.sync_without_hold();
        for number in 1..=20 {
            company.move_to(&format!("s{number}"), "Research");
        }
        company.leave_many("r", 20);
        let run = company.sync_with_hold().run.expect("a number").0;
        let group = company.why("s1", "Sales");
        assert_eq!(kinds(&group), (true, vec!["rule", "held"]));
        assert_eq!(
            (&group["because"][1]["change"], &group["because"][1]["first_run"]["run"]),
            (&json!("end"), &json!(run))
        );
        let leaver = company.explain("r1");
        assert_eq!(leaver["learner"]["decisions"][0]["change"], "leave");
        assert_eq!(all_kinds(&leaver), [("Research", true, vec!["rule", "held"])]);
    });
}

/// An undone change names the undo and the run.
#[test]
fn undone_change_names_undo_and_run() {
    on_both(|engine| {
        let mut company = company(engine);
        company.sync();
        company.move_to("ada", "Research");
        let run = company.sync().run.expect("a number").0;
        let undo = company.undo(run).expect("taken back").run;
        let group = company.why("ada", "Research");
        assert_eq!(kinds(&group), (false, vec!["undone"]));
        let by = &group["because"][0]["first_run"];
        assert_eq!((&by["run"], &by["about"]), (&json!(undo), &json!(run)));
        assert_eq!(kinds(&company.why("ada", "Sales")), (true, vec!["rule", "undone"]));
    });
}

/// A learner who has left or not started has an explanation with date and reason.
#[test]
fn left_or_upcoming_learner_names_date_and_reason() {
    on_both(|engine| {
        let mut company = company(engine);
        company.hire("eve", &[("department", "Sales"), ("start_date", &company.day(30))]);
        company.hire("joe", &[("department", "Sales"), ("end_date", &company.day(-1))]);
        company.hire("kim", &[("department", "Sales"), ("status", "leave")]);
        company.sync();
        company.add("Sales Berlin", "eve");
        company.leave("bob");
        let run = company.sync().run.expect("a number").0;
        let bob = company.explain("bob");
        assert_eq!(bob["learner"]["status"], "left");
        let because = &bob["learner"]["because"];
        assert_eq!((&because["kind"], &because["run"]["run"]), (&json!("absent"), &json!(run)));
        assert_eq!(kinds(&company.why("bob", "Sales Berlin")), (false, vec!["left"]));
        let eve = company.explain("eve");
        assert_eq!(eve["learner"]["because"]["start_date"], json!(company.day(30)));
        assert_eq!(kinds(&company.why("eve", "Sales")), (false, vec!["upcoming"]));
        assert_eq!(
            kinds(&company.why("eve", "Sales Berlin")),
            (false, vec!["upcoming", "waits", "clause_false"])
        );
        assert_eq!(
            company.explain("joe")["learner"]["because"],
            json!({"kind": "ended", "connector": "hr", "end_date": company.day(-1)})
        );
        assert_eq!(company.explain("kim")["learner"]["because"]["status"], "leave");
        for who in ["ada", "bob", "eve", "joe", "kim"] {
            let learner = &company.explain(who)["learner"];
            assert_eq!(learner["next_status"], Value::Null, "a sync works out the same: {learner}");
        }
    });
}

/// The command prints the clause as text and the same explanation as JSON.
#[test]
fn explain_command_prints_text_and_json() {
    on_both(|engine| {
        let mut company = company(engine);
        company.course_for("S", "Sales", "due_days = 30");
        company.text.push_str("[[rule]]\nname = 'either'\ngroup = 'Either'\nwhen = '''\nlocation == \"Rome\" || location == \"Oslo\"'''\n");
        company.rollcall(&["sync"]).expect_status(0);
        let done = company.rollcall(&["explain", "ADA@corp.example"]).expect_status(0);
        let expected = "
`ada@corp.example` is not in `Either`, which is not there
  rule `either`: location == \"Rome\" || location == \"Oslo\"  FALSE
                   location == \"Rome\"                      FALSE  location = Paris (hr)
                   location == \"Oslo\"                      FALSE  location = Paris (hr)
";
        assert!(done.out.contains(expected), "{}", done.out);
        let expected = "
`ada@corp.example` is not in `Sales Berlin`
  rule `berlin-sales`: department == \"Sales\"  true   department = Sales (hr)
                       location == \"Berlin\"   FALSE  location = Paris (hr)
";
        assert!(done.out.contains(expected), "{}", done.out);
        assert!(
            done.out.starts_with("`ada@corp.example` (ada) is active: `hr` says status active\n"),
            "{}",
            done.out
        );
        assert!(done.out.contains("\n`ada@corp.example` has access to `S`, due "), "{}", done.out);
        let json = company.json(&["explain", "ada@corp.example", "--group", "Sales Berlin"]);
        let keys: Vec<&str> = json.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, ["at", "courses", "groups", "learner", "notes"]);
        assert_eq!((&json["courses"], &json["groups"][0]["group"]), (&json!([]), &json!("Sales Berlin")));
        let keys: Vec<&str> =
            json["groups"][0].as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, ["because", "by_hand", "ended", "exists", "group", "joined_on", "member", "rules"]);
        let unknown =
            company.rollcall(&["explain", "ada@corp.example", "--group", "Sales Berlyn"]).expect_status(1);
        assert!(unknown.err.contains("did you mean `Sales Berlin`?"), "{}", unknown.err);
        let future =
            company.rollcall(&["explain", "ada@corp.example", "--at", &company.day(1)]).expect_status(2);
        assert!(future.err.contains("is in the future"), "{}", future.err);
        company.rollcall(&["explain", "nobody@corp.example"]).expect_status(1);
    });
}
