//! What rollcall claims about its speed, measured: each claim is a ratio against a floor of the same run.
//!
//! `cargo bench` measures 100,000 people; `ROLLCALL_BENCH_PEOPLE` another number. Every figure is the median of
//! `ROLLCALL_BENCH_RUNS` runs (3) after one that does not count. Servers are thrown away afterwards.
//! `cargo bench --bench targets -- queue` measures a kept queue library beside rollcall's queue, `-- scale` how time and
//! memory grow from 10,000 people in a file to 1,000,000, `-- pages` what people cost that come as pages of JSON,
//! `-- web` what the pages of a large company cost, `-- one` what one person's change costs in a company of 1,000 and of
//! 1,000,000 people.

#[path = "../../tests/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the tests use the rest of it")]
mod support;

mod company;
mod one_change;
mod page_benchmark;
mod pages;
mod program;
mod queue;
mod scale;
mod thresholds;
mod web;
mod web_sync;

use std::path::Path;
use std::time::Duration;

use company::{BenchCompany, BenchSource};
use program::{BenchDatabase, MeasuredProgram, RunMeasurement};
use support::postgres::PostgresServer;
use support::slapd::SlapdServer;

fn main() {
    // `cargo test --benches` only wants to know that this starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let is_asked = |what: &str| std::env::args().any(|argument| argument == what);
    let people = number("ROLLCALL_BENCH_PEOPLE", 100_000);
    let runs = number("ROLLCALL_BENCH_RUNS", 3);
    if is_asked("scale") {
        return scale::measure(runs);
    }
    if is_asked("one") {
        return one_change::measure();
    }
    if is_asked("pages") {
        return pages::measure(people, runs);
    }
    if is_asked("web") {
        return web::measure();
    }
    if is_asked("queue") {
        return queue::measure(people);
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let before = BenchCompany::of(people, false);
    let after = BenchCompany::of(people, true);
    let (first, second) =
        runtime.block_on(async { (before.directory().start().await, after.directory().start().await) });
    let cluster = PostgresServer::with_memory("1GB");
    let folder = tempfile::tempdir().expect("a folder");
    println!("{people} people, {} rules, medians of {runs} runs", company::RULES);
    let read = thresholds::ldapsearch(&first, runs);
    println!("ldapsearch of the same attributes          {}", seconds(read));
    for database in [BenchDatabase::sqlite(folder.path()), BenchDatabase::postgres(&cluster)] {
        measure(&database, folder.path(), (&first, &second), read, runs);
    }
    pages::measure(people, runs);
}

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn seconds(time: Duration) -> String {
    format!("{:8.2} s", time.as_secs_f64())
}

fn ratio(time: Duration, floor: Duration) -> f64 {
    time.as_secs_f64() / floor.as_secs_f64()
}

fn print_target(what: &str, took: &RunMeasurement, floor: Duration, limit: f64) {
    let ratio = ratio(took.time, floor);
    let verdict = if ratio <= limit { "within" } else { "ABOVE" };
    println!(
        "  {what:<42} {}  {ratio:5.2} x the floor of {}, {verdict} {limit} x; {:4} MiB",
        seconds(took.time),
        seconds(floor).trim(),
        took.memory_mib
    );
}

fn measure(
    database: &BenchDatabase,
    folder: &Path,
    (first, second): (&SlapdServer, &SlapdServer),
    read: Duration,
    runs: usize,
) {
    println!("\n{}", database.name());
    let today = MeasuredProgram::new(folder, "today", BenchSource::Ldap(first), database);
    let tomorrow = MeasuredProgram::new(folder, "tomorrow", BenchSource::Ldap(second), database);

    database.make();
    let commit = today.run(&["sync", "--no-drain"]);
    database.save_state("queued");
    let drain = today.run(&["worker", "--until-empty"]);
    database.save_state("drained");
    let whole = RunMeasurement {
        time: commit.time + drain.time,
        memory_mib: commit.memory_mib.max(drain.memory_mib),
    };
    print_target("first sync, commit and drain", &whole, thresholds::bulk_load(database), 3.0);
    let jobs = thresholds::measure_single_statements(database);
    let limit = if database.is_sqlite() { 4.0 } else { 2.5 };
    print_target(&format!("drain of {} jobs", jobs.jobs), &drain, jobs.time, limit);

    database.restore_state("drained");
    let unchanged = program::median(runs, || today.run(&["sync"]), || {});
    print_target("sync that changes nothing", &unchanged, read, 2.0);
    let bring_back = || {
        database.restore_state("drained");
        // A database that was copied a moment ago has nothing in memory.
        today.run(&["sync"]);
    };
    let changed = program::median(runs, || tomorrow.run(&["sync"]), bring_back);
    print_target("1 % joined, left and moved, drained", &changed, unchanged.time, 1.3);
}
