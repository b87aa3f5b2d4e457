//! An API that nobody here wrote, read by configuration alone: `datasette` over a database of SQLite.

use std::path::PathBuf;

use rollcall_core::sync::RunOutcome;
use sqlx::{ConnectOptions, Connection};

use crate::support::company::Company;
use crate::support::database::Engine;
use crate::support::python::PythonServer;
use crate::support::{external_ids as ids_of, single_attempt};

const RULES: &str = "
[[rule]]
name = 'units'
group = 'Unit: {department}'
when = 'department != \"\"'
[[rule]]
name = 'sites'
group = 'Site: {location}'
when = 'status == \"leave\" || status == \"active\"'
";

const UNITS: [&str; 3] = ["Sales", "Care & Co", "Légal"];
const SITES: [&str; 4] = ["BER", "LYO", "KRK", "OSL"];

/// A running server and its database.
struct DatasetteServer {
    served: PythonServer,
    path: PathBuf,
    runtime: tokio::runtime::Runtime,
}

impl DatasetteServer {
    /// Starts it over so many people: each tenth has left, each tenth is away.
    fn start(people: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("hr.db");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let rows: Vec<String> = (0..people)
            .map(|number| {
                let (unit, site) = (UNITS[number % 3], SITES[number / 3 % 4]);
                let state = ["T", "L", "A", "A", "A", "A", "A", "A", "A", "A"][number % 10];
                format!("({number}, 'P{number}@corp.example', 'p{number}', '{unit}', '{site}', '{state}')")
            })
            .collect();
        runtime.block_on(execute(
            &path,
            &format!(
                "CREATE TABLE staff (no INTEGER PRIMARY KEY, mail, full_name, unit, site, state);
                 INSERT INTO staff VALUES {}",
                rows.join(",")
            ),
        ));
        Self { served: PythonServer::start("datasette", &["serve", "hr.db"], folder), path, runtime }
    }

    fn sql(&self, sql: &str) {
        self.runtime.block_on(execute(&self.path, sql));
    }

    /// A company that reads it by pages of so many.
    fn company(&self, size: usize) -> Company {
        let url = format!("http://127.0.0.1:{}/hr/staff", self.served.port);
        let mut company = Company::new(Engine::Sqlite);
        company.directories.clear();
        company.text = format!(
            "[[connector]]\nname = 'hr'\nkind = 'http_json'\nplaintext = true\nrequests_per_second = 1000\n\
             url = '{url}.json?_shape=objects'\nlist = 'rows'\ntotal = 'filtered_table_rows_count'\n\
             paging = 'next_url'\nnext = 'next_url'\nsize_param = '_size'\npage_size = {size}\n\
             email_url = '{url}.json?_shape=objects&mail__like={{email}}'\n\
             id_url = '{url}/{{id}}.json?_shape=objects'\nrecord = 'rows'\n\
             [connector.attributes]\nid = 'no'\nemail = 'mail'\nname = 'full_name'\ndepartment = 'unit'\n\
             location = 'site'\nstatus = 'state'\n[connector.status]\nactive = ['A']\nleave = ['L']\nleft = ['T']\n\
             [connector.values.location]\nBER = 'Berlin'\nLYO = 'Lyon'\nKRK = 'Kraków'\nOSL = 'Oslo'\n{RULES}"
        );
        company
    }

    /// The requests since the start, without the server's own words.
    fn asked(&self) -> Vec<String> {
        self.served.lines("\"GET /hr/staff")
    }
}

async fn execute(path: &std::path::Path, sql: &str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await.expect("a database");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect("done");
    connection.close().await.expect("closed");
}

/// Runs the one connector.
fn sync(company: &Company) -> RunOutcome {
    let report = company.run("hr", false);
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    report.outcome
}

/// The names of those of so many people who are still there, of a unit or a site.
fn expected(people: usize, is_of: impl Fn(usize) -> bool) -> Vec<String> {
    let mut names: Vec<String> = (0..people)
        .filter(|number| number % 10 != 0 && is_of(*number))
        .map(|number| format!("p{number}"))
        .collect();
    names.sort();
    names
}

