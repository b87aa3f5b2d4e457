//! The line between the crate and the server, and where the entries of a search leave it.
//!
//! The crate speaks the protocol: it binds, asks, and reads results with their controls. Its decoder builds two trees of
//! small values for each message, which for 100,000 entries takes longer than the server takes to send them. So it is
//! given one end of a socket pair in place of the network. This line carries bytes between the other end and the
//! server, message by message, and hands the entries of the search under way to whoever reads them, as they lie in the
//! buffer. Everything else goes on to the crate, in order: what it says of a page comes after the page's last entry.
//!
//! TLS ends here too, so that entries can be seen. All of it happens in the task of whoever waits.

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

/// Bytes that are asked for at once: a page of 500 entries is read in three or four goes.
const READ: usize = 64 << 10;

/// Bytes that are asked of the crate at once: a request goes out in one piece, which the server does not wait to see the
/// rest of.
const REQUEST: usize = 4 << 10;

/// The longest message, in bytes. People's entries hold the mapped attributes only; whoever announces more is no
/// directory, and memory is not filled to find out.
const LONGEST: usize = 64 << 20;

/// A connection to a server.
#[derive(Debug)]
pub(crate) enum LdapConnection {
    /// In the clear.
    Plain(TcpStream),
    /// Encrypted. Boxed, for its buffers are large.
    Encrypted(Box<TlsStream<TcpStream>>),
}

/// The line of one session.
#[derive(Debug)]
pub(crate) struct SplitTransport {
    server: LdapConnection,
    krate: UnixStream,
    from_server: Vec<u8>,
    /// Where the next message begins in what came from the server.
    next: usize,
    to_server: Vec<u8>,
    to_crate: Vec<u8>,
    /// Messages that the crate was given without being asked which.
    passed_on: u64,
    /// Why the line broke, when that was seen behind an answer that came in time.
    broken: Option<TransportError>,
}

/// Why nothing more comes over the line.
#[derive(Debug)]
pub(crate) enum TransportError {
    /// The connection was closed or broke.
    CutOff(Option<io::Error>),
    /// Nothing came for as long as the settings allow.
    Stalled,
    /// What came is no LDAP message (RFC 4511 4.1.1), or the crate could not read it.
    Malformed,
}

/// What comes next while a search is under way.
#[derive(Debug)]
pub(crate) enum SearchMessage<'a> {
    /// An entry: the contents of its `SearchResultEntry` (RFC 4511 4.5.2).
    Entry(&'a [u8]),
    /// A message of the search that the crate has now.
    Other,
}

impl SplitTransport {
    /// Puts a line between a server and the near end of the crate's socket pair.
    pub(crate) fn new(server: LdapConnection, krate: UnixStream) -> Self {
        let (from_server, to_server, to_crate) = (Vec::new(), Vec::new(), Vec::new());
        Self { server, krate, from_server, next: 0, to_server, to_crate, passed_on: 0, broken: None }
    }

    /// Takes the line down after its first answer, for one that is encrypted. `None` when the server has said more than
    /// that: what came in the clear must not be taken for what comes encrypted.
    pub(crate) fn into_streams(self) -> Option<(TcpStream, UnixStream)> {
        let said_more = self.passed_on != 1 || self.next < self.from_server.len();
        match self.server {
            LdapConnection::Plain(stream) if !said_more => Some((stream, self.krate)),
            LdapConnection::Plain(_) | LdapConnection::Encrypted(_) => None,
        }
    }

    /// Carries a question of the crate to the server and the answer back, until the call has come to an end.
    pub(crate) async fn exchange<T>(
        &mut self,
        call: impl Future<Output = Result<T, LdapError>>,
    ) -> Result<T, TransportError> {
        self.drive_call(call, true).await
    }

