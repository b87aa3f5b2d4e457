//! The catalogue by hand, and who has completed what.

use chrono::Utc;
use serde_json::{Value, json};

use crate::enrollment::change::{Change, Done, When};
use crate::groups::sheet::{self, Line, Mistake};
use crate::groups::{Error, Result, find_learner};
use crate::model::ids::CourseId;
use crate::model::names::nearest;
use crate::store::runs::About;
use crate::store::{Store, Tx, courses, enrollments};

/// Finds a course by code.
///
/// # Errors
/// When there is none, with the nearest one there is.
pub async fn find_course(tx: &mut Tx, code: &str) -> Result<courses::Course> {
    if let Some(course) = courses::by_code(tx, code).await? {
        return Ok(course);
    }
    let all = courses::list(tx).await?;
    let near = nearest(code, all.iter().map(|course| course.code.as_str())).map(str::to_owned);
    Err(Error::NoCourse { code: code.to_owned(), nearest: near })
}

/// Adds a course, or gives one that was added by hand another title.
///
/// # Errors
/// When the course belongs to the file, or has no code or title.
pub async fn add_course(store: &Store, about: &About, when: When, code: &str, title: &str) -> Result<Done> {
    let (code, title) = (code.trim(), title.trim());
    if code.is_empty() || title.is_empty() {
        return Err(Error::BadCourse { code: code.to_owned() });
    }
    let mut change = Change::begin(store, about, when).await?;
    put(&mut change.tx, code, title).await?;
    Ok(change.commit().await?)
}

async fn put(tx: &mut Tx, code: &str, title: &str) -> Result<()> {
    match courses::by_code(tx, code).await? {
        Some(course) if course.source == "file" => return Err(Error::CourseOfTheFile { code: course.code }),
        Some(course) => {
            courses::retitle(tx, CourseId(course.id), title, "hand").await?;
        }
        None => {
            courses::add(tx, code, title, "hand").await?;
        }
    }
    Ok(())
}

/// Courses that a sheet brought.
#[derive(Debug, Clone, Copy)]
pub struct Imported {
    /// The change; none where the sheet has no course.
    pub done: Option<Done>,
    /// How many courses it has.
    pub courses: u64,
}

/// Adds the courses of a sheet, CSV with `code,title`, or gives them other titles; all or none.
///
/// # Errors
/// When the sheet cannot be read, or a course of it belongs to the file: with the lines where that is.
pub async fn import_courses(store: &Store, about: &About, when: When, sheet: &[u8]) -> Result<Imported> {
    let lines = sheet::read(sheet).map_err(|mistakes| Error::BadSheet { mistakes })?;
    let courses = lines.len() as u64;
    if lines.is_empty() {
        return Ok(Imported { done: None, courses });
    }
    let mut change = Change::begin(store, about, when).await?;
    let mut mistakes = Vec::new();
    for Line { at, code, title } in &lines {
        match put(&mut change.tx, code, title).await {
            Err(error @ Error::CourseOfTheFile { .. }) => {
                mistakes.push(Mistake { line: *at, why: error.to_string() });
            }
            put => put?,
        }
    }
    if !mistakes.is_empty() {
        return Err(Error::BadSheet { mistakes });
    }
    change.note(&Value::Null, &json!({"courses": courses})).await?;
    Ok(Imported { done: Some(change.commit().await?), courses })
}

/// What came of noting that a course is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    /// It is noted.
    Noted,
    /// It was done before, at this time.
    Before(chrono::DateTime<Utc>),
}

/// Notes that a learner has completed a course; the due date is frozen from then on.
///
/// # Errors
/// When learner or course is unknown, or the learner was never enrolled.
pub async fn complete(
    store: &Store,
    about: &About,
    when: When,
    email: &str,
    code: &str,
    at: chrono::DateTime<Utc>,
) -> Result<Completion> {
    let mut change = Change::begin(store, about, when).await?;
    let learner = find_learner(&mut change.tx, email).await?;
    let course = find_course(&mut change.tx, code).await?;
    let id = CourseId(course.id);
    match enrollments::completed(&mut change.tx, learner.id, id).await? {
        None => Err(Error::NeverEnrolled { email: learner.email, code: course.code }),
        Some(Some(before)) => {
            change.tx.rollback().await?;
            Ok(Completion::Before(before))
        }
        Some(None) => {
            let run = change.run;
            enrollments::complete(&mut change.tx, learner.id, id, at, run).await?;
            let made = json!({"learner": learner.id, "email": learner.email, "course": course.code, "completed_at": at});
            change.note(&Value::Null, &made).await?;
            change.commit().await?;
            Ok(Completion::Noted)
        }
    }
}
