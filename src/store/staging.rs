//! Bulk load into temporary tables.
//!
//! A staging table is a temporary table of the transaction. It is filled with COPY on PostgreSQL (one statement for a
//! few rows) and with `json_each` in chunks on SQLite. Later statements join it with the other tables.

use std::fmt::Write;

use chrono::NaiveDate;

use super::Result;
use super::error::ErrorContext;
use super::fault_injection::{StatementSide, inject_fault};
use super::param::params;
use super::sql::{NamedStatement, Sql, StatementList, StatementSource};
use super::transaction::Tx;
use rollcall_model::json::push_string;

/// Rows a chunk: the size at which `json_each` runs at the floor.
const CHUNK_ROWS: usize = 50_000;

/// Bytes a chunk: the text is there twice while it is sent, and wide rows need no more of it to be fast.
const CHUNK_BYTES: usize = 4 << 20;

/// Rows up to which PostgreSQL is sent one statement rather than a COPY. The driver leaves the delay of small segments on
/// (RFC 896), and a COPY of a few rows waits 40 ms for the acknowledgement between its data and its end.
const MAX_INLINE_ROWS: usize = 500;

/// A temporary table; [`staging_table!`] makes one from its columns.
#[derive(Debug, Clone, Copy)]
pub struct StagingTable {
    /// Makes the table.
    pub create: Sql,
    /// Fills it from a JSON array of arrays in `$1`.
    pub fill: Sql,
    /// Fills it from COPY's text format, on PostgreSQL.
    pub copy: &'static str,
    /// Tells PostgreSQL's planner what came, which it cannot know of a table filled a moment ago.
    pub analyze: Sql,
    /// Drops it, so that the same transaction may make it again.
    pub drop: &'static str,
}

impl StatementSource for StagingTable {
    fn list(self, module: &'static str, name: &'static str) -> StatementList {
        let parts = [self.fill, self.analyze, self.drop.into()];
        let statements = parts.map(|sql| NamedStatement { module, name, sql }).to_vec();
        StatementList { statements, tables: vec![self.create] }
    }
}

/// The statements of a stage, from its name and its columns: number, name, type.
macro_rules! staging_table {
    ($table:literal: $n0:literal $c0:literal $t0:literal $(, $n:literal $c:literal $t:literal)* $(,)?) => {
        $crate::staging::StagingTable {
            create: $crate::Sql::per_engine(
                concat!("CREATE TEMP TABLE ", $table, " (", $c0, " ", $t0, $(", ", $c, " ", $t,)* ")"),
                concat!("CREATE TEMP TABLE ", $table, " (", $c0, " ", $t0, $(", ", $c, " ", $t,)* ") ON COMMIT DROP"),
            ),
            fill: $crate::Sql::per_engine(
                concat!(
                    "INSERT INTO ", $table, " SELECT value ->> ", $n0, $(", value ->> ", $n,)* " FROM json_each($1)"
                ),
                concat!(
                    "INSERT INTO ", $table, " SELECT (value ->> ", $n0, ")::", $t0, $(", (value ->> ", $n, ")::", $t,)*
                    " FROM json_array_elements($1::json)"
                ),
            ),
            copy: concat!("COPY ", $table, " FROM STDIN"),
            analyze: $crate::Sql::for_postgres(concat!("ANALYZE ", $table)),
            drop: concat!("DROP TABLE ", $table),
        }
    };
}
pub(super) use staging_table;

/// Rows in the form that the engine loads fastest. Cells are added from left to right, [`CopyBuffer::end_row`] ends a row.
#[derive(Debug)]
pub struct CopyBuffer {
    json: bool,
    text: String,
    count: usize,
    first: bool,
}

impl CopyBuffer {
    fn new(json: bool) -> Self {
        Self { json, text: String::new(), count: 0, first: true }
    }

    fn next_cell(&mut self) {
        match (self.json, self.first) {
            (true, true) => self.text.push_str(if self.count == 0 { "[[" } else { ",[" }),
            (true, false) => self.text.push(','),
            (false, true) => {}
            (false, false) => self.text.push('\t'),
        }
        self.first = false;
    }

