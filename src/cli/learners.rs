//! `rollcall learners`.

use serde_json::Value;

use super::args;
use super::command_context::{CommandContext, LEASE_TIMEOUT};
use super::error::CliError;
use super::groups::print_change;
use super::output;
use rollcall_core::groups::{self, SuspensionResult};
use rollcall_core::sync::resync_learner::ResyncContext;
use rollcall_core::sync::{link_learners, restore_learner};
use rollcall_model::names::fold;
use rollcall_store::learners;
use rollcall_views::{self as views, LearnerView};

/// Runs a command about learners.
pub(crate) async fn learners(
    session: &CommandContext,
    command: args::LearnersCommand,
) -> Result<u8, CliError> {
    match command {
        args::LearnersCommand::List(filter) => list(session, &filter).await,
        args::LearnersCommand::Show { email } => show(session, &email).await,
        args::LearnersCommand::Link { one, other, drain } => {
            let about = session.new_manual_run(format!("link `{one}` and `{other}`"));
            let linked =
                link_learners::link(resync_context(session), &about, session.change_time(), [&one, &other])
                    .await;
            session.drain_jobs_unless(drain.no_drain).await?;
            print_change(session, linked?.done.run.0, &format!("`{one}` and `{other}` are now one learner"))
        }
        args::LearnersCommand::Unlink { one, other, drain } => {
            let about = session.new_manual_run(format!("unlink `{one}` and `{other}`"));
            let parted =
                link_learners::unlink(resync_context(session), &about, session.change_time(), [&one, &other])
                    .await;
            session.drain_jobs_unless(drain.no_drain).await?;
            print_change(session, parted?.done.run.0, &format!("`{one}` and `{other}` are now two learners"))
        }
        args::LearnersCommand::Suspend { email, drain } => suspend(session, &email, drain).await,
        args::LearnersCommand::Restore { email, drain } => restore(session, &email, drain).await,
        args::LearnersCommand::Add { email, name } => {
            let about = session.new_manual_run(format!("add learner `{email}`"));
            let (_, done) =
                groups::add_learner(&session.store, &about, session.change_time(), &email, &name).await?;
            print_change(session, done.run.0, &format!("added `{email}`"))
        }
    }
}

async fn suspend(session: &CommandContext, email: &str, drain: args::DrainArgs) -> Result<u8, CliError> {
    let about = session.new_manual_run(format!("suspend `{email}`"));
    match groups::suspend_learner(&session.store, &about, session.change_time(), email).await? {
        SuspensionResult::Suspended(done) => {
            session.drain_jobs_unless(drain.no_drain).await?;
            print_change(session, done.run.0, &format!("suspended `{email}`"))
        }
        SuspensionResult::Before { actor, at } => {
            let day = at.with_timezone(&session.config.timezone).date_naive();
            output::print_status(&format!("`{email}` was already suspended on {day} by {actor}"));
            Ok(0)
        }
    }
}

async fn restore(session: &CommandContext, email: &str, drain: args::DrainArgs) -> Result<u8, CliError> {
    let about = session.new_manual_run(format!("restore `{email}`"));
    let restored =
        restore_learner::restore_learner(resync_context(session), &about, session.change_time(), email).await;
    session.drain_jobs_unless(drain.no_drain).await?;
    let restored = restored?;
    let text = format!("restored `{email}`, whose status is {}", restored.status);
    print_change(session, restored.done.run.0, &text)
}

async fn list(session: &CommandContext, filter: &args::LearnerFilterArgs) -> Result<u8, CliError> {
    let mut tx = session.store.begin_read().await?;
    let group = match &filter.group {
        Some(name) => Some(groups::find_group(&mut tx, name.as_str()).await?.name),
        None => None,
    };
    let department = filter.department.as_deref().map(fold);
    let all = learners::list(&mut tx, None).await?;
    let all: Vec<LearnerView> = all
        .iter()
        .filter(|one| filter.status.is_none_or(|status| one.status == status))
        .filter(|one| department.as_ref().is_none_or(|department| fold(&one.department) == *department))
        .map(LearnerView::from)
        .filter(|one| group.as_ref().is_none_or(|group| one.groups.contains(group)))
        .collect();
    if session.json {
        output::print_json(&all)?;
        return Ok(0);
    }
    let rows = all.iter().map(|one| {
        [
            one.email.clone(),
            one.name.clone(),
            one.status.clone(),
            one.department.clone(),
            one.location.clone(),
            one.role.clone(),
            one.groups.join(", "),
        ]
    });
    let is_filtered = filter.status.is_some() || filter.group.is_some() || filter.department.is_some();
    let nothing = if is_filtered {
        "no learner matches"
    } else {
        "no learners yet: run `rollcall sync`, or add one with `rollcall learners add`"
    };
    let headings = ["email", "name", "status", "department", "location", "role", "groups"];
    output::print_table(headings, rows, nothing)?;
    Ok(0)
}

fn resync_context(session: &CommandContext) -> ResyncContext<'_> {
    ResyncContext {
        store: &session.store,
        file: session.config.for_sync(),
        patience: LEASE_TIMEOUT,
        stop: &session.stop,
    }
}

async fn show(session: &CommandContext, email: &str) -> Result<u8, CliError> {
    let mut tx = session.store.begin_read().await?;
    let learner = groups::find_shown_learner(&mut tx, email).await?;
    let known = views::load_learner_details(&mut tx, learner.id).await?;
    let known = known.ok_or_else(|| groups::GroupError::NoLearner { text: email.to_owned() })?;
    if session.json {
        output::print_json(&known)?;
        return Ok(0);
    }
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    };
    output::print_result(&format!("{} ({})", learner.email, learner.status))?;
    let rows = known.attributes.iter().map(|(name, value)| [name.clone(), text(value)]);
    output::print_table(["attribute", "value"], rows, "no attributes")?;
    output::print_result(&format!("groups: {}", known.learner.groups.join(", ")))?;
    if let Some(suspension) = &known.suspension {
        let day = suspension.at.with_timezone(&session.config.timezone).date_naive();
        output::print_result(&format!("suspended by hand on {day} by {}", suspension.actor))?;
    }
    if known.contested {
        output::print_status("another learner has this learner's e-mail address");
    }
    Ok(0)
}
