//! Signs of life, numbers, and TLS.

use std::fs;
use std::path::Path;
use std::process::Command;

use rollcall_core::accounts;
use rollcall_model::role::Role;
use serde_json::Value;

use crate::support::certificate_authority::CertificateAuthority;
use crate::support::company::Company;
use crate::support::database::{Engine, TestDatabase, on_both};
use crate::support::packages;
use crate::support::postgres::PostgresServer;
use crate::support::program::wait_until;

fn company(engine: Engine) -> Company {
    let company = Company::sales(engine, &["ada", "grace", "linus"], "");
    company.sync();
    company.account("operator@corp.example", Role::Operator);
    company
}

/// The programs of Prometheus that read what is meant for it.
fn promtool(args: &[&str], input: &Path) -> String {
    packages::ensure_installed("/usr/bin/promtool", &["prometheus"]);
    let file = fs::File::open(input).expect("a file");
    let output = Command::new("promtool").args(args).stdin(file).output().expect("promtool runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The text as `promtool` reads it: in the older format the family of a counter has the suffix of its samples.
fn with_suffixes(text: &str) -> String {
    let counters: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    assert!(!counters.is_empty(), "{text}");
    let line_of = |line: &str| {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some(word), Some(name), Some(rest)) if counters.contains(&name) => {
                format!("# {word} {name}_total {rest}\n")
            }
            _ => format!("{line}\n"),
        }
    };
    text.lines().map(line_of).collect()
}

/// The metrics match the database and are in a format that Prometheus reads.
#[test]
fn metrics_match_database_in_prometheus_format() {
    on_both(|engine| {
        let company = company(engine);
        let site = company.serve();
        let text = company.runtime.block_on(async {
            let visitor = site.anonymous_client();
            assert_eq!(visitor.get("/healthz").await.text, "ok\n");
            assert_eq!(visitor.get("/metrics").await.status, 401, "numbers are not for everybody");
            let by_session = site.signed_in_client("operator@corp.example").await.get("/metrics").await;
            assert_eq!(by_session.status, 200);
            // Prometheus itself brings the key of a token.
            let (about, when) = (crate::support::manual_changes::manual_run(), company.change_time());
            let new = accounts::NewToken::new("prometheus", Role::Metrics);
            let made = accounts::create_token(&company.store, &about, when, new);
            let key = made.await.expect("a token").key;
            let request = reqwest::Client::new().get(format!("{}/metrics", site.base)).bearer_auth(key);
            request.send().await.expect("an answer").text().await.expect("a text")
        });
        for line in [
            "rollcall_connector_people{connector=\"hr\"} 3.0",
            "rollcall_connector_last_run_failed{connector=\"hr\"} 0.0",
            "rollcall_connector_held{connector=\"hr\"} 0.0",
            "rollcall_learners 3.0",
            "rollcall_groups 1.0",
            "rollcall_memberships 3.0",
            "rollcall_jobs{state=\"ready\"} 0.0",
            "rollcall_jobs{state=\"failed\"} 0.0",
            "rollcall_job_oldest_age_seconds 0",
            "rollcall_run_duration_seconds_count{connector=\"hr\",status=\"applied\"} 1",
            "rollcall_run_duration_seconds_bucket{le=\"+Inf\",connector=\"hr\",status=\"applied\"} 1",
        ] {
            assert!(text.lines().any(|one| one.starts_with(line)), "no line `{line}`:\n{text}");
        }
        let file = company.folder.path().join("metrics.txt");
        fs::write(&file, with_suffixes(&text)).expect("written");
        promtool(&["check", "metrics"], &file);
        site.end();
    });
}

/// The alert rules and the dashboard use existing metrics.
#[test]
fn alerts_and_dashboard_use_existing_metrics() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/monitoring");
    let alerts = folder.join("alerts.yml");
    promtool(&["check", "rules", alerts.to_str().expect("a path")], &alerts);
    let company = company(Engine::Sqlite);
    let site = company.serve();
    let text = company
        .runtime
        .block_on(async { site.signed_in_client("operator@corp.example").await.get("/metrics").await.text });
    site.end();
    let dashboard = fs::read_to_string(folder.join("dashboard.json")).expect("a file");
    let parsed: Value = serde_json::from_str(&dashboard).expect("JSON");
    let asked = parsed["panels"]
        .as_array()
        .expect("panels")
        .iter()
        .map(|panel| panel["targets"][0]["expr"].as_str().expect("a question").to_owned());
    let rules = fs::read_to_string(alerts).expect("a file");
    for text_of in asked.chain([rules]) {
        for word in text_of.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
            if word.starts_with("rollcall_") && word.len() > "rollcall_".len() {
                assert!(text.contains(word), "`{word}` is not among the numbers");
            }
        }
    }
}

