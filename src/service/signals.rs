//! Signals of the operating system.

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Action that a signal requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceSignal {
    /// SIGTERM or SIGINT.
    Stop,
    /// SIGHUP.
    Reload,
}

/// Receiver of the signals SIGTERM, SIGINT and SIGHUP.
#[derive(Debug)]
pub struct SignalListener {
    terminate: Stream,
    interrupt: Stream,
    hang_up: Stream,
}

impl SignalListener {
    /// Installs the signal handlers.
    ///
    /// # Errors
    /// When a handler cannot be installed.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next signal.
    pub async fn next_signal(&mut self) -> ServiceSignal {
        tokio::select! {
            _ = self.terminate.recv() => ServiceSignal::Stop,
            _ = self.interrupt.recv() => ServiceSignal::Stop,
            _ = self.hang_up.recv() => ServiceSignal::Reload,
        }
    }
}

/// Cancels a token at the first SIGTERM or SIGINT.
pub async fn stop_on_termination(stop: CancellationToken) {
    if let Ok(mut signals) = SignalListener::listen() {
        while signals.next_signal().await != ServiceSignal::Stop {}
        stop.cancel();
    }
}
