//! Connections of the web server: how many, for how long, and how they end.

use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::service::silent_server;
use crate::support::company::Company;
use crate::support::database::Engine;
use crate::support::program::{RunningProgram, rollcall_command};
use crate::support::web::WebServer;

const SLOW_HEADER: &str = "GET /healthz HTTP/1.1\r\nhost: rollcall\r\nx-slow: ";
const SLOW_BODY: &str = "POST /sign-in HTTP/1.1\r\nhost: rollcall\r\nsec-fetch-site: same-origin\r\n\
                         content-type: application/x-www-form-urlencoded\r\ncontent-length: 1000\r\n\r\n";
const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: rollcall\r\n\r\n";

fn company(limits: &str) -> Company {
    let mut company = Company::new(Engine::Sqlite);
    company.head = format!("[web]\nlisten = '127.0.0.1:0'\n{limits}\n");
    company
}

/// Opens a connection from a loopback address and sends the beginning of a request.
async fn connect(site: &WebServer, from: &str, sent: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(format!("{from}:0").parse().expect("an address")).expect("bound");
    let to = site.base.trim_start_matches("http://").parse().expect("an address");
    let connected = timeout(Duration::from_secs(10), socket.connect(to)).await;
    let mut stream = connected.expect("in time").expect("connected");
    stream.write_all(sent.as_bytes()).await.expect("sent");
    stream
}

/// Returns what a connection receives until it ends.
async fn read_to_end(mut stream: TcpStream) -> String {
    let mut received = Vec::new();
    // A reset ends the connection as well.
    let _ = timeout(Duration::from_mins(1), stream.read_to_end(&mut received)).await.expect("the end");
    String::from_utf8_lossy(&received).into_owned()
}

/// Sends a byte each second until the connection ends. Returns what it received.
async fn read_while_sending(mut stream: TcpStream) -> String {
    let mut received = [0; 4096];
    loop {
        match timeout(Duration::from_secs(1), stream.read(&mut received)).await {
            Ok(Ok(length)) => return String::from_utf8_lossy(&received[..length]).into_owned(),
            Ok(Err(_)) => return String::new(),
            Err(_) => _ = stream.write_all(b"a").await,
        }
    }
}

async fn is_healthy(site: &WebServer) -> bool {
    let answer = timeout(Duration::from_secs(2), site.anonymous_client().get("/healthz")).await;
    answer.is_ok_and(|page| page.status == 200)
}

/// One connection more than an address may have is closed; other addresses are served.
#[test]
fn connections_of_one_address_are_bounded() {
    let company = company("[limits]\nconnections_per_address = 4");
    let site = company.serve();
    company.runtime.block_on(async {
        let mut open = Vec::new();
        for _ in 0..4 {
            open.push(connect(&site, "127.0.0.2", SLOW_HEADER).await);
        }
        let start = Instant::now();
        assert_eq!(read_to_end(connect(&site, "127.0.0.2", "").await).await, "");
        assert!(start.elapsed() < Duration::from_secs(5), "closed at once");
        assert!(is_healthy(&site).await);
    });
    assert!(site.log().iter().any(|line| line.contains("connections_per_address")), "{:?}", site.log());
    site.end();
}

/// The connections of a trusted proxy are those of all its clients, and are not bounded for one address.
#[test]
fn connections_of_trusted_proxy_are_not_bounded_for_one_address() {
    let company = company("trusted_proxies = ['127.0.0.2']\n[limits]\nconnections_per_address = 4");
    let site = company.serve();
    company.runtime.block_on(async {
        let mut open = Vec::new();
        for _ in 0..4 {
            open.push(connect(&site, "127.0.0.2", SLOW_HEADER).await);
        }
        let mut stream = connect(&site, "127.0.0.2", HEALTH).await;
        let mut received = [0; 15];
        stream.read_exact(&mut received).await.expect("an answer");
        assert_eq!(&received, b"HTTP/1.1 200 OK");
    });
    site.end();
}

