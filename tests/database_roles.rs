//! A PostgreSQL service that does not own its schema, as `docs/operations.md` sets it up, and `rollcall migrate`.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use rollcall_model::role::Role;
use serde_json::Value;

use crate::support::company::Company;
use crate::support::database::TestDatabase;
use crate::support::postgres::{BIN, PostgresServer, without_rights};
use crate::support::program::{CommandOutput, rollcall_command, run_to_end};
use crate::support::web::LICENSE_HOLDER;

/// The blocks of SQL of the document, in their order: new roles, the list of migrations, an existing schema.
fn documented_sql() -> Vec<&'static str> {
    let text = include_str!("../docs/operations.md");
    let section =
        text.split("## A service that does not own the PostgreSQL schema").nth(1).expect("the section");
    let section = section.split("\n## ").next().expect("the section");
    let blocks = section.split("```sql\n").skip(1);
    blocks.map(|block| block.split("```").next().expect("the end of a block")).collect()
}

/// Runs statements with `psql` as a superuser.
fn run_psql(server: &PostgresServer, sql: &str) {
    let mut psql = without_rights(&format!("{BIN}/psql"));
    psql.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", &server.url("postgres")]);
    let mut psql = psql.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("psql starts");
    psql.stdin.take().expect("a pipe").write_all(sql.as_bytes()).expect("written");
    let output = psql.wait_with_output().expect("psql ends");
    assert!(output.status.success(), "{}\n{sql}", String::from_utf8_lossy(&output.stderr));
}

/// The URL of the database `rollcall` for a role.
fn url_of(server: &PostgresServer, role: &str) -> String {
    format!("postgres://{role}:secret@127.0.0.1:{}/rollcall", server.port())
}

/// Runs a command on a file that names a database and nothing else.
fn run_with_url(folder: &Path, url: &str, args: &[&str]) -> CommandOutput {
    let file = folder.join("database.toml");
    fs::write(&file, "[database]\nurl_env = 'DATABASE'\n").expect("written");
    run_to_end(rollcall_command(&file).env("DATABASE", url).args(args))
}

/// A company that syncs, holds, approves, takes back and shows pages as a role that may change rows alone.
fn use_company(url: String) {
    let mut company = Company::with(TestDatabase::at(url), tempfile::tempdir().expect("a folder"));
    company.departments();
    company.use_default_limits();
    company.course_for("GDPR", "Sales", "due_days = 30");
    company.hire_many("s", 30, &[("department", "Sales")]);
    company.sync();
    assert_eq!(company.members("Sales").len(), 30);
    company.leave_many("s", 20);
    let run = company.sync_with_hold().run.expect("a number");
    let approved = company.approve(run).expect("approved");
    assert_eq!(company.members("Sales").len(), 10);
    company.undo(approved.run.0).expect("undone");
    assert_eq!(company.members("Sales").len(), 30);
    company.verify();
    company.rollcall(&["verify"]).expect_status(0);
    company.account(LICENSE_HOLDER, Role::LicenseHolder);
    let site = company.serve();
    company.runtime.block_on(async {
        let client = site.signed_in_client(LICENSE_HOLDER).await;
        for path in ["/groups", "/learners?q=s1", "/sync", "/settings/health", "/settings/changes"] {
            assert_eq!(client.get(path).await.status, 200, "{path}");
        }
    });
    site.end();
}

