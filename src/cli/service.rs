//! `rollcall run`, `worker` and `health`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::Utc;
use tokio_util::sync::CancellationToken;

use super::command_context::{CommandContext, load_config};
use super::error::CliError;
use super::output::{self, count};
use rollcall_core::accounts::{self, SignInJournal};
use rollcall_core::enrollment::drain;
use rollcall_model::progress::ReadProgress;
use rollcall_service::{self as service, ConfigReloader, ServiceContext, WebServerTask};
use rollcall_web::{self as web, BackgroundTasks, WebContext};

/// Runs the service until SIGTERM.
///
/// # Errors
/// If the signal handlers cannot be installed, or a part of the service ends before SIGTERM.
pub(crate) async fn run(session: &CommandContext, named: Option<&PathBuf>) -> Result<u8, CliError> {
    let named = named.cloned();
    let database = session.config.database.url.clone();
    let reload: ConfigReloader = Arc::new(move || {
        let config = load_config(named.as_ref()).map_err(|failure| failure.render())?;
        if config.database.url != database {
            return Err("`database.url` was changed: restart the service to apply it".to_owned());
        }
        Ok(Arc::new(config))
    });
    let address = session.config.web.listen;
    let tls = session.config.web.tls.clone();
    let listening = web::listen(address, tls.as_ref()).await.map_err(|error| {
        CliError::failed(format!("the web server cannot listen on {address}: {error}"))
            .hint("set another address in `[web] listen`; port 0 selects a free port")
    })?;
    if let Some(link) = create_first_invitation(session, listening.address).await? {
        output::print_result(&link)?;
    }
    let pages: WebServerTask = Box::new(move |around| {
        let ServiceContext { store, config: file, stop, vitals } = around;
        Box::pin(async move {
            let web = WebContext {
                store,
                file,
                stop,
                vitals,
                background: BackgroundTasks::default(),
                sign_ins: SignInJournal::default(),
            };
            listening.serve(web).await;
        })
    });
    let ended = service::run_service(session.store.clone(), Arc::clone(&session.config), reload, pages).await;
    ended.map(|()| 0).map_err(|error| CliError::failed(error.to_string()))
}

/// Returns the message with the link that creates the first account; the link is valid once and for 24 hours. Without
/// passwords the first account comes from the sign-in provider.
async fn create_first_invitation(
    session: &CommandContext,
    address: SocketAddr,
) -> Result<Option<String>, CliError> {
    if !session.config.web.passwords {
        return Ok(None);
    }
    let invitation = accounts::create_first_invitation(&session.store, Utc::now()).await?;
    Ok(invitation.map(|invitation| {
        format!(
            "There are no accounts yet. This link creates the first one; it is valid once and for 24 hours:\n  {}",
            super::admin::invitation_url(&session.config.web, address, &invitation)
        )
    }))
}

/// Processes jobs until it is stopped or the queue is empty.
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
        output::print_result(&format!("{done} drained, {failed} failed permanently"))?;
    }
    Ok(u8::from(failed > 0))
}

/// Checks that the service on this machine has a recent heartbeat.
pub(crate) async fn health(session: &CommandContext) -> Result<u8, CliError> {
    let alive = service::heartbeat::is_service_alive(&session.store).await?;
    if session.json {
        output::print_json(&serde_json::json!({"alive": alive}))?;
    } else {
        output::print_result(if alive {
            "alive"
        } else {
            "no recent heartbeat from the service on this machine"
        })?;
    }
    Ok(u8::from(!alive))
}
