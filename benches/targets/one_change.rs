//! One person's change in a small and in a large company: its cost must not grow with the people.
//!
//! The person's stored record changes and the rules decide again for that learner alone, under the limits, with commit
//! and jobs: what a push, a stream or `--only` costs without the source.

use std::fs;
use std::time::{Duration, Instant};

use rollcall_config::Config;
use rollcall_core::sync::resync_learner::{ResyncContext, resync_learner};
use rollcall_model::ids::LearnerId;
use rollcall_model::secret::SecretText;
use rollcall_store::params;
use rollcall_store::runs::{NewRun, RunRecordKind};
use rollcall_store::{Store, StoreOptions};
use tokio_util::sync::CancellationToken;

use crate::company::{BenchCompany, BenchSource};
use crate::program::{BenchDatabase, MeasuredProgram};
use crate::support::postgres::PostgresServer;
use crate::{number, ratio};

/// The most that a change may cost in the large company, of the cost in the small one.
const LIMIT: f64 = 2.0;

/// Changes that are measured, after one that does not count.
const CHANGES: usize = 21;

/// Prints what one change costs in companies of 1,000 and of `ROLLCALL_BENCH_LARGE` (1,000,000) people.
pub(crate) fn measure() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let cluster = PostgresServer::with_memory("1GB");
    let large = number("ROLLCALL_BENCH_LARGE", 1_000_000);
    let folder = tempfile::tempdir().expect("a folder");
    for postgres in [false, true] {
        let cost = |people: usize| {
            let folder = folder.path().join(format!("{people}-{postgres}"));
            fs::create_dir_all(&folder).expect("a folder");
            let csv = folder.join("people.csv");
            fs::write(&csv, BenchCompany::of(people, false).csv()).expect("a file");
            let database =
                if postgres { BenchDatabase::postgres(&cluster) } else { BenchDatabase::sqlite(&folder) };
            database.make();
            let program = MeasuredProgram::new(&folder, "one", BenchSource::Csv(&csv), &database);
            program.run(&["sync", "--no-drain"]);
            program.run(&["worker", "--until-empty"]);
            let name = database.name();
            (name, runtime.block_on(changes(&program, &database.url())))
        };
        let ((name, small), (_, big)) = (cost(1_000), cost(large));
        let times = ratio(big, small);
        let verdict = if times <= LIMIT { "within" } else { "ABOVE" };
        println!(
            "one change, {name:<10} 1,000 people {:6.2} ms, {large} people {:6.2} ms  {times:4.2} x, {verdict} {LIMIT} x",
            small.as_secs_f64() * 1e3,
            big.as_secs_f64() * 1e3
        );
    }
}

/// The median cost of one change.
async fn changes(program: &MeasuredProgram, url: &str) -> Duration {
    let config = Config::load(program.file(), &|_| None).expect("a file");
    let options = StoreOptions {
        url: SecretText::new(url.to_owned()),
        max_size: None,
        connections: 4,
        statement_timeout: std::time::Duration::from_mins(5),
    };
    let store = Store::open(&options).await.expect("a database");
    let stop = CancellationToken::new();
    let context = ResyncContext {
        store: &store,
        file: config.for_sync(),
        patience: Duration::from_secs(5),
        stop: &stop,
    };
    let mut took = Vec::new();
    for change in 0..=CHANGES {
        let department = format!("Dept {}", change % 2 + 1);
        let mut tx = store.begin_write().await.expect("a transaction");
        let sql = rollcall_store::Sql::per_engine(
            "UPDATE persons SET attributes = json_set(attributes, '$.department', $1) WHERE external_id = 'p500'",
            "UPDATE persons SET attributes = jsonb_set(attributes, '{department}', to_jsonb($1)) WHERE external_id = 'p500'",
        );
        tx.execute("change a record", sql, params![department]).await.expect("changed");
        let (learner,): (i64,) = tx
            .fetch_one(
                "find the learner",
                "SELECT learner_id FROM persons WHERE external_id = 'p500'",
                params![],
            )
            .await
            .expect("a learner");
        tx.commit().await.expect("committed");
        let about = NewRun {
            kind: RunRecordKind::Hand,
            connector: None,
            actor: "bench".to_owned(),
            description: "one change".to_owned(),
            file_digest: None,
            subject: None,
        };
        let began = Instant::now();
        let done = resync_learner(context, LearnerId(learner), &about).await.expect("done").expect("a run");
        took.push(began.elapsed());
        assert!(done.1.memberships_added > 0, "the change moved the person");
    }
    took.remove(0);
    took.sort_unstable();
    took[took.len() / 2]
}
