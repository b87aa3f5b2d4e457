//! The catalogue.

use serde::Serialize;

use super::Result;
use super::param::params;
use super::sql::list_statements;
use super::transaction::Tx;
use rollcall_model::definition_source::DefinitionSource;
use rollcall_model::ids::CourseId;
use rollcall_model::names::fold;

/// A course as `courses list` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx_macros::FromRow)]
pub struct Course {
    /// The number.
    pub id: i64,
    /// The code that commands and files use.
    pub code: String,
    /// The title that learners see.
    pub title: String,
    /// `hand` or `file`.
    pub source: DefinitionSource,
}

const LIST: &str = "SELECT id, code, title, source FROM courses ORDER BY code_folded";

const BY_CODE: &str = "SELECT id, code, title, source FROM courses WHERE code_folded = $1";

const ADD: &str = "
    INSERT INTO courses (code, code_folded, title, source, title_folded) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (code_folded) DO NOTHING RETURNING id";

const RETITLE: &str = "UPDATE courses SET title = $2, source = $3, title_folded = $4 WHERE id = $1 AND (title <> $2 OR source <> $3)";

/// All courses, by code.
pub async fn list(tx: &mut Tx) -> Result<Vec<Course>> {
    tx.fetch_all("list courses", LIST, params![]).await
}

/// The course of a code, whatever the case.
pub async fn get_by_code(tx: &mut Tx, code: &str) -> Result<Option<Course>> {
    tx.fetch_optional("find a course", BY_CODE, params![fold(code)]).await
}

/// Adds a course; none when the code is there already.
pub async fn create(
    tx: &mut Tx,
    code: &str,
    title: &str,
    source: DefinitionSource,
) -> Result<Option<CourseId>> {
    let row: Option<(CourseId,)> =
        tx.fetch_optional("add a course", ADD, params![code, fold(code), title, source, fold(title)]).await?;
    Ok(row.map(|(id,)| id))
}

/// Changes the title of a course.
pub async fn update_title(
    tx: &mut Tx,
    course: CourseId,
    title: &str,
    source: DefinitionSource,
) -> Result<bool> {
    Ok(tx.execute("change a course's title", RETITLE, params![course, title, source, fold(title)]).await?
        == 1)
}

const FOLD: &str = "UPDATE courses SET title_folded = $2 WHERE id = $1";

/// Writes how titles are looked for, where an older program did not.
pub async fn fold_titles(tx: &mut Tx) -> Result<()> {
    for course in list(tx).await? {
        tx.execute("fold the title of a course", FOLD, params![course.id, fold(&course.title)]).await?;
    }
    Ok(())
}

list_statements!(LIST, BY_CODE, ADD, RETITLE, FOLD);
