//! What pages cost at the size of a large company, against the same statements without anything around them.
//!
//! 100,000 learners, 2,000 groups (one of 20,000), some 500,000 memberships, 1,000,000 enrollments, on both databases.
//! A page is asked for over HTTP with a session; its floor is the statements of its lists, run through the same pool in
//! this process. No page may be heavier than 100 kB with stylesheet, script and icon.

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::Utc;
use reqwest::Client;
use rollcall::accounts::{self, New};
use rollcall::config::Config;
use rollcall::enrollment::change::When;
use rollcall::explain::{self, Asked};
use rollcall::model::ids::{GroupId, LearnerId};
use rollcall::model::role::Role;
use rollcall::model::secret::Secret;
use rollcall::store::listing::{From, assignments, groups, learners, members};
use rollcall::store::runs::{About, Kind};
use rollcall::store::{Store, Tx};

use crate::support::database as tests;
use crate::support::postgres::Cluster;
use crate::support::program::{Running, program};
use crate::web_sync;

const PASSWORD: &str = "correct horse battery";
const LIMIT: f64 = 3.0;

/// Requests for each page; the median counts.
const TIMES: usize = 31;

/// Bytes of a page with everything.
const HEAVIEST: usize = 100_000;

pub fn measure() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cluster = Cluster::with_memory("1GB");
    let folder = tempfile::tempdir().expect("a folder");
    println!(
        "\npages with 100,000 learners, 2,000 groups, 1,000,000 enrollments; medians of {TIMES} requests"
    );
    let sqlite = tests::Database::at(format!("sqlite://{}/pages.db", folder.path().display()));
    let postgres = tests::Database::at(cluster.url(&cluster.new_database()));
    for db in [sqlite, postgres] {
        println!("\n{}", db.engine);
        runtime.block_on(of(&db, folder.path()));
    }
}

pub fn numbers(db: &tests::Database, count: usize) -> String {
    db.pick(
        "(WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < COUNT) SELECT n FROM n)",
        "(SELECT n FROM generate_series(1, COUNT) AS n)",
    )
    .replace("COUNT", &count.to_string())
}

