//! How time and memory grow with the people: 10,000, 100,000 and 1,000,000 of them, from a file.

use std::fs;

use crate::company::{BenchCompany, BenchSource};
use crate::program::{self, BenchDatabase, MeasuredProgram, RunMeasurement};
use crate::seconds;
use crate::support::postgres::PostgresServer;

/// How many people.
const SIZES: [u32; 3] = [10_000, 100_000, 1_000_000];

/// Prints what each size takes on each database, in all and for each 10,000 people.
pub(crate) fn measure(runs: usize) {
    let cluster = PostgresServer::with_memory("1GB");
    let folder = tempfile::tempdir().expect("a folder");
    let (today, tomorrow) = (folder.path().join("today.csv"), folder.path().join("tomorrow.csv"));
    for people in SIZES {
        let size = people as usize;
        fs::write(&today, BenchCompany::of(size, false).csv()).expect("a file");
        fs::write(&tomorrow, BenchCompany::of(size, true).csv()).expect("a file");
        for database in [BenchDatabase::sqlite(folder.path()), BenchDatabase::postgres(&cluster)] {
            println!("\n{people} people, {}", database.name());
            let first = MeasuredProgram::new(folder.path(), "today", BenchSource::Csv(&today), &database);
            let second =
                MeasuredProgram::new(folder.path(), "tomorrow", BenchSource::Csv(&tomorrow), &database);
            database.make();
            line("first sync, commit", people, &first.run(&["sync", "--no-drain"]));
            line("drain", people, &first.run(&["worker", "--until-empty"]));
            line("sync that changes nothing", people, &program::median(runs, || first.run(&["sync"]), || {}));
            line("1 % joined, left and moved, drained", people, &second.run(&["sync"]));
        }
    }
}

fn line(what: &str, people: u32, took: &RunMeasurement) {
    let each = took.time / (people / 10_000);
    println!(
        "  {what:<42} {}  {} for each 10,000 people; {:4} MiB",
        seconds(took.time),
        seconds(each).trim(),
        took.memory_mib
    );
}
