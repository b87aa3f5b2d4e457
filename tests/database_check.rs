//! `rollcall check` and the database.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::postgres::{self, PostgresServer};
use crate::support::program::{rollcall_command, run_to_end};

/// The file of a company without a connector, with another database.
fn write_with_database(folder: &Path, url: &str) -> PathBuf {
    let path = folder.join("rollcall.toml");
    fs::write(&path, format!("[database]\nurl = '{url}'\n")).expect("written");
    path
}

/// `check` opens the database, names what is wrong with it, and creates nothing.
#[test]
fn check_reports_a_database_that_cannot_be_used() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("damaged.db"), "this is no database ".repeat(500)).expect("written");
    fs::create_dir(folder.path().join("folder.db")).expect("made");
    let free_port =
        TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let refused = format!("postgres://rollcall:secret@127.0.0.1:{free_port}/rollcall");
    for (url, words) in [
        ("sqlite://no-such-folder/rollcall.db", ["no-such-folder", "No such file"]),
        ("sqlite://damaged.db", ["damaged", "not an SQLite database"]),
        ("sqlite://folder.db", ["folder.db", "directory"]),
        (&refused, [&format!("the database `127.0.0.1:{free_port}` does not answer"), "refused"]),
    ] {
        let path = write_with_database(folder.path(), url);
        let checked = run_to_end(rollcall_command(&path).args(["check", "--json"])).expect_status(1).json();
        let message = checked["database"]["message"].as_str().unwrap_or_default();
        assert!(
            words.iter().all(|word| message.contains(word)) && !message.contains("secret"),
            "{url}: {message}"
        );
        let printed = run_to_end(rollcall_command(&path).arg("check")).expect_status(1);
        assert!(printed.out.contains("FAIL  open") && printed.err.contains("hint:"), "{url}: {printed:?}");
        run_to_end(rollcall_command(&path).args(["check", "--offline"])).expect_status(0);
    }
    let path = write_with_database(folder.path(), "sqlite://new.db");
    let checked = run_to_end(rollcall_command(&path).args(["check", "--json"])).expect_status(0).json();
    assert_eq!(checked["database"]["ok"], true, "{checked}");
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .expect("the folder")
        .map(|file| file.expect("a file").file_name().into_string().expect("a plain name"))
        .collect();
    names.sort();
    assert_eq!(names, ["damaged.db", "folder.db", "rollcall.toml"], "nothing was made");
}

/// `check` reads the schema of the database on both engines and leaves the database as it is.
#[test]
fn check_reads_the_database() {
    on_both(|engine| {
        let company = Company::new(engine);
        let checked = company.json(&["check"]);
        assert_eq!(checked["database"]["ok"], true, "{checked}");
        assert!(checked["database"]["message"].as_str().is_some_and(|text| text.starts_with("version ")));
    });
}

/// Returns what commands say of a database of the file: `check` as a step, and every other command as its error.
fn error_texts(folder: &Path, url: &str) -> [String; 2] {
    let path = write_with_database(folder, url);
    let checked = run_to_end(rollcall_command(&path).arg("check")).expect_status(1);
    let listed = run_to_end(rollcall_command(&path).args(["groups", "list"])).expect_status(1);
    [checked.out + &checked.err, listed.err]
}

/// A server that refuses the password and a database that does not exist are named, with what to do.
#[test]
fn server_that_refuses_the_account_or_the_database_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = PostgresServer::start();
    server.require_passwords();
    let (strict, open) = (server.port(), postgres::shared_server().port());
    for (url, parts) in [
        (
            server.url("postgres"),
            [
                format!("the database server `127.0.0.1:{strict}` refuses the account `postgres`"),
                "password authentication failed".to_owned(),
                "check the account and the password in `database.url`".to_owned(),
            ],
        ),
        (
            postgres::url(open, "no_such_database"),
            [
                format!("the database `no_such_database` does not exist at `127.0.0.1:{open}`"),
                "check the name in `database.url`".to_owned(),
                "createdb".to_owned(),
            ],
        ),
    ] {
        for text in error_texts(folder.path(), &url) {
            assert!(parts.iter().all(|part| text.contains(part)), "{parts:?} of {text}");
            assert!(!text.contains("open-sesame-PG"), "{text}");
        }
    }
}

/// A SQLite file whose content is damaged behind its first page is named, with what to do.
#[test]
fn damaged_file_is_named() {
    let company = Company::new(Engine::Sqlite);
    company.runtime.block_on(company.store.close());
    let file = company.folder.path().join("rollcall.db");
    let mut bytes = fs::read(&file).expect("the database");
    bytes[4096..].fill(0xA5);
    fs::write(&file, bytes).expect("written");
    for text in error_texts(company.folder.path(), &company.db.url) {
        assert!(text.contains(&format!("the database file `{}` is damaged", file.display())), "{text}");
        assert!(text.contains("restore the file from a backup"), "{text}");
    }
}
