//! Sources that attack the service which reads them: it stays small, answers, ends in time, and removes nobody.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::timeout;

use crate::service::ldap;
use crate::support::company::Company;
use crate::support::company_files::COLUMNS;
use crate::support::database::Engine;
use crate::support::program::wait_until;
use crate::support::scripted_ldap_server::{LdapReply, LdapScript, ScriptedLdapServer, nested, tagged};
use crate::support::vendors::{HttpServer, ServerReply, TransmissionMode};
use crate::support::web::WebServer;

/// Memory of the service under attack, in bytes.
const MOST_MEMORY: u64 = 300 << 20;

const SCHEDULE: &str = "schedule = '* * * * *'\n";

/// Ada is in Sales, by a file that was good. The next reading is of another source, and due.
fn company(settings: &str, limits: &str) -> Company {
    let mut company = Company::new(Engine::Sqlite);
    company.departments();
    company.hire("ada", &[("department", "Sales")]);
    company.settings("hr", SCHEDULE);
    company.sync();
    company.sql("UPDATE connectors SET scheduled_until = '2026-01-01T00:00:00+00:00'");
    company.head = format!("[web]\nlisten = '127.0.0.1:0'\n[limits]\n{limits}\n");
    company.settings("hr", &format!("{SCHEDULE}{settings}"));
    company
}

/// Asks with a runtime of its own: the attacker may keep that of the company busy.
fn assert_healthy(site: &WebServer) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let answer = runtime
        .block_on(async { timeout(Duration::from_secs(1), site.anonymous_client().get("/healthz")).await });
    assert_eq!(answer.expect("within a second").status, 200);
}

fn end_in_time(site: WebServer) {
    let since = Instant::now();
    site.end();
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}

/// Serves the company until its run has failed with this kind of error.
fn survive(company: &Company, kind: &str) {
    let site = company.serve();
    let ended = "runs WHERE actor = 'schedule' AND finished_at IS NOT NULL";
    wait_until("the run has ended", || {
        assert_healthy(&site);
        company.count_rows(ended) > 0
    });
    let failed = &company.sql(&format!("SELECT error_kind, error FROM {ended}"))[0];
    assert_eq!(failed["error_kind"].as_deref(), Some(kind), "{failed:?}");
    let memory = site.peak_memory();
    assert!(memory < MOST_MEMORY, "{memory} bytes: {failed:?}");
    assert_eq!(company.members("Sales"), ["ada"]);
    end_in_time(site);
}

fn start_ldap_server(company: &Company, page: Vec<LdapReply>, pause: Duration) -> ScriptedLdapServer {
    let script = LdapScript { pages: vec![page], pause, ..LdapScript::default() };
    company.runtime.block_on(ScriptedLdapServer::follow(script))
}

/// A directory with deep messages, values of 60 MB, entries or unknown messages without end, cookies of 3 MB, and messages
/// of millions of values or addresses.
#[test]
fn service_survives_a_hostile_directory() {
    let large =
        LdapReply::Object("uid=a,dc=x".to_owned(), vec![("id".to_owned(), vec!["a".repeat(60 << 20)])]);
    let unknown = tagged(0x30, &[tagged(0x02, &[99]), tagged(0x78, &[])].concat());
    let cookie = LdapReply::Done(0, Some(vec![b'c'; 3 << 20].leak()));
    let last = LdapReply::Done(0, Some(b""));
    let octets = tagged(0x04, b"a").repeat(5 << 20);
    let values_of = |name: &str| {
        let attribute = tagged(0x30, &[tagged(0x04, name.as_bytes()), tagged(0x31, &octets)].concat());
        tagged(0x64, &[tagged(0x04, b"uid=a,dc=x"), tagged(0x30, &attribute)].concat())
    };
    for (page, kind) in [
        (vec![LdapReply::Operation(tagged(0x65, &nested(8_000)))], "limit_exceeded"),
        (vec![large], "limit_exceeded"),
        (vec![LdapReply::Entry("a"); 100_000], "limit_exceeded"),
        (vec![LdapReply::Raw(unknown); 200_000], "limit_exceeded"),
        (vec![cookie], "limit_exceeded"),
        (
            vec![LdapReply::Operation(tagged(
                0x65,
                &[&[0x0a, 1, 0, 4, 0, 4, 0], &tagged(0xa3, &octets)[..]].concat(),
            ))],
            "limit_exceeded",
        ),
        (vec![LdapReply::Operation(values_of("id")), last.clone()], "limit_exceeded"),
        (vec![LdapReply::Operation(values_of("photo")), last], "limit_exceeded"),
    ] {
        let mut company = company("", "reading_records = 50000");
        let server = start_ldap_server(&company, page, Duration::ZERO);
        company.settings("hr", &format!("{SCHEDULE}{}", ldap(&server.url())));
        survive(&company, kind);
    }
}

