//! Lists for pages and API. Each query returns one page, after the last row of the previous page, and uses an index.
//!
//! The search for learners matches beginnings of words ([`rollcall_model::names::terms`]) with the full-text index of
//! the engine. All words must match, in any order.

pub mod accounts;
pub mod assignments;
pub mod audit_log;
pub mod changes;
pub mod completion;
pub mod courses;
pub mod database_info;
pub mod enrollments;
pub mod exclusions;
pub mod groups;
pub mod jobs;
pub mod learners;
pub mod members;
pub mod runs;
pub mod tokens;
pub mod waiting_holds;

use super::sql::Sql;
use super::transaction::Tx;
use rollcall_model::names::terms;

/// From where, and how much.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest<'a> {
    /// Sort key of the last row of the previous page; empty for the first page.
    pub text: &'a str,
    /// The number of that row; 0 for the first page.
    pub id: i64,
    /// Rows at most.
    pub limit: i64,
}

/// Words of a search text. They are computed before a write transaction begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchTerms(String);

impl SearchTerms {
    /// Reads the words of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(terms([text]))
    }
}

/// Builds the query for the full-text index of the engine; none if the text has no word.
#[must_use]
pub fn build_search_query(tx: &Tx, text: &str) -> Option<String> {
    build_terms_query(tx, &SearchTerms::of(text))
}

fn build_terms_query(tx: &Tx, SearchTerms(found): &SearchTerms) -> Option<String> {
    if found.is_empty() {
        return None;
    }
    // Words are letters and digits alone: nothing in them can end the quotes.
    let words = found.split(' ');
    Some(if tx.is_sqlite() {
        words.map(|word| format!("\"{word}\"*")).collect::<Vec<_>>().join(" ")
    } else {
        words.map(|word| format!("'{word}':*")).collect::<Vec<_>>().join(" & ")
    })
}

/// The text that is looked for in names of groups and courses: anywhere in them.
const fn contains(sqlite: &'static str, postgres: &'static str) -> Sql {
    Sql::per_engine(sqlite, postgres)
}
