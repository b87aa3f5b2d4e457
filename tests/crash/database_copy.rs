//! A company's database that can be copied as often as a test likes: a file, or a template of the server.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::support::company::Company;
use crate::support::database::{Engine, TableRows, TestDatabase};
use crate::support::postgres;
use crate::support::program::{CommandOutput, rollcall_command, run_to_end, wait_until};

/// The company as it stands; nothing more happens to its own database.
pub(super) struct DatabaseTemplate<'a> {
    company: &'a Company,
    made: u32,
}

/// A company with the same files and a database of its own, which goes with it.
pub(super) struct CompanyCopy<'a> {
    company: &'a Company,
    pub db: TestDatabase,
    pub config: PathBuf,
}

/// The server's own database, where others are made and dropped.
fn admin() -> TestDatabase {
    TestDatabase::at(postgres::shared_server().url("postgres"))
}

fn name(db: &TestDatabase) -> &str {
    db.url.rsplit('/').next().expect("a URL ends with the name")
}

impl<'a> DatabaseTemplate<'a> {
    /// Closes the company's database, so that it can be copied.
    pub(super) fn of(company: &'a Company) -> Self {
        company.runtime.block_on(company.store.close());
        if company.db.engine == Engine::Postgres {
            let connected =
                format!("SELECT 1 AS x FROM pg_stat_activity WHERE datname = '{}'", name(&company.db));
            wait_until("nobody uses the template", || {
                company.runtime.block_on(admin().sql(&connected)).is_empty()
            });
        }
        company.write();
        Self { company, made: 0 }
    }

    /// A copy.
    pub(super) fn copy(&mut self) -> CompanyCopy<'a> {
        self.made += 1;
        let company = self.company;
        let db = match company.db.engine {
            Engine::Sqlite => {
                let path = company.folder.path().join(format!("copy-{}.db", self.made));
                fs::copy(company.folder.path().join("rollcall.db"), &path).expect("copied");
                TestDatabase::at(format!("sqlite://{}", path.display()))
            }
            Engine::Postgres => {
                let template = name(&company.db);
                let copy = format!("{template}_{}", self.made);
                let sql = format!("CREATE DATABASE {copy} TEMPLATE {template}");
                company.runtime.block_on(admin().sql(&sql));
                TestDatabase::at(postgres::shared_server().url(&copy))
            }
        };
        let config = company.folder.path().join(format!("copy-{}.toml", self.made));
        fs::write(&config, company.toml().replace(&company.db.url, &db.url)).expect("written");
        CompanyCopy { company, db, config }
    }
}

impl CompanyCopy<'_> {
    /// A command on this copy.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = rollcall_command(&self.config);
        command.args(args);
        command
    }

    /// Runs a command to its end.
    pub(super) fn rollcall(&self, args: &[&str]) -> CommandOutput {
        run_to_end(&mut self.command(args))
    }

    /// Statements past rollcall.
    pub(super) fn sql(&self, sql: &str) -> TableRows {
        self.company.runtime.block_on(self.db.sql(sql))
    }

    /// The leases of the dead run out, as they would within 15 s.
    pub(super) fn leases_run_out(&self) {
        if self.company.runtime.block_on(self.db.columns()).contains_key("leases") {
            self.sql("UPDATE leases SET expires_at = '2020-01-01T00:00:00+00:00'");
        }
    }

    /// How many rows a query has.
    pub(super) fn count(&self, from: &str) -> usize {
        self.sql(&format!("SELECT 1 AS x FROM {from}")).len()
    }

    /// What matters of it.
    pub(super) fn state(&self) -> Vec<String> {
        self.company.runtime.block_on(super::database_state::load_state(&self.db))
    }
}

impl Drop for CompanyCopy<'_> {
    fn drop(&mut self) {
        if self.db.engine == Engine::Postgres {
            let sql = format!("DROP DATABASE {} WITH (FORCE)", name(&self.db));
            self.company.runtime.block_on(admin().sql(&sql));
        }
    }
}
