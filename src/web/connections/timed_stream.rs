//! Stream of a connection that fails when the client takes too long.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::connection_activity::{ConnectionActivity, ConnectionPhase};
use rollcall_model::resource_limits::{ResourceLimit, ResourceLimits};

/// Stream with a deadline for each header, for each pause between two requests, and for each stalled write.
#[derive(Debug)]
pub(super) struct TimedStream<S> {
    stream: S,
    activity: ConnectionActivity,
    header_time: Duration,
    idle_time: Duration,
    read_timer: Pin<Box<Sleep>>,
    /// Phase and request for which the read timer is set.
    timed: (ConnectionPhase, u64),
    /// Timer of a write that makes no progress.
    write_timer: Option<Pin<Box<Sleep>>>,
}

impl<S> TimedStream<S> {
    pub(super) fn new(stream: S, activity: ConnectionActivity, limits: &ResourceLimits) -> Self {
        let header_time = limits.seconds(ResourceLimit::HeaderSeconds);
        Self {
            stream,
            timed: activity.phase(),
            activity,
            header_time,
            idle_time: limits.seconds(ResourceLimit::IdleSeconds),
            read_timer: Box::pin(sleep(header_time)),
            write_timer: None,
        }
    }

    fn expire(&self, limit: ResourceLimit) -> Error {
        self.activity.expire(limit);
        Error::from(ErrorKind::TimedOut)
    }

    /// Fails if the header, or the pause before it, takes too long.
    fn check_read_time(&mut self, cx: &mut Context<'_>) -> Result<()> {
        let now = self.activity.phase();
        let (time, limit) = match now.0 {
            ConnectionPhase::Header => (self.header_time, ResourceLimit::HeaderSeconds),
            ConnectionPhase::Idle => (self.idle_time, ResourceLimit::IdleSeconds),
            ConnectionPhase::Body | ConnectionPhase::Request => return Ok(()),
        };
        if now != self.timed {
            self.timed = now;
            self.read_timer.as_mut().reset(Instant::now() + time);
        }
        match self.read_timer.as_mut().poll(cx) {
            Poll::Ready(()) => Err(self.expire(limit)),
            Poll::Pending => Ok(()),
        }
    }

    /// Passes on the result of a write. Fails if the client does not take any byte for too long.
    fn check_write_time<T>(&mut self, cx: &mut Context<'_>, written: Poll<Result<T>>) -> Poll<Result<T>> {
        if written.is_ready() {
            self.write_timer = None;
            return written;
        }
        let timer = self.write_timer.get_or_insert_with(|| Box::pin(sleep(self.idle_time)));
        match timer.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(self.expire(ResourceLimit::IdleSeconds))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        self.check_read_time(cx)?;
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.activity.receive_bytes();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.check_write_time(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.check_write_time(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.check_write_time(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.check_write_time(cx, closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    fn timed(stream: tokio::io::DuplexStream) -> (TimedStream<tokio::io::DuplexStream>, ConnectionActivity) {
        let activity = ConnectionActivity::default();
        (TimedStream::new(stream, activity.clone(), &ResourceLimits::default()), activity)
    }

    #[tokio::test(start_paused = true)]
    async fn a_header_of_single_bytes_ends_after_its_time() {
        let (mut client, server) = duplex(64);
        let (mut server, activity) = timed(server);
        let start = Instant::now();
        tokio::spawn(async move {
            while client.write_all(b"a").await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        });
        let ended = server.read_to_end(&mut Vec::new()).await;
        assert_eq!(ended.map_err(|error| error.kind()), Err(ErrorKind::TimedOut));
        assert_eq!(start.elapsed().as_secs(), 10);
        assert_eq!(activity.expired_limit(), Some(ResourceLimit::HeaderSeconds));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_between_two_requests_ends_after_its_time() {
        let (mut client, server) = duplex(64);
        let (mut server, activity) = timed(server);
        client.write_all(b"request").await.expect("sent");
        let mut buffer = [0; 7];
        server.read_exact(&mut buffer).await.expect("received");
        drop(activity.begin_request(false));
        let start = Instant::now();
        let ended = server.read(&mut buffer).await;
        assert_eq!(ended.map_err(|error| error.kind()), Err(ErrorKind::TimedOut));
        assert_eq!(start.elapsed().as_secs(), 60);
        assert_eq!(activity.expired_limit(), Some(ResourceLimit::IdleSeconds));
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_that_the_client_does_not_read_ends_after_its_time() {
        let (_client, server) = duplex(64);
        let (mut server, activity) = timed(server);
        let _request = activity.begin_request(false);
        let start = Instant::now();
        let ended = server.write_all(&[0; 65]).await;
        assert_eq!(ended.map_err(|error| error.kind()), Err(ErrorKind::TimedOut));
        assert_eq!(start.elapsed().as_secs(), 60);
    }
}