/// One connection more than the bound ends the one that has waited longest for its client.
#[test]
fn connection_above_bound_ends_the_one_that_waited_longest() {
    let company = company("[limits]\nconnections = 16");
    let site = company.serve();
    company.runtime.block_on(async {
        let mut open = Vec::new();
        for sent in [SLOW_HEADER, SLOW_BODY, ""] {
            for _ in 0..5 {
                open.push(connect(&site, "127.0.0.2", sent).await);
            }
        }
        // The first connection is one that was answered and waits for another request.
        let mut idle = connect(&site, "127.0.0.1", HEALTH).await;
        let mut received = [0; 15];
        idle.read_exact(&mut received).await.expect("an answer");
        for _ in 0..16 {
            let mut further = connect(&site, "127.0.0.1", HEALTH).await;
            let answer = timeout(Duration::from_secs(5), further.read_exact(&mut received)).await;
            answer.expect("before a slow connection ends by itself").expect("an answer");
            assert_eq!(&received, b"HTTP/1.1 200 OK");
            open.push(further);
        }
        for ended in open.drain(..15) {
            read_to_end(ended).await;
        }
        assert!(!read_to_end(idle).await.is_empty(), "the rest of the answer");
    });
    assert!(site.log().iter().any(|line| line.contains("those that wait longest for their client end")));
    site.end();
}

/// While all connections are in requests, health is answered at once, and other pages are refused. The provider of this company
/// never answers, so that a sign-in through it takes 10 seconds.
#[test]
fn health_is_answered_while_all_connections_are_in_requests() {
    let (_provider, issuer) = silent_server();
    let issuer = issuer.replace("ldap://", "http://");
    let company = company(&format!(
        "[web.sign_in]\nissuer = '{issuer}'\nurl = 'http://127.0.0.1:1'\nclient_id = 'rollcall'\n\
         client_secret = 'battery staple horse correct'\nviewers = ['staff']\n[limits]\nconnections = 16"
    ));
    let site = company.serve();
    let sign_in = "GET /sign-in/provider HTTP/1.1\r\nhost: rollcall\r\nsec-fetch-site: same-origin\r\n\r\n";
    let page = "GET /sign-in HTTP/1.1\r\nhost: rollcall\r\nconnection: close\r\n\r\n";
    company.runtime.block_on(async {
        let mut open = Vec::new();
        let is_refused = async || {
            let answer = read_to_end(connect(&site, "127.0.0.3", page).await).await;
            answer.starts_with("HTTP/1.1 503")
        };
        // A connection whose request has not been read yet would make way for another one. After some answers on another
        // connection it has been read.
        let mut other = connect(&site, "127.0.0.2", "").await;
        for _ in 0..15 {
            open.push(connect(&site, "127.0.0.2", sign_in).await);
            for _ in 0..20 {
                other.write_all(HEALTH.as_bytes()).await.expect("sent");
                let _ = other.read(&mut [0; 4096]).await.expect("an answer");
            }
        }
        other.write_all(sign_in.as_bytes()).await.expect("sent");
        for from in 1..=20 {
            if is_refused().await {
                break;
            }
            open.push(connect(&site, &format!("127.0.1.{from}"), sign_in).await);
        }
        // More silent connections than are answered beyond the bound.
        for from in ["127.0.0.4", "127.0.0.5"] {
            for _ in 0..50 {
                open.push(connect(&site, from, "").await);
            }
        }
        let start = Instant::now();
        let health = read_to_end(connect(&site, "127.0.0.3", HEALTH).await).await;
        assert!(health.starts_with("HTTP/1.1 200"), "{health}");
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
        assert!(is_refused().await, "all connections are still in requests");
    });
    site.kill();
}

