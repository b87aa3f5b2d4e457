//! `rollcall jobs`.

use chrono::Utc;

use super::args;
use super::failure::Failure;
use super::output::{self, count};
use super::session::Session;
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
            let mut tx = session.store.write().await?;
            let retried = jobs::retry(&mut tx, &ids, Utc::now()).await?;
            tx.commit().await?;
            output::talk(&format!("{} made ready again", count(retried, "job", "jobs")));
            session.drain_unless(drain.no_drain).await?;
            Ok(0)
        }
        args::Jobs::Drop { ids } => {
            let mut tx = session.store.write().await?;
            let dropped = jobs::drop(&mut tx, &ids).await?;
            tx.commit().await?;
            output::talk(&format!("{} dropped", count(dropped, "failed job", "failed jobs")));
            output::talk("\nhint: `rollcall verify` shows what they leave behind");
            Ok(0)
        }
    }
}