    /// Carries between the crate and the line only, until the call has come to an end. The server is not listened to:
    /// what it says next is for [`SplitTransport::next`].
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
        // The crate panics on some answers that are malformed.
        let mut call = pin!(AssertUnwindSafe(call).catch_unwind());
        let fault = loop {
            tokio::select! {
                biased;
                outcome = &mut call => return map_call_result(outcome),
                carried = self.transfer(listening) => {
                    let passed_on = carried.and_then(|()| if listening { self.forward_messages() } else { Ok(()) });
                    if let Err(fault) = passed_on {
                        break fault;
                    }
                }
            }
        };
        // What the server said before the line broke may be the answer.
        let _ = self.krate.write_all(&self.to_crate).await;
        self.to_crate.clear();
        let _ = self.krate.shutdown().await;
        match map_call_result(call.await) {
            Ok(answer) => {
                self.broken = Some(fault);
                Ok(answer)
            }
            Err(_) => Err(fault),
        }
    }

    fn check_open(&mut self) -> Result<(), TransportError> {
        self.broken.take().map_or(Ok(()), Err)
    }

    /// Passes every message that is here on to the crate.
    fn forward_messages(&mut self) -> Result<(), TransportError> {
        while let Some(message) = self.message()? {
            self.to_crate.extend_from_slice(&self.from_server[message]);
            self.passed_on += 1;
        }
        Ok(())
    }

    /// The next message of the search that has this number. `wait` is the longest time between two messages.
    pub(crate) async fn next(
        &mut self,
        search: i32,
        wait: Duration,
    ) -> Result<SearchMessage<'_>, TransportError> {
        self.check_open()?;
        let mut patience = None;
        loop {
            while let Some(message) = self.message()? {
                patience = None;
                let ber::LdapMessage { number, operation, contents } =
                    ber::parse_message(&self.from_server[message.clone()])
                        .ok_or(TransportError::Malformed)?;
                if number == search && operation == ENTRY {
                    return Ok(SearchMessage::Entry(&self.from_server[message][contents]));
                }
                self.to_crate.extend_from_slice(&self.from_server[message]);
                if number == search {
                    return Ok(SearchMessage::Other);
                }
            }
            let until = *patience.get_or_insert_with(|| Instant::now() + wait);
            timeout_at(until, self.transfer(true)).await.map_err(|_| TransportError::Stalled)??;
        }
    }
}

impl SplitTransport {
    /// Carries out what the crate says last, and closes the line behind it.
    pub(crate) async fn close(&mut self) {
        while self.transfer(true).await.is_ok() {}
        let _ = self.server.shutdown().await;
    }

    /// Where the next whole message lies in what came from the server; it is the caller's then.
    fn message(&mut self) -> Result<Option<Range<usize>>, TransportError> {
        match ber::measure_message(&self.from_server[self.next..], LONGEST) {
            MessageState::Complete(length) => {
                let begin = self.next;
                self.next += length;
                Ok(Some(begin..self.next))
            }
            MessageState::Incomplete => Ok(None),
            MessageState::Invalid => Err(TransportError::Malformed),
        }
    }

    /// Waits until something can be carried, and carries it. May be given up at any time: nothing is lost or comes twice.
    async fn transfer(&mut self, listening: bool) -> Result<(), TransportError> {
        let broken = |cause| TransportError::CutOff(Some(cause));
        if !self.to_server.is_empty() {
            let written = self.server.write(&self.to_server).await.map_err(broken)?;
            self.to_server.drain(..written);
            return Ok(());
        }
        self.server.flush().await.map_err(broken)?;
        if self.next > 0 {
            self.from_server.drain(..self.next);
            self.next = 0;
        }
        self.from_server.reserve(READ);
        self.to_server.reserve(REQUEST);
        let (mut from_crate, mut crate_side) = self.krate.split();
        tokio::select! {
            biased;
            written = crate_side.write(&self.to_crate), if !self.to_crate.is_empty() => {
                let written = written.map_err(|_| TransportError::Malformed)?;
                self.to_crate.drain(..written);
            }
            read = self.server.read(&mut self.from_server), if listening => {
                if read.map_err(broken)? == 0 {
                    return Err(TransportError::CutOff(None));
                }
            }
            // The crate's end is open until the crate says goodbye, or fails at what the server sent.
            read = from_crate.read_buf(&mut self.to_server) => match read {
                Ok(1..) => (),
                Ok(0) | Err(_) => return Err(TransportError::Malformed),
            },
        }
        Ok(())
    }
}

/// What came of a call of the crate. Its own end of the line breaks only where it cannot go on.
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
