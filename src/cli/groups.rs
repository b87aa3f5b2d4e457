//! `rollcall groups` and `rollcall exclusions`.

use std::io::IsTerminal;

use serde_json::json;

use super::args::{self, DrainArgs};
use super::command_context::CommandContext;
use super::error::CliError;
use super::output::{self, count};
use rollcall_core::groups::{self, DeletionConfirmation, MemberEffect, MembersUpdate, NewExclusion};
use rollcall_store::assignments::{self, Assignment, AssignmentTarget};
use rollcall_store::memberships;
use rollcall_views::{self as views, AssignedCourseView, MembersChange};

/// Runs a command about groups.
pub(crate) async fn groups(session: &CommandContext, command: args::GroupsCommand) -> Result<u8, CliError> {
    match command {
        args::GroupsCommand::List => list(session).await,
        args::GroupsCommand::Show { name } => show(session, &name).await,
        args::GroupsCommand::Create { name, members, drain } => create(session, &name, &members, drain).await,
        args::GroupsCommand::Rename { name, new } => {
            let about = session.new_manual_run(format!("rename group `{name}` to `{new}`"));
            let done =
                groups::rename_group(&session.store, &about, session.change_time(), &name, &new).await?;
            print_change(session, done.run.0, &format!("renamed `{name}` to `{new}`"))
        }
        args::GroupsCommand::Delete { name, yes, drain } => delete(session, &name, yes, drain).await,
        args::GroupsCommand::Restore { name, drain } => {
            let about = session.new_manual_run(format!("restore group `{name}`"));
            let done = groups::restore_group(&session.store, &about, session.change_time(), &name).await?;
            session.drain_jobs_unless(drain.no_drain).await?;
            let members = count(done.counts.memberships_added, "membership", "memberships");
            print_change(session, done.run.0, &format!("restored `{name}` with {members}"))
        }
        args::GroupsCommand::Add { name, who, drain } => {
            let about = session.new_manual_run(format!("add members to group `{name}`"));
            let members =
                groups::add_members(&session.store, &about, session.change_time(), &name, &who).await?;
            session.drain_jobs_unless(drain.no_drain).await?;
            print_members(session, &members)
        }
        args::GroupsCommand::Remove { name, who, until, because, drain } => {
            let about = session.new_manual_run(format!("remove members from group `{name}`"));
            let keep = NewExclusion { reason: &because, until };
            let members =
                groups::remove_members(&session.store, &about, session.change_time(), &name, &who, keep)
                    .await?;
            session.drain_jobs_unless(drain.no_drain).await?;
            print_members(session, &members)
        }
    }
}

/// The result of a manual change.
pub(crate) fn print_change(session: &CommandContext, run: i64, what: &str) -> Result<u8, CliError> {
    if session.json {
        output::print_json(&json!({"run": run, "done": what}))?;
    } else {
        output::print_result(&format!("Run {run}: {what}"))?;
    }
    Ok(0)
}

async fn list(session: &CommandContext) -> Result<u8, CliError> {
    let mut tx = session.store.begin_read().await?;
    let groups = views::list_groups(&mut tx, None).await?;
    if session.json {
        output::print_json(&groups)?;
    } else {
        let rows = groups.iter().map(|group| {
            [
                group.name.clone(),
                group.members.to_string(),
                group.rules.join(", "),
                group.assignments.to_string(),
            ]
        });
        let nothing = "no groups yet: create one with `rollcall groups create`, or add a rule";
        output::print_table(["name", "members", "rules", "assignments"], rows, nothing)?;
    }
    Ok(0)
}

async fn show(session: &CommandContext, name: &str) -> Result<u8, CliError> {
    let mut tx = session.store.begin_read().await?;
    let group = groups::find_group(&mut tx, name).await?;
    let members = views::list_members(&mut tx, group.id).await?;
    let assignments =
        assignments::list_active(&mut tx, Some(AssignmentTarget::Group(group.id)), None).await?;
    if session.json {
        let summaries = views::list_groups(&mut tx, Some(group.id)).await?;
        let assigned = assignments
            .iter()
            .map(|one| AssignedCourseView::new(&one.code, one.due, one.late_days, one.source));
        let mut json = json!(summaries.first());
        json["members"] = json!(members);
        json["assignments"] = assigned.map(|one| json!(one)).collect();
        output::print_json(&json)?;
        return Ok(0);
    }
    output::print_result(&format!("{} ({})", group.name, count(members.len() as u64, "member", "members")))?;
    let rows = members
        .iter()
        .map(|one| [one.email.clone(), one.name.clone(), one.reasons.join(", "), one.joined_on.to_string()]);
    output::print_table(["email", "name", "reasons", "joined"], rows, "no members")?;
    if !assignments.is_empty() {
        output::print_result("")?;
        let rows =
            assignments.iter().map(|one| [one.code.clone(), format_due_date(one), one.source.to_string()]);
        output::print_table(["course", "due", "from"], rows, "")?;
    }
    Ok(0)
}

