//! The two databases are one design.

use std::fs;
use std::sync::{Arc, Barrier};
use std::task::Poll;

use rollcall_store::{Store, StoreError, statements};

use crate::support::company::Company;
use crate::support::database::{Engine, TestDatabase, on_both};
use crate::support::program::{rollcall_command, run_to_end};

#[test]
fn both_databases_have_the_same_tables_and_columns() {
    let columns = |engine| {
        let company = Company::new(engine);
        company.runtime.block_on(company.db.columns())
    };
    let (sqlite, postgres) = (columns(Engine::Sqlite), columns(Engine::Postgres));
    assert!(sqlite.len() > 15, "{sqlite:?}");
    assert_eq!(sqlite, postgres);
}

/// Every statement of the store is accepted by both engines on a migrated database.
#[test]
fn every_statement_can_be_prepared() {
    on_both(|engine| {
        let company = Company::new(engine);
        let (prepared, refused) = company.runtime.block_on(async {
            let mut tx = company.store.begin_write().await.expect("a transaction");
            statements::prepare_all(&mut tx).await.expect("the statements are prepared")
        });
        assert!(prepared > 350, "{prepared}");
        assert!(refused.is_empty(), "{refused:#?}");
    });
}

/// Processes that open a new database at the same time all succeed.
#[test]
fn concurrent_first_opens_succeed() {
    on_both(|engine| {
        for _ in 0..3 {
            let folder = tempfile::tempdir().expect("a folder");
            let db = TestDatabase::new(engine, folder.path());
            let start = Arc::new(Barrier::new(4));
            let openers: Vec<_> = (0..4)
                .map(|_| {
                    let (db, start) = (db.clone(), Arc::clone(&start));
                    std::thread::spawn(move || {
                        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                        let runtime = runtime.expect("a runtime");
                        start.wait();
                        runtime.block_on(async { db.open().await.close().await });
                    })
                })
                .collect();
            for opener in openers {
                opener.join().expect("it opens");
            }
        }
    });
}

/// An older program does not change a newer database.
#[test]
fn older_program_refuses_newer_database() {
    on_both(|engine| {
        let company = Company::new(engine);
        company.sql(
            "INSERT INTO schema_migrations (version, name, checksum, applied_at)
             VALUES (9999, 'from the future', 'x', '2040-01-01T00:00:00+00:00')",
        );
        let opened = company.runtime.block_on(Store::open(&company.db.options()));
        assert!(matches!(opened, Err(StoreError::NewerVersion { found: 9999, .. })), "{opened:?}");
        let done = company.rollcall(&["groups", "list"]).expect_status(1);
        assert!(
            done.err.contains("the database is at version 9999") && done.err.contains("hint:"),
            "{done:?}"
        );
    });
}

#[test]
fn a_migration_that_was_altered_is_refused() {
    on_both(|engine| {
        let company = Company::new(engine);
        company.sql("UPDATE schema_migrations SET checksum = 'another' WHERE version = 1");
        let opened = company.runtime.block_on(Store::open(&company.db.options()));
        assert!(matches!(opened, Err(StoreError::MigrationMismatch(1))), "{opened:?}");
    });
}

/// A relative SQLite path is resolved beside the configuration file for any folder name.
#[test]
fn relative_sqlite_path_is_beside_config() {
    for name in ["plain", "with space", "100%", "50%25", "what?", "a#b", "\u{e4}\u{f6}\u{fc}"] {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().join(name);
        fs::create_dir(&home).expect("a folder");
        fs::write(home.join("rollcall.toml"), "[database]\nurl = 'sqlite://my.db'\n").expect("written");
        run_to_end(rollcall_command(&home.join("rollcall.toml")).args(["groups", "list"])).expect_status(0);
        assert!(home.join("my.db").is_file(), "{name}");
    }
}

/// A task that is cancelled while a transaction begins leaves no open transaction.
#[test]
fn cancelled_begin_leaves_no_transaction() {
    on_both(|engine| {
        let company = Company::new(engine);
        company.runtime.block_on(async {
            let options = rollcall_store::StoreOptions { connections: 1, ..company.db.options() };
            let only = Store::open(&options).await.expect("the database opens");
            for polls in 1..40 {
                // Looks at the beginning so many times, then lets go of it.
                let mut left = polls;
                let mut reading = Box::pin(only.begin_read());
                let begun = std::future::poll_fn(|context| {
                    left -= 1;
                    match reading.as_mut().poll(context) {
                        Poll::Ready(tx) => Poll::Ready(Some(tx)),
                        Poll::Pending if left == 0 => Poll::Ready(None),
                        Poll::Pending => Poll::Pending,
                    }
                });
                drop(begun.await);
                drop(reading);
                let mut tx = only.begin_write().await.expect("a transaction");
                tx.execute("write", "UPDATE head SET runs = runs WHERE id = 1", Vec::new())
                    .await
                    .expect("nothing of the reading is left");
                tx.commit().await.expect("committed");
            }
        });
    });
}

/// The files of a SQLite database can be read by their owner only.
#[test]
fn sqlite_files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let company = Company::new(Engine::Sqlite);
    company.runtime.block_on(async {
        let tx = company.store.begin_write().await.expect("a transaction");
        tx.commit().await.expect("a commit");
    });
    let folder = company.write().parent().expect("a folder").to_owned();
    let mut files = 0;
    for file in fs::read_dir(folder).expect("the folder").map(|file| file.expect("a file")) {
        let name = file.file_name().into_string().expect("a plain name");
        if name.starts_with("rollcall.db") {
            files += 1;
            let mode = file.metadata().expect("a file").permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{name}");
        }
    }
    assert!(files >= 2, "the database and its lock");
}
