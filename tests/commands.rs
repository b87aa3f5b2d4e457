//! The command line, through the program: what scripts rely on.

use std::fs;

use serde_json::{Value, json};

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::program::{RunningProgram, rollcall_command, run_to_end};

/// Two people in Sales, which has a course.
fn company(engine: Engine) -> Company {
    let mut company = Company::sales(engine, &["ada", "bob"], "due_days = 30");
    company.change("ada", &[("location", "Berlin"), ("role", "Boss")]);
    company
}

/// The keys of an object, in their order.
fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// Whether a value has these keys, and whatever else has been added since.
fn has(value: &Value, wanted: &[&str]) {
    let keys = keys(value);
    assert!(wanted.iter().all(|key| keys.contains(key)), "{wanted:?} of {value}");
}

#[test]
fn sync_prints_one_object_a_connector() {
    on_both(|engine| {
        let mut company = company(engine);
        company.directory("it", &["id", "email"], "");
        let lines = company.rollcall(&["sync", "--json"]).expect_status(0).lines();
        assert_eq!(lines.len(), 2);
        let mut first = lines[0].clone();
        assert!(first["seconds"].is_f64());
        first["seconds"] = json!(1.5);
        let file = first["source_file"].take();
        assert!(file.as_str().is_some_and(|path| path.ends_with("/hr.csv")), "{file}");
        assert_eq!(
            first,
            json!({
                "run": 1, "connector": "hr", "status": "applied", "dry_run": false,
                "people": {"read": 2, "new": 2, "changed": 0, "left": 0, "set_aside": 0, "left_out": 0, "held": 0},
                "groups": {"created": 1, "held": 0}, "memberships": {"add": 2, "remove": 0, "held": 0},
                "enrollments": {"held": 0}, "jobs": {"enqueued": 2, "done": 2, "failed": 0}, "seconds": 1.5, "source_file": null,
                "problems": [],
            })
        );
        let again = company.rollcall(&["sync", "hr", "--json"]).expect_status(0).json();
        assert_eq!((&again["status"], &again["jobs"]["enqueued"]), (&"unchanged".into(), &0.into()));
        assert!(again["run"].as_i64() > Some(2));
    });
}

#[test]
fn a_dry_run_prints_its_plan_and_writes_nothing() {
    on_both(|engine| {
        let mut company = company(engine);
        let everything = |company: &Company| company.runtime.block_on(company.db.contents(&[]));
        let before = everything(&company);
        let plan = company.rollcall(&["sync", "--dry-run", "--json"]).expect_status(0).json();
        assert_eq!(
            (&plan["run"], &plan["status"], &plan["dry_run"]),
            (&Value::Null, &"planned".into(), &true.into())
        );
        assert_eq!(plan["memberships"]["add"], 2);
        let text = company.rollcall(&["sync", "--dry-run", "--exit-code"]).expect_status(4).out;
        assert!(text.contains("ada@corp.example") && text.contains("Sales"), "{text}");
        assert_eq!(everything(&company), before);
        company.sync();
        let before = everything(&company);
        company.rollcall(&["sync", "--dry-run", "--exit-code"]).expect_status(0);
        company.leave("bob");
        company.rollcall(&["sync", "--dry-run", "--exit-code"]).expect_status(4);
        assert_eq!(everything(&company), before);
    });
}

#[test]
fn only_adds_and_changes_one_person_and_ends_nobody() {
    on_both(|engine| {
        let mut company = company(engine);
        company.hire("eve", &[("department", "Sales")]);
        company.sync();
        company.leave("bob");
        company.move_to("ada", "Research");
        company.move_to("eve", "Research");
        let done =
            company.rollcall(&["sync", "--only", "ADA@corp.example", "--json"]).expect_status(0).json();
        assert_eq!(done["people"]["changed"], 1);
        assert_eq!(company.members("Research"), ["ada"]);
        assert_eq!(company.members("Sales"), ["bob", "eve"]);
        company.rollcall(&["sync", "--only", "nobody@corp.example"]).expect_status(1);
        assert_eq!(company.members("Sales"), ["bob", "eve"]);
        company.verify();
    });
}

