//! What the machine tells a service.

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What a service does about a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceSignal {
    /// SIGTERM or SIGINT.
    Stop,
    /// SIGHUP.
    Reload,
}

/// The signals that a service listens to.
#[derive(Debug)]
pub struct SignalListener {
    terminate: Stream,
    interrupt: Stream,
    hang_up: Stream,
}

impl SignalListener {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the machine does not let it.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one.
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