async fn fill(db: &tests::Database) {
    let of = |count| numbers(db, count);
    let now = db.pick("'2026-01-01T00:00:00+00:00'", "TIMESTAMPTZ '2026-01-01'");
    let day = db.pick("'2026-01-01'", "DATE '2026-01-01'");
    for sql in [
        format!(
            "INSERT INTO connectors (name, kind, scheduled_until) VALUES ('hr', 'csv', {now});
             INSERT INTO rules (id, name) VALUES (1, 'everybody');
             INSERT INTO runs (id, kind, actor, what, status, started_at, finished_at)
             VALUES (1, 'sync', 'bench', 'bench', 'applied', {now}, {now}); UPDATE head SET runs = 1"
        ),
        format!(
            "INSERT INTO learners (id, email, email_folded, name, name_folded, terms, department, location, role,
                status, active_since, attributes, run_id)
             SELECT n, 'p' || n || '@corp.example', 'p' || n || '@corp.example', 'First' || (n % 500) || ' Last' || n,
                'first' || (n % 500) || ' last' || n,
                'first' || (n % 500) || ' last' || n || ' p' || n || ' corp example department' || (n % 40) || ' place' || (n % 30),
                'department' || (n % 40), 'place' || (n % 30), 'role' || (n % 50), 'active', {day},
                {}, 1
             FROM {} s",
            db.pick(
                "json_object('id', n, 'department', 'department' || (n % 40))",
                "jsonb_build_object('id', n::text, 'department', 'department' || (n % 40))"
            ),
            of(100_000)
        ),
        "INSERT INTO persons (connector_id, external_id, learner_id, present, digest, attributes, run_id)
         SELECT 1, 'p' || id, id, TRUE, id, attributes, 1 FROM learners"
            .to_owned(),
        format!(
            "INSERT INTO groups (id, name, name_folded, by_hand, run_id, changed_run_id)
             SELECT n, 'Group ' || n, 'group ' || n, FALSE, 1, 1 FROM {} s",
            of(2_000)
        ),
        format!(
            "INSERT INTO memberships (group_id, rule_id, learner_id, joined_on, run_id)
             SELECT 1, 1, n, {day}, 1 FROM {} s",
            of(20_000)
        ),
        format!(
            "INSERT INTO memberships (group_id, rule_id, learner_id, joined_on, run_id)
             SELECT g.n, 1, (g.n * 53 + k.n * 397) % 100000 + 1, {day}, 1 FROM {} g, {} k WHERE g.n > 1",
            of(2_000),
            of(240)
        ),
        "UPDATE groups SET members = (SELECT count(*) FROM memberships m WHERE m.group_id = groups.id)".to_owned(),
        format!(
            "INSERT INTO courses (id, code, code_folded, title, title_folded, source)
             SELECT n, 'C-' || n, 'c-' || n, 'Course ' || n, 'course ' || n, 'hand' FROM {} s",
            of(20)
        ),
        format!(
            "INSERT INTO assignments (course_id, group_id, due_kind, due_days, late_days, assigned_on, source, run_id)
             SELECT n % 20 + 1, n, 'after_joining', 30, 14, {day}, 'hand', 1 FROM {} s",
            of(2_000)
        ),
        format!(
            "INSERT INTO assignments (course_id, group_id, due_kind, due_days, late_days, assigned_on, source, run_id)
             SELECT n + 2, 1, 'after_joining', 30, 14, {day}, 'hand', 1 FROM {} s",
            of(4)
        ),
        format!(
            "INSERT INTO enrollments (learner_id, course_id, state, due, enrolled_at)
             SELECT l.n, (l.n + c.n) % 20 + 1, 'active', {day}, {now} FROM {} l, {} c",
            of(100_000),
            of(10)
        ),
    ] {
        db.sql(&sql).await;
    }
    web_sync::fill(db).await;
    db.sql(db.pick("ANALYZE", "VACUUM ANALYZE")).await;
}

/// The time in the middle.
fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}

