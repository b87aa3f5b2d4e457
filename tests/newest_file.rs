//! The newest complete file of a folder.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rollcall_config::Config;
use rollcall_connectors::{ConnectorError, DirectoryReading, ReadContext};
use rollcall_core::sync::RunOutcome;
use rollcall_model::resource_limits::{ResourceLimit, ResourceLimits};
use tempfile::TempDir;

use crate::support::company::Company;
use crate::support::database::{Engine, on_both};
use crate::support::{external_ids, single_attempt};

/// Files of a kind, each with one person who is called as the file is.
struct Drop {
    folder: TempDir,
    kind: &'static str,
}

impl Drop {
    fn new(kind: &'static str) -> Self {
        Self { folder: TempDir::new().expect("a folder"), kind }
    }

    /// Writes a file that is so many hours old.
    fn write(&self, name: &str, hours: u64) {
        let text = match self.kind {
            "csv" => format!("id,email\n{name},one@corp.example\n"),
            _ => format!("[{{\"id\": \"{name}\", \"email\": \"one@corp.example\"}}]"),
        };
        write_aged(&self.folder.path().join(name), text.as_bytes(), hours);
    }

    fn config(&self, settings: &str) -> Config {
        let text = format!(
            "[[connector]]\nname = 'hr'\nkind = '{}'\n{settings}\n[connector.attributes]\nid = 'id'\nemail = 'email'\n",
            self.kind
        );
        let config = Config::parse(&text, &self.folder.path().join("rollcall.toml"), &|_| None);
        config.unwrap_or_else(|wrong| panic!("{wrong}\n{text}"))
    }

    fn read_with(&self, settings: &str, context: &ReadContext) -> Result<DirectoryReading, ConnectorError> {
        let config = self.config(settings);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(config.connectors[0].read(&config.attributes, context))
    }

    fn read(&self, settings: &str) -> Result<DirectoryReading, ConnectorError> {
        self.read_with(settings, &single_attempt())
    }

    /// The name of the file that is read, and the warnings about newer ones.
    fn chosen(&self, settings: &str) -> (String, Vec<String>) {
        let reading = self.read(settings).unwrap_or_else(|error| panic!("{settings}: {error}"));
        let warnings =
            reading.problems().iter().map(|one| format!("{}: {}", one.subject, one.message)).collect();
        let names = external_ids(reading.people());
        let file = reading.file().expect("a file").path.clone();
        assert!(file.ends_with(&names[0]), "{file} is the file of {names:?}");
        (names[0].clone(), warnings)
    }

    fn error(&self, settings: &str) -> String {
        self.read(settings).expect_err("no file").to_string()
    }
}

fn write_aged(path: &Path, bytes: &[u8], hours: u64) {
    let mut file = File::create(path).expect("a file");
    file.write_all(bytes).expect("written");
    file.set_modified(SystemTime::now() - Duration::from_secs(3_600 * hours)).expect("a time");
}

/// The date in the names decides if each name has one, otherwise the modification time.
#[test]
fn newest_file_is_found_by_date_or_by_modification() {
    for kind in ["csv", "json_file"] {
        let drop = Drop::new(kind);
        // Copied back from an archive: the oldest export was written last.
        drop.write("people-2026-01-31.x", 0);
        drop.write("people-2026-02-28.x", 9);
        drop.write("people-2026-02-01.x", 5);
        for path in ["people-*.x", "people-%Y-%m-%d.x", "people-????-??-??.x"] {
            let chosen = drop.chosen(&format!("path = '{path}'")).0;
            let expected = if path.contains('?') { "people-2026-01-31.x" } else { "people-2026-02-28.x" };
            assert_eq!(chosen, expected, "{kind} {path}");
        }
        drop.write("people-full.x", 2);
        assert_eq!(drop.chosen("path = 'people-*.x'").0, "people-2026-01-31.x", "{kind}");
        drop.write("people-full.x", 0);
        drop.write("people-2026-01-31.x", 1);
        assert_eq!(drop.chosen("path = 'people-*.x'").0, "people-full.x", "{kind}");
        // The day first: only a pattern can say so.
        drop.write("31.12.2025.x", 0);
        drop.write("01.01.2026.x", 9);
        assert_eq!(drop.chosen("path = '%d.%m.%Y.x'").0, "01.01.2026.x", "{kind}");
    }
}