    /// A number.
    pub fn int(&mut self, value: i64) -> &mut Self {
        self.next_cell();
        write!(self.text, "{value}").expect("writing to a string does not fail");
        self
    }

    /// A number, or none.
    pub fn opt_int(&mut self, value: Option<i64>) -> &mut Self {
        match value {
            Some(value) => self.int(value),
            None => self.null(),
        }
    }

    /// A boolean.
    pub fn flag(&mut self, value: bool) -> &mut Self {
        self.next_cell();
        self.text.push_str(match (self.json, value) {
            (true, true) => "1",
            (true, false) => "0",
            (false, true) => "t",
            (false, false) => "f",
        });
        self
    }

    /// Nothing.
    pub fn null(&mut self) -> &mut Self {
        self.next_cell();
        self.text.push_str(if self.json { "null" } else { "\\N" });
        self
    }

    /// A text.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.next_cell();
        if self.json {
            push_string(&mut self.text, value);
        } else {
            push_copy(&mut self.text, value);
        }
        self
    }

    /// A text, or none.
    pub fn opt_text(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }

    /// A day, or none.
    pub fn day(&mut self, value: Option<NaiveDate>) -> &mut Self {
        match value {
            Some(day) => self.text(&day.to_string()),
            None => self.null(),
        }
    }

    /// Ends the row.
    pub fn end_row(&mut self) {
        self.text.push(if self.json { ']' } else { '\n' });
        self.count += 1;
        self.first = true;
    }

    fn take_text(&mut self) -> String {
        if self.json {
            self.text.push(']');
        }
        self.count = 0;
        std::mem::take(&mut self.text)
    }
}

fn push_copy(out: &mut String, value: &str) {
    if value.bytes().any(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b'\\')) {
        for c in value.chars() {
            match c {
                '\t' => out.push_str("\\t"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\\' => out.push_str("\\\\"),
                c => out.push(c),
            }
        }
    } else {
        out.push_str(value);
    }
}

impl Tx {
    /// Makes a stage and fills it with `items`, each written by `row`.
    pub async fn fill_staging_table<I>(
        &mut self,
        stage: StagingTable,
        items: impl IntoIterator<Item = I>,
        mut row: impl FnMut(&mut CopyBuffer, I),
    ) -> Result<u64> {
        const DOING: &str = "stage rows";
        self.execute(DOING, stage.create, Vec::new()).await?;
        let mut items = items.into_iter();
        let first: Vec<I> = items.by_ref().take(MAX_INLINE_ROWS + 1).collect();
        let by_copy = !self.is_sqlite() && first.len() > MAX_INLINE_ROWS;
        let mut items = first.into_iter().chain(items);
        let mut total = 0;
        let mut rows = CopyBuffer::new(!by_copy);
        loop {
            while rows.count < CHUNK_ROWS && rows.text.len() < CHUNK_BYTES {
                let Some(item) = items.next() else { break };
                row(&mut rows, item);
            }
            if rows.count == 0 {
                break;
            }
            total += rows.count as u64;
            let text = rows.take_text();
            match self {
                Self::Postgres(tx) if by_copy => {
                    inject_fault(StatementSide::Before, DOING, stage.copy);
                    let copied = tx.run(async |connection| {
                        let mut copy = connection.copy_in_raw(stage.copy).await?;
                        copy.send(text.into_bytes()).await?;
                        copy.finish().await
                    });
                    copied.await.context(DOING)?;
                    inject_fault(StatementSide::After, DOING, stage.copy);
                }
                Self::Sqlite(..) | Self::Postgres(_) => {
                    self.execute(DOING, stage.fill, params![text]).await?;
                }
            }
        }
        if total > 0 && !self.is_sqlite() {
            self.execute(DOING, stage.analyze, Vec::new()).await?;
        }
        Ok(total)
    }

    /// Drops a stage, so that the same transaction may make it again.
    pub async fn drop_staging_table(&mut self, stage: StagingTable) -> Result<()> {
        self.execute("drop a stage", stage.drop, Vec::new()).await.map(|_| ())
    }
}
