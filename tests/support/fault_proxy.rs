//! A line between a client and a server that can be cut.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What happens on the line, counted in bytes from the server to the client of each connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectionFault {
    /// Nothing.
    Pass,
    /// Connections are taken and nothing ever comes through.
    BlackHole,
    /// Nothing more comes after so many bytes, and the line stays open.
    StallAfter(u64),
    /// The line is closed after so many bytes.
    CutAfter(u64),
    /// The line is reset after so many bytes.
    ResetAfter(u64),
    /// The first connection is cut at once, all others pass.
    CutFirst,
}

/// A proxy in front of 127.0.0.1.
pub(crate) struct FaultProxy {
    /// Where clients connect.
    pub port: u16,
    said: Arc<Mutex<Vec<u8>>>,
    silences: watch::Sender<u32>,
    task: JoinHandle<()>,
}

impl FaultProxy {
    /// Begins to listen.
    pub(crate) async fn start(target: u16, line: ConnectionFault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let said = Arc::new(Mutex::new(Vec::new()));
        let record = said.clone();
        let silences = watch::Sender::new(0);
        let silence = silences.clone();
        let task = tokio::spawn(async move {
            let mut first = true;
            loop {
                let (client, _) = listener.accept().await.expect("a client");
                let line = match line {
                    ConnectionFault::CutFirst if first => ConnectionFault::CutAfter(0),
                    ConnectionFault::CutFirst => ConnectionFault::Pass,
                    ConnectionFault::Pass
                    | ConnectionFault::BlackHole
                    | ConnectionFault::StallAfter(_)
                    | ConnectionFault::CutAfter(_)
                    | ConnectionFault::ResetAfter(_) => line,
                };
                first = false;
                tokio::spawn(connect(client, target, line, record.clone(), silence.subscribe()));
            }
        });
        Self { port, said, silences, task }
    }

    /// Makes the connections that are open now silent: nothing more comes through, and they stay open.
    pub(crate) fn silence(&self) {
        self.silences.send_modify(|count| *count += 1);
    }

    /// How many bytes have come from the server so far, over all connections.
    pub(crate) fn passed(&self) -> u64 {
        self.said().len() as u64
    }

    /// The bytes that have come from the server so far, over all connections.
    pub(crate) fn said(&self) -> Vec<u8> {
        self.said.lock().expect("no line panics").clone()
    }

    /// For a connection in the clear.
    pub(crate) fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A port of 127.0.0.1 on which nobody listens.
pub(crate) async fn refusing_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listener.local_addr().expect("an address").port()
}

async fn connect(
    mut client: TcpStream,
    target: u16,
    line: ConnectionFault,
    said: Arc<Mutex<Vec<u8>>>,
    mut silence: watch::Receiver<u32>,
) {
    let mut server =
        TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], target))).await.expect("the server");
    let limit = match line {
        ConnectionFault::Pass | ConnectionFault::CutFirst => u64::MAX,
        ConnectionFault::BlackHole => 0,
        ConnectionFault::StallAfter(bytes)
        | ConnectionFault::CutAfter(bytes)
        | ConnectionFault::ResetAfter(bytes) => bytes,
    };
    let silenced = tokio::select! {
        () = pass(&mut client, &mut server, limit, &said) => false,
        Ok(()) = silence.changed() => true,
    };
    match line {
        _ if silenced => read_until_closed(&mut client).await,
        ConnectionFault::Pass | ConnectionFault::CutFirst | ConnectionFault::CutAfter(_) => (),
        ConnectionFault::BlackHole | ConnectionFault::StallAfter(_) => read_until_closed(&mut client).await,
        ConnectionFault::ResetAfter(_) => client.set_zero_linger().expect("linger can be set"),
    }
}

/// Takes what a client sends until the client has had enough.
async fn read_until_closed(client: &mut TcpStream) {
    let mut ignored = [0; 1024];
    while client.read(&mut ignored).await.is_ok_and(|length| length > 0) {}
}

/// Passes bytes both ways until one side closes or `limit` bytes have come from the server.
async fn pass(client: &mut TcpStream, server: &mut TcpStream, limit: u64, said: &Mutex<Vec<u8>>) {
    let (mut from_client, mut from_server) = ([0; 16384], [0; 16384]);
    let mut left = limit;
    while left > 0 {
        tokio::select! {
            read = client.read(&mut from_client) => {
                let Ok(length @ 1..) = read else { return };
                if server.write_all(&from_client[..length]).await.is_err() { return }
            }
            read = server.read(&mut from_server) => {
                let Ok(length @ 1..) = read else { return };
                let length = length.min(usize::try_from(left).unwrap_or(usize::MAX));
                if client.write_all(&from_server[..length]).await.is_err() { return }
                left -= length as u64;
                said.lock().expect("no line panics").extend_from_slice(&from_server[..length]);
            }
        }
    }
}

/// Longer than any loopback answer takes, short enough to wait for.
pub(crate) const STALL: Duration = Duration::from_millis(300);
