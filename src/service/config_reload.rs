//! Reads the configuration file anew, on a thread that may wait for a disk. Signals are handled meanwhile.

use std::future::pending;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout_at};
use tracing::{error, info};

use rollcall_config::Config;
use rollcall_model::resource_limits::ResourceLimit;

/// Reloads the configuration file, or returns its errors.
pub type ConfigReloader = Arc<dyn Fn() -> Result<Arc<Config>, String> + Send + Sync>;

/// Reading of the file in progress.
#[derive(Debug)]
struct ConfigReading {
    read: JoinHandle<Result<Arc<Config>, String>>,
    /// When the log says that the reading takes long; `None` after that.
    deadline: Option<Instant>,
}

/// Readings of the configuration file, one at a time.
pub(crate) struct ConfigReloads {
    reload: ConfigReloader,
    publish: watch::Sender<Arc<Config>>,
    reading: Option<ConfigReading>,
    /// The file may have changed since the reading began.
    is_requested_again: bool,
}

impl ConfigReloads {
    pub(crate) fn new(reload: ConfigReloader, publish: watch::Sender<Arc<Config>>) -> Self {
        Self { reload, publish, reading: None, is_requested_again: false }
    }

    /// Begins to read the file, or reads it once more after the reading in progress.
    pub(crate) fn request(&mut self) {
        if self.reading.is_some() {
            self.is_requested_again = true;
            return;
        }
        let reload = Arc::clone(&self.reload);
        let time = std::time::Duration::from_secs(ResourceLimit::ReloadSeconds.default_value());
        let deadline = Some(Instant::now() + time);
        self.reading = Some(ConfigReading { read: spawn_blocking(move || reload()), deadline });
    }

    /// Waits until a reading ends, and publishes its configuration, or until its time is over. Nothing is lost if the future
    /// is dropped.
    pub(crate) async fn advance(&mut self) {
        let Some(reading) = &mut self.reading else { return pending().await };
        let read = match reading.deadline {
            Some(deadline) => timeout_at(deadline, &mut reading.read).await,
            None => Ok((&mut reading.read).await),
        };
        match read {
            Err(_) => {
                ResourceLimit::ReloadSeconds.record_reached();
                reading.deadline = None;
                error!(
                    limit = ResourceLimit::ReloadSeconds.spec().name,
                    "the configuration file was not read in time; the service keeps the previous configuration until then"
                );
                return;
            }
            Ok(Ok(Ok(config))) => {
                info!(connectors = config.connectors.len(), "configuration reloaded");
                self.publish.send_replace(config);
            }
            Ok(Ok(Err(mistakes))) => error!(
                mistakes,
                "the configuration file is not valid; the service keeps the previous configuration"
            ),
            Ok(Err(ended)) => {
                error!(error = %ended, "the configuration file was not read; the service keeps the previous configuration");
            }
        }
        self.reading = None;
        if std::mem::take(&mut self.is_requested_again) {
            self.request();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::mpsc::{Receiver, sync_channel};
    use std::sync::{Mutex, PoisonError};
    use std::time::Duration;

    use super::*;

    fn parse(text: &str) -> Arc<Config> {
        Arc::new(Config::parse(text, Path::new("rollcall.toml"), &|_| None).expect("valid"))
    }

    /// Reads what the test sends, as a disk that answers when it likes.
    fn wait_for(sent: Receiver<Result<Arc<Config>, String>>) -> ConfigReloader {
        let sent = Mutex::new(sent);
        Arc::new(move || {
            let sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
            sent.recv().expect("the test sends")
        })
    }

    /// A file that cannot be read for now is reported once. It counts as soon as it has been read, and a file that
    /// changed meanwhile is read again.
    #[tokio::test(start_paused = true)]
    async fn file_that_is_not_read_in_time_is_logged() {
        let (send, sent) = sync_channel(1);
        let (publish, current) = watch::channel(parse(""));
        let mut reloads = ConfigReloads::new(wait_for(sent), publish);
        let before = ResourceLimit::ReloadSeconds.times_reached();
        reloads.request();
        let time = Duration::from_secs(ResourceLimit::ReloadSeconds.default_value());
        // The paused clock does not advance by itself while a thread waits.
        tokio::join!(reloads.advance(), tokio::time::advance(time));
        assert_eq!(ResourceLimit::ReloadSeconds.times_reached(), before + 1);
        reloads.request();
        send.send(Ok(parse("timezone = 'Europe/Berlin'"))).expect("read");
        reloads.advance().await;
        assert_eq!(current.borrow().timezone.name(), "Europe/Berlin");
        send.send(Ok(parse("timezone = 'Asia/Tokyo'"))).expect("read");
        reloads.advance().await;
        assert_eq!(current.borrow().timezone.name(), "Asia/Tokyo");
        assert!(reloads.reading.is_none());
    }
}