#[test]
fn no_drain_leaves_the_jobs_to_a_worker() {
    on_both(|engine| {
        let company = company(engine);
        let done = company.rollcall(&["sync", "--no-drain", "--json"]).expect_status(0).json();
        assert_eq!((&done["jobs"]["enqueued"], &done["jobs"]["done"]), (&2.into(), &0.into()));
        let jobs = company.json(&["jobs", "list"]);
        has(&jobs[0], &["id", "kind", "email", "course", "state", "attempts", "error"]);
        assert_eq!((&jobs[0]["kind"], &jobs[0]["error"]), (&"enroll".into(), &Value::Null));
        assert_eq!(company.json(&["worker", "--until-empty"])["done"], 2);
        company.verify();
    });
}

#[test]
fn lists_have_the_shapes_that_scripts_rely_on() {
    on_both(|engine| {
        let company = company(engine);
        company.sync();
        company.add("Sales", "bob");
        let groups = company.json(&["groups", "list"]);
        assert_eq!(
            groups,
            json!([{"id": groups[0]["id"], "name": "Sales", "members": 2, "rules": ["departments"], "assignments": 1}])
        );
        let sales = company.json(&["groups", "show", "sales"]);
        has(&sales, &["id", "name", "rules"]);
        has(&sales["members"][1], &["email", "name"]);
        assert_eq!(sales["members"][1]["reasons"], json!(["rule:departments", "manual"]));
        let assignment = &sales["assignments"][0];
        assert_eq!(
            (&assignment["course"], &assignment["due"], &assignment["due_days"]),
            (&"GDPR".into(), &Value::Null, &30.into())
        );
        assert_eq!(
            company.json(&["learners", "list"])[0],
            json!({"id": company.learner("ada"), "email": "ada@corp.example", "name": "ada", "status": "active", "department": "Sales",
                "location": "Berlin", "role": "Boss", "groups": ["Sales"]})
        );
        let enrollments = company.json(&["enrollments", "list", "--learner", "ada@corp.example"]);
        assert!(enrollments[0]["enrolled_at"].as_str().is_some_and(|at| at.ends_with('Z')), "{enrollments}");
        assert_eq!(
            enrollments,
            json!([{"email": "ada@corp.example", "course": "GDPR", "state": "active", "due": company.day(30),
                "completed_at": null, "groups": ["Sales"], "enrolled_at": enrollments[0]["enrolled_at"]}])
        );
        let verdict = company.json(&["verify"]);
        assert_eq!((&verdict["memberships"], &verdict["enrollments"]), (&2.into(), &2.into()));
        assert_eq!(verdict["differences"], json!([]));
        assert_eq!(company.json(&["jobs", "list"]), json!([]));
        for list in [["runs", "list"], ["connectors", "list"], ["courses", "list"], ["exclusions", "list"]] {
            assert!(company.json(&list).is_array());
        }
        company.rollcall(&["runs", "show", "1", "--json"]).expect_status(0);
    });
}

/// A learner, a course and a group are managed by commands alone.
#[test]
fn manual_commands_work_end_to_end() {
    on_both(|engine| {
        let company = Company::new(engine);
        company.write();
        let all = |args: &[&str]| company.rollcall(args).expect_status(0);
        all(&["learners", "add", "ada@corp.example", "--name", "Ada"]);
        all(&["courses", "add", "LEAD", "Leading"]);
        all(&["groups", "create", "Bosses", "--member", "ada@corp.example"]);
        all(&["assign", "lead", "--group", "bosses", "--due-days-after-start", "5"]);
        assert_eq!(company.json(&["enrollments", "list", "--group", "Bosses"])[0]["due"], company.day(5));
        all(&["enrollments", "complete", "ada@corp.example", "LEAD", "--at", "2026-01-31"]);
        let done = company.json(&["enrollments", "list", "--course", "LEAD"]);
        let noon = company.instant("2026-01-31T12:00:00").replace("+00:00", "Z");
        assert_eq!(done[0]["completed_at"], noon, "{done}");
        let unconfirmed = company.rollcall(&["groups", "delete", "Bosses"]);
        assert!(unconfirmed.expect_status(2).err.contains("add `--yes`"));
        assert_eq!(company.json(&["enrollments", "list"])[0]["state"], "active");
        all(&["groups", "delete", "Bosses", "--yes"]);
        assert_eq!(company.json(&["enrollments", "list"])[0]["state"], "revoked");
        all(&["groups", "restore", "Bosses"]);
        all(&["groups", "rename", "Bosses", "Leaders"]);
        all(&["groups", "remove", "Leaders", "ada@corp.example"]);
        assert_eq!(company.json(&["enrollments", "list"])[0]["state"], "revoked");
        all(&["assign", "LEAD", "--learner", "ada@corp.example", "--due", "2031-05-06"]);
        assert_eq!(company.json(&["enrollments", "list"])[0]["state"], "active");
        all(&["unassign", "LEAD", "--learner", "ada@corp.example"]);
        all(&["verify"]);
    });
}

