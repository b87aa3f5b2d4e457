//! HTTP/1.1 by hand, so that answers can be cut, stalled and bent as no library would.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// What came.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReceivedRequest {
    pub method: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    /// Names in small letters.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
    /// Where the server can be reached, for links to itself.
    pub home: String,
}

impl ReceivedRequest {
    /// A parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// A parameter that is a number.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        self.get(name)?.parse().ok()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// How an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransmissionMode {
    /// To its end.
    Whole,
    /// Announced whole, and cut after so many bytes.
    Cut(usize),
    /// The head, then nothing, for ever.
    Silent,
    /// A byte now and then.
    Dripping,
    /// Without end.
    Endless,
    /// Informational responses before it, without end.
    Informational,
}

/// What goes back.
#[derive(Debug, Clone)]
pub(crate) struct ServerReply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub mode: TransmissionMode,
}

impl ServerReply {
    pub(crate) fn json(body: Value) -> Self {
        Self::bytes("application/json", body.to_string().into_bytes())
    }

    pub(crate) fn bytes(kind: &str, body: Vec<u8>) -> Self {
        let headers = vec![("Content-Type".to_owned(), kind.to_owned())];
        Self { status: 200, headers, body, mode: TransmissionMode::Whole }
    }

    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn with_mode(self, how: TransmissionMode) -> Self {
        Self { mode: how, ..self }
    }
}

type ReplyFunction = dyn Fn(&ReceivedRequest) -> ServerReply + Send + Sync;
type ReplyTransform = dyn Fn(&ReceivedRequest, ServerReply) -> ServerReply + Send + Sync;

struct HttpServerState {
    answer: Box<ReplyFunction>,
    bend: Mutex<Option<Arc<ReplyTransform>>>,
    log: Mutex<Vec<ReceivedRequest>>,
    port: u16,
}

/// A server on a free port of this machine; it ends with the process.
pub(crate) struct HttpServer(Arc<HttpServerState>);

impl HttpServer {
    /// Answers every request so.
    pub(crate) fn start(answer: impl Fn(&ReceivedRequest) -> ServerReply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let state =
            HttpServerState { answer: Box::new(answer), bend: Mutex::default(), log: Mutex::default(), port };
        let state = Arc::new(state);
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(&stream, &state));
            }
        });
        Self(state)
    }

    /// An address on it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.0.port)
    }

    /// From now on, answers are what `bend` makes of them.
    pub(crate) fn set_transform(
        &self,
        bend: impl Fn(&ReceivedRequest, ServerReply) -> ServerReply + Send + Sync + 'static,
    ) {
        *self.0.bend.lock().expect("nobody panicked") = Some(Arc::new(bend));
    }

    /// Answers are sent as they are again.
    pub(crate) fn clear_transform(&self) {
        *self.0.bend.lock().expect("nobody panicked") = None;
    }

    /// What was asked since the last time.
    pub(crate) fn take_requests(&self) -> Vec<ReceivedRequest> {
        std::mem::take(&mut *self.0.log.lock().expect("nobody panicked"))
    }
}

fn serve(stream: &TcpStream, state: &HttpServerState) {
    // Head and body are two writes: the second does not wait until the first was acknowledged.
    stream.set_nodelay(true).expect("a connection");
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader, state.port) {
        state.log.lock().expect("nobody panicked").push(request.clone());
        let bend = state.bend.lock().expect("nobody panicked").clone();
        let reply = (state.answer)(&request);
        let reply = bend.map_or(reply.clone(), |bend| bend(&request, reply));
        if write(stream, &reply).is_none() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<&TcpStream>, port: u16) -> Option<ReceivedRequest> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&length| length > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let home = format!("http://127.0.0.1:{port}");
    let url = url::Url::parse(&format!("{home}{target}")).ok()?;
    let query = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|&length| length > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(ReceivedRequest { method, path: url.path().to_owned(), query, headers, body, home })
}

/// Sends an answer; nothing when the connection cannot go on.
fn write(mut stream: &TcpStream, reply: &ServerReply) -> Option<()> {
    let mut head = format!("HTTP/1.1 {} Answer\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if reply.mode == TransmissionMode::Informational {
        let informational = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(5_000);
        while stream.write_all(&informational).is_ok() {}
        return None;
    }
    let length = if reply.mode == TransmissionMode::Endless { 1 << 40 } else { reply.body.len() };
    head.push_str(&format!("Content-Length: {length}\r\n\r\n"));
    stream.write_all(head.as_bytes()).ok()?;
    match reply.mode {
        TransmissionMode::Informational => None,
        TransmissionMode::Whole => stream.write_all(&reply.body).ok(),
        TransmissionMode::Cut(bytes) => {
            stream.write_all(&reply.body[..bytes.min(reply.body.len())]).ok()?;
            None
        }
        TransmissionMode::Silent => {
            // Until the other side has had enough.
            let _ = stream.read(&mut [0; 1]);
            None
        }
        TransmissionMode::Dripping => {
            for byte in &reply.body {
                stream.write_all(&[*byte]).ok()?;
                std::thread::sleep(Duration::from_millis(150));
            }
            Some(())
        }
        TransmissionMode::Endless => {
            let spaces = vec![b' '; 1 << 16];
            while stream.write_all(&spaces).is_ok() {}
            None
        }
    }
}
