//! Request body that fails when it is not complete in time.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::connection_activity::ConnectionActivity;

/// The body was not complete in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request body is not complete in time")]
pub(crate) struct BodyTimedOut;

/// Body with a deadline. `expired` is called once when the deadline passes. The activity of the connection learns when the
/// body is complete.
pub(super) struct BodyWithDeadline<B> {
    body: B,
    activity: ConnectionActivity,
    timer: Pin<Box<Sleep>>,
    expired: Option<Box<dyn FnOnce() + Send>>,
}

impl<B> BodyWithDeadline<B> {
    pub(super) fn new(
        body: B,
        activity: ConnectionActivity,
        time: Duration,
        expired: impl FnOnce() + Send + 'static,
    ) -> Self {
        Self { body, activity, timer: Box::pin(sleep(time)), expired: Some(Box::new(expired)) }
    }
}

impl<B> Drop for BodyWithDeadline<B> {
    fn drop(&mut self) {
        self.activity.complete_body();
    }
}

impl<B> HttpBody for BodyWithDeadline<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.expired.is_none() || self.timer.as_mut().poll(cx).is_ready() {
            if let Some(expired) = self.expired.take() {
                expired();
            }
            return Poll::Ready(Some(Err(BodyTimedOut.into())));
        }
        let frame = Pin::new(&mut self.body).poll_frame(cx).map_err(Into::into);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) || self.body.is_end_stream() {
            self.activity.complete_body();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
