//! Manual changes of the course catalogue.

use serde_json::{Value, json};

use crate::enrollment::change::{ChangeTime, ChangeTransaction, CommittedChange};
use crate::groups::csv_import::{self, ImportError, ImportRow};
use crate::groups::{GroupError, Result};
use rollcall_model::definition_source::DefinitionSource;
use rollcall_model::ids::CourseId;
use rollcall_model::names::{clean, nearest};
use rollcall_store::runs::NewRun;
use rollcall_store::{Store, Tx, courses};

/// Finds a course by code.
///
/// # Errors
/// When there is none, with the nearest one there is.
pub async fn find_course(tx: &mut Tx, code: &str) -> Result<courses::Course> {
    if let Some(course) = courses::get_by_code(tx, code).await? {
        return Ok(course);
    }
    let all = courses::list(tx).await?;
    let near = nearest(code, all.iter().map(|course| course.code.as_str())).map(str::to_owned);
    Err(GroupError::NoCourse { code: code.to_owned(), nearest: near })
}

/// Adds a course, or gives one that was added by hand another title.
///
/// # Errors
/// If the course is defined in the configuration file, or has no code or title.
pub async fn add_course(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    code: &str,
    title: &str,
) -> Result<CommittedChange> {
    let (code, title) = (clean(code), clean(title));
    if code.is_empty() || title.is_empty() {
        return Err(GroupError::BadCourse { code: code.into_owned() });
    }
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    upsert_course(&mut change.tx, &code, &title).await?;
    Ok(change.commit().await?)
}

async fn upsert_course(tx: &mut Tx, code: &str, title: &str) -> Result<()> {
    match courses::get_by_code(tx, code).await? {
        Some(course) if course.source == DefinitionSource::File => {
            return Err(GroupError::CourseFromFile { code: course.code });
        }
        Some(course) => {
            courses::update_title(tx, CourseId(course.id), title, DefinitionSource::Hand).await?;
        }
        None => {
            courses::create(tx, code, title, DefinitionSource::Hand).await?;
        }
    }
    Ok(())
}

/// Courses that a sheet brought.
#[derive(Debug, Clone, Copy)]
pub struct CourseImportResult {
    /// The change; none where the sheet has no course.
    pub done: Option<CommittedChange>,
    /// Number of courses in the file.
    pub courses: u64,
}

/// Adds the courses of a sheet, CSV with `code,title`, or gives them other titles; all or none.
///
/// # Errors
/// If the file is not valid or contains a course of the configuration file. The error names the lines.
pub async fn import_courses(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    sheet: &[u8],
) -> Result<CourseImportResult> {
    let lines = csv_import::parse_courses(sheet).map_err(|mistakes| GroupError::BadSheet { mistakes })?;
    let courses = lines.len() as u64;
    if lines.is_empty() {
        return Ok(CourseImportResult { done: None, courses });
    }
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let mut mistakes = Vec::new();
    for ImportRow { at, code, title } in &lines {
        match upsert_course(&mut change.tx, &clean(code), &clean(title)).await {
            Err(error @ GroupError::CourseFromFile { .. }) => {
                mistakes.push(ImportError { line: *at, why: error.to_string() });
            }
            put => put?,
        }
    }
    if !mistakes.is_empty() {
        return Err(GroupError::BadSheet { mistakes });
    }
    change.record_before_after(&Value::Null, &json!({"courses": courses})).await?;
    Ok(CourseImportResult { done: Some(change.commit().await?), courses })
}
