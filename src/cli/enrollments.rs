//! `rollcall enrollments` and `rollcall verify`.

use chrono::{DateTime, NaiveDate, Utc};

use super::args;
use super::command_context::CommandContext;
use super::error::CliError;
use super::output::{self, count};
use rollcall_core::enrollment::verify::{self as verifying, DiscrepancyKind, VerifyResult};
use rollcall_core::groups::{self, CompletionResult, ReopenResult};
use rollcall_model::enrollment_state::EnrollmentState;
use rollcall_model::timestamp;
use rollcall_store::enrollments::{self, EnrollmentRow};
use rollcall_views::EnrollmentView;

/// Runs a command about enrollments.
pub(crate) async fn enrollments(
    session: &CommandContext,
    command: args::EnrollmentsCommand,
) -> Result<u8, CliError> {
    match command {
        args::EnrollmentsCommand::List { learner, course, group, overdue, due_before } => {
            let today = overdue.then(|| session.change_time().today);
            // Overdue is what was due before today.
            let due_before = today.into_iter().chain(due_before).min();
            list(session, learner.as_deref(), course.as_deref(), group.as_deref(), due_before).await
        }
        args::EnrollmentsCommand::Complete { email, course, at } => {
            let at = at.map_or(Ok(Utc::now()), |text| parse_time(session, &text))?;
            let about = session.new_manual_run(format!("complete `{course}`"));
            let done =
                groups::complete_course(&session.store, &about, session.change_time(), &email, &course, at)
                    .await?;
            match done {
                CompletionResult::Noted => {
                    output::print_result(&format!("recorded that `{email}` completed `{course}`"))?;
                }
                CompletionResult::Before(at) => {
                    output::print_status(&format!(
                        "`{email}` already completed `{course}` at {at}; this date is kept"
                    ));
                }
            }
            Ok(0)
        }
        args::EnrollmentsCommand::Reopen { email, course, drain } => {
            let about = session.new_manual_run(format!("reopen `{course}`"));
            let reopened =
                groups::reopen_course(&session.store, &about, session.change_time(), &email, &course).await?;
            session.drain_jobs_unless(drain.no_drain).await?;
            match reopened {
                ReopenResult::Reopened { .. } => {
                    output::print_result(&format!("took back that `{email}` completed `{course}`"))?;
                    output::print_status("certificates that a learning platform issued stay as they are");
                }
                ReopenResult::NotCompleted => {
                    output::print_status(&format!("`{email}` has not completed `{course}`"));
                }
            }
            Ok(0)
        }
    }
}

/// Parses an RFC 3339 time, or a day as noon in the time zone of the configuration.
fn parse_time(session: &CommandContext, text: &str) -> Result<DateTime<Utc>, CliError> {
    timestamp::parse_timestamp(text, session.config.timezone).ok_or_else(|| {
        CliError::usage(format!("`{text}` is not a valid date or time"))
            .hint("write 2026-12-31, or 2026-12-31T09:30:00Z")
    })
}

async fn list(
    session: &CommandContext,
    learner: Option<&str>,
    course: Option<&str>,
    group: Option<&str>,
    due_before: Option<NaiveDate>,
) -> Result<u8, CliError> {
    let mut tx = session.store.begin_read().await?;
    let learner = match learner {
        Some(text) => Some(groups::find_learner(&mut tx, text).await?.id.0),
        None => None,
    };
    let course = match course {
        Some(code) => Some(groups::find_course(&mut tx, code).await?.id),
        None => None,
    };
    let group = match group {
        Some(name) => Some(groups::find_group(&mut tx, name).await?.id.0),
        None => None,
    };
    let all = enrollments::list(&mut tx, learner, course, group).await?;
    let is_open = |one: &&EnrollmentRow| one.state == EnrollmentState::Active && one.completed_at.is_none();
    let is_due = |one: &&EnrollmentRow| match due_before {
        Some(day) => is_open(one) && one.due.is_some_and(|due| due < day),
        None => true,
    };
    let all: Vec<EnrollmentView> = all.iter().filter(is_due).map(EnrollmentView::from).collect();
    if session.json {
        output::print_json(&all)?;
        return Ok(0);
    }
    let day = |at: Option<DateTime<Utc>>| {
        at.map_or_else(String::new, |at| at.with_timezone(&session.config.timezone).date_naive().to_string())
    };
    let rows = all.iter().map(|one| {
        [
            one.email.clone(),
            one.course.clone(),
            one.state.clone(),
            one.due.map_or_else(String::new, |day| day.to_string()),
            day(one.completed_at),
            one.groups.join(", "),
        ]
    });
    let nothing = match due_before {
        Some(_) => "no enrollment matches",
        None => "no enrollments: assign a course with `rollcall assign COURSE --group GROUP`",
    };
    output::print_table(["email", "course", "state", "due", "completed", "groups"], rows, nothing)?;
    Ok(0)
}

/// Verifies that enrollments match memberships and assignments; with `repair`, corrects them first.
pub(crate) async fn verify(session: &CommandContext, repair: bool) -> Result<u8, CliError> {
    let verdict = if repair {
        let about = session.new_manual_run("verify --repair");
        let repair = verifying::repair_enrollments(&session.store, &about, session.change_time()).await?;
        if repair.done.is_some() {
            let found = count(repair.found.differences.len() as u64, "difference", "differences");
            output::print_status(&format!("{found} found, repairing them"));
            session.drain_jobs().await?;
            verifying::verify_enrollments(&session.store).await?
        } else {
            repair.found
        }
    } else {
        verifying::verify_enrollments(&session.store).await?
    };
    print_discrepancies(session, &verdict)?;
    Ok(u8::from(!verdict.differences.is_empty()))
}

fn print_discrepancies(session: &CommandContext, verdict: &VerifyResult) -> Result<(), CliError> {
    if session.json {
        return output::print_json(verdict);
    }
    let day = |due: Option<NaiveDate>| due.map_or_else(|| "no due date".to_owned(), |day| day.to_string());
    for one in &verdict.differences {
        let what = match one.what {
            DiscrepancyKind::Missing => "should have access, but has none".to_owned(),
            DiscrepancyKind::Extra => "has access without an assignment".to_owned(),
            DiscrepancyKind::Due => {
                format!("is due {}, but should be due {}", day(one.found_due), day(one.expected_due))
            }
        };
        output::print_result(&format!(" ! {}  {}  {what}", one.email, one.course))?;
    }
    let memberships = count(verdict.memberships, "membership", "memberships");
    let enrollments = count(verdict.enrollments, "enrollment", "enrollments");
    let differences = count(verdict.differences.len() as u64, "difference", "differences");
    output::print_result(&format!("{memberships}, {enrollments}, {differences}"))?;
    if verdict.pending > 0 {
        let pending = count(verdict.pending, "pair waits", "pairs wait");
        output::print_status(&format!("{pending} for a worker and could not be compared"));
    }
    if !verdict.differences.is_empty() {
        output::print_status("\nhint: `rollcall verify --repair` corrects them");
    }
    Ok(())
}
