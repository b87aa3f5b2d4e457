//! Connections of the web server: accepted, bounded, timed and ended.
//!
//! A client can hold no connection for longer than its requests need. [`timed_stream`] bounds the time of a header, of
//! a pause between two requests and of a stalled response; [`body_deadline`] bounds the time of a request body;
//! [`client_connections`] bounds the connections of one address. If all connections are in use, [`open_connections`] ends
//! the one that has waited longest for its client, so that clients that send nothing keep no other client out. If all are in
//! requests, further connections are answered with status 503, except for requests of `/healthz` and `/readyz`. The number
//! of all connections leaves a reserve of open files for the database and the connectors. All values are bounds of [`ResourceLimit`].

pub(super) mod body_deadline;
mod client_connections;
mod connection_activity;
mod open_connections;
mod open_files;
mod refusal_log;
mod timed_stream;

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::header::{CONNECTION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use self::body_deadline::BodyWithDeadline;
use self::client_connections::{ClientConnection, ClientConnections};
use self::connection_activity::{ConnectionActivity, TrackedBody};
use self::open_connections::{OpenConnection, OpenConnections};
use self::refusal_log::RefusalLog;
use self::timed_stream::TimedStream;
use crate::WebContext;
use crate::health;
use crate::tls::TlsCertificate;
use rollcall_model::resource_limits::ResourceLimit;

/// Time that requests in progress may take to end when the service stops. The service ends within 10 s.
const SHUTDOWN_TIME: Duration = Duration::from_secs(6);

/// Time after which another connection makes way if the first one has not.
const EVICTION_PAUSE: Duration = Duration::from_millis(100);

/// Pause after an error of the listener, for example because no file can be opened.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Address of the peer of a connection, with or without TLS.
#[derive(Debug, Clone, Copy)]
pub(super) struct PeerAddr(pub SocketAddr);

/// Time in which a connection beyond the bound must be answered.
const SURPLUS_TIME: Duration = Duration::from_secs(5);

/// Text of the answer of a connection beyond the bound.
const BUSY: &str = "all connections are in use; try again in some seconds\n";

/// The paths that a connection may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AnsweredPaths {
    All,
    /// Those of health alone.
    Health,
}

/// Server of the connections of one listener.
#[derive(Debug, Clone)]
pub(super) struct ConnectionServer {
    web: WebContext,
    router: Router,
    tls: Option<TlsCertificate>,
    clients: ClientConnections,
    open: OpenConnections,
    /// Connections beyond the bound.
    surplus: OpenConnections,
    answers: AnsweredPaths,
    refusals: Arc<RefusalLog>,
}

impl ConnectionServer {
    pub(super) fn new(web: WebContext, router: Router, tls: Option<TlsCertificate>) -> Self {
        Self {
            web,
            router,
            tls,
            clients: ClientConnections::default(),
            open: OpenConnections::default(),
            surplus: OpenConnections::default(),
            answers: AnsweredPaths::All,
            refusals: Arc::default(),
        }
    }

    /// Serves connections until the service stops. Requests in progress are completed within [`SHUTDOWN_TIME`].
    pub(super) async fn serve(self, socket: TcpListener) {
        let free = Arc::new(Semaphore::new(self.max_connections()));
        let tasks = TaskTracker::new();
        let stop = self.web.stop.clone();
        let accepting = async {
            loop {
                let (stream, peer) = self.accept(&socket).await;
                let Some(client) = self.admit_client(peer.ip()) else { continue };
                match self.find_slot(&free).await {
                    Some(slot) => {
                        let connection = self.open.enter();
                        tasks.spawn(self.clone().serve_client(stream, peer, connection, (slot, client)));
                    }
                    None => {
                        if let Some(connection) = self.enter_surplus() {
                            tasks.spawn(self.clone().serve_surplus(stream, peer, connection, client));
                        }
                    }
                }
            }
        };
        let _: Option<Infallible> = stop.run_until_cancelled(accepting).await;
        drop(socket);
        tasks.close();
        tasks.wait().await;
    }

    /// Returns the number of connections that leaves the reserve of open files.
    fn max_connections(&self) -> usize {
        let limits = &self.web.config().limits;
        let wanted = limits.size(ResourceLimit::Connections);
        let Some(files) = open_files::raise_limit() else { return wanted };
        let reserved = limits.get(ResourceLimit::ReservedFiles);
        let most = usize::try_from(files.saturating_sub(reserved)).unwrap_or(usize::MAX).max(1);
        if most < wanted {
            warn!(
                connections = most,
                wanted,
                open_files = files,
                "the limit of open files bounds the connections"
            );
        }
        wanted.min(most)
    }

    /// Finds a slot. If all are taken, the connection that has waited longest for its client makes way. `None` if all are in
    /// requests.
    async fn find_slot(&self, free: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        if let Ok(slot) = Arc::clone(free).try_acquire_owned() {
            return Some(slot);
        }
        self.refusals.record(ResourceLimit::Connections, None);
        while self.open.end_oldest_waiting() {
            if let Ok(slot) = timeout(EVICTION_PAUSE, Arc::clone(free).acquire_owned()).await {
                return slot.ok();
            }
        }
        None
    }

    /// Enters a connection beyond the bound. If there are many of these, the oldest one makes way. `None` if they come faster
    /// than they end.
    fn enter_surplus(&self) -> Option<OpenConnection> {
        let limit = ResourceLimit::SurplusConnections;
        let open = self.surplus.count();
        if open >= limit.default_size() {
            limit.record_reached();
            self.surplus.end_oldest();
        }
        (open < 2 * limit.default_size()).then(|| self.surplus.enter())
    }

