//! Lists and explanations that are asked for in part.

use rollcall_model::role::Role;
use serde_json::{Value, json};

use super::ApiClient;
use super::lists::all;
use crate::support::company::{Company, email};
use crate::support::database::on_both;
use crate::support::program::wait_until;
use crate::web::jobs;

/// What stands under a name, one by one.
fn each(list: &[Value], name: &str) -> Vec<Value> {
    list.iter().map(|one| one[name].clone()).collect()
}

/// Filters return the matching records only.
#[test]
fn filters_return_only_matches() {
    on_both(|engine| {
        let mut company = Company::staffed(engine, &[]);
        for who in ["ada", "grace"] {
            company.hire(who, &[("department", "Sales")]);
        }
        company.hire("linus", &[("department", "Research")]);
        company.course("GDPR");
        company.course("SAFE");
        company.assignment("GDPR", "*", "");
        company.assignment("SAFE", "Sales", "");
        company.sync();
        company.leave("linus");
        company.sync();
        company.backdate_everything(10);
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::Manager);
        let of_group = all(&api, "/enrollments?group=sales&course=GDPR", 1);
        assert_eq!(each(&of_group, "email"), [email("ada"), email("grace")]);
        assert_eq!(each(&all(&api, "/learners", 50), "email"), [email("ada"), email("grace")]);
        let left = all(&api, "/learners?left=true", 1);
        assert_eq!(each(&left, "email"), [email("ada"), email("grace"), email("linus")]);
        api.get("/learners?left=maybe").expect_problem(422, Some("left"));
        let groups = all(&api, "/groups", 50);
        assert_eq!(each(&groups, "rules"), [json!(["departments"]), json!(["departments"])]);
        let why = format!("/learners/{}/explanation", company.learner("ada"));
        let whole = api.get(&why).expect_status(200).body;
        assert_eq!((whole["courses"].as_array().map(Vec::len), &whole["at"]), (Some(2), &Value::Null));
        let in_part = api.get(&format!("{why}?group=Research&course=SAFE")).expect_status(200).body;
        assert_eq!(each(in_part["groups"].as_array().expect("groups"), "group"), ["Research"]);
        assert_eq!(each(in_part["courses"].as_array().expect("courses"), "course"), ["SAFE"]);
        let day = company.day(-5);
        assert_eq!(api.get(&format!("{why}?at={day}")).expect_status(200).body["at"], day);
        api.get(&format!("{why}?group=Nowhere")).expect_problem(422, Some("group"));
        api.get(&format!("{why}?at={}", company.day(1))).expect_problem(422, Some("at"));
        site.end();
    });
}

/// Removed members are excluded until the given day, and the pages of exclusions list each once.
#[test]
fn removed_members_are_excluded_and_listed_once() {
    on_both(|engine| {
        let mut company = Company::staffed(engine, &[]);
        company.hire_many("s", 3, &[("department", "Sales")]);
        company.sync();
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::Manager);
        let remove = format!("/groups/{}/members/remove", company.query_value("SELECT id FROM groups"));
        let until = company.day(3);
        let some = json!({"members": [email("s1"), email("s2"), email("s3")], "until": until});
        api.post(&remove, &some).expect_status(200);
        let kept = all(&api, "/exclusions", 1);
        let mut emails = each(&kept, "email");
        emails.sort_by_key(Value::to_string);
        assert_eq!(emails, [email("s1"), email("s2"), email("s3")]);
        assert_eq!(each(&kept, "until"), [json!(until), json!(until), json!(until)]);
        site.end();
    });
}

/// The pages of failed jobs list each job once.
#[test]
fn failed_job_pages_list_each_job_once() {
    on_both(|engine| {
        let company = jobs::company(engine);
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::Operator);
        wait_until("the one that is ready is done", || company.count_rows("jobs") == 2);
        let mut emails = each(&all(&api, "/jobs", 1), "email");
        emails.sort_by_key(Value::to_string);
        assert_eq!(emails, [email("p1"), email("p2")]);
        site.end();
    });
}

#[test]
fn a_course_is_completed_on_the_day_that_is_said() {
    on_both(|engine| {
        let company = Company::sales(engine, &["ada"], "");
        company.sync();
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::Manager);
        let done = |at: &str| json!({"email": email("ada"), "course": "gdpr", "at": at});
        for at in ["yesterday", "-1", "2026-13-01"] {
            api.post("/enrollments/complete", &done(at)).expect_problem(422, Some("at"));
        }
        let noted = api.post("/enrollments/complete", &done("2026-01-05T09:30:00Z")).expect_status(200).body;
        assert_eq!(
            (&noted["completed_at"], &noted["before"]),
            (&"2026-01-05T09:30:00Z".into(), &false.into())
        );
        let listed = all(&api, "/enrollments", 50);
        assert_eq!(each(&listed, "completed_at"), ["2026-01-05T09:30:00Z"]);
        let again = api.post("/enrollments/complete", &done("2026-02-01")).expect_status(200).body;
        assert_eq!(
            (&again["completed_at"], &again["before"]),
            (&"2026-01-05T09:30:00Z".into(), &true.into())
        );
        site.end();
    });
}

/// The search for learners finds the id at a connector, too.
#[test]
fn search_finds_learner_by_id_at_connector() {
    on_both(|engine| {
        let mut company = Company::staffed(engine, &[]);
        company.hire("ada", &[("id", "4711"), ("department", "Sales")]);
        company.hire("grace", &[("id", "47110"), ("department", "Sales")]);
        company.sync();
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::Manager);
        let found = |text: &str| each(&all(&api, &format!("/learners?q={text}"), 50), "email");
        assert_eq!(found("4711"), [email("ada")]);
        assert_eq!(found("grace"), [email("grace")]);
        assert_eq!(found("471"), [""; 0]);
        let statuses = each(&all(&api, "/learners?q=4711", 50), "status");
        assert_eq!(statuses, ["active"]);
        site.end();
    });
}