/// A directory that sends a message now and then does not keep the service from ending.
#[test]
fn service_ends_in_time_while_a_directory_drips() {
    let mut company = company("", "");
    let drip = vec![LdapReply::Operation(tagged(0x79, &[])); 1_000];
    let server = start_ldap_server(&company, drip, Duration::from_millis(200));
    company.settings("hr", &format!("{SCHEDULE}{}", ldap(&server.url())));
    let site = company.serve();
    wait_until("the search has begun", || !server.requested_attributes().is_empty());
    assert_healthy(&site);
    end_in_time(site);
    assert_eq!(company.count_rows("runs WHERE error_kind = 'stopped'"), 1);
    assert_eq!(company.members("Sales"), ["ada"]);
}

/// So many megabytes of spaces, compressed.
fn gzip_bomb(megabytes: usize) -> Vec<u8> {
    let spaces = format!("head -c {megabytes}M /dev/zero | tr '\\0' ' ' | gzip -1");
    let packed = Command::new("sh").args(["-c", &spaces]).output().expect("gzip runs");
    assert!(packed.status.success() && packed.stdout.len() < 4 << 20, "{packed:?}");
    packed.stdout
}

fn api(server: &HttpServer) -> String {
    let url = server.url("/people");
    format!(
        "kind = 'http_json'\nurl = '{url}'\nplaintext = true\napi_key = 'key'\napi_key_header = 'X-Key'\n\
         requests_per_second = 1000\nlist = 'people'\npaging = 'page'\npage_param = 'p'\n"
    )
}

/// An API with a body without end, a compressed one, a list without end, and a rate limit without end.
#[test]
fn service_survives_a_hostile_api() {
    let bomb = ServerReply::bytes("application/json", gzip_bomb(300)).header("Content-Encoding", "gzip");
    let one = |number: usize| ServerReply::json(json!({ "people": [{ "id": format!("person-{number}") }] }));
    let endless = one(0).with_mode(TransmissionMode::Endless);
    let exhausted =
        one(0).header("X-RateLimit-Remaining", "0").header("X-RateLimit-Reset", "18446744073709551615");
    for (reply, kind) in [
        (Some(endless), "too_large"),
        (Some(bomb), "too_large"),
        (Some(exhausted), "rate_limited"),
        (None, "limit_exceeded"),
    ] {
        let asked = AtomicUsize::new(0);
        let server = HttpServer::start(move |_| {
            reply.clone().unwrap_or_else(|| one(asked.fetch_add(1, Ordering::Relaxed)))
        });
        let company = company(&api(&server), "reading_pages = 100");
        survive(&company, kind);
    }
}

/// APIs that send informational responses without end keep no other task waiting, and the service ends in time.
#[test]
fn service_answers_while_apis_send_informational_responses() {
    let informational = ServerReply::json(json!({})).with_mode(TransmissionMode::Informational);
    let server = HttpServer::start(move |_| informational.clone());
    let mut company = company(&api(&server), "");
    for name in ["second", "third"] {
        company.directory(name, &COLUMNS, &format!("{SCHEDULE}{}", api(&server)));
    }
    company.sql("UPDATE connectors SET scheduled_until = '2026-01-01T00:00:00+00:00'");
    let site = company.serve();
    wait_until("the readings have begun", || !server.take_requests().is_empty());
    for _ in 0..20 {
        assert_healthy(&site);
        std::thread::sleep(Duration::from_millis(50));
    }
    end_in_time(site);
    assert_eq!(company.members("Sales"), ["ada"]);
}

/// A file whose second line has no end.
#[test]
fn service_survives_a_hostile_file() {
    let mut company = company("", "");
    let file = [
        b"id,email,name,department,location,role,status,start_date,end_date\n\"".to_vec(),
        vec![b'a'; 400 << 20],
    ];
    company.instead("hr", Some(&file.concat()));
    survive(&company, "limit_exceeded");
}

/// Files with a row of 16 MB: one value, a list of millions of values, or millions of fields.
#[test]
fn service_survives_a_row_of_millions_of_values() {
    let size = (16 << 20) - 1_000;
    for cell in ["b".repeat(size), "a|".repeat(size / 2), ",".repeat(size)] {
        let mut company = company("", "");
        let header = "id,email,name,location,role,status,start_date,end_date,department";
        company.instead("hr", Some(format!("{header}\na,a@corp.example,A,,,,,,{cell}\n").as_bytes()));
        survive(&company, "limit_exceeded");
    }
}

/// A file in JSON and an API with an array of millions of values in one record.
#[test]
fn service_survives_an_array_of_millions_of_values() {
    let array = format!("[{}1]", "1,".repeat((8 << 20) - 1_000));
    let record = format!("{{\"id\": \"a\", \"department\": {array}}}");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("people.json");
    std::fs::write(&path, format!("[{record}]")).expect("written");
    let page = ServerReply::bytes("application/json", format!("{{\"people\": [{record}]}}").into_bytes());
    let server = HttpServer::start(move |_| page.clone());
    for settings in [format!("kind = 'json_file'\npath = '{}'\n", path.display()), api(&server)] {
        survive(&company(&settings, ""), "limit_exceeded");
    }
}
