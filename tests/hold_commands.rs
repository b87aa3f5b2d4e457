//! Holds, approvals, rejections and undos through the program: exit status, JSON, and what a person reads.

use rollcall_model::role::Role;
use serde_json::{Value, json};

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::program::{rollcall_command, run_to_end};

/// Twelve people in Sales and one in Research, of whom seven of Sales have gone.
fn company(engine: Engine) -> Company {
    let mut company = Company::limited(engine, 12, 0);
    company.course_for("GDPR", "Sales", "due_days = 30");
    company.hire("ada", &[("department", "Research")]);
    company.rollcall(&["sync"]).expect_status(0);
    company.leave_many("s", 7);
    company.hire("bob", &[("department", "Research")]);
    company
}

/// The first line tells the time.
fn behind_the_first_line(text: &str) -> String {
    text.lines().skip(1).collect::<Vec<_>>().join("\n")
}

/// A hold is printed as JSON, and the exit status is 3.
#[test]
fn hold_prints_json_and_exits_with_3() {
    on_both(|engine| {
        let company = company(engine);
        let planned = company.rollcall(&["sync", "--dry-run", "--json"]).expect_status(0).json();
        assert_eq!((&planned["status"], &planned["run"]), (&"planned".into(), &Value::Null));
        let held = company.rollcall(&["sync", "--json"]).expect_status(3).json();
        assert_eq!(held["status"], "held");
        assert_eq!(
            held["people"],
            json!({"read": 7, "new": 1, "changed": 0, "left": 0, "set_aside": 0, "left_out": 0, "held": 7})
        );
        assert_eq!(held["memberships"], json!({"add": 1, "remove": 0, "held": 7}));
        assert_eq!((&held["enrollments"]["held"], &held["groups"]["held"]), (&7.into(), &0.into()));
        assert_eq!(planned["memberships"], held["memberships"]);
        let shown = company.json(&["runs", "show", "2"]);
        assert_eq!(shown["held"].as_array().map(Vec::len), Some(14));
        assert_eq!(shown["held"][0]["reason"], "min_read");
        let approved = company.json(&["approve", "2"]);
        assert_eq!((&approved["of"], &approved["memberships"]["remove"]), (&2.into(), &7.into()));
        assert_eq!(company.rollcall(&["sync", "--json"]).expect_status(0).json()["status"], "unchanged");
        let undone = company.json(&["undo", "3"]);
        assert_eq!((&undone["learners"], &undone["memberships"]["add"]), (&7.into(), &7.into()));
        company.rollcall(&["verify"]).expect_status(0);
        company.rollcall(&["approve", "2"]).expect_status(1);
        company.rollcall(&["undo", "99"]).expect_status(1);
    });
}

