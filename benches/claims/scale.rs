//! How time and memory grow with the people: 10,000, 100,000 and 1,000,000 of them, from a file.

use std::fs;

use crate::company::{Company, Source};
use crate::program::{self, Database, Program, Took};
use crate::seconds;
use crate::support::postgres::Cluster;

/// How many people.
const SIZES: [u32; 3] = [10_000, 100_000, 1_000_000];

/// Prints what each size takes on each database, in all and for each 10,000 people.
pub fn measure(runs: usize) {
    let cluster = Cluster::with_memory("1GB");
    let folder = tempfile::tempdir().expect("a folder");
    let (today, tomorrow) = (folder.path().join("today.csv"), folder.path().join("tomorrow.csv"));
    for people in SIZES {
        let size = people as usize;
        fs::write(&today, Company::of(size, false).csv()).expect("a file");
        fs::write(&tomorrow, Company::of(size, true).csv()).expect("a file");
        for database in [Database::sqlite(folder.path()), Database::postgres(&cluster)] {
            println!("\n{people} people, {}", database.name());
            let first = Program::new(folder.path(), "today", Source::Csv(&today), &database);
            let second = Program::new(folder.path(), "tomorrow", Source::Csv(&tomorrow), &database);
            database.make();
            line("first sync, commit", people, &first.run(&["sync", "--no-drain"]));
            line("drain", people, &first.run(&["worker", "--until-empty"]));
            line("sync that changes nothing", people, &program::median(runs, || first.run(&["sync"]), || {}));
            line("1 % joined, left and moved, drained", people, &second.run(&["sync"]));
        }
    }
}

fn line(what: &str, people: u32, took: &Took) {
    let each = took.time / (people / 10_000);
    println!(
        "  {what:<42} {}  {} for each 10,000 people; {:4} MiB",
        seconds(took.time),
        seconds(each).trim(),
        took.memory_mib
    );
}
