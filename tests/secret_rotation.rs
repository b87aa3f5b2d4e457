//! Secrets of sources that change while a service runs.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rollcall_core::sync::{RunOutcome, RunReport};

use crate::service::{allow_runs, refuse_runs};
use crate::support::company::{Company, run};
use crate::support::database::{Engine, on_both};
use crate::support::program::{RunningProgram, rollcall_command, wait_until};

/// A person whose department is the name of the database in the secret.
const QUERY: &str = "SELECT 'ada' AS id, 'ada@corp.example' AS email, CASE WHEN file LIKE '%/HR.db' THEN 'HR' ELSE 'Sales' END \
     AS department FROM pragma_database_list WHERE name = 'main'";

fn company(engine: Engine) -> Company {
    let mut company = Company::new(engine);
    company.departments();
    company.directory(
        "hr",
        &["id", "email", "department"],
        &format!("kind = 'sql'\ndatabase_url_file = 'secret'\nschedule = '0 0 1 1 *'\nquery = \"{QUERY}\""),
    );
    for name in ["Sales.db", "HR.db"] {
        fs::write(company.folder.path().join(name), "").expect("an empty database");
    }
    write_secret(&company, "Sales");
    company
}

fn write_secret(company: &Company, name: &str) {
    let path = company.folder.path().join("secret");
    let url = format!("sqlite://{}\n", company.folder.path().join(format!("{name}.db")).display());
    fs::write(&path, url).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
}

fn remove_secret(company: &Company) {
    fs::remove_file(company.folder.path().join("secret")).expect("removed");
}

/// A secret is read anew for each run, with the configuration that was loaded before. A secret that is gone fails the run,
/// which names the file and the key and changes nothing.
#[test]
fn secret_is_read_anew_for_each_run() {
    on_both(|engine| {
        let company = company(engine);
        let config = company.config();
        let sync = || -> RunReport { company.runtime.block_on(run(&company.store, &config, "hr", false)) };
        assert!(matches!(sync().outcome, RunOutcome::Applied));
        assert_eq!(company.members("Sales").len(), 1);
        write_secret(&company, "HR");
        assert!(matches!(sync().outcome, RunOutcome::Applied));
        assert_eq!((company.members("Sales").len(), company.members("HR").len()), (0, 1));
        remove_secret(&company);
        let before = company.contents();
        let report = sync();
        let RunOutcome::Failed(error) = report.outcome else { panic!("{:?}", report.outcome) };
        let text = error.to_string();
        assert!(text.contains("/secret` (`database_url_file`) cannot be read"), "{text}");
        assert_eq!(company.contents(), before);
        write_secret(&company, "Sales");
        sync();
        assert_eq!(company.members("Sales").len(), 1);
    });
}

/// A scheduled run uses the secret of its time, not that of the start of the service. Without one it fails, and the
/// schedule goes on.
#[test]
fn scheduled_run_uses_the_secret_of_its_time() {
    on_both(|engine| {
        for (secret, status) in [(Some("HR"), "applied"), (None, "failed")] {
            let company = company(engine);
            company.rollcall(&["sync"]).expect_status(0);
            company.sql("UPDATE connectors SET scheduled_until = '2020-06-01T00:00:00+00:00'");
            refuse_runs(&company);
            let mut service = RunningProgram::start(rollcall_command(&company.write()).arg("run"));
            service.wait_for_log("could not check a schedule");
            match secret {
                Some(name) => write_secret(&company, name),
                None => remove_secret(&company),
            }
            allow_runs(&company);
            let ended = format!("runs WHERE actor = 'schedule' AND status = '{status}'");
            wait_until("the scheduled run has ended", || company.count_rows(&ended) == 1);
            service.signal("TERM");
            assert!(service.wait().success());
            if secret.is_some() {
                assert_eq!(company.members("HR").len(), 1);
                continue;
            }
            let kind = "SELECT error_kind FROM runs WHERE actor = 'schedule'";
            assert_eq!(company.query_value(kind), "unusable_secret");
            assert_eq!(company.members("Sales").len(), 1);
            assert_eq!(company.count_rows("connectors WHERE scheduled_until < '2021-01-01'"), 0);
        }
    });
}
