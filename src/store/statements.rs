//! Every statement of the store by name, for the test that prepares all of them on both engines.
//!
//! Each module that has statements lists them with [`list_statements!`](super::sql::list_statements). A test compares the
//! lists with the source text, so that a new constant cannot be left out.

use super::sql::{NamedStatement, StatementList};
use super::transaction::Tx;
use super::{Result, params};

fn list_all() -> Vec<StatementList> {
    let modules = [
        super::accounts::list_statements(),
        super::assignments::list_statements(),
        super::connectors::list_statements(),
        super::courses::list_statements(),
        super::engine::list_statements(),
        super::enrollments::list_statements(),
        super::enrollments::list::list_statements(),
        super::explain::list_statements(),
        super::form_drafts::list_statements(),
        super::groups::list_statements(),
        super::holds::list_statements(),
        super::jobs::list_statements(),
        super::learner_assignments::list_statements(),
        super::learner_links::list_statements(),
        super::learners::lookup::list_statements(),
        super::learners::list_statements(),
        super::learners::update::list_statements(),
        super::leases::list_statements(),
        super::listing::accounts::list_statements(),
        super::listing::assignments::list_statements(),
        super::listing::audit_log::list_statements(),
        super::listing::changes::list_statements(),
        super::listing::completion::list_statements(),
        super::listing::courses::list_statements(),
        super::listing::database_info::list_statements(),
        super::listing::enrollments::list_statements(),
        super::listing::exclusions::list_statements(),
        super::listing::groups::list_statements(),
        super::listing::jobs::list_statements(),
        super::listing::learners::list_statements(),
        super::listing::members::list_statements(),
        super::listing::runs::list_statements(),
        super::listing::tokens::list_statements(),
        super::listing::waiting_holds::list_statements(),
        super::memberships::list_statements(),
        super::memberships::dormant::list_statements(),
        super::memberships::exclusions::list_statements(),
        super::metrics::list_statements(),
        super::migrate::list_statements(),
        super::nodes::list_statements(),
        super::persons::list_statements(),
        super::queue_samples::list_statements(),
        super::reopened_completions::list_statements(),
        super::reporting_lines::list_statements(),
        super::retention::list_statements(),
        super::runs::list_statements(),
        super::runs::hold_state::list_statements(),
        super::runs::list::list_statements(),
        super::second_factors::list_statements(),
        super::sessions::list_statements(),
        super::sign_in_attempts::list_statements(),
        super::sign_in_devices::list_statements(),
        super::sign_in_events::list_statements(),
        super::suspensions::list_statements(),
        super::tokens::list_statements(),
        super::undo::list_statements(),
        super::undo::learners::list_statements(),
        super::undo::manual::list_statements(),
        super::undo::taken_access::list_statements(),
        super::verification::list_statements(),
    ];
    modules.into_iter().flatten().collect()
}

/// A statement that an engine refuses.
#[derive(Debug)]
pub struct RefusedStatement {
    /// The statement.
    pub statement: NamedStatement,
    /// The reason that the engine gives.
    pub reason: String,
}

