//! A catalogue that comes as a sheet, by program, by command and by page.

use rollcall_model::role::Role;
use serde_json::json;

use super::{ApiClient, ApiResponse};
use crate::support::company::Company;
use crate::support::database::{Engine, on_both};

fn send(api: &ApiClient, sheet: &str) -> ApiResponse {
    api.send("POST", "/courses/import", &[("content-type", "text/csv; charset=utf-8")], Some(sheet))
}

/// Every course, its title and where it is from.
fn catalogue(company: &Company) -> Vec<String> {
    let rows = company.sql("SELECT code || ' ' || title || ' ' || source AS one FROM courses ORDER BY code");
    rows.into_iter().map(|mut row| row.remove("one").flatten().expect("a text")).collect()
}

/// A CSV file of courses is imported completely, or refused with all its invalid lines.
#[test]
fn course_import_is_all_or_nothing() {
    on_both(|engine| {
        let mut company = Company::new(engine);
        company.text.push_str("[[course]]\ncode = 'FILE-1'\ntitle = 'Of the file'\n");
        company.sync();
        let site = company.serve();
        let api = ApiClient::new(&company, &site, Role::Manager);
        let good = send(&api, "title,code\nData protection,GDPR\n\"Ladders, safely\",SAFE\n")
            .expect_status(200)
            .body;
        assert_eq!(good["done"], "imported 2 courses");
        let columns = "actor || ': ' || what || ' ' || made";
        let recorded = company.query_value(&format!("SELECT {columns} FROM runs WHERE id = {}", good["run"]));
        assert_eq!(recorded, r#"token a manager: import courses {"courses":2}"#);
        let there = ["FILE-1 Of the file file", "GDPR Data protection hand", "SAFE Ladders, safely hand"];
        assert_eq!(catalogue(&company), there);
        let bad = send(&api, "code,title\nNEW,New\nA,\nB,one,two\n");
        bad.expect_problem(422, None);
        assert_eq!(bad.body["line"], 3);
        let said = "Line 3: a course must have a code and a title; line 4: 3 fields instead of 2: put titles that contain \
                    commas in quotes.";
        assert_eq!(bad.body["detail"], said);
        let owned = send(&api, "code,title\nNEW,New\nfile-1,Mine\n");
        owned.expect_problem(422, None);
        assert_eq!(owned.body["line"], 3);
        assert_eq!(catalogue(&company), there, "all or nothing");
        let none = send(&api, "code,title\n").expect_status(200).body;
        assert_eq!((&none["run"], &none["done"]), (&json!(null), &"imported 0 courses".into()));
        send(&api, "").expect_problem(422, None);
        send(&api, &format!("code,title\nA,{}\n", "x".repeat(1 << 20))).expect_problem(413, None);
        let json = [("content-type", "application/json")];
        api.send("POST", "/courses/import", &json, Some("{}")).expect_problem(415, None);
        send(&api, "code,title\ngdpr,Data protection 2\n").expect_status(200);
        assert!(catalogue(&company).contains(&"GDPR Data protection 2 hand".to_owned()));
        site.end();
    });
}

/// The command imports the same CSV file and reports the same lines.
#[test]
fn course_import_command_reports_same_lines() {
    let company = Company::new(Engine::Sqlite);
    let file = company.folder.path().join("courses.csv");
    let name = file.display().to_string();
    let import = |text: &str| {
        std::fs::write(&file, text).expect("a file");
        company.rollcall(&["courses", "import", &name])
    };
    let done = import("code,title\nGDPR,Data protection\nSAFE,Ladders\n").expect_status(0);
    assert!(done.out.contains(&format!("2 courses of `{name}` are in the catalogue")), "{done:?}");
    let bad = import("code,title\nNEW,New\n,None\n").expect_status(1);
    assert!(bad.err.contains(&format!("{name}, line 3: a course must have a code and a title")), "{bad:?}");
    let none = import("code,title\n").expect_status(0);
    assert!(none.err.contains(&format!("`{name}` does not contain a course")), "{none:?}");
    assert_eq!(catalogue(&company), ["GDPR Data protection hand", "SAFE Ladders hand"]);
}

/// The page imports the pasted text and keeps it if a line is invalid.
#[test]
fn course_import_page_keeps_invalid_input() {
    let company = Company::new(Engine::Sqlite);
    company.account("boss@corp.example", Role::Manager);
    let site = company.serve();
    company.runtime.block_on(async {
        let boss = site.open_window("boss@corp.example", false).await;
        boss.go("/courses").await;
        boss.fill("Sheet of courses", "code,title\nGDPR,Data protection\nSAFE,").await;
        boss.click("Import courses").await;
        boss.says("Line 3: a course must have a code and a title").await;
        let kept = boss.value("Sheet of courses").await;
        assert_eq!(kept.replace('\r', ""), "code,title\nGDPR,Data protection\nSAFE,");
        boss.fill("Sheet of courses", "code,title").await;
        boss.click("Import courses").await;
        boss.says("The file does not contain a course below the first line").await;
        boss.fill("Sheet of courses", "code,title\nGDPR,Data protection\nSAFE,Ladders").await;
        boss.click("Import courses").await;
        boss.says("import courses").await;
        boss.says("Ladders").await;
        boss.close().await;
    });
    assert_eq!(catalogue(&company), ["GDPR Data protection hand", "SAFE Ladders hand"]);
    site.end();
}
