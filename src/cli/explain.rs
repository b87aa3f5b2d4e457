//! `rollcall explain`.

use super::args::ExplainArgs;
use super::command_context::CommandContext;
use super::error::CliError;
use super::output;
use rollcall_core::explain::render::render_explanation;
use rollcall_core::explain::{self, ExplainRequest};
use rollcall_core::groups as by_hand;
use rollcall_model::ids::CourseId;

/// Explains why a learner is or is not in each group and course.
///
/// # Errors
/// If learner, group or course is unknown, the day is not supported, or the database fails.
pub(crate) async fn explain(session: &CommandContext, args: &ExplainArgs) -> Result<u8, CliError> {
    let mut tx = session.store.begin_read().await?;
    let learner = by_hand::find_shown_learner(&mut tx, &args.email).await?;
    let course = match &args.course {
        Some(code) => Some(CourseId(by_hand::find_course(&mut tx, code).await?.id)),
        None => None,
    };
    let config = &session.config;
    let asked = ExplainRequest { learner: learner.id, group: args.group.as_deref(), course, at: args.at };
    let explained = match explain::explain(&mut tx, config.for_explain(), asked, session.change_time()).await
    {
        Ok(explained) => explained,
        Err(explain::ExplainError::NoGroup { name }) => {
            // The one that knows which name is near.
            by_hand::find_group(&mut tx, &name).await?;
            return Err(explain::ExplainError::NoGroup { name }.into());
        }
        Err(error) => return Err(error.into()),
    };
    if session.json {
        output::print_json(&explained)?;
        return Ok(0);
    }
    let whole = args.group.is_none() && args.course.is_none();
    output::print_result(&render_explanation(&explained, config.timezone, whole).to_text())?;
    for note in &explained.notes {
        output::print_status(&format!("\n{note}"));
    }
    Ok(0)
}

impl From<explain::ExplainError> for CliError {
    fn from(error: explain::ExplainError) -> Self {
        let hint = match &error {
            explain::ExplainError::TooOld { oldest, .. } => {
                Some(format!("the oldest supported day is {oldest}"))
            }
            explain::ExplainError::Future { .. } => {
                Some("`rollcall sync --dry-run` shows what the next run would do".to_owned())
            }
            explain::ExplainError::NoGroup { .. } => {
                Some("`rollcall groups list` shows every group".to_owned())
            }
            explain::ExplainError::Store(_) | explain::ExplainError::BadName(_) => None,
        };
        let failure = match error {
            explain::ExplainError::Store(error) => return error.into(),
            explain::ExplainError::Future { .. } | explain::ExplainError::TooOld { .. } => {
                CliError::usage(error.to_string())
            }
            explain::ExplainError::BadName(_) | explain::ExplainError::NoGroup { .. } => {
                CliError::failed(error.to_string())
            }
        };
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}
