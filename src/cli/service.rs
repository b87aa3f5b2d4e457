//! `rollcall run`, `worker` and `health`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::Utc;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::command_context::{CommandContext, load_config};
use super::error::CliError;
use super::output::{self, count};
use rollcall_core::accounts;
use rollcall_core::enrollment::drain;
use rollcall_model::progress::ReadProgress;
use rollcall_service::{self as service, ConfigReloader, ServiceContext, WebServerTask};
use rollcall_web::{self as web, BackgroundTasks, WebContext};

/// The service, until SIGTERM.
///
/// # Errors
/// When the signals of the machine cannot be heard.
pub(crate) async fn run(session: &CommandContext, named: Option<&PathBuf>) -> Result<u8, CliError> {
    let named = named.cloned();
    let database = session.config.database.url.clone();
    let reload: ConfigReloader = Box::new(move || {
        let config = load_config(named.as_ref()).map_err(|failure| failure.render())?;
        if config.database.url != database {
            return Err("`database.url` is another one: restart the service for that".to_owned());
        }
        Ok(Arc::new(config))
    });
    let address = session.config.web.listen;
    let tls = session.config.web.tls.clone();
    let listening = web::listen(address, tls.as_ref()).await.map_err(|error| {
        CliError::failed(format!("pages and API cannot listen at {address}: {error}"))
            .hint("give another address in `[web] listen`; port 0 takes any that is free")
    })?;
    if let Some(link) = create_first_invitation(session, listening.address).await? {
        output::print_result(&link)?;
    }
    let pages: WebServerTask = Box::new(move |around| {
        let ServiceContext { store, config: file, stop, heartbeat: pulse } = around;
        Box::pin(async move {
            let web =
                WebContext { store, file, stop, heartbeat: pulse, background: BackgroundTasks::default() };
            if let Err(error) = listening.serve(web).await {
                error!(%error, "pages and API are gone");
            }
        })
    });
    service::run_service(session.store.clone(), Arc::clone(&session.config), reload, pages).await?;
    Ok(0)
}

/// What to say where nobody may sign in yet: a link that makes the first account, good for a day and for once.
async fn create_first_invitation(
    session: &CommandContext,
    address: SocketAddr,
) -> Result<Option<String>, CliError> {
    let invitation = accounts::create_first_invitation(&session.store, Utc::now()).await?;
    Ok(invitation.map(|invitation| {
        format!(
            "Nobody may sign in yet. This link makes the first account, once, within a day:\n  {}",
            super::admin::invitation_url(&session.config.web, address, &invitation)
        )
    }))
}

/// Drains jobs until told to stop, or until the queue is empty.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn worker(session: &CommandContext, until_empty: bool) -> Result<u8, CliError> {
    let stop = CancellationToken::new();
    let signals = tokio::spawn(service::signals::stop_on_termination(stop.clone()));
    if !until_empty {
        service::workers::run_workers(&session.store, session.config.worker.concurrency, &stop).await;
        signals.abort();
        return Ok(0);
    }
    let workers = session.config.worker.concurrency;
    let (drained, length) =
        drain::drain_until_empty(&session.store, workers, &ReadProgress::default(), &stop).await?;
    signals.abort();
    let failed = length.failed.unsigned_abs();
    if session.json {
        output::print_json(&serde_json::json!({"done": drained.done, "failed": failed}))?;
    } else {
        let done = count(drained.done, "job", "jobs");
        output::print_result(&format!("{done} drained, {failed} failed for good"))?;
    }
    Ok(u8::from(failed > 0))
}

/// Whether the service on this machine has given a sign of life lately.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn health(session: &CommandContext) -> Result<u8, CliError> {
    let alive = service::heartbeat::is_service_alive(&session.store).await?;
    if session.json {
        output::print_json(&serde_json::json!({"alive": alive}))?;
    } else {
        output::print_result(if alive {
            "alive"
        } else {
            "no sign of life from the service on this machine"
        })?;
    }
    Ok(u8::from(!alive))
}
