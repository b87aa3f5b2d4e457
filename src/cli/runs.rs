//! `rollcall runs` and `rollcall connectors`.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde_json::json;

use super::args;
use super::failure::Failure;
use super::output::{self, count};
use super::session::Session;
use crate::model::ids::RunId;
use crate::store::listing::record;
use crate::store::{holds, runs as log};
use crate::sync::overview::overview;
use crate::sync::words;

fn local(session: &Session, at: DateTime<Utc>) -> String {
    at.with_timezone(&session.config.timezone).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Runs a command about runs.
///
/// # Errors
/// When it cannot be done.
pub async fn runs(session: &Session, command: args::Runs) -> Result<u8, Failure> {
    match command {
        args::Runs::List { limit } => {
            let mut tx = session.store.read().await?;
            let all = log::list(&mut tx, i64::from(limit)).await?;
            if session.json {
                output::json(&all)?;
                return Ok(0);
            }
            let rows = all.iter().map(|run| {
                [
                    run.run.to_string(),
                    local(session, run.started_at),
                    run.connector.clone().unwrap_or_default(),
                    run.status.clone(),
                    run.people_read.to_string(),
                    format!("+{} -{}", run.memberships_added, run.memberships_removed),
                    run.actor.clone(),
                    run.what.clone(),
                ]
            });
            let headings = ["run", "started", "connector", "status", "people", "memberships", "who", "what"];
            output::table(headings, rows, "no runs yet: `rollcall sync` makes the first")?;
            Ok(0)
        }
        args::Runs::Show { run } => show(session, run).await,
    }
}

/// `rollcall audit`.
///
/// # Errors
/// When the database does not answer.
pub async fn audit(session: &Session, since: Option<NaiveDate>) -> Result<u8, Failure> {
    let midnight = since
        .and_then(|day| day.and_time(NaiveTime::MIN).and_local_timezone(session.config.timezone).earliest());
    let from = midnight.map_or(DateTime::UNIX_EPOCH, |at| at.with_timezone(&Utc));
    let mut tx = session.store.read().await?;
    let all = record::since(&mut tx, from).await?;
    if session.json {
        output::json(&all)?;
        return Ok(0);
    }
    let rows = all.iter().map(|one| {
        let run = &one.run;
        [
            local(session, run.started_at),
            run.actor.clone(),
            run.what.clone(),
            run.status.clone(),
            format!("+{} -{}", run.memberships_added, run.memberships_removed),
            run.run.to_string(),
            one.before(),
            one.after(),
        ]
    });
    output::table(
        ["when", "who", "what", "status", "memberships", "run", "before", "after"],
        rows,
        "nothing was changed since then",
    )?;
    Ok(0)
}

async fn show(session: &Session, number: i64) -> Result<u8, Failure> {
    let mut tx = session.store.read().await?;
    let Some(run) = log::show(&mut tx, RunId(number)).await? else {
        return Err(Failure::failed(format!("there is no run {number}"))
            .hint("`rollcall runs list` shows the newest"));
    };
    let changes = log::changes(&mut tx, RunId(number)).await?;
    let problems = log::problems(&mut tx, RunId(number)).await?;
    let (guard, connector) = log::guard(&mut tx, RunId(number)).await?;
    let guard: serde_json::Value = serde_json::from_str(&guard).unwrap_or_default();
    let held = match connector {
        Some(connector) => holds::shown(&mut tx, connector, RunId(number)).await?,
        None => Vec::new(),
    };
    let decided = log::about(&mut tx, RunId(number)).await?;
    if session.json {
        let mut json = serde_json::to_value(&run).map_err(|error| Failure::failed(error.to_string()))?;
        json["changes"] = json!(changes);
        json["problems"] = json!(problems);
        json["causes"] = guard["causes"].clone();
        json["reasons"] = guard["reasons"].clone();
        json["held"] = json!(held);
        json["decisions"] = decided.iter().map(|(run, what)| json!({"run": run, "what": what})).collect();
        output::json(&json)?;
        return Ok(0);
    }
    let of = run.connector.as_deref().map_or_else(String::new, |name| format!(" of `{name}`"));
    output::facts(&format!("Run {}{of}: {} at {}", run.run, run.status, local(session, run.started_at)))?;
    output::facts(&format!("{} by {}", run.what, run.actor))?;
    if let Some(error) = &run.error {
        output::facts(&format!("error: {error}"))?;
    }
    let rows =
        changes.iter().map(|one| [one.sign.clone(), one.email.clone(), one.group.clone(), one.rule.clone()]);
    output::table(["", "email", "group", "reason"], rows, "no membership changed")?;
    for problem in &problems {
        output::facts(&format!(" ! {}: {}", problem.subject, problem.message))?;
    }
    show_held(number, &guard, &held)?;
    for (run, what) in &decided {
        output::facts(&format!("\nRun {run}: {what}"))?;
    }
    Ok(0)
}

/// What a run did not do, why, and what became of it.
fn show_held(number: i64, guard: &serde_json::Value, held: &[holds::Change]) -> Result<(), Failure> {
    if held.is_empty() {
        return Ok(());
    }
    let texts = |name: &str, of: fn(&serde_json::Value) -> Option<&str>| -> Vec<String> {
        guard[name].as_array().into_iter().flatten().filter_map(of).map(str::to_owned).collect()
    };
    let changes = count(held.len() as u64, "change", "changes");
    let mut lines = vec![String::new(), format!("held: {changes}")];
    lines.extend(texts("causes", |one| one.as_str()).into_iter().map(|cause| format!("  because: {cause}")));
    lines.extend(
        texts("reasons", |one| one["message"].as_str())
            .into_iter()
            .map(|reason| format!("  limit: {reason}")),
    );
    output::facts(&lines.join("\n"))?;
    let rows = held.iter().map(|change| [words::change(change), change.reason.clone(), change.state.clone()]);
    output::table(["change", "limit", "state"], rows, "")?;
    if held.iter().any(|change| change.state == "held") {
        output::talk(&format!("\nhint: `rollcall approve {number}` or `rollcall reject {number}`"));
    }
    Ok(())
}

/// `rollcall connectors list`.
///
/// # Errors
/// When the database does not answer.
pub async fn connectors(session: &Session) -> Result<u8, Failure> {
    let mut tx = session.store.read().await?;
    let overview = overview(&mut tx, &session.config.connectors, Utc::now()).await?;
    if session.json {
        output::json(&overview.connectors)?;
        return Ok(0);
    }
    let shown = |at: Option<DateTime<Utc>>| at.map_or_else(String::new, |at| local(session, at));
    let rows = overview.connectors.iter().map(|one| {
        let last = format!("{} {}", shown(one.last_started_at), one.last_status.clone().unwrap_or_default());
        let next = one.next_run_at.map_or_else(|| "by hand only".to_owned(), |at| local(session, at));
        [one.name.clone(), one.kind.to_owned(), one.people.to_string(), last.trim().to_owned(), next]
    });
    output::table(["name", "kind", "people", "last run", "next run"], rows, "the file names no connector")?;
    let struck = overview.struck;
    if !struck.is_empty() {
        let retired = count(struck.len() as u64, "connector is", "connectors are");
        output::talk(&format!(
            "\n{retired} no longer in the file, its people stay as last read: {}",
            struck.join(", ")
        ));
    }
    Ok(0)
}
