//! A kept queue library beside rollcall's queue, on PostgreSQL.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::company::{BenchCompany, BenchSource};
use crate::program::{BenchDatabase, MeasuredProgram};
use crate::support::postgres::PostgresServer;

/// How many jobs the library is given: enough to see its pace.
const JOBS: u64 = 50_000;

/// Prints the pace of both, in jobs a second.
pub(crate) fn measure(people: usize) {
    let cluster = PostgresServer::with_memory("1GB");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("people.csv");
    std::fs::write(&file, BenchCompany::of(people, false).csv()).expect("a file");
    let database = BenchDatabase::postgres(&cluster);
    let program = MeasuredProgram::new(folder.path(), "queue", BenchSource::Csv(&file), &database);
    database.make();
    program.run(&["sync", "--no-drain"]);
    database.save_state("queued");
    let jobs: u64 = database.shell("queued", "SELECT count(*) FROM jobs").1.parse().expect("a number");
    let drain = program.run(&["worker", "--until-empty"]);
    let ours = pace(jobs, drain.time);
    println!("rollcall, {jobs} jobs of {people} people: {ours} jobs a second");

    database.spare("queued");
    let rows = folder.path().join("enrollments").display().to_string();
    database.shell("bench", &format!("\\copy enrollments to '{rows}'"));
    database.shell(
        "spare",
        &format!(
            "CREATE TABLE final (LIKE enrollments INCLUDING INDEXES);\n\\copy final from '{rows}'\nANALYZE final;"
        ),
    );
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO"))
        .args(["run", "--release", "--quiet", "--locked", "--manifest-path"])
        .arg(project.join("benches/queue/Cargo.toml"))
        .arg("--target-dir")
        .arg(project.join("target/queue"))
        .args(["--", &cluster.url("spare"), &JOBS.to_string()])
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let seconds = text.trim().parse().expect("seconds");
    let beside = pace(JOBS, Duration::from_secs_f64(seconds));
    println!("graphile_worker, {JOBS} jobs: {beside} jobs a second");
    println!("rollcall does {}.{} x as many", ours / beside, ours * 10 / beside % 10);
}

/// Jobs a second.
fn pace(jobs: u64, time: Duration) -> u128 {
    u128::from(jobs) * 1_000 / time.as_millis()
}
