//! `rollcall jobs`.

use super::args;
use super::failure::Failure;
use super::output::{self, count};
use super::session::Session;
use crate::enrollment::parked::{self, Settled};
use crate::store::jobs;

/// Runs a command about jobs.
///
/// # Errors
/// When it cannot be done.
pub async fn jobs(session: &Session, command: args::Jobs) -> Result<u8, Failure> {
    match command {
        args::Jobs::List { limit } => {
            let mut tx = session.store.read().await?;
            let all = jobs::list(&mut tx, i64::from(limit)).await?;
            if session.json {
                output::json(&all)?;
            } else {
                let rows = all.iter().map(|one| {
                    [
                        one.id.to_string(),
                        one.kind.clone(),
                        one.email.clone(),
                        one.course.clone(),
                        one.state.clone(),
                        one.attempts.to_string(),
                        one.error.clone().unwrap_or_default(),
                    ]
                });
                output::table(
                    ["id", "kind", "email", "course", "state", "attempts", "error"],
                    rows,
                    "the queue is empty",
                )?;
            }
            Ok(0)
        }
        args::Jobs::Retry { ids, drain } => {
            let about = session.by_hand(typed("retry", &ids));
            let retried = parked::retry(&session.store, &about, session.when(), &ids).await?;
            output::talk(&said(retried, ["job", "jobs"], "made ready again"));
            session.drain_unless(drain.no_drain).await?;
            Ok(0)
        }
        args::Jobs::Drop { ids } => {
            let about = session.by_hand(typed("drop", &ids));
            let dropped = parked::drop(&session.store, &about, session.when(), &ids).await?;
            output::talk(&said(dropped, ["failed job", "failed jobs"], "dropped"));
            output::talk("\nhint: `rollcall verify` shows what they leave behind");
            Ok(0)
        }
    }
}

/// The command as it was typed, for the record of changes.
fn typed(verb: &str, ids: &[i64]) -> String {
    let ids: String = ids.iter().map(|id| format!(" {id}")).collect();
    format!("rollcall jobs {verb}{ids}")
}

fn said(settled: Option<Settled>, [one, many]: [&str; 2], verb: &str) -> String {
    match settled {
        Some(settled) => format!("Run {}: {} {verb}", settled.done.run, count(settled.jobs, one, many)),
        None => format!("{} {verb}", count(0, one, many)),
    }
}