/// Formats a due date policy.
fn format_due_date(one: &Assignment) -> String {
    use rollcall_model::due_policy::DuePolicy;
    match one.due {
        DuePolicy::Never => "no due date".to_owned(),
        DuePolicy::On(day) => format!("on {day}"),
        DuePolicy::AfterJoining(days) => format!("{} after joining", count(u64::from(days), "day", "days")),
        DuePolicy::AfterStart(days) => {
            format!("{} after the start date", count(u64::from(days), "day", "days"))
        }
    }
}

async fn create(
    session: &CommandContext,
    name: &str,
    members: &[String],
    drain: DrainArgs,
) -> Result<u8, CliError> {
    let about = session.new_manual_run(format!("create group `{name}`"));
    let (_, done) =
        groups::create_group(&session.store, &about, session.change_time(), name, members).await?;
    session.drain_jobs_unless(drain.no_drain).await?;
    let members = count(done.counts.memberships_added, "member", "members");
    print_change(session, done.run.0, &format!("created `{name}` with {members}"))
}

async fn delete(session: &CommandContext, name: &str, yes: bool, drain: DrainArgs) -> Result<u8, CliError> {
    let going = groups::load_deletion_impact(&session.store, name).await?;
    let what = going.in_words();
    if !yes && !std::io::stdin().is_terminal() {
        let refused =
            CliError::usage(format!("`{name}` has {what}: nothing was deleted without a confirmation"));
        return Err(refused.hint("no terminal can answer; add `--yes` to delete the group"));
    }
    if !yes && !output::confirm(&format!("Delete `{name}` with {what}?"))? {
        output::print_status("nothing was deleted");
        return Ok(0);
    }
    let about = session.new_manual_run(format!("delete group `{name}`"));
    let done = groups::delete_group(
        &session.store,
        &about,
        session.change_time(),
        name,
        DeletionConfirmation::Confirmed,
    )
    .await?;
    session.drain_jobs_unless(drain.no_drain).await?;
    print_change(session, done.run.0, &format!("deleted `{name}` with {what}"))?;
    output::print_status(&format!("\nhint: `rollcall groups restore '{name}'` restores it within 30 days"));
    Ok(0)
}

fn print_members(session: &CommandContext, members: &MembersUpdate) -> Result<u8, CliError> {
    let group = &members.group;
    let in_words = |effect: &MemberEffect| match effect {
        MemberEffect::Added => "added",
        MemberEffect::AlreadyThere => "is already a member",
        MemberEffect::Waits => "becomes a member when the learner has access",
        MemberEffect::Removed => "removed",
        MemberEffect::Excluded => "removed, and excluded so that rules do not add the learner again",
        MemberEffect::NotThere => "is not a member",
    };
    let run = members.done.map(|done| done.run.0);
    if session.json {
        output::print_json(&MembersChange::from(members))?;
        return Ok(0);
    }
    for (learner, effect) in &members.effects {
        output::print_result(&format!("{}  {}", learner.email, in_words(effect)))?;
    }
    match run {
        Some(run) => output::print_result(&format!("Run {run}: changed `{group}`"))?,
        None => output::print_result("Nothing changed")?,
    }
    if members.effects.iter().any(|(_, effect)| *effect == MemberEffect::Excluded) {
        output::print_status(&format!(
            "\nhint: `rollcall exclusions lift '{group}' EMAIL` lets rules add the learner again"
        ));
    }
    Ok(0)
}

/// Runs a command about exclusions.
pub(crate) async fn exclusions(
    session: &CommandContext,
    command: args::ExclusionsCommand,
) -> Result<u8, CliError> {
    match command {
        args::ExclusionsCommand::List => {
            let mut tx = session.store.begin_read().await?;
            let all = memberships::list_exclusions(&mut tx).await?;
            if session.json {
                output::print_json(&all)?;
            } else {
                let rows = all.iter().map(|one| {
                    let until = one.until.map_or_else(|| "lifted".to_owned(), |day| day.to_string());
                    [one.group.clone(), one.email.clone(), one.reason.clone(), one.actor.clone(), until]
                });
                output::print_table(["group", "email", "why", "who", "until"], rows, "no exclusions")?;
            }
            Ok(0)
        }
        args::ExclusionsCommand::Lift { name, email, drain } => {
            let about = session.new_manual_run(format!("lift an exclusion from group `{name}`"));
            let done =
                groups::lift_exclusion(&session.store, &about, session.change_time(), &name, &email).await?;
            session.drain_jobs_unless(drain.no_drain).await?;
            print_change(
                session,
                done.run.0,
                &format!("`{email}` is no longer excluded from `{name}`; the next sync evaluates the rules"),
            )
        }
    }
}
