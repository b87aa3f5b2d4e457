//! `rollcall check` and the database.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use crate::support::company::Company;
use crate::support::database::on_both;
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
        (&refused, ["does not answer", "refused"]),
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