/// A service without its database is alive but not ready.
#[test]
fn service_without_database_is_alive_but_not_ready() {
    let server = PostgresServer::start();
    let folder = tempfile::tempdir().expect("a folder");
    let company = Company::with(TestDatabase::at(server.url(&server.new_database())), folder);
    let site = company.serve();
    let visitor = site.anonymous_client();
    let get = |path: &str| company.runtime.block_on(visitor.get(path));
    wait_until("it is ready", || get("/readyz").status == 200);
    server.crash();
    let gone = get("/readyz");
    assert_eq!(gone.status, 503, "{gone:?}");
    let parts: Value = serde_json::from_str(&gone.text).expect("JSON");
    assert_ne!(parts["database"], "ok");
    assert_eq!(parts["scheduler"], "ok");
    assert_eq!(get("/healthz").status, 200);
    server.start_again();
    wait_until("it is ready again", || get("/readyz").status == 200);
    site.end();
}

/// A database that has become as large as it may is reported.
#[test]
fn full_database_is_reported() {
    let mut company = company(Engine::Sqlite);
    let used = fs::metadata(company.folder.path().join("rollcall.db")).expect("a database").len();
    let room = used + (1 << 20);
    company.head = format!("[database]\nmax_size = '{room}B'\n");
    let site = company.serve();
    let get = |path: &str| company.runtime.block_on(async { site.anonymous_client().get(path).await });
    let ready = get("/readyz");
    assert_eq!(ready.status, 200, "{ready:?}");
    company.sql(
        "INSERT INTO leases (name, holder, fence, expires_at) VALUES (hex(zeroblob(510000)), 'x', 1, 'x')",
    );
    let full = get("/readyz");
    assert!(full.status == 503 && full.text.contains("the database is full"), "{full:?}");
    site.end();
}

fn client(ca: &CertificateAuthority) -> reqwest::Client {
    let pem = fs::read(&ca.file).expect("a CA");
    let root = reqwest::Certificate::from_pem(&pem).expect("a certificate");
    reqwest::Client::builder().tls_certs_only([root]).build().expect("a client")
}

/// Pages are served over TLS with a certificate that can be renewed.
#[test]
fn tls_certificate_can_be_renewed() {
    let mut company = company(Engine::Sqlite);
    let folder = company.folder.path().to_owned();
    let first = CertificateAuthority::new(&folder, "first");
    let made = first.certify("127.0.0.1", false);
    company.head = format!(
        "[web]\nlisten = '127.0.0.1:0'\ncert = '{}'\nkey = '{}'\n",
        made.file.display(),
        made.key.display()
    );
    let site = company.serve();
    let port = site.base.rsplit(':').next().expect("a port");
    let url = format!("https://127.0.0.1:{port}/healthz");
    company.runtime.block_on(async {
        let answer = client(&first).get(&url).send().await.expect("an answer");
        assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
        let plain = reqwest::Client::new().get(format!("{}/healthz", site.base)).send().await;
        assert!(plain.is_err(), "{plain:?}");
        // Whoever says nothing holds up nobody.
        let _silent = tokio::net::TcpStream::connect(format!("127.0.0.1:{port}")).await.expect("connected");
        client(&first).get(&url).send().await.expect("an answer");
    });
    let second = CertificateAuthority::new(&folder, "second");
    second.certify("127.0.0.1", false);
    site.reload_config();
    let renewed = || company.runtime.block_on(async { client(&second).get(&url).send().await.is_ok() });
    wait_until("the new certificate is shown", renewed);
    site.end();
}

/// A certificate that cannot be used is reported at the start.
#[test]
fn unusable_certificate_fails_at_start() {
    let mut company = Company::new(Engine::Sqlite);
    company.head = "[web]\nlisten = '127.0.0.1:0'\ncert = 'none.pem'\nkey = 'none.key'\n".to_owned();
    let refused = company.rollcall(&["run"]).expect_status(1);
    assert!(refused.err.contains("none.pem"), "{refused:?}");
    company.head = "[web]\nlisten = '127.0.0.1:0'\ncert = 'none.pem'\n".to_owned();
    let refused = company.rollcall(&["run"]).expect_status(2);
    assert!(refused.err.starts_with("error: `cert` requires `key`"), "{refused:?}");
}
