//! Transport between `ldap3` and the server, which passes search entries to the entry parser.
//!
//! `ldap3` implements the protocol: it binds, sends requests, and decodes results with their controls. Its
//! decoder builds two trees of small values for each message, which for 100,000 entries takes longer than the
//! server takes to send them. It is therefore connected to one end of a socket pair instead of the network. The
//! transport moves messages between the other end and the server. Entries of the current search are passed to the
//! reader as slices of the buffer; all other messages are passed to `ldap3` in order, so that the result of a
//! page follows its last entry.
//!
//! There is one way to read an entry: entries of the current search never reach the decoder of `ldap3`. That decoder
//! is recursive, so [`SplitTransport::take_message`] measures the depth of every message before anything else reads
//! it. Messages of other requests than the current one are counted and dropped.
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

use crate::exceeded_limit::ExceededLimit;
use crate::ldap::ber::{self, LdapMessage, MessageState, NestingState};
use crate::ldap::entry::{self, ENTRY, EntryError, RESULT};
use rollcall_model::resource_limits::{ResourceLimit, ResourceLimits};

/// Bytes per read from the server: a page of 500 entries takes three or four reads.
const READ_SIZE: usize = 64 << 10;

/// Bytes per read from `ldap3`: a request is sent in one piece, so that the server does not wait for the rest.
const REQUEST_SIZE: usize = 4 << 10;

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
    /// Number of messages received.
    messages: u64,
    /// Number of messages that are neither entries nor results of the current request.
    other_messages: u64,
    /// Number of bytes received, and their maximum.
    bytes: u64,
    most_bytes: u64,
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
    /// The server exceeded a bound.
    Exceeded(ExceededLimit),
}

impl From<ExceededLimit> for TransportError {
    fn from(limit: ExceededLimit) -> Self {
        Self::Exceeded(limit)
    }
}

impl From<EntryError> for TransportError {
    fn from(problem: EntryError) -> Self {
        match problem {
            EntryError::Malformed => Self::Malformed,
            EntryError::Exceeded(limit) => Self::Exceeded(limit),
        }
    }
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
    pub(crate) fn new(server: LdapConnection, client: UnixStream, limits: &ResourceLimits) -> Self {
        Self {
            server,
            client,
            from_server: Vec::new(),
            next: 0,
            to_server: Vec::new(),
            to_client: Vec::new(),
            messages: 0,
            other_messages: 0,
            bytes: 0,
            most_bytes: limits.get(ResourceLimit::ReadingBytes),
            pending_error: None,
        }
    }

    /// Ends the transport after its first response, to start TLS. Returns `None` if the server sent more than
    /// that response, because unencrypted data must not be treated as encrypted.
    pub(crate) fn into_streams(self) -> Option<(TcpStream, UnixStream)> {
        let has_more_data = self.messages != 1 || self.next < self.from_server.len();
        match self.server {
            LdapConnection::Plain(stream) if !has_more_data => Some((stream, self.client)),
            LdapConnection::Plain(_) | LdapConnection::Encrypted(_) => None,
        }
    }

    /// Sends the request of `ldap3` with this id to the server and passes its responses back until the call returns.
    pub(crate) async fn exchange<T>(
        &mut self,
        request: i32,
        call: impl Future<Output = Result<T, LdapError>>,
    ) -> Result<T, TransportError> {
        self.drive_call(call, Some(request)).await
    }

    /// Moves requests of `ldap3` to the transport until the call returns. Nothing is read from the server: its
    /// next message belongs to [`SplitTransport::next`].
    pub(crate) async fn send_only<T>(
        &mut self,
        call: impl Future<Output = Result<T, LdapError>>,
    ) -> Result<T, TransportError> {
        self.drive_call(call, None).await
    }

