//! A database that an earlier version left behind, opened by this one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tokio::runtime::Runtime;

use crate::support::database::{Engine, TableRows, TestDatabase, on_both};
use crate::support::postgres;
use crate::support::program::{rollcall_command, run_to_end};

/// The schema of version 1. A database remembers its digest: who edits the migration fails this test.
const SCHEMA: [&str; 2] = [
    include_str!("../migrations/sqlite/0001_directory_groups_enrollments.sql"),
    include_str!("../migrations/postgres/0001_directory_groups_enrollments.sql"),
];

const CONTENTS: [&str; 2] =
    [include_str!("upgrade/version_1/sqlite.sql"), include_str!("upgrade/version_1/postgres.sql")];

const FILES: [(&str, &str); 3] = [
    ("rollcall.toml", include_str!("upgrade/version_1/rollcall.toml")),
    ("hr.csv", include_str!("upgrade/version_1/hr.csv")),
    ("it.csv", include_str!("upgrade/version_1/it.csv")),
];

/// What a sync that finds nothing to do writes all the same.
const WRITTEN_ANYHOW: [&str; 6] = ["runs", "head", "leases", "connectors", "jobs", "schema_migrations"];

/// A database as version 1 left it.
fn frozen(engine: Engine, runtime: &Runtime, folder: &Path) -> TestDatabase {
    let db = match engine {
        Engine::Sqlite => {
            fs::write(folder.join("rollcall.db"), b"").expect("an empty file");
            TestDatabase::at(format!("sqlite://{}", folder.join("rollcall.db").display()))
        }
        Engine::Postgres => {
            TestDatabase::at(postgres::shared_server().url(&postgres::shared_server().new_database()))
        }
    };
    let which = usize::from(engine == Engine::Postgres);
    runtime.block_on(db.sql(SCHEMA[which]));
    runtime.block_on(db.sql(CONTENTS[which]));
    db
}

/// What stands in the columns that version 1 had.
fn contents(
    db: &TestDatabase,
    runtime: &Runtime,
    columns: &BTreeMap<String, Vec<String>>,
) -> BTreeMap<String, TableRows> {
    let tables = columns.iter().filter(|(table, _)| !WRITTEN_ANYHOW.contains(&table.as_str()));
    tables
        .map(|(table, columns)| {
            let mut rows = runtime.block_on(db.sql(&format!("SELECT {} FROM {table}", columns.join(", "))));
            rows.sort();
            (table.clone(), rows)
        })
        .collect()
}

/// An upgrade changed how people are matched, and the next run removed them.
#[test]
fn upgrade_changed_matching_and_removed_people() {
    on_both(|engine| {
        let folder = tempfile::tempdir().expect("a folder");
        let runtime = Runtime::new().expect("a runtime");
        let db = frozen(engine, &runtime, folder.path());
        let columns = runtime.block_on(db.columns());
        let before = contents(&db, &runtime, &columns);
        assert!(before["memberships"].len() > 30 && before["enrollments"].len() > 20, "{before:#?}");
        for (name, text) in FILES {
            fs::write(folder.path().join(name), text.replace("DATABASE", &db.url)).expect("written");
        }
        let path = folder.path().join("rollcall.toml");
        let rollcall = |args: &[&str]| run_to_end(rollcall_command(&path).args(args)).expect_status(0);
        for planned in rollcall(&["sync", "--dry-run", "--json"]).lines() {
            assert_eq!(planned["status"], "planned");
            for (what, change) in [("memberships", "add"), ("memberships", "remove"), ("people", "changed")] {
                assert_eq!(planned[what][change], 0, "{what} {change}: {planned:#}");
            }
        }
        for run in rollcall(&["sync", "--json"]).lines() {
            assert_eq!(run["status"], "unchanged", "{run:#}");
        }
        let enrolled = |row: &BTreeMap<String, Option<String>>| row["state"].as_deref() == Some("active");
        let mut after = contents(&db, &runtime, &columns);
        let (old, new) = (&before["enrollments"], &after["enrollments"]);
        let added: Vec<_> = new.iter().filter(|row| !old.contains(row)).collect();
        assert!(matches!(added[..], [one] if enrolled(one)), "the job that was left is done: {added:?}");
        let left = new.iter().filter(|row| old.contains(row)).cloned().collect();
        after.insert("enrollments".to_owned(), left);
        assert_eq!(after, before);
        rollcall(&["verify"]);
    });
}