/// All people of a Datasette table are read over several pages and added to their groups.
#[test]
fn datasette_table_is_read_over_several_pages() {
    let datasette = DatasetteServer::start(250);
    let company = datasette.company(60);
    assert!(matches!(sync(&company), RunOutcome::Applied));
    assert_eq!(datasette.asked().len(), 5, "{:?}", datasette.asked());
    assert_eq!(company.count_rows("learners"), 250);
    for (at, unit) in UNITS.iter().enumerate() {
        assert_eq!(company.members(&format!("Unit: {unit}")), expected(250, |number| number % 3 == at));
    }
    for (at, site) in ["Berlin", "Lyon", "Kraków", "Oslo"].iter().enumerate() {
        assert_eq!(company.members(&format!("Site: {site}")), expected(250, |number| number / 3 % 4 == at));
    }
    assert_eq!(company.groups().len(), 7);
    assert_eq!((company.status("11"), company.status("12")), ("leave".to_owned(), "active".to_owned()));
    assert!(matches!(sync(&company), RunOutcome::Unchanged));
    company.drain();
    company.verify();
}

/// A person who is deleted from a Datasette table is looked up by id and then leaves.
#[test]
fn person_deleted_from_datasette_leaves_after_lookup() {
    let datasette = DatasetteServer::start(100);
    let company = datasette.company(40);
    assert!(matches!(sync(&company), RunOutcome::Applied));
    datasette.sql("DELETE FROM staff WHERE no = 71; UPDATE staff SET state = 'T' WHERE no = 72");
    assert!(matches!(sync(&company), RunOutcome::Applied));
    let by_id: Vec<String> =
        datasette.asked().into_iter().filter(|line| line.contains("/hr/staff/")).collect();
    assert!(by_id.len() == 1 && by_id[0].contains("/71.json") && by_id[0].contains(" 404"), "{by_id:?}");
    let status = ["71", "72", "73"].map(|id| company.status(id));
    assert_eq!(status, ["left", "left", "active"]);
    assert_eq!(company.members("Unit: Légal").len(), expected(100, |number| number % 3 == 2).len() - 1);
}

/// A person in a Datasette table is found by address and by id.
#[test]
fn datasette_lookup_by_email_and_id() {
    let datasette = DatasetteServer::start(100);
    let mut company = datasette.company(40);
    let look_up = |company: &Company, ids: &[&str]| {
        let (config, once) = (company.config(), single_attempt());
        let asked: Vec<String> = ids.iter().map(|&id| id.to_owned()).collect();
        let found = config.connectors[0].look_up(&asked, &config.attributes, &once);
        let found = company.runtime.block_on(found).expect("an answer");
        found.iter().flat_map(ids_of).collect::<Vec<String>>()
    };
    assert_eq!(look_up(&company, &["5", "4711"]), ["5"]);
    // The same as a question to the list, which has nobody for whom it does not know.
    company.text = company.text.replace("/{id}.json?_shape=objects", ".json?_shape=objects&no={id}");
    assert_eq!(look_up(&company, &["4711", "9/9 & x", "5"]), ["5"]);
    let before = datasette.asked().len();
    company.rollcall(&["sync", "--only", "p17@CORP.example"]).expect_status(0);
    assert_eq!(datasette.asked().len() - before, 1);
    assert_eq!(company.members("Unit: Légal"), ["p17"]);
    assert_eq!(company.count_rows("learners"), 1);
}

/// A lookup of one id that returns many people removes nobody.
#[test]
fn lookup_returning_many_people_removes_nobody() {
    let datasette = DatasetteServer::start(100);
    let mut company = datasette.company(40);
    assert!(matches!(sync(&company), RunOutcome::Applied));
    // As an API does that ignores what it does not know.
    company.text = company.text.replace("/{id}.json?_shape=objects", ".json?_shape=objects&_nofacet={id}");
    datasette.sql("DELETE FROM staff WHERE no = 72");
    match sync(&company) {
        RunOutcome::Failed(error) => assert_eq!(error.kind(), "malformed", "{error}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(company.status("72"), "active");
}