/// An error about an unknown name suggests the nearest match.
#[test]
fn unknown_names_suggest_nearest_match() {
    on_both(|engine| {
        let company = company(engine);
        company.sync();
        for (status, args, near) in [
            (2, &["sync", "hrr"][..], "`hr`"),
            (1, &["groups", "show", "Salse"], "`Sales`"),
            (1, &["assign", "GDRP", "--group", "Sales"], "`GDPR`"),
            (1, &["groups", "add", "Sales", "nobody@corp.example"], "CONNECTOR:ID"),
            (1, &["runs", "show", "999"], "runs list"),
            (1, &["enrollments", "complete", "ada@corp.example", "nothing"], "courses"),
            (2, &["enrollments", "complete", "ada@corp.example", "GDPR", "--at", "soon"], "2026-12-31"),
            (2, &["assign", "GDPR", "--group", "Sales", "--due-days", "99999999"], "3650"),
            (2, &["assign", "GDPR"], "--group"),
            (2, &["sync", "--exit-code"], "--dry-run"),
            (2, &["snyc"], "sync"),
        ] {
            let before = company.contents();
            let done = company.rollcall(args).expect_status(status);
            assert!(done.err.contains(near), "{args:?}: {done:?}");
            assert_eq!(done.out, "", "{args:?}");
            assert_eq!(company.contents(), before, "{args:?}");
        }
    });
}

/// Commands that need no database do not create one.
#[test]
fn offline_commands_create_no_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rollcall.toml");
    fs::write(
        &path,
        "timezone = 'Nowhere'\n[[rule]]\nname = 'r'\ngroup = 'G'\nwhen = 'departmnt == 1'\n[wb]\n",
    )
    .expect("written");
    for args in [&["check"][..], &["check", "--offline"], &["sync"], &["groups", "list"]] {
        let done = run_to_end(rollcall_command(&path).args(args)).expect_status(2);
        for part in ["Nowhere", "departmnt", "department", "wb", ":1:", ":5:", "3 errors"] {
            assert!(done.err.contains(part), "{part} in {}", done.err);
        }
    }
    let example = run_to_end(rollcall_command(&path).args(["config", "example"])).expect_status(0).out;
    assert!(example.parse::<toml::Table>().is_ok());
    let schema = run_to_end(rollcall_command(&path).args(["config", "schema"])).expect_status(0).json();
    assert!(schema["properties"]["connector"].is_object());
    assert!(
        run_to_end(rollcall_command(&path).args(["completions", "bash"]))
            .expect_status(0)
            .out
            .contains("complete -F")
    );
    assert!(run_to_end(rollcall_command(&path).args(["man"])).expect_status(0).out.contains(".TH rollcall"));
    let left: Vec<_> =
        fs::read_dir(folder.path()).expect("a folder").map(|one| one.expect("a file").file_name()).collect();
    assert_eq!(left, ["rollcall.toml"]);
    let nowhere = folder.path().join("nowhere.toml");
    run_to_end(rollcall_command(&nowhere).arg("sync")).expect_status(2);
}

#[test]
fn no_secret_reaches_an_output_or_a_log() {
    on_both(|engine| {
        let mut company = company(engine);
        company.directory("ad", &["id"], "");
        company.settings(
            "ad",
            "kind = 'ldap'\nurl = 'ldap://127.0.0.1:1'\nplaintext = true\nbase_dn = 'dc=x'\nbind_dn = 'cn=x'\n\
             bind_password = 'open-sesame-LDAP'\n",
        );
        let path = company.write();
        let wrong =
            folder_with(&company.toml().replace(":1'", ":2'").replace("/company_", "/no_such_company_"));
        for file in [path.as_path(), wrong.path().join("rollcall.toml").as_path()] {
            for args in [
                &["sync"][..],
                &["sync", "--json"],
                &["check"],
                &["check", "--json"],
                &["connectors", "list"],
            ] {
                let done = run_to_end(rollcall_command(file).args(args).arg("-vvv").env("RUST_LOG", "trace"));
                assert!(!done.err.contains("open-sesame") && !done.out.contains("open-sesame"), "{done:?}");
            }
        }
        let kept = format!("{:?}", company.runtime.block_on(company.db.contents(&[])));
        assert!(!kept.contains("open-sesame"));
    });
}