/// Files that are still being written, and files from the future, are not read, and a newer one is named in a warning.
#[test]
fn file_that_is_being_written_is_not_taken() {
    for kind in ["csv", "json_file"] {
        let drop = Drop::new(kind);
        drop.write("people-2026-02-01.x", 5);
        for (name, reason) in [
            ("people-2026-02-28.x.tmp", "being written"),
            ("people-2026-02-28.x.part", "being written"),
            ("people-2026-02-28.x.filepart", "being written"),
            ("people-2026-02-28.x.CRDOWNLOAD", "being written"),
            (".people-2026-02-28.x", "being written"),
            (".people-2026-02-28.x.Ab3dEf", "being written"),
            ("people-2999-01-01.x", "in the future"),
            ("people-2026-02-30.x", "no valid date"),
        ] {
            drop.write(name, 0);
            for path in ["people-%Y-%m-%d.x", "people-%Y-%m-%d*"] {
                let (chosen, warnings) = drop.chosen(&format!("path = '{path}'"));
                assert_eq!(chosen, "people-2026-02-01.x", "{kind} {path} {name}");
                let is_told =
                    warnings.len() == 1 && warnings[0].starts_with(name) && warnings[0].contains(reason);
                assert!(is_told, "{kind} {path} {name}: {warnings:?}");
            }
            fs::remove_file(drop.folder.path().join(name)).expect("removed");
        }
        fs::write(drop.folder.path().join("people-2026-02-28.x"), "").expect("an upload that begins");
        let (chosen, warnings) = drop.chosen("path = 'people-*.x'");
        assert_eq!(chosen, "people-2026-02-01.x");
        assert!(warnings[0].contains("it is empty"), "{warnings:?}");
        // An older one is nothing to tell.
        drop.write("people-2026-03-01.x", 0);
        drop.write("people-2026-02-01.x.tmp", 0);
        assert_eq!(drop.chosen("path = 'people-*.x'"), ("people-2026-03-01.x".to_owned(), Vec::new()));
        // A folder and a link out of the folder are no files.
        fs::create_dir(drop.folder.path().join("people-2026-03-02.x")).expect("a folder");
        assert_eq!(drop.chosen("path = 'people-*.x'").0, "people-2026-03-01.x");
        std::os::unix::fs::symlink("/etc/passwd", drop.folder.path().join("people-2026-03-03.x"))
            .expect("a link");
        assert!(drop.error("path = 'people-*.x'").contains("link out of the folder"));
    }
}

/// A file whose done file is missing or older is left out; each file can have a done file and a digest of its own.
#[test]
fn file_without_its_done_file_is_not_taken() {
    for kind in ["csv", "json_file"] {
        let drop = Drop::new(kind);
        drop.write("people-1.x", 5);
        drop.write("people-2.x", 3);
        let error = drop.error("path = 'people-*.x'\ndone_file = 'people-*.done'");
        assert!(
            error.contains("`people-2.x`, but `") && error.contains("people-2.done` does not exist"),
            "{error}"
        );
        drop.write("people-1.done", 4);
        // A wildcard that matches done files too does not read them.
        drop.write("people-1.x.done", 0);
        assert_eq!(drop.chosen("path = 'people-*'\ndone_file = 'people-*.done'").0, "people-1.x");
        fs::remove_file(drop.folder.path().join("people-1.x.done")).expect("removed");
        let (chosen, warnings) = drop.chosen("path = 'people-*.x'\ndone_file = 'people-*.done'");
        assert!(
            chosen == "people-1.x" && warnings[0].contains("people-2.done` does not exist"),
            "{warnings:?}"
        );
        drop.write("people-2.done", 4);
        assert_eq!(drop.chosen("path = 'people-*.x'\ndone_file = 'people-*.done'").0, "people-1.x");
        drop.write("people-2.done", 2);
        assert_eq!(drop.chosen("path = 'people-*.x'\ndone_file = 'people-*.done'").0, "people-2.x");
        // One done file for all of them is as old as the last complete file.
        drop.write("ready", 4);
        assert_eq!(drop.chosen("path = 'people-*.x'\ndone_file = 'ready'").0, "people-1.x");
        let error = drop.error("path = 'people-*.x'\nsha256_file = 'people-*.sum'");
        assert!(error.contains("people-2.sum` contains no SHA-256"), "{error}");
    }
}

/// Without a complete file the error names the pattern and the newest file that comes near.
#[test]
fn error_without_a_file_names_the_pattern_and_the_newest_near_miss() {
    let drop = Drop::new("csv");
    let place = drop.folder.path().display().to_string();
    let error = drop.error("path = 'people-*.csv'");
    let pattern = format!("connector `hr`: `{place}/people-*.csv`: no complete file has such a name");
    assert_eq!(error, format!("{pattern}; the folder has no files"));
    drop.write("old.csv", 5);
    drop.write("People_1.csv", 3);
    assert_eq!(
        drop.error("path = 'people-*.csv'"),
        format!("{pattern}; the newest file of the folder is `People_1.csv`")
    );
    drop.write("people-1.csv.part", 9);
    drop.write("people-2.csv.part", 8);
    let error = drop.read("path = 'people-*.csv'").expect_err("being written");
    assert!(
        error
            .to_string()
            .ends_with("the newest is `people-2.csv.part`, but its name says that it is being written")
    );
    assert!(error.is_transient() && error.hint().is_some());
    let error = drop.error("path = 'nowhere/people-*.csv'");
    assert!(error.contains("the folder") && error.contains("nowhere` could not be read"), "{error}");
    drop.write("people-3.csv", 30);
    let error = drop.error("path = 'people-*.csv'\nmax_age = '26h'");
    assert!(error.contains("people-3.csv`: the file is too old: it was written 30 h ago"), "{error}");
}