/// 2,000 connections of each slow kind, from many addresses, keep no other client out.
#[test]
fn slow_connections_of_many_addresses_keep_no_client_out() {
    allow_open_files(2_500);
    let company = company("");
    let site = company.serve();
    company.runtime.block_on(async {
        for sent in ["", SLOW_HEADER, SLOW_BODY, HEALTH] {
            let mut open = Vec::new();
            for count in 0..2_000 {
                open.push(connect(&site, &format!("127.0.1.{}", 1 + count % 40), sent).await);
                if count % 500 == 0 {
                    assert!(is_healthy(&site).await, "{sent}: {count}");
                }
            }
        }
        assert!(is_healthy(&site).await);
        let page = timeout(Duration::from_secs(5), site.anonymous_client().get("/sign-in")).await;
        assert_eq!(page.expect("in time").status, 200);
    });
    let peak = site.peak_memory();
    assert!(peak < 300 << 20, "{peak} bytes");
    let start = Instant::now();
    site.end();
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

/// Raises the limit of open files of the tests.
fn allow_open_files(count: u64) {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < count) {
        assert!(limit.maximum.is_none_or(|most| most >= count), "{limit:?}");
        limit.current = Some(count);
        setrlimit(Resource::Nofile, limit).expect("the limit is raised");
    }
}

/// Open files are kept back from connections: a limit of 280 open files leaves 24 connections.
#[test]
fn connections_leave_reserve_of_open_files() {
    let company = company("");
    let program = rollcall_command(&company.write());
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 280 && exec \"$@\"", "sh"]).arg(program.get_program());
    command.args(program.get_args()).arg("run").env_clear().env("PATH", "/usr/bin:/bin");
    let site = WebServer::of_program(RunningProgram::start(&mut command));
    company.runtime.block_on(async {
        let mut open = Vec::new();
        for _ in 0..25 {
            open.push(connect(&site, "127.0.0.2", SLOW_HEADER).await);
        }
        site.wait_for_log("those that wait longest for their client end");
    });
    let reduced = |line: &String| line.contains("open files") && line.contains("\"connections\":24");
    assert!(site.log().iter().any(reduced), "{:?}", site.log());
    site.end();
}

/// Slow headers are closed and slow bodies answered with 408 in time; other requests are served meanwhile.
#[test]
fn slow_headers_and_bodies_end_in_time() {
    let company = company("[limits]\nconnections = 1000\nconnections_per_address = 1000\nbody_seconds = 10");
    let site = company.serve();
    company.runtime.block_on(async {
        let start = Instant::now();
        let (mut headers, mut bodies) = (JoinSet::new(), JoinSet::new());
        for _ in 0..300 {
            headers.spawn(read_while_sending(connect(&site, "127.0.0.2", SLOW_HEADER).await));
            bodies.spawn(read_while_sending(connect(&site, "127.0.0.3", SLOW_BODY).await));
        }
        let silent = connect(&site, "127.0.0.4", "").await;
        assert!(is_healthy(&site).await);
        for answer in headers.join_all().await {
            assert_eq!(answer, "");
        }
        for answer in bodies.join_all().await {
            assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{answer}");
        }
        assert_eq!(read_to_end(silent).await, "");
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
        assert!(is_healthy(&site).await);
    });
    let told = |name: &str| site.log().iter().filter(|line| line.contains(name)).count();
    assert_eq!((told("header_seconds"), told("body_seconds")), (1, 1), "a line a minute");
    site.end();
}

/// A header that is too large is answered with 431.
#[test]
fn large_header_is_refused() {
    let company = company("");
    let site = company.serve();
    company.runtime.block_on(async {
        let request = format!("GET /healthz HTTP/1.1\r\nhost: rollcall\r\nx: {}", "a".repeat(64 << 10));
        let answer = read_to_end(connect(&site, "127.0.0.1", &request).await).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    });
    site.end();
}

/// The service ends within 10 seconds of SIGTERM, whatever its clients leave unfinished.
#[test]
fn service_ends_in_time_under_slow_clients() {
    let company = company("");
    let site = company.serve();
    let open = company.runtime.block_on(async {
        let mut open = Vec::new();
        for _ in 0..20 {
            for sent in ["", SLOW_HEADER, SLOW_BODY] {
                open.push(connect(&site, "127.0.0.2", sent).await);
            }
        }
        assert!(is_healthy(&site).await);
        open
    });
    let start = Instant::now();
    let log = site.end_with_log();
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(!log.iter().any(|line| line.contains("shutdown timed out")), "{log:?}");
    drop(open);
}
