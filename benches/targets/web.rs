//! What pages cost at the size of a large company, against the same statements without anything around them.
//!
//! 100,000 learners, 2,000 groups (one of 20,000), some 500,000 memberships, 1,000,000 enrollments, on both databases.
//! A page is asked for over HTTP with a session; its floor is the statements of its lists, run through the same pool in
//! this process. No page may be heavier than 100 kB with stylesheet, script and icon.

use std::path::Path;

use chrono::Utc;
use rollcall_config::Config;
use rollcall_core::accounts::{self, FirstSignIn, NewUserAccount};
use rollcall_core::enrollment::change::ChangeTime;
use rollcall_core::explain::{self, ExplainRequest};
use rollcall_model::ids::{GroupId, LearnerId};
use rollcall_model::role::Role;
use rollcall_model::secret::SecretText;
use rollcall_store::listing::{PageRequest, assignments, groups, learners, members};
use rollcall_store::runs::{NewRun, RunRecordKind};
use rollcall_store::{Store, Tx};

use crate::page_benchmark::{BenchClient, PASSWORD, PageBenchmark, TIMES, numbers};
use crate::support::database as tests;
use crate::support::postgres::PostgresServer;
use crate::support::program::{RunningProgram, rollcall_command};
use crate::web_sync;

pub(crate) fn measure() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cluster = PostgresServer::with_memory("1GB");
    let folder = tempfile::tempdir().expect("a folder");
    println!(
        "\npages with 100,000 learners, 2,000 groups, 1,000,000 enrollments; medians of {TIMES} requests"
    );
    let sqlite = tests::TestDatabase::at(format!("sqlite://{}/pages.db", folder.path().display()));
    let postgres = tests::TestDatabase::at(cluster.url(&cluster.new_database()));
    for db in [sqlite, postgres] {
        println!("\n{}", db.engine);
        runtime.block_on(of(&db, folder.path()));
    }
}

async fn fill(db: &tests::TestDatabase) {
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

async fn of(db: &tests::TestDatabase, folder: &Path) {
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
    let when = ChangeTime::at(Utc::now(), config.timezone);
    let about = NewRun {
        kind: RunRecordKind::Hand,
        connector: None,
        actor: "bench".to_owned(),
        description: "bench".to_owned(),
        file_digest: None,
        subject: None,
    };
    let password = SecretText::new(PASSWORD);
    let (email, role) = ("bench@corp.example", Role::LicenseHolder);
    let new = NewUserAccount { email, name: "", role, first_sign_in: FirstSignIn::Password(&password) };
    accounts::create_account(&store, &about, when, new).await.expect("an account");
    let service = RunningProgram::start(rollcall_command(&file).arg("run"));
    service.wait_for_log("web server listening");
    let log = service.log();
    let line = log.iter().find_map(|line| line.split_once("\"address\":\"")).expect("the address");
    let base = format!("http://{}", line.1.split('"').next().unwrap_or_default());
    let visitor = BenchClient::sign_in(&base).await;
    let first = PageRequest { text: "", id: 0, limit: 51 };
    let mut report = PageBenchmark::new(visitor, &store);
    report
        .page("the overview of groups", "/groups", async |tx: &mut Tx| {
            let rows = groups::list(tx, "", groups::GroupListSort::Name, first).await.expect("rows");
            groups::list_rules(tx, rows.iter().map(|row| row.id.0).collect()).await.expect("rows");
        })
        .await;
    report
        .page("the overview, by members", "/groups?sort=members", async |tx: &mut Tx| {
            let rows = groups::list(tx, "", groups::GroupListSort::Members, first).await.expect("rows");
            groups::list_rules(tx, rows.iter().map(|row| row.id.0).collect()).await.expect("rows");
        })
        .await;
    report
        .page("a group of 20,000", "/groups/1", async |tx: &mut Tx| {
            let rows = members::list(tx, GroupId(1), "", first).await.expect("rows");
            members::list_reasons(tx, GroupId(1), rows.iter().map(|row| row.id).collect())
                .await
                .expect("rows");
            assignments::list_by_group(tx, GroupId(1)).await.expect("rows");
            assignments::list_progress(tx, GroupId(1), when.today).await.expect("rows");
            groups::list_history(tx, GroupId(1), 20).await.expect("rows");
        })
        .await;
    for (what, text) in [("one word, 2,500 found", "department7"), ("two words, few found", "first77 last1")]
    {
        let find = learners::LearnerSearch { text, ..learners::LearnerSearch::default() };
        let path = format!("/groups/new?q={}", text.replace(' ', "+"));
        report
            .page(&format!("the member search, {what}"), &path, async |tx: &mut Tx| {
                learners::list(tx, find, first).await.expect("rows");
                learners::count(tx, find).await.expect("rows");
            })
            .await;
    }
    let explained = config.for_explain();
    report
        .page("a learner", "/learners/777", async |tx: &mut Tx| {
            let asked = ExplainRequest { learner: LearnerId(777), group: None, course: None, at: None };
            explain::explain(tx, explained, asked, when).await.expect("an answer");
        })
        .await;
    web_sync::measure(&mut report, &config).await;
}