async fn of(db: &tests::Database, folder: &Path) {
    let store = Store::open(&db.options()).await.expect("the database opens");
    fill(db).await;
    let file = folder.join(format!("{}.toml", db.engine));
    let text = format!(
        "[web]\nlisten = '127.0.0.1:0'\n[database]\nurl = '{}'\n[[connector]]\nname = 'hr'\nkind = 'csv'\npath = 'none.csv'\n\
         [connector.attributes]\nid = 'id'\ndepartment = 'department'\n\
         [[rule]]\nname = 'everybody'\ngroup = 'Group 1'\nwhen = 'true'\n",
        db.url
    );
    std::fs::write(&file, text).expect("a file");
    let config = Config::load(&file, &|_| None).expect("a file that is right");
    let when = When::at(Utc::now(), config.timezone);
    let about = About {
        kind: Kind::Hand,
        connector: None,
        actor: "bench".to_owned(),
        what: "bench".to_owned(),
        file_digest: None,
        subject: None,
    };
    let password = Secret::new(PASSWORD);
    let (email, role) = ("bench@corp.example", Role::LicenseHolder);
    let new = New { email, name: "", role, password: Some(&password) };
    accounts::create(&store, &about, when, new).await.expect("an account");
    let service = Running::start(program(&file).arg("run"));
    service.says("pages and API are there");
    let log = service.log();
    let line = log.iter().find_map(|line| line.split_once("\"address\":\"")).expect("the address");
    let base = format!("http://{}", line.1.split('"').next().unwrap_or_default());
    let visitor = Visitor::sign_in(&base).await;
    let first = From { text: "", id: 0, limit: 51 };
    let mut report = Report { visitor, store: &store };
    report
        .page("the overview of groups", "/groups", async |tx: &mut Tx| {
            let rows = groups::page(tx, "", groups::Sort::Name, first).await.expect("rows");
            groups::rules(tx, rows.iter().map(|row| row.id.0).collect()).await.expect("rows");
        })
        .await;
    report
        .page("the overview, by members", "/groups?sort=members", async |tx: &mut Tx| {
            let rows = groups::page(tx, "", groups::Sort::Members, first).await.expect("rows");
            groups::rules(tx, rows.iter().map(|row| row.id.0).collect()).await.expect("rows");
        })
        .await;
    report
        .page("a group of 20,000", "/groups/1", async |tx: &mut Tx| {
            let rows = members::page(tx, GroupId(1), "", first).await.expect("rows");
            members::reasons(tx, GroupId(1), rows.iter().map(|row| row.id).collect()).await.expect("rows");
            assignments::of_group(tx, GroupId(1)).await.expect("rows");
            assignments::progress(tx, GroupId(1), when.today).await.expect("rows");
            groups::history(tx, GroupId(1), 20).await.expect("rows");
        })
        .await;
    for (what, text) in [("one word, 2,500 found", "department7"), ("two words, few found", "first77 last1")]
    {
        let find = learners::Find { text, ..learners::Find::default() };
        let path = format!("/groups/new?q={}", text.replace(' ', "+"));
        report
            .page(&format!("the member search, {what}"), &path, async |tx: &mut Tx| {
                learners::page(tx, find, first).await.expect("rows");
                learners::count(tx, find).await.expect("rows");
            })
            .await;
    }
    let explained = config.for_explain();
    report
        .page("a learner", "/learners/777", async |tx: &mut Tx| {
            let asked = Asked { learner: LearnerId(777), group: None, course: None, at: None };
            explain::explain(tx, explained, asked, when).await.expect("an answer");
        })
        .await;
    web_sync::measure(&mut report, &config).await;
}

struct Visitor {
    base: String,
    client: Client,
    cookie: String,
}

impl Visitor {
    async fn sign_in(base: &str) -> Self {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let form = format!("email=bench@corp.example&password={}&to=/", PASSWORD.replace(' ', "+"));
        let request = client.post(format!("{base}/sign-in"));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        let answer = request.send().await.expect("an answer");
        let cookie = answer.headers()["set-cookie"].to_str().expect("a text");
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Self { base: base.to_owned(), client, cookie }
    }

    async fn get(&self, path: &str) -> String {
        let request = self.client.get(format!("{}{path}", self.base)).header("cookie", &self.cookie);
        let answer = request.send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.text().await.expect("a text")
    }
}

pub struct Report<'s> {
    visitor: Visitor,
    store: &'s Store,
}

impl Report<'_> {
    /// Measures one page beside its statements, in turns.
    pub async fn page(&mut self, what: &str, path: &str, statements: impl AsyncFn(&mut Tx)) {
        let (mut pages, mut floors, mut text) = (Vec::new(), Vec::new(), String::new());
        for _ in 0..TIMES {
            let began = Instant::now();
            text = self.visitor.get(path).await;
            pages.push(began.elapsed());
            let began = Instant::now();
            let mut tx = self.store.read().await.expect("a transaction");
            statements(&mut tx).await;
            drop(tx);
            floors.push(began.elapsed());
        }
        let mut weight = text.len();
        for asset in text.split('"').filter(|part| part.starts_with("/assets/")) {
            weight += self.visitor.get(asset).await.len();
        }
        let (page, floor) = (median(pages), median(floors));
        let ratio = super::ratio(page, floor);
        let verdict = if ratio <= LIMIT && weight <= HEAVIEST { "within" } else { "ABOVE" };
        println!(
            "  {what:<42} {:7.1} ms  {ratio:5.2} x its statements' {:.1} ms, {verdict} {LIMIT} x; {} kB",
            page.as_secs_f64() * 1000.0,
            floor.as_secs_f64() * 1000.0,
            weight / 1000
        );
    }
}