/// A folder with more entries than the bound fails the reading.
#[test]
fn folder_with_one_entry_more_than_the_bound_is_refused() {
    let drop = Drop::new("csv");
    for number in 0..3 {
        drop.write(&format!("people-{number}.csv"), 1);
    }
    let bounded = |most| {
        let limits = ResourceLimits::default().with(ResourceLimit::FolderEntries, most);
        drop.read_with("path = 'people-*.csv'", &ReadContext { limits, ..single_attempt() })
    };
    bounded(3).expect("as many as allowed");
    let error = bounded(2).expect_err("one more");
    assert!(error.to_string().contains("exceeds the limit `folder_entries` of 2 entries"), "{error}");
}

/// A run says which file it read: in its row, its JSON, its text and `check`.
#[test]
fn run_says_which_file_it_read() {
    on_both(|engine| {
        let (company, folder) = company(engine);
        write_people(&folder, "people-2026-02-01.csv", &["ada", "bob"]);
        write_people(&folder, "people-2026-02-02.csv", &["ada", "bob"]);
        let newest = folder.join("people-2026-02-02.csv").display().to_string();
        let check = company.rollcall(&["check"]).expect_status(0).out;
        assert!(check.contains(&format!("`{newest}`, ")), "{check}");
        let sync = company.rollcall(&["sync", "hr"]).expect_status(0);
        assert!(sync.err.contains(&format!("Read 2 people from `hr`, file `{newest}`,")), "{sync:?}");
        assert_eq!(company.json(&["runs", "show", "1"])["source_file"], newest.as_str());
        assert_eq!(company.json(&["runs", "list"])[0]["source_file"], newest.as_str());
        assert_eq!(company.json(&["sync", "hr"])["source_file"], newest.as_str());
        let shown = company.rollcall(&["runs", "show", "1"]).expect_status(0).out;
        assert!(shown.contains(&format!("file: {newest}")), "{shown}");
    });
}

/// A folder without new files does not bring back an older state: the run fails and changes nothing.
#[test]
fn older_file_than_the_last_one_is_refused() {
    on_both(|engine| {
        let (mut company, folder) = company(engine);
        write_people(&folder, "people-2026-02-01.csv", &["ada"]);
        write_people(&folder, "people-2026-02-02.csv", &["ada", "bob"]);
        company.sync();
        // The same file may be read again.
        company.sync();
        fs::remove_file(folder.join("people-2026-02-02.csv")).expect("moved to an archive");
        let before = company.contents();
        for dry_run in [true, false] {
            let report = company.run("hr", dry_run);
            let RunOutcome::Failed(error) = &report.outcome else { panic!("{:?}", report.outcome) };
            let text = error.to_string();
            assert!(text.contains("people-2026-02-01.csv`: the file is older than `"), "{text}");
            assert!(text.contains("people-2026-02-02.csv`, which was read last"), "{text}");
        }
        assert!(
            company.rollcall(&["sync", "hr", "--only", "bob"]).expect_status(1).err.contains("is older than")
        );
        assert_eq!(company.contents(), before);
        // The way back on purpose, after which the pattern goes on from there.
        company.settings("hr", "kind = 'csv'\nmin_rows = 0\npath = 'in/people-2026-02-01.csv'");
        company.sync();
        assert_eq!(company.status("bob"), "left");
        company.settings("hr", PATTERN);
        company.sync();
        write_people(&folder, "people-2026-02-03.csv", &["ada", "bob"]);
        company.sync();
        assert_eq!(company.status("bob"), "active");
    });
}

/// Without dates in the names, the time of the last modification is compared.
#[test]
fn file_written_before_the_last_one_is_refused() {
    let (company, folder) = company(Engine::Sqlite);
    let rows = |name: &str, hours| write_aged(&folder.join(name), &people(&["ada"]), hours);
    rows("people-a.csv", 9);
    rows("people-b.csv", 2);
    company.sync();
    fs::remove_file(folder.join("people-b.csv")).expect("removed");
    assert!(matches!(company.run("hr", false).outcome, RunOutcome::Failed(_)));
    rows("people-c.csv", 1);
    company.sync();
}

const PATTERN: &str = "kind = 'csv'\nmin_rows = 0\npath = 'in/people-*.csv'";

fn company(engine: Engine) -> (Company, std::path::PathBuf) {
    let mut company = Company::new(engine);
    company.directory("hr", &["id", "email", "name"], PATTERN);
    let folder = company.folder.path().join("in");
    fs::create_dir(&folder).expect("a folder");
    (company, folder)
}

fn people(who: &[&str]) -> Vec<u8> {
    let rows = who.iter().map(|who| format!("{who},{who}@corp.example,{who}\n"));
    format!("id,email,name\n{}", rows.collect::<String>()).into_bytes()
}

fn write_people(folder: &Path, name: &str, who: &[&str]) {
    fs::write(folder.join(name), people(who)).expect("written");
}
