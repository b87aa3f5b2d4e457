//! `rollcall run`, `worker` and `health`.

use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::output::{self, count};
use super::session::{Session, load};
use crate::enrollment::drain;
use crate::model::progress::Progress;
use crate::service::{self, Reload};

/// The service, until SIGTERM.
///
/// # Errors
/// When the signals of the machine cannot be heard.
pub async fn run(session: &Session, named: Option<&PathBuf>) -> Result<u8, Failure> {
    let named = named.cloned();
    let database = session.config.database.url.clone();
    let reload: Reload = Box::new(move || {
        let config = load(named.as_ref()).map_err(|failure| failure.render())?;
        if config.database.url != database {
            return Err("`database.url` is another one: restart the service for that".to_owned());
        }
        Ok(Arc::new(config))
    });
    service::run(session.store.clone(), Arc::clone(&session.config), reload).await?;
    Ok(0)
}

/// Drains jobs until told to stop, or until the queue is empty.
///
/// # Errors
/// When the database does not answer.
pub async fn worker(session: &Session, until_empty: bool) -> Result<u8, Failure> {
    let stop = CancellationToken::new();
    let signals = tokio::spawn(service::signals::stop_on_termination(stop.clone()));
    if !until_empty {
        service::workers::run(&session.store, session.config.worker.concurrency, &stop).await;
        signals.abort();
        return Ok(0);
    }
    let workers = session.config.worker.concurrency;
    let (drained, length) = drain::until_empty(&session.store, workers, &Progress::default(), &stop).await?;
    signals.abort();
    let failed = length.failed.unsigned_abs();
    if session.json {
        output::json(&serde_json::json!({"done": drained.done, "failed": failed}))?;
    } else {
        let done = count(drained.done, "job", "jobs");
        output::facts(&format!("{done} drained, {failed} failed for good"))?;
    }
    Ok(u8::from(failed > 0))
}

/// Whether the service on this machine has given a sign of life lately.
///
/// # Errors
/// When the database does not answer.
pub async fn health(session: &Session) -> Result<u8, Failure> {
    let alive = service::node::alive_here(&session.store).await?;
    if session.json {
        output::json(&serde_json::json!({"alive": alive}))?;
    } else {
        output::facts(if alive { "alive" } else { "no sign of life from the service on this machine" })?;
    }
    Ok(u8::from(!alive))
}
