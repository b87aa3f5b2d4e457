//! The service: schedules start runs, workers drain jobs, signals end it.
//!
//! Any number of services may share one PostgreSQL. A scheduled instant is claimed in the database, so it fires once; a
//! connector's lease lets one run at a time happen; the queue gives each worker its own rows. On SIGTERM the batch in
//! hand is finished, a run in hand is rolled back, and the service ends within ten seconds. SIGHUP reads the file again
//! and keeps the old one when the new one is wrong.

pub mod history;
pub mod node;
pub mod queue;
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

use crate::config::Config;
use crate::model::pulse::Pulse;
use crate::store::Store;

/// Reads the file again, or says what is wrong with it.
pub type Reload = Box<dyn Fn() -> Result<Arc<Config>, String> + Send>;

/// Answers requests until the service ends.
pub type Pages = Box<dyn FnOnce(Surroundings) -> BoxFuture<'static, ()> + Send>;

/// What goes on around whoever answers requests.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The database.
    pub store: Store,
    /// The file, as it was last read.
    pub file: watch::Receiver<Arc<Config>>,
    /// Ends what is under way with the service.
    pub stop: CancellationToken,
    /// Beats while the scheduler looks at schedules.
    pub pulse: Pulse,
}

/// The longest time between SIGTERM and the end.
const FAREWELL: Duration = Duration::from_secs(9);

/// Runs until SIGTERM or Ctrl-C.
///
/// # Errors
/// When the signals of the machine cannot be heard.
pub async fn run(store: Store, config: Arc<Config>, reload: Reload, pages: Pages) -> std::io::Result<()> {
    let stop = CancellationToken::new();
    let (publish, file) = watch::channel(Arc::clone(&config));
    let tasks = TaskTracker::new();
    let pulse = Pulse::default();
    let (around, beat) = (stop.clone(), pulse.clone());
    let surroundings = Surroundings { store: store.clone(), file: file.clone(), stop: around, pulse: beat };
    tasks.spawn(pages(surroundings));
    tasks.spawn(workers::run_owned(store.clone(), config.worker.concurrency, stop.clone()));
    tasks.spawn(node::beat(store.clone(), file.clone(), stop.clone()));
    tasks.spawn(queue::watch(store.clone(), stop.clone()));
    tasks.spawn(history::forget_daily(store.clone(), file.clone(), stop.clone()));
    tasks.spawn(scheduler::run(store.clone(), file, stop.clone(), pulse));
    info!(connectors = config.connectors.len(), "the service has begun");
    let mut signals = signals::Signals::hear()?;
    while !stop.is_cancelled() {
        match signals.next().await {
            signals::Signal::Stop => stop.cancel(),
            signals::Signal::Reload => match reload() {
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
    if tokio::time::timeout(FAREWELL, tasks.wait()).await.is_err() {
        error!("something did not end in time and was taken back");
    }
    Ok(())
}
