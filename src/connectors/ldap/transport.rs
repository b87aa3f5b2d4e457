//! Transport between `ldap3` and the server, which passes search entries to the entry parser.
//!
//! `ldap3` implements the protocol: it binds, sends requests, and decodes results with their controls. Its
//! decoder builds two trees of small values for each message, which for 100,000 entries takes longer than the
//! server takes to send them. It is therefore connected to one end of a socket pair instead of the network. The
//! transport moves messages between the other end and the server. Entries of the current search are passed to the
//! reader as slices of the buffer; all other messages are passed to `ldap3` in order, so that the result of a
//! page follows its last entry.
//!
//! There is one way to read an entry: entries of the current search never reach the decoder of `ldap3`.
//!
//! TLS ends in the transport, so that entries are readable. All work happens in the task of the caller.

use std::io;
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;
use ldap3::LdapError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;

use crate::ldap::ber::{self, MessageState};
use crate::ldap::entry::ENTRY;

/// Bytes per read from the server: a page of 500 entries takes three or four reads.
const READ_SIZE: usize = 64 << 10;

/// Bytes per read from `ldap3`: a request is sent in one piece, so that the server does not wait for the rest.
const REQUEST_SIZE: usize = 4 << 10;

/// Maximum size of a message, in bytes. Entries contain mapped attributes only; a server that announces more is
/// not a directory, and the memory is not allocated.
const MAX_MESSAGE_SIZE: usize = 64 << 20;

/// A connection to a server.
#[derive(Debug)]
pub(crate) enum LdapConnection {
    /// An unencrypted connection.
    Plain(TcpStream),
    /// An encrypted connection. Boxed because of its large buffers.
    Encrypted(Box<TlsStream<TcpStream>>),
}

/// The transport of one session.
#[derive(Debug)]
pub(crate) struct SplitTransport {
    server: LdapConnection,
    client: UnixStream,
    from_server: Vec<u8>,
    /// The position of the next message in `from_server`.
    next: usize,
    to_server: Vec<u8>,
    to_client: Vec<u8>,
    /// Number of messages passed to `ldap3` by `exchange`.
    forwarded: u64,
    /// An error that occurred after a response that arrived in time.
    pending_error: Option<TransportError>,
}

/// Reason why no more messages are received.
#[derive(Debug)]
pub(crate) enum TransportError {
    /// The connection was closed or failed.
    CutOff(Option<io::Error>),
    /// No data arrived within the timeout.
    Stalled,
    /// Invalid LDAP message (RFC 4511 4.1.1), or one that `ldap3` cannot decode.
    Malformed,
}

/// The next message of the current search.
#[derive(Debug)]
pub(crate) enum SearchMessage<'a> {
    /// An entry: the contents of its `SearchResultEntry` (RFC 4511 4.5.2).
    Entry(&'a [u8]),
    /// Another message of the search, which was passed to `ldap3`.
    Other,
}

impl SplitTransport {
    /// Connects a server and the near end of the socket pair.
    pub(crate) fn new(server: LdapConnection, client: UnixStream) -> Self {
        let (from_server, to_server, to_client) = (Vec::new(), Vec::new(), Vec::new());
        Self { server, client, from_server, next: 0, to_server, to_client, forwarded: 0, pending_error: None }
    }

    /// Ends the transport after its first response, to start TLS. Returns `None` if the server sent more than
    /// that response, because unencrypted data must not be treated as encrypted.
    pub(crate) fn into_streams(self) -> Option<(TcpStream, UnixStream)> {
        let has_more_data = self.forwarded != 1 || self.next < self.from_server.len();
        match self.server {
            LdapConnection::Plain(stream) if !has_more_data => Some((stream, self.client)),
            LdapConnection::Plain(_) | LdapConnection::Encrypted(_) => None,
        }
    }

    /// Sends a request of `ldap3` to the server and passes responses back until the call returns.
    pub(crate) async fn exchange<T>(
        &mut self,
        call: impl Future<Output = Result<T, LdapError>>,
    ) -> Result<T, TransportError> {
        self.drive_call(call, true).await
    }

    /// Moves requests of `ldap3` to the transport until the call returns. Nothing is read from the server: its
    /// next message belongs to [`SplitTransport::next`].
    pub(crate) async fn send_only<T>(
        &mut self,
        call: impl Future<Output = Result<T, LdapError>>,
    ) -> Result<T, TransportError> {
        self.drive_call(call, false).await
    }

