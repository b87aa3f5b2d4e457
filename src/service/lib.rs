//! Background service: starts scheduled runs, processes the job queue, handles signals.
//!
//! Any number of services may share one PostgreSQL database. A scheduled time is claimed in the database, so each run
//! starts once. The lease of a connector allows one run at a time. The queue gives each worker its own rows. On SIGTERM
//! the current batch is finished, a run in progress is rolled back, and the service exits within ten seconds. SIGHUP
//! reloads the configuration file and keeps the previous configuration if the new one is not valid.

mod config_reload;
pub mod heartbeat;
pub mod queue_metrics;
pub mod retention;
mod scheduler;
pub mod signals;
mod supervisor;
pub mod workers;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use rollcall_config::Config;
use rollcall_model::heartbeat::ServiceVitals;
use rollcall_store::Store;

pub use config_reload::ConfigReloader;
use config_reload::ConfigReloads;
use supervisor::SupervisedTasks;
pub use supervisor::{EndedTask, TaskName};

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
    /// Signs of life of the scheduler and the workers.
    pub vitals: ServiceVitals,
}

/// Why a service ended although it was not told to.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The signal handlers cannot be installed.
    #[error(transparent)]
    Signals(#[from] std::io::Error),
    /// A task ended.
    #[error("{0}; see the log for the cause")]
    TaskEnded(EndedTask),
}

/// Time allowed for shutdown after SIGTERM.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(7);

/// Runs until SIGTERM or Ctrl-C.
///
/// # Errors
/// If the signal handlers cannot be installed, or a task ends before the service is told to stop.
pub async fn run_service(
    store: Store,
    config: Arc<Config>,
    reload: ConfigReloader,
    pages: WebServerTask,
) -> Result<(), ServiceError> {
    // Before anything announces that the service is there: until then a signal would kill the process.
    let mut signals = signals::SignalListener::listen()?;
    let stop = CancellationToken::new();
    let (publish, file) = watch::channel(Arc::clone(&config));
    let vitals = ServiceVitals::default();
    let context = ServiceContext { store, config: file, stop: stop.clone(), vitals };
    let mut tasks = spawn_tasks(&context, config.worker.concurrency, pages);
    let mut reloads = ConfigReloads::new(reload, publish);
    info!(connectors = config.connectors.len(), "service started");
    let result = loop {
        tokio::select! {
            signal = signals.next_signal() => match signal {
                signals::ServiceSignal::Stop => break Ok(()),
                signals::ServiceSignal::Reload => reloads.request(),
            },
            () = reloads.advance() => {}
            ended = tasks.wait_for_end() => {
                error!(task = ended.name, "{ended}; the service stops, so that it is started again");
                break Err(ServiceError::TaskEnded(ended));
            }
        }
    };
    info!("service stopping");
    stop.cancel();
    if !tasks.wait_for_all(SHUTDOWN_TIMEOUT).await {
        error!("shutdown timed out; unfinished work was rolled back");
    }
    result
}

fn spawn_tasks(context: &ServiceContext, workers: u32, pages: WebServerTask) -> SupervisedTasks {
    let ServiceContext { store, config, stop, vitals } = context.clone();
    let mut tasks = SupervisedTasks::default();
    tasks.spawn("web server", pages(context.clone()));
    tasks.spawn("workers", workers::run_owned_workers(store.clone(), workers, vitals.workers, stop.clone()));
    tasks.spawn("heartbeat", heartbeat::write_heartbeats(store.clone(), config.clone(), stop.clone()));
    tasks.spawn("queue history", queue_metrics::sample_queue(store.clone(), stop.clone()));
    tasks.spawn("retention", retention::purge_daily(store, config, stop));
    tasks.spawn("scheduler", scheduler::run_scheduler(context.clone()));
    tasks
}
