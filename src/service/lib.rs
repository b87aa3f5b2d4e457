//! Background service: starts scheduled runs, processes the job queue, handles signals.
//!
//! Any number of services may share one PostgreSQL database. A scheduled time is claimed in the database, so each run
//! starts once. The lease of a connector allows one run at a time. The queue gives each worker its own rows. On SIGTERM
//! the current batch is finished, a run in progress is rolled back, and the service exits within ten seconds. SIGHUP
//! reloads the configuration file and keeps the previous configuration if the new one is not valid.

pub mod heartbeat;
pub mod queue_metrics;
pub mod retention;
mod scheduler;
pub mod signals;
pub mod workers;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info};

use rollcall_config::Config;
use rollcall_model::heartbeat::Heartbeat;
use rollcall_store::Store;

/// Reloads the configuration file, or returns its errors.
pub type ConfigReloader = Box<dyn Fn() -> Result<Arc<Config>, String> + Send>;

/// Task that serves requests until the service stops.
pub type WebServerTask = Box<dyn FnOnce(ServiceContext) -> BoxFuture<'static, ()> + Send>;

/// Shared state of the service, for the web server.
#[derive(Debug, Clone)]
pub struct ServiceContext {
    /// The database.
    pub store: Store,
    /// Current configuration.
    pub config: watch::Receiver<Arc<Config>>,
    /// Cancelled when the service stops.
    pub stop: CancellationToken,
    /// Heartbeat of the scheduler.
    pub heartbeat: Heartbeat,
}

/// Time allowed for shutdown after SIGTERM.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(9);

/// Runs until SIGTERM or Ctrl-C.
///
/// # Errors
/// If the signal handlers cannot be installed.
pub async fn run_service(
    store: Store,
    config: Arc<Config>,
    reload: ConfigReloader,
    pages: WebServerTask,
) -> std::io::Result<()> {
    // Before anything announces that the service is there: until then a signal would kill the process.
    let mut signals = signals::SignalListener::listen()?;
    let stop = CancellationToken::new();
    let (publish, file) = watch::channel(Arc::clone(&config));
    let tasks = TaskTracker::new();
    let pulse = Heartbeat::default();
    let (around, beat) = (stop.clone(), pulse.clone());
    let surroundings =
        ServiceContext { store: store.clone(), config: file.clone(), stop: around, heartbeat: beat };
    tasks.spawn(pages(surroundings));
    tasks.spawn(workers::run_owned_workers(store.clone(), config.worker.concurrency, stop.clone()));
    tasks.spawn(heartbeat::write_heartbeats(store.clone(), file.clone(), stop.clone()));
    tasks.spawn(queue_metrics::sample_queue(store.clone(), stop.clone()));
    tasks.spawn(retention::purge_daily(store.clone(), file.clone(), stop.clone()));
    tasks.spawn(scheduler::run_scheduler(store.clone(), file, stop.clone(), pulse));
    info!(connectors = config.connectors.len(), "service started");
    while !stop.is_cancelled() {
        match signals.next_signal().await {
            signals::ServiceSignal::Stop => stop.cancel(),
            signals::ServiceSignal::Reload => match reload() {
                Ok(config) => {
                    info!(connectors = config.connectors.len(), "configuration reloaded");
                    publish.send_replace(config);
                }
                Err(mistakes) => error!(
                    mistakes,
                    "the configuration file is not valid; the service keeps the previous configuration"
                ),
            },
        }
    }
    info!("service stopping");
    tasks.close();
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, tasks.wait()).await.is_err() {
        error!("shutdown timed out; unfinished work was rolled back");
    }
    Ok(())
}
