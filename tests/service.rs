//! The service, through the program: schedules, signals and logs.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::program::{RunningProgram, rollcall_command, wait_until};

/// A server that takes connections and never answers.
pub(crate) fn silent_server() -> (TcpListener, String) {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ldap://{}", server.local_addr().expect("an address"));
    (server, url)
}

/// The lines of a connector that reads from there.
pub(crate) fn ldap(url: &str) -> String {
    format!("kind = 'ldap'\nurl = '{url}'\nplaintext = true\nbase_dn = 'dc=x'\n")
}

/// One person in Sales, read once a year.
fn company(engine: Engine) -> Company {
    let mut company = Company::staffed(engine, &[("ada", "Sales")]);
    company.settings("hr", YEARLY);
    company.head = "[web]\nlisten = '127.0.0.1:0'\n".to_owned();
    company
}

/// A schedule that is due at no time while a test runs, but for what it missed.
const YEARLY: &str = "schedule = '0 0 1 1 *'";

/// The schedule was served last some years ago.
fn miss_some_runs(company: &Company) {
    company.sql("UPDATE connectors SET scheduled_until = '2020-06-01T00:00:00+00:00'");
}

/// A service that also logs each check of its schedules.
fn start(company: &Company) -> RunningProgram {
    let mut command = rollcall_command(&company.write());
    RunningProgram::start(command.env("RUST_LOG", "info,rollcall_service=trace").arg("run"))
}

/// No run can begin.
pub(crate) fn refuse_runs(company: &Company) {
    company.sql(company.db.pick(
        "CREATE TRIGGER refuse BEFORE INSERT ON runs BEGIN SELECT RAISE(ABORT, 'not now'); END",
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not now'; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON runs FOR EACH ROW EXECUTE FUNCTION refuse()",
    ));
}

/// Runs can begin again.
pub(crate) fn allow_runs(company: &Company) {
    company.sql(company.db.pick("DROP TRIGGER refuse", "DROP TRIGGER refuse ON runs"));
}

/// Waits until a service has checked its schedules from beginning to end.
fn wait_for_schedule_check(service: &RunningProgram) {
    let line = "checked the schedules";
    // The check that ends next may have begun before.
    service.wait_for_lines(line, service.count_log_lines(line) + 2);
}

fn end(mut service: RunningProgram) {
    let since = Instant::now();
    service.signal("TERM");
    let status = service.wait();
    assert!(status.success(), "{status}: {:?}", service.log());
    assert!(since.elapsed() < Duration::from_secs(10));
}

/// A missed schedule runs once, independent of the number of services.
#[test]
fn missed_schedule_runs_once_across_services() {
    on_both(|engine| {
        let company = company(engine);
        company.rollcall(&["sync"]).expect_status(0);
        miss_some_runs(&company);
        let services = [start(&company), start(&company)];
        let scheduled = "runs WHERE actor = 'schedule'";
        wait_until("a scheduled run has ended", || {
            company.count_rows(&format!("{scheduled} AND finished_at IS NOT NULL")) > 0
        });
        services.iter().for_each(wait_for_schedule_check);
        assert_eq!(company.count_rows(scheduled), 1);
        services.into_iter().for_each(end);
        assert_eq!(company.count_rows("nodes"), 0);
    });
}

/// A scheduled run that could not start stays due.
#[test]
fn failed_start_of_scheduled_run_stays_due() {
    on_both(|engine| {
        let company = company(engine);
        company.rollcall(&["sync"]).expect_status(0);
        miss_some_runs(&company);
        refuse_runs(&company);
        let service = start(&company);
        service.wait_for_log("could not check a schedule");
        allow_runs(&company);
        wait_until("the run is made up for", || company.count_rows("runs WHERE actor = 'schedule'") > 0);
        end(service);
    });
}

/// A new connector has no missed runs.
#[test]
fn new_connector_has_no_missed_runs() {
    on_both(|engine| {
        let company = company(engine);
        let service = start(&company);
        wait_for_schedule_check(&service);
        assert_eq!((company.count_rows("connectors"), company.count_rows("runs")), (1, 0));
        end(service);
    });
}

#[test]
fn the_service_drains_what_others_enqueue() {
    on_both(|engine| {
        let mut company = company(engine);
        company.settings("hr", "");
        company.course_for("GDPR", "Sales", "");
        let service = start(&company);
        company.rollcall(&["sync", "--no-drain"]).expect_status(0);
        wait_until("the queue is empty", || company.count_rows("jobs") == 0);
        company.verify();
        company.rollcall(&["health"]).expect_status(0);
        end(service);
        company.rollcall(&["health"]).expect_status(1);
    });
}

/// A service that is stopped during a reading rolls the run back and ends in time.
#[test]
fn shutdown_during_reading_rolls_run_back() {
    on_both(|engine| {
        let mut company = company(engine);
        company.rollcall(&["sync"]).expect_status(0);
        let (silent, url) = silent_server();
        company.settings("hr", &format!("{YEARLY}\n{}", ldap(&url)));
        miss_some_runs(&company);
        let before = company.contents();
        let service = start(&company);
        silent.accept().expect("it connects");
        end(service);
        let mut after = company.contents();
        for table in ["nodes", "invitations", "queue_samples"] {
            after.insert(table.to_owned(), before[table].clone());
        }
        assert_eq!(after, before);
        assert_eq!(company.count_rows("runs WHERE status = 'running'"), 0);
        assert_eq!(company.query_value("SELECT error_kind FROM runs WHERE actor = 'schedule'"), "stopped");
    });
}

/// A reload ignores an invalid configuration and applies a valid one.
#[test]
fn reload_ignores_invalid_config() {
    on_both(|engine| {
        let mut company = company(engine);
        company.settings("hr", "");
        let service = start(&company);
        service.wait_for_log("service started");
        let path = company.write();
        fs::write(&path, "timezone = 'Nowhere'\n").expect("written");
        service.signal("HUP");
        service.wait_for_log("keeps the previous configuration");
        company.rollcall(&["sync"]).expect_status(0);
        company.settings("hr", YEARLY);
        company.sql("UPDATE connectors SET schedule = '0 0 1 1 *'");
        miss_some_runs(&company);
        company.write();
        service.signal("HUP");
        service.wait_for_log("configuration reloaded");
        wait_until("the new schedule runs", || company.count_rows("runs WHERE actor = 'schedule'") > 0);
        end(service);
    });
}

/// A pipe in the place of the configuration file is refused: nobody writes to it, and the service goes on and ends in time.
#[test]
fn pipe_as_configuration_file_does_not_stop_the_service() {
    let company = company(Engine::Sqlite);
    let service = start(&company);
    service.wait_for_log("service started");
    let path = company.write();
    fs::remove_file(&path).expect("removed");
    let made = std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo runs");
    assert!(made.success());
    service.signal("HUP");
    service.wait_for_log("it is not a regular file");
    wait_for_schedule_check(&service);
    end(service);
}

/// The log is JSON and contains no personal data.
#[test]
fn log_is_json_without_personal_data() {
    on_both(|engine| {
        let company = company(engine);
        company.rollcall(&["sync"]).expect_status(0);
        miss_some_runs(&company);
        let service = start(&company);
        service.wait_for_log("finished a run");
        let log = service.log();
        for line in &log {
            let line: serde_json::Value =
                serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
            assert!(
                line["timestamp"].is_string() && line["level"].is_string() && line["message"].is_string(),
                "{line}"
            );
        }
        let all = log.join("\n");
        assert!(!all.contains("ada") && !all.contains("corp.example"), "{all}");
        end(service);
    });
}
