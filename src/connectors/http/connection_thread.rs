//! A thread with a runtime of its own, for the connections of an HTTP client.
//!
//! The parser of responses goes on for as long as a server sends informational ones (status 100 to 199), and there is no
//! hook to end it. On a thread of the service such a server would keep other tasks and their timers waiting. On its own
//! thread it delays nothing but the timers of its own client, which are examined after each step of a connection.

use std::io;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

/// A thread on which requests run.
#[derive(Debug)]
pub struct ConnectionThread {
    runtime: Handle,
    /// Dropped with the value, which ends the thread.
    _end: oneshot::Sender<()>,
}

impl ConnectionThread {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().event_interval(1).build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        std::thread::Builder::new().name("http".to_owned()).spawn(move || {
            // Nothing is sent: the sender is dropped.
            let _ = runtime.block_on(ended);
        })?;
        Ok(Self { runtime: handle, _end: end })
    }

    /// Runs a request, and with it its connection, on the thread. It ends when the returned future is dropped.
    pub async fn run<T: Send + 'static>(&self, request: impl Future<Output = T> + Send + 'static) -> T {
        match AbortOnDropHandle::new(self.runtime.spawn(request)).await {
            Ok(result) => result,
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The thread ends after `self` only. Deadlines of the caller hold if it does not.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::time::{Duration, Instant};

    use super::*;

    /// A server that answers each request with informational responses without end.
    fn start_endless_server() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                std::thread::spawn(move || {
                    let mut stream = stream.expect("a client");
                    let _ = stream.read(&mut [0; 1_000]);
                    let informational = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(5_000);
                    while stream.write_all(&informational).is_ok() {}
                });
            }
        });
        url
    }

    /// Tasks and timers of the runtime go on while a server sends informational responses, and the timeout of the
    /// request holds.
    #[tokio::test]
    async fn informational_responses_without_end_delay_nothing_else() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url = start_endless_server();
        let client = reqwest::Client::builder().timeout(Duration::from_secs(3)).build().expect("a client");
        let thread = ConnectionThread::start().expect("a thread");
        let request = thread.run(async move { client.get(url).send().await });
        let mut request = std::pin::pin!(request);
        let mut longest = Duration::ZERO;
        let error = loop {
            let since = Instant::now();
            tokio::select! {
                biased;
                () = tokio::time::sleep(Duration::from_millis(10)) => longest = longest.max(since.elapsed()),
                answer = &mut request => break answer.expect_err("no response ends"),
            }
        };
        assert!(error.is_timeout(), "{error:?}");
        assert!(longest < Duration::from_secs(1), "{longest:?}");
    }
}
