//! What a connection does: wait for a request, receive its header, or serve it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use rollcall_model::resource_limits::ResourceLimit;

/// State of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectionPhase {
    /// The connection receives the header of a request. A new connection starts here.
    Header,
    /// The header is complete, and the body is not.
    Body,
    /// The request is complete, and the response is not.
    Request,
    /// The connection waits for another request.
    Idle,
}

#[derive(Debug)]
struct ActivityState {
    phase: ConnectionPhase,
    /// Number of requests that have begun.
    requests: u64,
    expired: Option<ResourceLimit>,
}

/// Activity of a connection, shared by its stream and its requests.
#[derive(Debug, Clone)]
pub(super) struct ConnectionActivity(Arc<Mutex<ActivityState>>);

impl Default for ConnectionActivity {
    fn default() -> Self {
        let state = ActivityState { phase: ConnectionPhase::Header, requests: 0, expired: None };
        Self(Arc::new(Mutex::new(state)))
    }
}

impl ConnectionActivity {
    fn state(&self) -> MutexGuard<'_, ActivityState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the phase and the number of requests that have begun.
    pub(super) fn phase(&self) -> (ConnectionPhase, u64) {
        let state = self.state();
        (state.phase, state.requests)
    }

    pub(super) fn is_in_request(&self) -> bool {
        match self.phase().0 {
            ConnectionPhase::Body | ConnectionPhase::Request => true,
            ConnectionPhase::Header | ConnectionPhase::Idle => false,
        }
    }

    /// Returns true if the next byte must come from the client.
    pub(super) fn waits_for_client(&self) -> bool {
        match self.phase().0 {
            ConnectionPhase::Header | ConnectionPhase::Body | ConnectionPhase::Idle => true,
            ConnectionPhase::Request => false,
        }
    }

    /// Notes that bytes were received.
    pub(super) fn receive_bytes(&self) {
        let mut state = self.state();
        if state.phase == ConnectionPhase::Idle {
            state.phase = ConnectionPhase::Header;
        }
    }

    /// Notes that the header of a request is complete. The request ends when the returned value is dropped.
    pub(super) fn begin_request(&self, has_body: bool) -> RequestInProgress {
        let mut state = self.state();
        state.phase = if has_body { ConnectionPhase::Body } else { ConnectionPhase::Request };
        state.requests += 1;
        RequestInProgress(self.clone())
    }

    /// Notes that the body of the request is complete, or that nothing waits for it any more.
    pub(super) fn complete_body(&self) {
        let mut state = self.state();
        if state.phase == ConnectionPhase::Body {
            state.phase = ConnectionPhase::Request;
        }
    }

    /// Notes that the connection ends because a time is exceeded.
    pub(super) fn expire(&self, limit: ResourceLimit) {
        self.state().expired = Some(limit);
    }

    /// Returns the bound that ended the connection.
    pub(super) fn expired_limit(&self) -> Option<ResourceLimit> {
        self.state().expired
    }
}

/// A request whose response is not complete.
#[derive(Debug)]
pub(super) struct RequestInProgress(ConnectionActivity);

impl Drop for RequestInProgress {
    fn drop(&mut self) {
        self.0.state().phase = ConnectionPhase::Idle;
    }
}

/// Response body that ends its request.
#[derive(Debug)]
pub(super) struct TrackedBody {
    body: Body,
    _request: RequestInProgress,
}

impl TrackedBody {
    pub(super) fn new(body: Body, request: RequestInProgress) -> Self {
        Self { body, _request: request }
    }
}

impl HttpBody for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