    async fn drive_call<T>(
        &mut self,
        call: impl Future<Output = Result<T, LdapError>>,
        awaited: Option<i32>,
    ) -> Result<T, TransportError> {
        self.check_open()?;
        // `ldap3` panics on some malformed responses.
        let mut call = pin!(AssertUnwindSafe(call).catch_unwind());
        let fault = loop {
            tokio::select! {
                biased;
                outcome = &mut call => return map_call_result(outcome),
                carried = self.transfer(awaited.is_some()) => {
                    let forwarded = carried.and_then(|()| awaited.map_or(Ok(()), |request| self.forward_messages(request)));
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

    /// Passes the complete messages of a request to `ldap3`.
    fn forward_messages(&mut self, request: i32) -> Result<(), TransportError> {
        while let Some((place, message)) = self.take_message()? {
            if message.number == request {
                self.to_client.extend_from_slice(&self.from_server[place]);
            } else {
                self.count_other_message()?;
            }
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
            while let Some((place, LdapMessage { number, operation, contents })) = self.take_message()? {
                deadline = None;
                if number != search {
                    self.count_other_message()?;
                    continue;
                }
                if operation == ENTRY {
                    return Ok(SearchMessage::Entry(&self.from_server[place][contents]));
                }
                if operation != RESULT {
                    self.count_other_message()?;
                }
                self.to_client.extend_from_slice(&self.from_server[place]);
                return Ok(SearchMessage::Other);
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

    /// The next complete message and its position in `from_server`; consumes the message.
    fn take_message(&mut self) -> Result<Option<(Range<usize>, LdapMessage)>, TransportError> {
        let Some((length, message)) = split_message(&self.from_server[self.next..])? else { return Ok(None) };
        let place = self.next..self.next + length;
        self.next = place.end;
        self.messages += 1;
        Ok(Some((place, message)))
    }

    fn count_other_message(&mut self) -> Result<(), TransportError> {
        const LIMIT: ResourceLimit = ResourceLimit::LdapOtherMessages;
        self.other_messages += 1;
        Ok(ExceededLimit::check_value(LIMIT, LIMIT.default_value(), self.other_messages)?)
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
                let length = read.map_err(connection_lost)?;
                if length == 0 {
                    return Err(TransportError::CutOff(None));
                }
                self.bytes += length as u64;
                ExceededLimit::check_value(ResourceLimit::ReadingBytes, self.most_bytes, self.bytes)?;
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

/// The length and the parts of the message at the start of a buffer, once it is complete. A message that is too
/// large is refused by its first bytes, before memory is allocated for it.
pub(super) fn split_message(bytes: &[u8]) -> Result<Option<(usize, LdapMessage)>, TransportError> {
    let exceeded = |limit: ResourceLimit| ExceededLimit::reached(limit, limit.default_value());
    let size = |limit: ResourceLimit| usize::try_from(limit.default_value()).unwrap_or(usize::MAX);
    let length = match ber::measure_message(bytes, size(ResourceLimit::RecordBytes)) {
        MessageState::Complete(length) => length,
        MessageState::Incomplete => return Ok(None),
        MessageState::TooLarge => {
            return Err(exceeded(ResourceLimit::RecordBytes).of(|| "a message".to_owned()).into());
        }
        MessageState::Invalid => return Err(TransportError::Malformed),
    };
    let (deepest, most) = (size(ResourceLimit::LdapNestingLevels), size(ResourceLimit::LdapElements));
    match ber::measure_nesting(&bytes[..length], deepest, most) {
        NestingState::Within => (),
        NestingState::TooMany => {
            return Err(exceeded(ResourceLimit::LdapElements)
                .of(|| describe_message(&bytes[..length]))
                .into());
        }
        NestingState::TooDeep => {
            return Err(exceeded(ResourceLimit::LdapNestingLevels).of(|| "a message".to_owned()).into());
        }
        NestingState::Invalid => return Err(TransportError::Malformed),
    }
    let message = ber::parse_message(&bytes[..length]).ok_or(TransportError::Malformed)?;
    Ok(Some((length, message)))
}

/// A message, for an error: the entry that it contains, if it is one.
fn describe_message(message: &[u8]) -> String {
    let parsed = ber::parse_message(message).filter(|parsed| parsed.operation == ENTRY);
    match parsed.and_then(|parsed| entry::dn(&message[parsed.contents])) {
        Some(dn) => format!("the entry `{}`", entry::shown(dn)),
        None => "a message".to_owned(),
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
