//! The two engines, and a look into the tables that does not go through rollcall.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use rollcall_store::{Store, StoreOptions};
use sqlx::{AssertSqlSafe, Column, ConnectOptions, Connection, Row, SqliteConnection};
use sqlx::{PgConnection, postgres::PgConnectOptions, sqlite::SqliteConnectOptions};

use super::{postgres, recorder};

/// A database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// Says on which engine a test failed.
struct EngineReporter(Engine);

impl Drop for EngineReporter {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("this happened on {}", self.0);
        }
    }
}

/// Runs a test on one engine, then on the other; what its companies decide is compared with a file.
pub(crate) fn on_both(test: impl Fn(Engine)) {
    on_both_unrecorded(|engine| match recorder::recorded_test() {
        Some((room, name)) => {
            let ((), text) = recorder::record_companies(|| test(engine));
            recorder::compare_with_snapshot(&room, &name, &text);
        }
        None => test(engine),
    });
}

/// Runs a test on one engine, then on the other, where chance decides what happens.
pub(crate) fn on_both_unrecorded(test: impl Fn(Engine)) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let _named = EngineReporter(engine);
        test(engine);
    }
}

/// The rows of a table, each column as text.
pub(crate) type TableRows = Vec<BTreeMap<String, Option<String>>>;

/// Where a company's data lies.
#[derive(Debug, Clone)]
pub(crate) struct TestDatabase {
    pub engine: Engine,
    pub url: String,
}

impl TestDatabase {
    /// A fresh one; SQLite's lies in `folder`.
    pub(crate) fn new(engine: Engine, folder: &Path) -> Self {
        let url = match engine {
            Engine::Sqlite => format!("sqlite://{}/rollcall.db", folder.display()),
            Engine::Postgres => postgres::shared_server().url(&postgres::shared_server().new_database()),
        };
        Self { engine, url }
    }

    /// One that is there already.
    pub(crate) fn at(url: String) -> Self {
        let engine = if url.starts_with("sqlite") { Engine::Sqlite } else { Engine::Postgres };
        Self { engine, url }
    }

    /// How rollcall opens it.
    pub(crate) fn options(&self) -> StoreOptions {
        StoreOptions {
            url: rollcall_model::secret::SecretText::new(&self.url),
            max_size: None,
            connections: 8,
            statement_timeout: std::time::Duration::from_mins(5),
        }
    }

    /// Opened by rollcall.
    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.options()).await.expect("the database opens")
    }

    /// The text of this engine.
    pub(crate) fn pick<'a>(&self, sqlite: &'a str, postgres: &'a str) -> &'a str {
        match self.engine {
            Engine::Sqlite => sqlite,
            Engine::Postgres => postgres,
        }
    }

    /// Runs statements past rollcall; answers the rows of the last one, every column as text.
    pub(crate) async fn sql(&self, sql: &str) -> TableRows {
        self.sql_each(&[sql]).await.remove(0)
    }

    /// Runs texts of statements past rollcall, one after the other on one connection; answers the rows of each.
    pub(crate) async fn sql_each(&self, texts: &[&str]) -> Vec<TableRows> {
        let mut answers = Vec::new();
        match self.engine {
            Engine::Sqlite => {
                let options: SqliteConnectOptions = self.url.parse().expect("a URL");
                let options = options.busy_timeout(std::time::Duration::from_mins(1));
                let mut connection: SqliteConnection = options.connect().await.expect("SQLite opens");
                for sql in texts {
                    let sql = AssertSqlSafe((*sql).to_owned());
                    let rows = sqlx::raw_sql(sql).fetch_all(&mut connection).await.expect("SQLite does it");
                    answers.push(rows.iter().map(columns_as_text).collect());
                }
                connection.close().await.expect("closed");
            }
            Engine::Postgres => {
                let options: PgConnectOptions = self.url.parse().expect("a URL");
                let options = options.extra_float_digits(None).statement_cache_capacity(0);
                let mut connection: PgConnection = options.connect().await.expect("PostgreSQL answers");
                for sql in texts {
                    let sql = AssertSqlSafe((*sql).to_owned());
                    let rows =
                        sqlx::raw_sql(sql).fetch_all(&mut connection).await.expect("PostgreSQL does it");
                    answers.push(rows.iter().map(columns_as_text).collect());
                }
                connection.close().await.expect("closed");
            }
        }
        answers
    }

    /// The names of all tables and their columns; SQLite's full-text index is PostgreSQL's index, and no table.
    pub(crate) async fn columns(&self) -> BTreeMap<String, Vec<String>> {
        let sql = self.pick(
            "SELECT m.name AS t, c.name AS c FROM sqlite_schema m, pragma_table_info(m.name) c
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'learner_terms%' ORDER BY 1, 2",
            "SELECT table_name AS t, column_name AS c FROM information_schema.columns
             WHERE table_schema = 'public' ORDER BY table_name COLLATE \"C\", column_name COLLATE \"C\"",
        );
        let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in self.sql(sql).await {
            let text = |name: &str| row[name].clone().expect("a name");
            tables.entry(text("t")).or_default().push(text("c"));
        }
        tables
    }

    /// Everything that stands in every table, but for the tables named.
    pub(crate) async fn contents(&self, without: &[&str]) -> BTreeMap<String, TableRows> {
        let mut contents = BTreeMap::new();
        for table in self.columns().await.into_keys().filter(|table| !without.contains(&table.as_str())) {
            let mut rows = self.sql(&format!("SELECT * FROM {table}")).await;
            rows.sort();
            contents.insert(table, rows);
        }
        contents
    }
}

fn columns_as_text<R: Row>(row: &R) -> BTreeMap<String, Option<String>>
where
    usize: sqlx::ColumnIndex<R>,
    for<'r> Option<String>: sqlx::Decode<'r, R::Database>,
    String: sqlx::Type<R::Database>,
{
    let column = |column: &<R::Database as sqlx::Database>::Column| {
        let text =
            row.try_get_unchecked::<Option<String>, _>(column.ordinal()).expect("every column is a text");
        (column.name().to_owned(), text)
    };
    row.columns().iter().map(column).collect()
}
