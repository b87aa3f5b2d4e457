//! The service: schedules start runs, workers drain jobs, signals end it.
//!
//! Any number of services may share one PostgreSQL. A scheduled instant is claimed in the database, so it fires once; a
//! connector's lease lets one run at a time happen; the queue gives each worker its own rows. On SIGTERM the batch in
//! hand is finished, a run in hand is rolled back, and the service ends within ten seconds. SIGHUP reads the file again
//! and keeps the old one when the new one is wrong.

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

/// Reads the file again, or says what is wrong with it.
pub type ConfigReloader = Box<dyn Fn() -> Result<Arc<Config>, String> + Send>;

/// Answers requests until the service ends.
pub type WebServerTask = Box<dyn FnOnce(ServiceContext) -> BoxFuture<'static, ()> + Send>;

/// What goes on around whoever answers requests.
#[derive(Debug, Clone)]
pub struct ServiceContext {
    /// The database.
    pub store: Store,
    /// The file, as it was last read.
    pub config: watch::Receiver<Arc<Config>>,
    /// Ends what is under way with the service.
    pub stop: CancellationToken,
    /// Beats while the scheduler looks at schedules.
    pub heartbeat: Heartbeat,
}

/// The longest time between SIGTERM and the end.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(9);

/// Runs until SIGTERM or Ctrl-C.
///
/// # Errors
/// When the signals of the machine cannot be heard.
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
    info!(connectors = config.connectors.len(), "the service has begun");
    while !stop.is_cancelled() {
        match signals.next_signal().await {
            signals::ServiceSignal::Stop => stop.cancel(),
            signals::ServiceSignal::Reload => match reload() {
                Ok(config) => {
                    info!(connectors = config.connectors.len(), "read the file again");
                    publish.send_replace(config);
                }
                Err(mistakes) => error!(mistakes, "the file is wrong, the service goes on with the old one"),
            },
        }
    }
    info!("the service ends");
    tasks.close();
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, tasks.wait()).await.is_err() {
        error!("something did not end in time and was taken back");
    }
    Ok(())
}
