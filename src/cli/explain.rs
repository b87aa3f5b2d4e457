//! `rollcall explain`.

use super::args::Explain;
use super::failure::Failure;
use super::output;
use super::session::Session;
use crate::explain::words::words;
use crate::explain::{self, Asked};
use crate::groups as by_hand;
use crate::model::ids::CourseId;

/// Says why a learner is, or is not, in each group and course.
///
/// # Errors
/// When learner, group or course is unknown, the day is none that can be asked about, or the database does not answer.
pub async fn explain(session: &Session, args: &Explain) -> Result<u8, Failure> {
    let mut tx = session.store.read().await?;
    let learner = by_hand::find_learner(&mut tx, &args.email).await?;
    let course = match &args.course {
        Some(code) => Some(CourseId(by_hand::find_course(&mut tx, code).await?.id)),
        None => None,
    };
    let config = &session.config;
    let asked = Asked { learner: learner.id, group: args.group.as_deref(), course, at: args.at };
    let explained = match explain::explain(&mut tx, config.for_explain(), asked, session.when()).await {
        Ok(explained) => explained,
        Err(explain::Error::NoGroup { name }) => {
            // The one that knows which name is near.
            by_hand::find(&mut tx, &name).await?;
            return Err(explain::Error::NoGroup { name }.into());
        }
        Err(error) => return Err(error.into()),
    };
    if session.json {
        output::json(&explained)?;
        return Ok(0);
    }
    let whole = args.group.is_none() && args.course.is_none();
    output::facts(&words(&explained, config.timezone, whole).text())?;
    for note in &explained.notes {
        output::talk(&format!("\n{note}"));
    }
    Ok(0)
}

impl From<explain::Error> for Failure {
    fn from(error: explain::Error) -> Self {
        let hint = match &error {
            explain::Error::TooOld { oldest, .. } => {
                Some(format!("the oldest day that can be asked about is {oldest}"))
            }
            explain::Error::Future { .. } => {
                Some("`rollcall sync --dry-run` shows what the next run would do".to_owned())
            }
            explain::Error::NoGroup { .. } => Some("`rollcall groups list` shows every group".to_owned()),
            explain::Error::Store(_) | explain::Error::BadName(_) => None,
        };
        let failure = match error {
            explain::Error::Store(error) => return error.into(),
            explain::Error::Future { .. } | explain::Error::TooOld { .. } => {
                Failure::usage(error.to_string())
            }
            explain::Error::BadName(_) | explain::Error::NoGroup { .. } => Failure::failed(error.to_string()),
        };
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}
