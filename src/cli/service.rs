//! `rollcall run`, `worker` and `health`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::Utc;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::failure::Failure;
use super::output::{self, count};
use super::session::{Session, load};
use crate::accounts;
use crate::enrollment::drain;
use crate::model::progress::Progress;
use crate::service::{self, Pages, Reload, Surroundings};
use crate::web::{self, Behind, Web};

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
    let address = session.config.web.listen;
    let tls = session.config.web.tls.clone();
    let listening = web::listen(address, tls.as_ref()).await.map_err(|error| {
        Failure::failed(format!("pages and API cannot listen at {address}: {error}"))
            .hint("give another address in `[web] listen`; port 0 takes any that is free")
    })?;
    if let Some(link) = first_link(session, listening.address).await? {
        output::facts(&link)?;
    }
    let pages: Pages = Box::new(move |around| {
        let Surroundings { store, file, stop, pulse } = around;
        Box::pin(async move {
            let web = Web { store, file, stop, pulse, behind: Behind::default() };
            if let Err(error) = listening.serve(web).await {
                error!(%error, "pages and API are gone");
            }
        })
    });
    service::run(session.store.clone(), Arc::clone(&session.config), reload, pages).await?;
    Ok(0)
}

/// What to say where nobody may sign in yet: a link that makes the first account, good for a day and for once.
async fn first_link(session: &Session, address: SocketAddr) -> Result<Option<String>, Failure> {
    let invitation = accounts::first_invitation(&session.store, Utc::now()).await?;
    Ok(invitation.map(|invitation| {
        format!(
            "Nobody may sign in yet. This link makes the first account, once, within a day:\n  {}",
            super::admin::link(&session.config.web, address, &invitation)
        )
    }))
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
