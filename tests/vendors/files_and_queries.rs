//! Files of JSON and queries against other databases.

use std::path::Path;

use rollcall_config::Config;
use rollcall_connectors::{ConnectorError, DirectoryReading};
use rollcall_model::resource_limits::ResourceLimit;

use crate::support::database::{Engine, TestDatabase, on_both};
use crate::support::postgres::{self, PostgresServer};
use crate::support::{external_ids, single_attempt};

fn read(text: &str, folder: &Path) -> Result<DirectoryReading, ConnectorError> {
    let config = Config::parse(text, &folder.join("rollcall.toml"), &|_| None);
    let config = config.unwrap_or_else(|wrong| panic!("{wrong}\n{text}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(config.connectors[0].read(&config.attributes, &single_attempt()))
}

pub(super) fn of_file(json: &[u8], more: &str) -> Result<DirectoryReading, ConnectorError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("people.json");
    std::fs::write(&path, json).expect("a file");
    let text = format!(
        "[[connector]]\nname = 'hr'\nkind = 'json_file'\npath = '{}'\n{more}\n[connector.attributes]\nid = 'id'\n\
         email = \"mails[?@.work==true].to\"\ndepartment = 'org.department'\n",
        path.display()
    );
    read(&text, folder.path())
}

fn person(id: usize) -> String {
    format!(
        "{{\"id\": {id}, \"mails\": [{{\"to\": \"home{id}@x.example\"}}, {{\"work\": true, \"to\": \"p{id}@x.example\"}}], \
         \"org\": {{\"department\": [\"Sales\", \"Bøard\"]}}, \"other\": {{\"deep\": [[1]]}}}}"
    )
}

/// An array and lines of the same people.
fn both(count: usize) -> [String; 2] {
    let people: Vec<String> = (0..count).map(person).collect();
    [format!("[\n{}\n]\n", people.join(",\n")), people.iter().map(|one| format!("{one}\n")).collect()]
}

#[test]
fn an_array_and_lines_hold_the_same_people() {
    let [array, lines] = both(300);
    let (one, other) =
        (of_file(array.as_bytes(), "").expect("read"), of_file(lines.as_bytes(), "").expect("read"));
    assert_eq!(one.people().len(), 300);
    assert_eq!(external_ids(one.people()), external_ids(other.people()));
    let row = other.people().row("7").expect("there");
    let first = |reading: &DirectoryReading, name| reading.people().first(row, name).to_owned();
    assert_eq!(first(&other, rollcall_model::attributes::Attribute::EMAIL), "p7@x.example");
    assert_eq!(first(&one, rollcall_model::attributes::Attribute::DEPARTMENT), "Bøard");
}

/// A JSON file truncated at any byte fails the reading.
#[test]
fn json_file_truncated_at_any_byte_fails() {
    for text in both(3) {
        let whole = text.trim_end().len();
        for end in 0..whole {
            let part = &text.as_bytes()[..end];
            let shown = String::from_utf8_lossy(part);
            // Cut between two lines, nothing shows it but what the settings ask for.
            let is_whole_line = part.ends_with(b"\n") && !text.starts_with('[');
            assert_eq!(of_file(part, "").is_ok(), is_whole_line, "{shown}");
            assert!(of_file(part, "min_rows = 3").is_err(), "{shown}");
        }
        assert!(of_file(text.as_bytes(), "min_rows = 3").is_ok());
    }
}

/// A value that is not a list of records is reported with its position.
#[test]
fn invalid_record_list_reports_position() {
    for (text, kind, said) in [
        ("", "incomplete", "empty"),
        ("[]", "incomplete", "no people"),
        ("[{\"id\": 1}, {\"id\": }]", "bad_file", "element 2"),
        ("{\"id\": 1}\n{\"id\" 2}\n", "bad_file", "line 2"),
        ("[{\"id\": 1}] {}", "bad_file", "after the list"),
        ("<html></html>\n", "bad_file", "web page"),
        ("<xml></xml>\n", "bad_file", "line 1"),
    ] {
        let error = of_file(text.as_bytes(), "").expect_err(text);
        assert_eq!(error.kind(), kind, "{text}: {error}");
        assert!(error.to_string().contains(said), "{text}: {error}");
    }
    // Nobody is what may be meant.
    assert_eq!(of_file(b"[]", "min_rows = 0").expect("nobody").people().len(), 0);
}

/// A list inside an object is read with `list`, and never read as nobody without it.
#[test]
fn list_inside_an_object_is_read_or_refused_with_its_path() {
    let people = r#"[{"id": 1, "org": {"department": "HR"}}, {"id": 2, "org": {}}]"#;
    for (before, list, after) in [
        (r#"{"value": "#, "value", "}"),
        (r#"{"@odata.context": "x", "id": "r1", "Report_Entry": "#, "Report_Entry", r#", "next": null}"#),
        (r#"{"d": {"__count": "2", "results": "#, "d.results", "}}"),
    ] {
        let whole = format!("{before}{people}{after}");
        let value: serde_json::Value = serde_json::from_str(&whole).expect("JSON");
        for text in
            [whole.clone(), format!("{whole}\n"), format!("{value:#}\r\n"), format!("\u{feff}{whole}")]
        {
            let read = of_file(text.as_bytes(), &format!("list = '{list}'")).expect("read");
            assert_eq!(external_ids(read.people()), ["1", "2"], "{text}");
            let error = of_file(text.as_bytes(), "").expect_err("refused");
            let told = format!("it is an object with a list at `{list}`");
            assert!(error.kind() == "bad_file" && error.to_string().contains(&told), "{text}: {error}");
            assert_eq!(error.hint().as_deref(), Some(format!("set `list = \"{list}\"`").as_str()));
            for end in 1..text.trim_end().len() {
                let cut = &text.as_bytes()[..end];
                assert!(of_file(cut, &format!("list = '{list}'")).is_err(), "{text}: {end}");
                assert!(of_file(cut, "").is_err(), "{text}: {end}");
            }
        }
        let error = of_file(whole.as_bytes(), "list = 'data.items'").expect_err("no such list");
        assert!(
            error.to_string().contains("the file has no list at `data.items`; it has the keys"),
            "{error}"
        );
    }
    let long = format!("{{\"value\": [{}]}}\n", vec![person(1); 200_000].join(","));
    assert!(long.len() > 16 << 20, "more than one record may have");
    let error = of_file(long.as_bytes(), "").expect_err("refused");
    assert!(error.to_string().contains("a list at `value`"), "{error}");
}

/// The answer of a server that is no list of people is refused with its keys.
#[test]
fn object_without_people_is_refused_with_its_keys() {
    for text in ["{\"error\": {\"code\": 401}}\n", "{\n  \"error\": \"no access\"\n}\n", "[{\"error\": 1}]"] {
        let error = of_file(text.as_bytes(), "").expect_err("refused");
        assert!(error.to_string().ends_with("it has the keys `error`"), "{text}: {error}");
    }
    let empty = of_file(b"{\"value\": []}", "list = 'value'").expect_err("nobody");
    assert!(empty.to_string().contains("contains no people"), "{empty}");
}

/// PowerShell writes JSON in UTF-16, and old systems in Windows-1252.
#[test]
fn json_file_is_read_in_its_encoding() {
    let text = "[{\"id\": 1, \"org\": {\"department\": \"Größe\"}}]\r\n";
    let utf16: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(c).expect("of Latin-1")).collect();
    for (content, more) in [(&utf16, ""), (&latin, "encoding = 'windows-1252'")] {
        let read = of_file(content, more).expect("read");
        assert_eq!(read.people().first(0, rollcall_model::attributes::Attribute::DEPARTMENT), "Größe");
    }
    let error = of_file(&latin, "").expect_err("not UTF-8");
    assert!(error.to_string().ends_with("element 1 is not UTF-8"), "{error}");
    let error = of_file(b"PK\x03\x04", "").expect_err("a workbook");
    assert!(error.to_string().contains("Excel workbook"), "{error}");
}

fn of_query(url: &str, query: &str, more: &str) -> Result<DirectoryReading, ConnectorError> {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "[[connector]]\nname = 'hr'\nkind = 'sql'\ndatabase_url = '{url}'\nquery = '''{query}'''\n{more}\n\
         [connector.attributes]\nid = 'id'\nemail = 'mail'\ndepartment = 'department'\nstart_date = 'since'\n"
    );
    read(&text, folder.path())
}

/// A query returns people, and its row count proves completeness.
#[test]
fn query_row_count_proves_completeness() {
    on_both(|engine| {
        let folder = tempfile::tempdir().expect("a folder");
        let db = TestDatabase::new(engine, folder.path());
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        // The tables of rollcall itself are a database like any other.
        drop(runtime.block_on(db.open()));
        let run = |sql: &str| runtime.block_on(db.sql(sql));
        run("CREATE TABLE hr (no BIGINT, mail TEXT, \"Department\" TEXT, since DATE)");
        for number in 1..=700 {
            run(&format!(
                "INSERT INTO hr VALUES ({number}, 'p{number}@x.example', 'Sales; -- x', '2024-03-0{}')",
                number % 9 + 1
            ));
        }
        run("INSERT INTO hr VALUES (701, NULL, '', NULL)");
        let query = "SELECT no AS id, mail, \"Department\" AS department, since FROM hr; ";
        let url = db.url.as_str();
        let reading = of_query(url, query, "").expect("people");
        assert_eq!(reading.people().len(), 701);
        let row = reading.people().row("9").expect("there");
        assert_eq!(
            reading.people().first(row, rollcall_model::attributes::Attribute::START_DATE),
            "2024-03-01"
        );
        assert_eq!(
            reading.people().first(row, rollcall_model::attributes::Attribute::DEPARTMENT),
            "Sales; -- x"
        );
        assert!(of_query(url, query, "count_query = 'SELECT count(*) FROM hr'").is_ok());
        let counted =
            of_query(url, query, "count_query = 'SELECT count(*) + 1 FROM hr'").expect_err("too few");
        assert_eq!((counted.kind(), counted.to_string().contains("702")), ("incomplete", true), "{counted}");
        let missing = of_query(url, "SELECT no AS id, mail FROM hr", "").expect_err("no columns");
        assert!(missing.to_string().contains("`department`, `since`"), "{missing}");
        for (query, kind) in [
            ("SELECT nothing FROM nowhere", "query"),
            ("DELETE FROM hr", "query"),
            (
                "SELECT 1 AS id, '' AS mail, '' AS department, '' AS since); DELETE FROM hr; SELECT (1",
                "query",
            ),
        ] {
            let error = of_query(url, query, "").expect_err(query);
            assert_eq!(error.kind(), kind, "{query}: {error:?}");
        }
        let left = format!("{:?}", run("SELECT count(*) FROM hr"));
        assert!(left.contains("701"), "nothing was written: {left}");
    });
}

/// A missing database is not an empty directory.
#[test]
fn missing_database_is_not_an_empty_directory() {
    let folder = tempfile::tempdir().expect("a folder");
    let nowhere = format!("sqlite://{}", folder.path().join("none.db").display());
    assert!(of_query(&nowhere, "SELECT 1 AS id, 2 AS mail, 3 AS department, 4 AS since", "").is_err());
    assert!(!folder.path().join("none.db").exists(), "reading makes no database");
    let error =
        of_query("postgres://x:sesame-99@127.0.0.1:1/hr", "SELECT 1", "").expect_err("nobody listens");
    assert!(!format!("{error:?}").contains("sesame-99"), "{error:?}");
}

/// A row that is larger than a record may be is not taken into memory.
#[test]
fn row_of_query_beyond_the_bound_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = TestDatabase::new(Engine::Postgres, folder.path());
    let most = ResourceLimit::RecordBytes.default_value();
    let query = format!("SELECT 'ada' AS id, '' AS mail, repeat('x', {most}) AS department, NULL AS since");
    let error = of_query(db.url.as_str(), &query, "").expect_err("too large");
    assert!(error.to_string().contains("exceeds the limit `record_bytes`"), "{error}");
}

/// A database that cannot be queried is named, with what is wrong and what to do.
#[test]
fn database_that_cannot_be_queried_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(file("damaged.db"), "this is no database ".repeat(500)).expect("written");
    let (strict, open) = (PostgresServer::start(), postgres::shared_server());
    strict.require_passwords();
    let free = postgres::free_port();
    for (url, text, hint) in [
        (
            format!("sqlite://{}", file("none.db")),
            format!("the database file `{}` does not exist, or cannot be read", file("none.db")),
            "check the path in `database_url`",
        ),
        (
            format!("sqlite://{}", file("damaged.db")),
            format!("the database file `{}` is damaged, or is not an SQLite database", file("damaged.db")),
            "copy the file again",
        ),
        (
            strict.url("postgres"),
            format!("the database server `127.0.0.1:{}` refuses the account `postgres`", strict.port()),
            "the account and the password in `database_url`",
        ),
        (
            postgres::url(open.port(), "no_such_database"),
            format!("the database `no_such_database` does not exist at `127.0.0.1:{}`", open.port()),
            "the name of the database in `database_url`",
        ),
        (
            postgres::url(free, "hr"),
            format!("could not connect to `127.0.0.1:{free}`"),
            "check host and port in `database_url`",
        ),
    ] {
        let error = of_query(&url, "SELECT 1 AS id", "").expect_err("unusable");
        assert_eq!(error.to_string(), format!("connector `hr`: {text}"));
        assert!(error.hint().is_some_and(|found| found.contains(hint)), "{:?}", error.hint());
        assert!(!format!("{error:?}").contains("open-sesame-PG"), "{error:?}");
    }
}
