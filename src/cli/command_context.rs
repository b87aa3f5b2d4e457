//! The context of a command: configuration, database and user.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use super::error::CliError;
use super::operating_user::current_actor;
use super::output;
use rollcall_config::{self as config, Config};
use rollcall_core::enrollment::change::ChangeTime;
use rollcall_core::enrollment::drain::{self, DrainResult};
use rollcall_model::progress::ReadProgress;
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_store::jobs::QueueLength;
use rollcall_store::runs::{NewRun, RunRecordKind};
use rollcall_store::{Store, StoreOptions};

/// The time that a command waits for a concurrent run of the same connector.
pub(super) const LEASE_TIMEOUT: Duration = Duration::from_mins(1);

/// The context of a command: configuration, database and user.
#[derive(Debug)]
pub(crate) struct CommandContext {
    /// The configuration.
    pub config: Arc<Config>,
    /// The database.
    pub store: Store,
    /// Whether to print JSON.
    pub json: bool,
    /// Cancelled by Ctrl-C and SIGTERM.
    pub stop: CancellationToken,
}

/// Locates and reads the configuration file.
///
/// # Errors
/// If the file does not exist or is not valid.
pub(crate) fn load_config(named: Option<&PathBuf>) -> Result<Config, CliError> {
    let env = |name: &str| std::env::var(name).ok();
    let path = config::find_config(named.map(PathBuf::as_path), &env, &std::env::current_dir()?)?;
    Ok(Config::load(&path, &env)?)
}

/// Returns the options to open the database of a configuration.
#[must_use]
pub(crate) fn database_options(config: &Config) -> StoreOptions {
    StoreOptions {
        url: config.database.url.clone(),
        max_size: config.database.max_size,
        connections: config.worker.concurrency + 6,
        statement_timeout: config.limits.seconds(ResourceLimit::StatementSeconds),
    }
}

impl CommandContext {
    /// Opens the database of a file.
    pub(crate) async fn open(config: Config, json: bool, stop: CancellationToken) -> Result<Self, CliError> {
        let store = Store::open(&database_options(&config)).await?;
        Ok(Self { config: Arc::new(config), store, json, stop })
    }

    /// Returns the current time in the time zone of the configuration.
    #[must_use]
    pub(crate) fn change_time(&self) -> ChangeTime {
        ChangeTime::at(Utc::now(), self.config.timezone)
    }

    /// Creates the run record of a manual change.
    #[must_use]
    pub(crate) fn new_manual_run(&self, what: impl Into<String>) -> NewRun {
        NewRun {
            kind: RunRecordKind::Hand,
            connector: None,
            actor: current_actor(),
            description: what.into(),
            file_digest: Some(self.config.digest.clone()),
            subject: None,
        }
    }

    /// Processes ready jobs with a progress bar. Returns the number of processed jobs and the length of the queue.
    pub(crate) async fn drain_jobs(&self) -> Result<(DrainResult, QueueLength), CliError> {
        let settled = ReadProgress::default();
        let total = drain::count_queue(&self.store).await?.ready.unsigned_abs();
        let bar = create_progress_bar(total, "jobs drained");
        let watch = update_progress_bar(bar.clone(), settled.clone());
        let drained =
            drain::drain_ready(&self.store, self.config.worker.concurrency, &settled, &self.stop).await;
        watch.abort();
        bar.finish_and_clear();
        Ok(drained?)
    }

    /// Processes the jobs of a change unless they are left to a worker, and reports permanent failures.
    ///
    /// # Errors
    /// If the database fails, or jobs failed permanently.
    pub(crate) async fn drain_jobs_unless(&self, no_drain: bool) -> Result<DrainResult, CliError> {
        if no_drain {
            return Ok(DrainResult::default());
        }
        let (drained, length) = self.drain_jobs().await?;
        if length.failed > 0 {
            let failed = output::count(length.failed.unsigned_abs(), "job has", "jobs have");
            return Err(CliError::failed(format!("{failed} failed permanently"))
                .hint("`rollcall jobs list` shows them, `rollcall jobs retry` retries them"));
        }
        Ok(drained)
    }
}

/// Creates a progress bar towards `total`, or a counter if the total is unknown (0). Hidden without a terminal.
#[must_use]
pub(crate) fn create_progress_bar(total: u64, what: &str) -> ProgressBar {
    if !output::is_interactive() {
        return ProgressBar::hidden();
    }
    let (bar, template) = if total > 0 {
        (ProgressBar::new(total), "{bar:30} {human_pos} of {human_len} {msg}")
    } else {
        (ProgressBar::new_spinner(), "{spinner} {human_pos} {msg}")
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    bar
}

/// Updates a progress bar from a counter.
pub(crate) fn update_progress_bar(bar: ProgressBar, progress: ReadProgress) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            bar.set_position(progress.get());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
}
