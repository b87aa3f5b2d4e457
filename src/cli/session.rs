//! What most commands need: the file, the database, and who is asking.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::output;
use crate::config::{self, Config};
use crate::enrollment::change::When;
use crate::enrollment::drain::{self, Drained};
use crate::model::progress::Progress;
use crate::store::jobs::Length;
use crate::store::runs::{About, Kind};
use crate::store::{Options, Store};

/// How long a command waits for a run of the same connector that is under way.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// The file, the database, and who is asking.
#[derive(Debug)]
pub struct Session {
    /// The file.
    pub config: Arc<Config>,
    /// The database.
    pub store: Store,
    /// Whether to print JSON.
    pub json: bool,
    /// Cancelled by Ctrl-C and SIGTERM.
    pub stop: CancellationToken,
}

/// Reads the file, wherever it is.
///
/// # Errors
/// When there is none, or something is wrong with it.
pub fn load(named: Option<&PathBuf>) -> Result<Config, Failure> {
    let env = |name: &str| std::env::var(name).ok();
    let path = config::find(named.map(PathBuf::as_path), &env, &std::env::current_dir()?)?;
    Ok(Config::load(&path, &env)?)
}

/// How the database of a file is opened.
#[must_use]
pub fn options(config: &Config) -> Options {
    Options {
        url: config.database.url.clone(),
        max_size: config.database.max_size,
        connections: config.worker.concurrency + 6,
    }
}

/// Who types: the account behind sudo, or the account.
#[must_use]
pub fn actor() -> String {
    let named = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    named.filter(|name| !name.is_empty()).unwrap_or_else(|| "somebody".to_owned())
}

impl Session {
    /// Opens the database of a file.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub async fn open(config: Config, json: bool, stop: CancellationToken) -> Result<Self, Failure> {
        let store = Store::open(&options(&config)).await?;
        Ok(Self { config: Arc::new(config), store, json, stop })
    }

    /// Now, in the file's zone.
    #[must_use]
    pub fn when(&self) -> When {
        When::at(Utc::now(), self.config.timezone)
    }

    /// A change by hand, as it is written down.
    #[must_use]
    pub fn by_hand(&self, what: impl Into<String>) -> About {
        About {
            kind: Kind::Hand,
            connector: None,
            actor: actor(),
            what: what.into(),
            file_digest: Some(self.config.digest.clone()),
            subject: None,
        }
    }

    /// Drains what is ready, with progress for whoever watches; answers what was done and what is left.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn drain(&self) -> Result<(Drained, Length), Failure> {
        let settled = Progress::default();
        let total = drain::length(&self.store).await?.ready.unsigned_abs();
        let bar = bar(total, "jobs drained");
        let watch = watch(bar.clone(), settled.clone());
        let drained = drain::now(&self.store, self.config.worker.concurrency, &settled, &self.stop).await;
        watch.abort();
        bar.finish_and_clear();
        Ok(drained?)
    }

    /// Drains the jobs of a change unless they are left to a worker, and says what failed for good.
    ///
    /// # Errors
    /// When the database does not answer, or jobs failed for good.
    pub async fn drain_unless(&self, no_drain: bool) -> Result<Drained, Failure> {
        if no_drain {
            return Ok(Drained::default());
        }
        let (drained, length) = self.drain().await?;
        if length.failed > 0 {
            let failed = output::count(length.failed.unsigned_abs(), "job has", "jobs have");
            return Err(Failure::failed(format!("{failed} failed for good"))
                .hint("look at them with `rollcall jobs list`, then `rollcall jobs retry`"));
        }
        Ok(drained)
    }
}

/// A bar towards `total`, or a count where the end is not known (0); hidden where nobody watches.
#[must_use]
pub fn bar(total: u64, what: &str) -> ProgressBar {
    if !output::is_watched() {
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

/// Moves a bar as a counter moves.
pub fn watch(bar: ProgressBar, progress: Progress) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            bar.set_position(progress.get());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
}