fn folder_with(toml: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("rollcall.toml"), toml).expect("written");
    folder
}

/// A sync that is interrupted is rolled back.
#[test]
fn interrupted_sync_is_rolled_back() {
    on_both(|engine| {
        let mut company = company(engine);
        let (silent, url) = crate::service::silent_server();
        company.settings("hr", &crate::service::ldap(&url));
        let before = company.contents();
        let mut sync = RunningProgram::start(rollcall_command(&company.write()).args(["sync", "-v"]));
        silent.accept().expect("it connects");
        sync.signal("TERM");
        assert_eq!(sync.wait().code(), Some(130), "{:?}", sync.log());
        assert_eq!(company.contents(), before);
        assert_eq!(company.count_rows("runs WHERE status = 'running'"), 0);
    });
}

/// A change is recorded under the account of the process; the environment cannot name another one.
#[test]
fn actor_is_the_account_and_not_the_environment() {
    let company = Company::new(Engine::Sqlite);
    for variable in ["USER", "LOGNAME", "SUDO_USER"] {
        let mut command = rollcall_command(&company.write());
        run_to_end(command.env(variable, "boss").args(["courses", "add", variable, "A course"]))
            .expect_status(0);
        let actor = company.query_value("SELECT actor FROM runs ORDER BY id DESC LIMIT 1");
        assert!(actor.contains("uid ") && !actor.contains("boss"), "{variable}: {actor}");
    }
}

/// The addresses that a list prints.
fn emails(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(|one| one["email"].as_str()).collect()
}

/// `learners list` prints learners by status, group and department, and their combinations.
#[test]
fn learners_are_listed_by_status_group_and_department() {
    on_both(|engine| {
        let mut company = company(engine);
        company.hire("eve", &[("department", "Research"), ("status", "left")]);
        company.hire("ivy", &[("department", "Research")]);
        company.rollcall(&["sync"]).expect_status(0);
        let (ada, bob, ivy) = ("ada@corp.example", "bob@corp.example", "ivy@corp.example");
        for (filter, expected) in [
            (&["--status", "active"][..], &[ada, bob, ivy][..]),
            (&["--status", "left"], &["eve@corp.example"]),
            (&["--department", "sales"], &[ada, bob]),
            (&["--group", "Sales"], &[ada, bob]),
            (&["--group", "Sales", "--department", "Research"], &[]),
        ] {
            let listed = company.json(&[&["learners", "list"], filter].concat());
            assert_eq!(emails(&listed), expected, "{filter:?}: {listed}");
        }
        company.rollcall(&["learners", "list", "--status", "gone"]).expect_status(2);
        company.rollcall(&["learners", "list", "--group", "Saless"]).expect_status(1);
    });
}

/// `enrollments list` prints what is overdue or due before a day, without what is completed or revoked.
#[test]
fn enrollments_are_listed_by_due_date() {
    on_both(|engine| {
        let company = company(engine);
        company.rollcall(&["sync"]).expect_status(0);
        let list = |filter: &[&str]| company.json(&[&["enrollments", "list"], filter].concat());
        let (before, after) = (company.day(30), company.day(31));
        assert_eq!(emails(&list(&["--due-before", &before])), [""; 0]);
        assert_eq!(emails(&list(&["--due-before", &after])), ["ada@corp.example", "bob@corp.example"]);
        assert_eq!(emails(&list(&["--overdue"])), [""; 0]);
        company.sql(&format!("UPDATE enrollments SET due = '{}'", company.day(-1)));
        company.rollcall(&["enrollments", "complete", "ada@corp.example", "GDPR"]).expect_status(0);
        assert_eq!(emails(&list(&["--overdue"])), ["bob@corp.example"]);
        company.sql("UPDATE enrollments SET state = 'revoked', revoked_at = enrolled_at");
        assert_eq!(emails(&list(&["--overdue"])), [""; 0]);
        let wrong = company.rollcall(&["enrollments", "list", "--due-before", "31.12.2026"]).expect_status(2);
        assert!(wrong.err.contains("write the day as 2026-12-31"), "{wrong:?}");
    });
}