/// The output of a hold, an approval and an undo is as expected.
#[test]
fn hold_approval_and_undo_output() {
    on_both(|engine| {
        insta::allow_duplicates! {
            let company = company(engine);
            insta::assert_snapshot!(company.rollcall(&["sync"]).expect_status(3).out.trim_end(), @r#"
 + bob@corp.example  Research  department = Research (rule `departments`)
Run 2: 1 new, 0 changed, 0 left, 6 unchanged; 1 membership added, 0 removed

held: 7 memberships, 7 enrollments of 7 people
  because: the directory answered with 7 people, the last good run read 13
  limit: the directory holds 6 of the 13 people of the last good reading, the limit is 80 % (`min_read`)
  limit: 7 memberships of 7 people would be removed, the limit is 6 (`max_removals`)
  limit: 7 learners would lose access, the limit is 6 (`max_removals`)
  limit: 7 enrollments of 7 people would be removed, the limit is 6 (`max_removals`)
"#);
            let shown = behind_the_first_line(&company.rollcall(&["runs", "show", "2"]).expect_status(0).out);
            let account = company.query_value("SELECT actor FROM runs WHERE id = 2");
            let folder = company.folder.path().display().to_string();
            insta::assert_snapshot!(shown.replace(&account, "ACCOUNT").replace(&folder, "FOLDER"), @r#"
rollcall sync hr by ACCOUNT
file: FOLDER/hr.csv
    EMAIL             GROUP     REASON
 +  bob@corp.example  Research  departments

held: 14 changes
  because: the directory answered with 7 people, the last good run read 13
  limit: the directory holds 6 of the 13 people of the last good reading, the limit is 80 %
  limit: 7 memberships of 7 people would be removed, the limit is 6
  limit: 7 learners would lose access, the limit is 6
  limit: 7 enrollments of 7 people would be removed, the limit is 6
 CHANGE                                          LIMIT     STATE
  - s1@corp.example  Sales (rule `departments`)  min_read  held
  - s2@corp.example  Sales (rule `departments`)  min_read  held
  - s3@corp.example  Sales (rule `departments`)  min_read  held
  - s4@corp.example  Sales (rule `departments`)  min_read  held
  - s5@corp.example  Sales (rule `departments`)  min_read  held
  - s6@corp.example  Sales (rule `departments`)  min_read  held
  - s7@corp.example  Sales (rule `departments`)  min_read  held
  - s1@corp.example leaves                       min_read  held
  - s2@corp.example leaves                       min_read  held
  - s3@corp.example leaves                       min_read  held
  - s4@corp.example leaves                       min_read  held
  - s5@corp.example leaves                       min_read  held
  - s6@corp.example leaves                       min_read  held
  - s7@corp.example leaves                       min_read  held
"#);
            insta::assert_snapshot!(company.rollcall(&["approve", "2"]).expect_status(0).out.trim_end(), @r#"
 - s1@corp.example  Sales (rule `departments`)
 - s2@corp.example  Sales (rule `departments`)
 - s3@corp.example  Sales (rule `departments`)
 - s4@corp.example  Sales (rule `departments`)
 - s5@corp.example  Sales (rule `departments`)
 - s6@corp.example  Sales (rule `departments`)
 - s7@corp.example  Sales (rule `departments`)
 - s1@corp.example leaves
 - s2@corp.example leaves
 - s3@corp.example leaves
 - s4@corp.example leaves
 - s5@corp.example leaves
 - s6@corp.example leaves
 - s7@corp.example leaves
Run 3: approved 14 changes that run 2 held
"#);
            insta::assert_snapshot!(company.rollcall(&["undo", "3"]).expect_status(0).out.trim_end(), @r#"
Run 4: undid run 3; 7 memberships restored, 0 ended, 7 learners are back, 0 assignments restored
"#);
            let refused = company.rollcall(&["approve", "2"]).expect_status(1);
            insta::assert_snapshot!(refused.err.trim_end(), @r#"
error: run 2 has no pending changes
"#);
        }
    });
}

/// A rejected hold is not reported again.
#[test]
fn rejected_hold_is_not_reported_again() {
    on_both(|engine| {
        let company = company(engine);
        company.rollcall(&["sync"]).expect_status(3);
        let rejected = company.json(&["reject", "2"]);
        assert_eq!(rejected["rejected"].as_array().map(Vec::len), Some(14));
        let quiet = company.rollcall(&["sync", "--json"]).expect_status(0).json();
        assert_eq!((&quiet["status"], &quiet["people"]["held"]), (&"unchanged".into(), &0.into()));
        let allowed = company.rollcall(&["sync", "--allow-removals", "--json"]).expect_status(0).json();
        assert_eq!(allowed["memberships"]["remove"], 0, "a rejection is a decision, not a limit");
    });
}

/// An approval of a run whose hold was rejected names the rejection and the next step.
#[test]
fn approve_after_reject_names_rejection() {
    on_both(|engine| {
        insta::allow_duplicates! {
            let company = company(engine);
            company.rollcall(&["sync"]).expect_status(3);
            company.rollcall(&["reject", "2"]).expect_status(0);
            let refused = company.rollcall(&["approve", "2"]).expect_status(1);
            insta::assert_snapshot!(refused.err.trim_end(), @r#"
error: run 2 has no pending changes: run 3 rejected them

hint: `rollcall approve 3` applies the rejected changes after all
"#);
            company.rollcall(&["approve", "3"]).expect_status(0);
        }
    });
}

/// The state of the changes that a run held, as `runs list` tells it.
fn hold_of(company: &Company, run: &Value) -> Value {
    let runs = company.json(&["runs", "list"]);
    let found = runs.as_array().into_iter().flatten().find(|one| one["run"] == *run);
    found.map_or(Value::Null, |one| one["hold"].clone())
}

/// What waits is listed, and a run that was decided, superseded or overtaken says so.
#[test]
fn what_waits_is_told_from_what_was_decided() {
    on_both(|engine| {
        let mut company = company(engine);
        let sync =
            |company: &Company, status| company.rollcall(&["sync", "--json"]).expect_status(status).json();
        let first = sync(&company, 3)["run"].clone();
        assert_eq!(
            (hold_of(&company, &1.into()), hold_of(&company, &first)),
            (Value::Null, "waiting".into())
        );

        let holds = company.rollcall(&["holds", "--json"]).expect_status(3).json();
        assert_eq!((&holds[0]["run"], &holds[0]["connector"]), (&first, &"hr".into()));
        assert_eq!(
            (&holds[0]["learners"], &holds[0]["memberships"], &holds[0]["enrollments"]),
            (&7.into(), &7.into(), &7.into())
        );
        let cause = "the directory answered with 7 people, the last good run read 13";
        assert_eq!(holds[0]["causes"], json!([cause]));
        let since = company.json(&["runs", "show", &first.to_string()])["started_at"].clone();
        assert_eq!(holds[0]["since"], since);
        let printed = company.rollcall(&["holds"]).expect_status(3);
        assert!(printed.err.contains(&format!("`rollcall approve {first}`")), "{printed:?}");
        let waiting = company.json(&["runs", "list", "--waiting"]);
        assert_eq!(
            waiting.as_array().map(|runs| runs.iter().map(|run| &run["run"]).collect()),
            Some(vec![&first])
        );

        company.leave("s8");
        let second = sync(&company, 3)["run"].clone();
        assert_eq!(hold_of(&company, &first), "superseded");
        assert_eq!(company.json(&["runs", "list", "--waiting"])[0]["run"], second);
        company.rollcall(&["reject", &second.to_string()]).expect_status(0);
        assert_eq!(hold_of(&company, &second), "rejected");
        assert_eq!(company.rollcall(&["holds", "--json"]).expect_status(0).json(), json!([]));

        company.leave("s9");
        company.leave("s10");
        company.leave("s11");
        company.leave("s12");
        let third = sync(&company, 3)["run"].clone();
        company.rollcall(&["approve", &third.to_string()]).expect_status(0);
        assert_eq!(hold_of(&company, &third), "approved");
        assert_eq!(company.json(&["runs", "list", "--waiting"]), json!([]));
    });
}

/// A hold that a complete reading makes superfluous is no longer required.
#[test]
fn hold_that_is_overtaken_is_dropped() {
    on_both(|engine| {
        let mut company = company(engine);
        let run = company.rollcall(&["sync", "--json"]).expect_status(3).json()["run"].clone();
        for number in 1..=7 {
            company.hire(&format!("s{number}"), &[("department", "Sales")]);
        }
        company.rollcall(&["sync"]).expect_status(0);
        assert_eq!(hold_of(&company, &run), "dropped");
        company.rollcall(&["holds"]).expect_status(0);
    });
}

/// The log of a service names a held run and the commands that decide; a command prints its report and no log line.
#[test]
fn held_run_is_a_warning_of_the_log() {
    let company = company(Engine::Sqlite);
    let logged = |log: &str| {
        let mut command = rollcall_command(&company.write());
        run_to_end(command.env("RUST_LOG", log).args(["sync", "--dry-run"])).expect_status(0);
        run_to_end(rollcall_command(&company.write()).env("RUST_LOG", log).arg("sync")).expect_status(3).err
    };
    let log = logged("info");
    let line = log.lines().find(|line| line.contains("a run holds changes")).expect("a line");
    let line: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!((&line["level"], &line["approve"]), (&"WARN".into(), &"rollcall approve 2".into()), "{line}");
    assert_eq!(
        (&line["memberships"], &line["limits"]),
        (&7.into(), &"min_read, max_removals".into()),
        "{line}"
    );
    let printed = company.rollcall(&["sync"]).expect_status(3).err;
    assert!(!printed.contains("a run holds changes"), "{printed}");
}

/// A hold that waits over three nightly runs counts once, and the older runs name the one that shows it now.
#[test]
fn hold_that_waits_counts_once() {
    on_both(|engine| {
        let mut company = company(engine);
        let runs =
            [(); 3].map(|()| company.rollcall(&["sync", "--json"]).expect_status(3).json()["run"].clone());
        let [first, second, third] = &runs;
        let holds = company.rollcall(&["holds", "--json"]).expect_status(3).json();
        assert_eq!(holds.as_array().map(Vec::len), Some(1), "{holds}");
        assert_eq!(
            [&holds[0]["run"], &holds[0]["learners"], &holds[0]["memberships"], &holds[0]["enrollments"]],
            [third, &7.into(), &7.into(), &7.into()]
        );
        let waiting = company.json(&["runs", "list", "--waiting"]);
        assert_eq!(waiting.as_array().map(Vec::len), Some(1), "{waiting}");
        for older in [first, second] {
            let shown = company.json(&["runs", "show", &older.to_string()]);
            assert_eq!((&shown["hold"], &shown["superseded_by"]), (&"superseded".into(), third));
            let printed = company.rollcall(&["runs", "show", &older.to_string()]).expect_status(0);
            assert!(printed.out.contains(&format!("Run {third} superseded it")), "{printed:?}");
            assert!(printed.err.contains(&format!("`rollcall runs show {third}`")), "{printed:?}");
            assert!(!printed.err.contains("rollcall approve"), "{printed:?}");
        }
        let newest = company.rollcall(&["runs", "show", &third.to_string()]).expect_status(0);
        assert!(!newest.out.contains("superseded"), "{newest:?}");
        assert!(newest.err.contains(&format!("`rollcall approve {third}`")), "{newest:?}");
        company.account("ops@corp.example", Role::Operator);
        let site = company.serve();
        company.runtime.block_on(async {
            let ops = site.signed_in_client("ops@corp.example").await;
            let overview = ops.get("/sync").await.text;
            assert!(overview.contains("14 changes of hr wait for approval"), "{overview}");
            let plots = ops.get("/sync/plots").await.text;
            let (_, held) = plots.split_once("Figures: Memberships held").expect("a chart");
            let (figures, _) = held.split_once("</table>").expect("a table");
            assert!(figures.contains("<td class=\"number\">7</td>"), "{figures}");
            assert!(!figures.contains("<td class=\"number\">21</td>"), "{figures}");
            let metrics = ops.get("/metrics").await.text;
            assert!(metrics.contains("rollcall_connector_held{connector=\"hr\"} 1"), "{metrics}");
        });
        site.end();
        company.leave("s8");
        let one = company.rollcall(&["sync", "--only", "s8@corp.example", "--json"]).json()["run"].clone();
        let shown = company.json(&["runs", "show", &third.to_string()]);
        assert_eq!((&shown["hold"], &shown["superseded_by"]), (&"waiting".into(), &Value::Null), "{one}");
    });
}