/// Prepares every statement on the engine of `tx`. Returns their number and those that the engine refuses.
///
/// # Errors
/// When a staging table cannot be created or the connection is lost.
pub async fn prepare_all(tx: &mut Tx) -> Result<(usize, Vec<RefusedStatement>)> {
    let lists = list_all();
    for table in lists.iter().flat_map(|list| &list.tables) {
        tx.execute("create a staging table", *table, params![]).await?;
    }
    let (mut count, mut refused) = (0, Vec::new());
    for statement in lists.into_iter().flat_map(|list| list.statements) {
        count += 1;
        tx.execute("set a savepoint", "SAVEPOINT prepared", params![]).await?;
        if let Err(error) = tx.prepare(statement.sql).await {
            refused.push(RefusedStatement { statement, reason: error.to_string() });
        }
        tx.execute("return to a savepoint", "ROLLBACK TO SAVEPOINT prepared", params![]).await?;
    }
    Ok((count, refused))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use rollcall_model::secret::SecretText;

    use super::*;
    use crate::{Sql, Store, StoreOptions};

    /// Constants of text that are not statements, or that a `Sql` of the same module holds.
    fn is_statement(name: &str) -> bool {
        name != "CACHE_SIZE" && !name.ends_with("_SQLITE") && !name.ends_with("_POSTGRES")
    }

    fn rust_files(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).expect("the folder is readable");
        entries
            .map(|entry| entry.expect("the entry is readable").path())
            .flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] })
            .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
            .collect()
    }

    /// The path of the module that a file holds.
    fn module_of(root: &Path, file: &Path) -> String {
        let inside = file.strip_prefix(root).expect("the file is in the crate").with_extension("");
        let parts: Vec<&str> = inside.iter().map(|part| part.to_str().expect("a name is UTF-8")).collect();
        let parts = parts.into_iter().filter(|part| *part != "mod");
        std::iter::once("rollcall_store").chain(parts).collect::<Vec<_>>().join("::")
    }

    /// Every constant of the source text that holds a statement is in the list.
    #[test]
    fn every_statement_is_listed() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut written = BTreeSet::new();
        for file in rust_files(root) {
            let module = module_of(root, &file);
            for line in fs::read_to_string(&file).expect("the file is readable").lines() {
                let Some(constant) = line.strip_prefix("const ") else { continue };
                let (name, kind) = constant.split_once(": ").expect("a constant has a type");
                let kind = kind.split(" =").next().unwrap_or_default().trim_start_matches("super::");
                let is_text = matches!(kind, "&str" | "Sql" | "StagingTable" | "staging::StagingTable");
                if is_text && is_statement(name) {
                    written.insert((module.clone(), name.to_owned()));
                }
            }
        }
        let listed: BTreeSet<(String, String)> = list_all()
            .into_iter()
            .flat_map(|list| list.statements)
            .map(|one| (one.module.to_owned(), one.name.to_owned()))
            .collect();
        assert!(written.len() > 300, "{}", written.len());
        let missing: Vec<_> = written.difference(&listed).collect();
        assert_eq!(missing, Vec::<&(String, String)>::new());
    }

    /// The statistics of a company with 100,000 people.
    const LARGE_COMPANY: &str = "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
        ('learners', NULL, '100000'), ('learners', 'learners_by_any_address', '100000 1'),
        ('persons', 'persons', '100000 100000 1'), ('persons', 'persons_by_learner', '100000 1'),
        ('memberships', 'memberships', '400000 2000 2000 1'), ('memberships', 'memberships_by_learner', '400000 4 1 1'),
        ('assignments', 'assignments_to_groups', '9000 3 1 1 1'), ('assignments', 'assignments_to_learners', '0 0 0'),
        ('assignments', 'assignments_by_course', '9000 500')";

    /// Whether a step of a query plan reads a whole table: a scan of one that is not a stage, or an index that SQLite
    /// builds for the statement because it reads the stage last.
    fn reads_table(sql: &str, step: &str) -> bool {
        let tables =
            ["learners", "persons", "memberships", "enrollments", "assignments", "ended_memberships"];
        let words: Vec<&str> = sql.split_whitespace().collect();
        let scanned = step.strip_prefix("SCAN ").and_then(|rest| rest.split_whitespace().next());
        // A table that the statement does not name is read for a foreign key, if at all.
        let is_named = |name: &str| {
            words.windows(2).any(|pair| tables.contains(&pair[0]) && (pair[0] == name || pair[1] == name))
        };
        step.contains("AUTOMATIC") || scanned.is_some_and(is_named)
    }

    /// SQLite does not know that a stage is small. Statements are written so that it starts with the stage and does not
    /// read all people for one change.
    #[tokio::test]
    async fn statements_on_stages_read_no_whole_table() {
        let file = std::env::temp_dir().join(format!("rollcall-query-plans-{}.db", std::process::id()));
        let url = SecretText::new(format!("sqlite://{}", file.display()));
        let options = StoreOptions {
            url,
            max_size: None,
            connections: 1,
            statement_timeout: std::time::Duration::from_mins(5),
        };
        let store = Store::open(&options).await.expect("a database");
        let mut tx = store.begin_write().await.expect("a transaction");
        let lists = list_all();
        let tables = lists.iter().flat_map(|list| &list.tables).copied();
        let statements: Vec<_> = lists.iter().flat_map(|list| &list.statements).collect();
        let is_index = |sql: &Sql| tx.sql_text(*sql).starts_with("CREATE INDEX");
        let indexes: Vec<Sql> = statements.iter().map(|one| one.sql).filter(is_index).collect();
        let statistics = ["ANALYZE", LARGE_COMPANY, "ANALYZE sqlite_schema"].map(Sql::from);
        for sql in tables.chain(indexes).chain(statistics) {
            tx.execute("prepare a query plan", sql, params![]).await.expect("executed");
        }
        let mut faults = Vec::new();
        for statement in &statements {
            let text = tx.sql_text(statement.sql);
            if !text.contains("stage_") || text.starts_with("CREATE INDEX") {
                continue;
            }
            let explain: &'static str = format!("EXPLAIN QUERY PLAN {text}").leak();
            let plan: Vec<(i64, i64, i64, String)> =
                tx.fetch_all("explain a statement", explain, params![]).await.expect("a plan");
            let steps = plan.into_iter().map(|(.., step)| step).filter(|step| reads_table(text, step));
            faults.extend(steps.map(|step| format!("{} {}: {step}", statement.module, statement.name)));
        }
        tx.rollback().await.expect("rolled back");
        store.close().await;
        for end in ["", "-wal", "-shm", ".lock"] {
            let _ = fs::remove_file(format!("{}{end}", file.display()));
        }
        assert!(statements.len() > 350, "{}", statements.len());
        assert_eq!(faults, Vec::<String>::new());
    }
}