    /// Serves one request of a connection beyond the bound: health is answered, anything else is refused.
    async fn serve_surplus(
        self,
        stream: TcpStream,
        peer: SocketAddr,
        connection: OpenConnection,
        client: ClientConnection,
    ) {
        let server = Self { answers: AnsweredPaths::Health, ..self };
        let serving = timeout(SURPLUS_TIME, server.serve_stream(stream, peer, &connection.activity));
        if connection.end.run_until_cancelled(serving).await.is_none_or(|served| served.is_err()) {
            debug!(from = %peer.ip(), "a connection beyond the bound ended");
        }
        drop(client);
    }

    /// Waits for a connection. An error of the listener does not end the service.
    async fn accept(&self, socket: &TcpListener) -> (TcpStream, SocketAddr) {
        loop {
            match socket.accept().await {
                Ok(accepted) => return accepted,
                // The client gave up before it was accepted.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::ConnectionRefused
                            | ErrorKind::ConnectionAborted
                            | ErrorKind::ConnectionReset
                    ) => {}
                Err(error) => {
                    if self.refusals.is_due("accept") {
                        warn!(%error, "could not accept a connection");
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Counts a connection of a client. `None` if the client has too many. Trusted proxies are not counted.
    fn admit_client(&self, address: IpAddr) -> Option<ClientConnection> {
        let config = self.web.config();
        let address = address.to_canonical();
        if config.web.trusted_proxies.iter().any(|net| net.contains(&address)) {
            return Some(ClientConnection::uncounted());
        }
        let client = self.clients.enter(address, config.limits.size(ResourceLimit::ConnectionsPerAddress));
        if client.is_none() {
            self.refusals.record(ResourceLimit::ConnectionsPerAddress, Some(address));
        }
        client
    }

    async fn serve_client(
        self,
        stream: TcpStream,
        peer: SocketAddr,
        connection: OpenConnection,
        counted: (OwnedSemaphorePermit, ClientConnection),
    ) {
        let serving = self.serve_stream(stream, peer, &connection.activity);
        if connection.end.run_until_cancelled(serving).await.is_none() {
            debug!(from = %peer.ip(), "a connection made way for another one");
        }
        drop(counted);
    }

    async fn serve_stream(&self, stream: TcpStream, peer: SocketAddr, activity: &ConnectionActivity) {
        let Some(tls) = &self.tls else {
            return self.serve_requests(stream, peer, activity).await;
        };
        let limit = self.web.config().limits.seconds(ResourceLimit::HeaderSeconds);
        let handshake = self.web.stop.run_until_cancelled(timeout(limit, tls.acceptor().accept(stream)));
        match handshake.await {
            None => {}
            Some(Ok(Ok(stream))) => self.serve_requests(stream, peer, activity).await,
            Some(Ok(Err(error))) => debug!(%error, "TLS handshake failed"),
            Some(Err(_)) => self.refusals.record(ResourceLimit::HeaderSeconds, Some(peer.ip())),
        }
    }

    /// Serves the requests of a connection. A connection without a request ends as soon as the service stops.
    async fn serve_requests<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        peer: SocketAddr,
        activity: &ConnectionActivity,
    ) {
        let config = self.web.config();
        let stream = TimedStream::new(stream, activity.clone(), &config.limits);
        let service = service_fn(|request| self.answer(request, peer, activity));
        let mut builder = http1::Builder::new();
        builder.max_buf_size(config.limits.size(ResourceLimit::HeaderBytes));
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let Some(ended) = self.web.stop.run_until_cancelled(connection.as_mut()).await else {
            if activity.is_in_request() {
                connection.as_mut().graceful_shutdown();
                if timeout(SHUTDOWN_TIME, connection).await.is_err() {
                    info!(from = %peer.ip(), "a request did not end before the service stopped");
                }
            }
            return;
        };
        if let Err(error) = ended {
            match activity.expired_limit() {
                Some(limit) => self.refusals.record(limit, Some(peer.ip())),
                None => debug!(%error, "connection failed"),
            }
        }
    }

    fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        activity: &ConnectionActivity,
    ) -> impl Future<Output = Result<Response<TrackedBody>, Infallible>> + use<> {
        let in_request = activity.begin_request(!request.body().is_end_stream());
        let time = self.web.config().limits.seconds(ResourceLimit::BodySeconds);
        let refusals = Arc::clone(&self.refusals);
        let expired = move || refusals.record(ResourceLimit::BodySeconds, Some(peer.ip()));
        let received = activity.clone();
        let is_refused =
            self.answers == AnsweredPaths::Health && !health::is_health_path(request.uri().path());
        let mut request = request.map(|body| Body::new(BodyWithDeadline::new(body, received, time, expired)));
        request.extensions_mut().insert(ConnectInfo(PeerAddr(peer)));
        let closes = self.answers == AnsweredPaths::Health;
        let response = (!is_refused).then(|| TowerToHyperService::new(self.router.clone()).call(request));
        async move {
            // A connection with many requests at once gives way to other tasks after each of them.
            tokio::task::yield_now().await;
            let mut response = match response {
                Some(response) => response.await?,
                None => (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "10")], BUSY).into_response(),
            };
            if closes {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response.map(|body| TrackedBody::new(body, in_request)))
        }
    }
}