/// The documented roles are enough: one owns the schema and migrates, the other changes rows and runs the service.
#[test]
fn service_needs_no_ownership_of_postgres_schema() {
    let server = PostgresServer::start();
    let (owner, service) = (url_of(&server, "rollcall_owner"), url_of(&server, "rollcall"));
    let folder = tempfile::tempdir().expect("a folder");
    let rollcall = |url: &str, args: &[&str]| run_with_url(folder.path(), url, args);
    let sql = documented_sql();
    let [roles, list_of_migrations, _existing] = sql[..] else { panic!("{sql:?}") };
    run_psql(&server, roles);
    let refused = rollcall(&service, &["run"]).expect_status(1);
    assert!(refused.err.contains("its role may not change the schema"), "{refused:?}");
    assert!(refused.err.contains("hint: run `rollcall migrate`"), "{refused:?}");
    rollcall(&service, &["migrate", "--status"]).expect_status(1);
    let done = rollcall(&owner, &["migrate"]).expect_status(0);
    assert_eq!(done.out, "applied 7 migrations, the schema is at version 7\n");
    run_psql(&server, list_of_migrations);
    rollcall(&service, &["migrate", "--status"]).expect_status(0);
    use_company(service.clone());
    // The next version of the program brings a migration that the database lacks.
    run_psql(&server, "\\connect rollcall\nDELETE FROM schema_migrations WHERE version = 7;");
    for command in ["run", "migrate"] {
        let refused = rollcall(&service, &[command]).expect_status(1);
        assert!(refused.err.contains("is at version 6, this rollcall needs version 7"), "{refused:?}");
    }
}

/// A schema that the service owned goes to another role, and the service goes on.
#[test]
fn existing_postgres_schema_is_given_to_another_role() {
    let server = PostgresServer::start();
    let service = url_of(&server, "rollcall");
    run_psql(
        &server,
        "CREATE ROLE rollcall_owner LOGIN; CREATE ROLE rollcall LOGIN; CREATE DATABASE rollcall OWNER rollcall;",
    );
    let folder = tempfile::tempdir().expect("a folder");
    run_with_url(folder.path(), &service, &["groups", "list"]).expect_status(0);
    run_psql(&server, documented_sql()[2]);
    use_company(service);
    run_psql(&server, "\\connect rollcall\nDELETE FROM schema_migrations WHERE version = 7;");
    let refused = run_with_url(folder.path(), &url_of(&server, "rollcall"), &["groups", "list"]);
    let refused = refused.expect_status(1);
    assert!(refused.err.contains("its role may not change the schema"), "{refused:?}");
}

/// A role without grants is told where they are listed.
#[test]
fn role_without_grants_is_told_where_they_are() {
    let server = PostgresServer::start();
    let folder = tempfile::tempdir().expect("a folder");
    run_psql(
        &server,
        "CREATE ROLE rollcall_owner LOGIN; CREATE ROLE rollcall LOGIN; CREATE DATABASE rollcall OWNER rollcall_owner;",
    );
    run_with_url(folder.path(), &url_of(&server, "rollcall_owner"), &["migrate"]).expect_status(0);
    let refused = run_with_url(folder.path(), &url_of(&server, "rollcall"), &["groups", "list"]);
    let refused = refused.expect_status(1);
    assert!(refused.err.contains("could not read the applied migrations"), "{refused:?}");
    assert!(refused.err.contains("`docs/operations.md`"), "{refused:?}");
}

/// The list of migrations creates no database; the migration applies each once.
#[test]
fn migrate_applies_what_is_missing_and_status_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}/rollcall.db", folder.path().display());
    let rollcall = |args: &[&str]| run_with_url(folder.path(), &url, args);
    let is_applied = |one: &Value| one["applied_at"].is_string();
    let before = rollcall(&["migrate", "--status", "--json"]).expect_status(1).json();
    assert!(before["current"] == false && before["version"] == 0, "{before}");
    assert!(!before["migrations"].as_array().expect("a list").iter().any(is_applied), "{before}");
    assert!(!folder.path().join("rollcall.db").exists(), "looking creates no database");
    let done = rollcall(&["migrate", "--json"]).expect_status(0).json();
    assert_eq!(done["applied"].as_array().map(Vec::len), done["migrations"].as_array().map(Vec::len));
    assert!(done["migrations"].as_array().expect("a list").iter().all(is_applied), "{done}");
    assert_eq!(
        rollcall(&["migrate"]).expect_status(0).out,
        "applied 0 migrations, the schema is at version 7\n"
    );
    let listed = rollcall(&["migrate", "--status"]).expect_status(0).out;
    assert!(listed.contains("limits sign in") && !listed.contains("missing"), "{listed}");
}