    async fn drive_call<T>(
        &mut self,
        call: impl Future<Output = Result<T, LdapError>>,
        listening: bool,
    ) -> Result<T, TransportError> {
        self.check_open()?;
        // `ldap3` panics on some malformed responses.
        let mut call = pin!(AssertUnwindSafe(call).catch_unwind());
        let fault = loop {
            tokio::select! {
                biased;
                outcome = &mut call => return map_call_result(outcome),
                carried = self.transfer(listening) => {
                    let forwarded = carried.and_then(|()| if listening { self.forward_messages() } else { Ok(()) });
                    if let Err(fault) = forwarded {
                        break fault;
                    }
                }
            }
        };
        // Data received before the connection failed may contain the response.
        let _ = self.client.write_all(&self.to_client).await;
        self.to_client.clear();
        let _ = self.client.shutdown().await;
        match map_call_result(call.await) {
            Ok(answer) => {
                self.pending_error = Some(fault);
                Ok(answer)
            }
            Err(_) => Err(fault),
        }
    }

    fn check_open(&mut self) -> Result<(), TransportError> {
        self.pending_error.take().map_or(Ok(()), Err)
    }

    /// Passes all complete messages to `ldap3`.
    fn forward_messages(&mut self) -> Result<(), TransportError> {
        while let Some(message) = self.message()? {
            self.to_client.extend_from_slice(&self.from_server[message]);
            self.forwarded += 1;
        }
        Ok(())
    }

    /// The next message of the search with this id. `wait` is the maximum time between two messages.
    pub(crate) async fn next(
        &mut self,
        search: i32,
        wait: Duration,
    ) -> Result<SearchMessage<'_>, TransportError> {
        self.check_open()?;
        let mut deadline = None;
        loop {
            while let Some(message) = self.message()? {
                deadline = None;
                let ber::LdapMessage { number, operation, contents } =
                    ber::parse_message(&self.from_server[message.clone()])
                        .ok_or(TransportError::Malformed)?;
                if number == search && operation == ENTRY {
                    return Ok(SearchMessage::Entry(&self.from_server[message][contents]));
                }
                self.to_client.extend_from_slice(&self.from_server[message]);
                if number == search {
                    return Ok(SearchMessage::Other);
                }
            }
            let until = *deadline.get_or_insert_with(|| Instant::now() + wait);
            timeout_at(until, self.transfer(true)).await.map_err(|_| TransportError::Stalled)??;
        }
    }
}

impl SplitTransport {
    /// Sends the last request of `ldap3` and closes the connection.
    pub(crate) async fn close(&mut self) {
        while self.transfer(true).await.is_ok() {}
        let _ = self.server.shutdown().await;
    }

    /// The position of the next complete message in `from_server`; consumes the message.
    fn message(&mut self) -> Result<Option<Range<usize>>, TransportError> {
        match ber::measure_message(&self.from_server[self.next..], MAX_MESSAGE_SIZE) {
            MessageState::Complete(length) => {
                let begin = self.next;
                self.next += length;
                Ok(Some(begin..self.next))
            }
            MessageState::Incomplete => Ok(None),
            MessageState::Invalid => Err(TransportError::Malformed),
        }
    }

    /// Waits until data can be moved, and moves it. Cancel-safe: no data is lost or duplicated.
    async fn transfer(&mut self, listening: bool) -> Result<(), TransportError> {
        let connection_lost = |cause| TransportError::CutOff(Some(cause));
        if !self.to_server.is_empty() {
            let written = self.server.write(&self.to_server).await.map_err(connection_lost)?;
            self.to_server.drain(..written);
            return Ok(());
        }
        self.server.flush().await.map_err(connection_lost)?;
        if self.next > 0 {
            self.from_server.drain(..self.next);
            self.next = 0;
        }
        self.from_server.reserve(READ_SIZE);
        self.to_server.reserve(REQUEST_SIZE);
        let (mut from_client, mut client_side) = self.client.split();
        tokio::select! {
            biased;
            written = client_side.write(&self.to_client), if !self.to_client.is_empty() => {
                let written = written.map_err(|_| TransportError::Malformed)?;
                self.to_client.drain(..written);
            }
            read = self.server.read(&mut self.from_server), if listening => {
                if read.map_err(connection_lost)? == 0 {
                    return Err(TransportError::CutOff(None));
                }
            }
            // `ldap3` closes its end after an unbind request or after a decoding error.
            read = from_client.read_buf(&mut self.to_server) => match read {
                Ok(1..) => (),
                Ok(0) | Err(_) => return Err(TransportError::Malformed),
            },
        }
        Ok(())
    }
}

/// Converts the result of an `ldap3` call. Its end of the socket pair fails only after a decoding error.
fn map_call_result<T, P>(outcome: Result<Result<T, LdapError>, P>) -> Result<T, TransportError> {
    match outcome {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(LdapError::Timeout { .. })) => Err(TransportError::Stalled),
        Ok(Err(_)) | Err(_) => Err(TransportError::Malformed),
    }
}

impl LdapConnection {
    async fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read_buf(buffer).await,
            Self::Encrypted(stream) => stream.read_buf(buffer).await,
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes).await,
            Self::Encrypted(stream) => stream.write(bytes).await,
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush().await,
            Self::Encrypted(stream) => stream.flush().await,
        }
    }

    async fn shutdown(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.shutdown().await,
            Self::Encrypted(stream) => stream.shutdown().await,
        }
    }
}
