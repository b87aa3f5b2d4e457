//! `rollcall courses`, `assign` and `unassign`.

use std::io::IsTerminal;

use super::args::{self, AssignArgs, DrainArgs};
use super::command_context::CommandContext;
use super::error::CliError;
use super::groups::print_change;
use super::output::{self, count};
use rollcall_connectors::file::read_regular_file;
use rollcall_core::enrollment::assign::AssignmentOutcome;
use rollcall_core::groups::{
    self, AssignRequest, AssignmentTargetRef, DeletionConfirmation, GroupError, UnassignImpact,
    UnassignResult,
};
use rollcall_model::due_policy::DuePolicy;
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_store::courses;

/// Runs a command about courses.
pub(crate) async fn courses(session: &CommandContext, command: args::CoursesCommand) -> Result<u8, CliError> {
    match command {
        args::CoursesCommand::List => {
            let mut tx = session.store.begin_read().await?;
            let all = courses::list(&mut tx).await?;
            if session.json {
                output::print_json(&all)?;
            } else {
                let rows =
                    all.iter().map(|one| [one.code.clone(), one.title.clone(), one.source.to_string()]);
                let nothing = "no courses yet: add one with `rollcall courses add CODE TITLE`";
                output::print_table(["code", "title", "from"], rows, nothing)?;
            }
            Ok(0)
        }
        args::CoursesCommand::Add { code, title } => {
            let about = session.new_manual_run(format!("add course `{code}`"));
            let done =
                groups::add_course(&session.store, &about, session.change_time(), &code, &title).await?;
            print_change(session, done.run.0, &format!("course `{code}` is in the catalogue"))
        }
        args::CoursesCommand::Import { file } => {
            let name = file.display();
            let sheet = read_regular_file(&file, ResourceLimit::ImportBytes)
                .map_err(|error| CliError::failed(format!("`{name}` cannot be read: {error}")))?;
            let about = session.new_manual_run(format!("import courses from `{name}`"));
            let imported =
                groups::import_courses(&session.store, &about, session.change_time(), &sheet).await;
            let imported = imported.map_err(|error| match error {
                groups::GroupError::BadSheet { .. } => CliError::failed(format!("{name}, {error}")),
                error => error.into(),
            })?;
            let courses = count(imported.courses, "course", "courses");
            match imported.done {
                Some(done) => {
                    print_change(session, done.run.0, &format!("{courses} of `{name}` are in the catalogue"))
                }
                None => {
                    output::print_status(&format!("`{name}` does not contain a course"));
                    Ok(0)
                }
            }
        }
    }
}

fn parse_target(whom: &args::AssignTarget) -> Result<(AssignmentTargetRef<'_>, &str), CliError> {
    match (&whom.group, &whom.learner) {
        (Some(group), _) => Ok((AssignmentTargetRef::Group(group.into()), group)),
        (None, Some(learner)) => Ok((AssignmentTargetRef::Learner(learner), learner)),
        (None, None) => Err(CliError::usage("`--group` or `--learner` is required")),
    }
}

/// Assigns a course.
///
/// # Errors
/// If course, group or learner is unknown.
pub(crate) async fn assign(session: &CommandContext, args: AssignArgs) -> Result<u8, CliError> {
    let due = match (args.due.due, args.due.due_days, args.due.due_days_after_start) {
        (Some(day), _, _) => DuePolicy::On(day),
        (None, Some(days), _) => DuePolicy::AfterJoining(days),
        (None, None, Some(days)) => DuePolicy::AfterStart(days),
        (None, None, None) => DuePolicy::Never,
    };
    let code = &args.course;
    let (target, name) = parse_target(&args.target)?;
    let about = session.new_manual_run(format!("assign `{code}` to `{name}`"));
    let asked = AssignRequest { course: code, due, late_days: args.late_days };
    let answer =
        groups::assign_course(&session.store, &about, session.change_time(), asked, &[target]).await?;
    session.drain_jobs_unless(args.drain.no_drain).await?;
    let name = answer.outcomes.first().map_or(name, |(name, _)| name);
    match (answer.done, answer.outcomes.first().map(|(_, outcome)| *outcome)) {
        (Some(done), Some(AssignmentOutcome::New)) => {
            let reached = count(done.counts.jobs_enqueued, "learner", "learners");
            print_change(
                session,
                done.run.0,
                &format!("assigned `{code}` to `{name}`, which reaches {reached}"),
            )
        }
        (Some(done), _) => {
            print_change(session, done.run.0, &format!("changed the due date of `{code}` for `{name}`"))
        }
        (None, _) => {
            output::print_status(&format!("`{code}` is already assigned to `{name}` with this due date"));
            Ok(0)
        }
    }
}

/// Ends an assignment. An end that exceeds the safety limits is asked for first, unless `yes` confirms it.
///
/// # Errors
/// If course, group or learner is unknown, the assignment does not exist, or a confirmation is missing.
pub(crate) async fn unassign(
    session: &CommandContext,
    code: &str,
    whom: &args::AssignTarget,
    yes: bool,
    drain: DrainArgs,
) -> Result<u8, CliError> {
    let (target, name) = parse_target(whom)?;
    let about = session.new_manual_run(format!("unassign `{code}` from `{name}`"));
    let limits = &session.config.safety;
    let end =
        |meant| groups::unassign_course(&session.store, &about, session.change_time(), code, target, meant);
    let meant =
        if yes { DeletionConfirmation::Confirmed } else { DeletionConfirmation::ByName(None, limits) };
    let unassigned = match end(meant).await {
        Err(GroupError::UnassignmentUnconfirmed { name, impact, .. }) => {
            if !confirm_unassignment(code, &name, impact)? {
                output::print_status("nothing was unassigned");
                return Ok(0);
            }
            end(DeletionConfirmation::Confirmed).await?
        }
        other => other?,
    };
    session.drain_jobs_unless(drain.no_drain).await?;
    match unassigned {
        UnassignResult::Ended(done) => {
            print_change(session, done.run.0, &format!("`{code}` is no longer assigned to `{name}`"))
        }
        UnassignResult::FromFile => Err(CliError::failed(format!("the file assigns `{code}` to `{name}`"))
            .hint(format!("remove it from `{}`, then run `rollcall sync`", session.config.path.display()))),
        UnassignResult::NotAssigned => Err(CliError::failed(format!("`{code}` is not assigned to `{name}`"))),
    }
}

/// Asks whether to end an assignment. Refuses if no terminal can answer.
fn confirm_unassignment(code: &str, name: &str, impact: UnassignImpact) -> Result<bool, CliError> {
    let losing = impact.in_words();
    if !std::io::stdin().is_terminal() {
        let text = format!(
            "unassigning `{code}` from `{name}` takes the course from {losing}: nothing was unassigned without a confirmation"
        );
        return Err(CliError::usage(text).hint("no terminal can answer; add `--yes` to unassign the course"));
    }
    output::confirm(&format!("Unassign `{code}` from `{name}`? It takes the course from {losing}."))
}
