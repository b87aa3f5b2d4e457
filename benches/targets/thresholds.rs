//! What nobody can be faster than: the same rows, the same indexes, the same durability, without any thought.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::company::ATTRIBUTES;
use crate::program::BenchDatabase;
use crate::support::slapd::{ADMIN, SlapdServer};

/// The tables that a first sync fills with many rows.
const LARGE: [&str; 4] = ["learners", "persons", "memberships", "enrollments"];

/// The median time of `ldapsearch` reading the same attributes in pages of 500 to nowhere.
pub(crate) fn ldapsearch(slapd: &SlapdServer, runs: usize) -> Duration {
    let mut times: Vec<Duration> = (0..=runs)
        .map(|_| {
            let began = Instant::now();
            let status = Command::new("ldapsearch")
                .args(["-x", "-LLL", "-H", &slapd.url(), "-D", ADMIN.0, "-w", ADMIN.1])
                .args(["-b", "dc=corp,dc=example", "-E", "pr=500/noprompt", "(objectClass=inetOrgPerson)"])
                .args(ATTRIBUTES.map(|(_, source)| source))
                .stdout(Stdio::null())
                .status()
                .expect("ldapsearch runs");
            assert!(status.success());
            began.elapsed()
        })
        .collect();
    times.remove(0);
    times.sort_unstable();
    times[times.len() / 2]
}

/// Loading the rows of the state `drained` into empty tables with all their indexes and constraints, in one transaction.
pub(crate) fn bulk_load(database: &BenchDatabase) -> Duration {
    database.spare("drained");
    if database.is_sqlite() {
        let source = database.path("drained");
        let empty = LARGE.map(|table| format!("DELETE FROM {table};")).join("\n");
        let rest = "DELETE FROM ended_memberships; DELETE FROM former_addresses; VACUUM;";
        database.shell("spare", &format!("PRAGMA foreign_keys = OFF;\n{empty}\n{rest}"));
        let load = LARGE.map(|table| format!("INSERT INTO {table} SELECT * FROM d.{table};")).join("\n");
        let script = format!(
            "PRAGMA foreign_keys = ON;\nPRAGMA synchronous = FULL;\nPRAGMA cache_size = -65536;\n\
             ATTACH '{}' AS d;\nBEGIN IMMEDIATE;\n{load}\nCOMMIT;",
            source.display()
        );
        return database.shell("spare", &script).0;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let at = |table: &str| folder.path().join(table).display().to_string();
    let out = LARGE.map(|table| format!("\\copy {table} to '{}'", at(table))).join("\n");
    database.shell("spare", &out);
    let all = LARGE.join(", ");
    database.shell("spare", &format!("TRUNCATE {all} CASCADE;"));
    let load = LARGE.map(|table| format!("\\copy {table} from '{}'", at(table))).join("\n");
    database.shell("spare", &format!("BEGIN;\n{load}\nCOMMIT;")).0
}

/// A drain by single statements.
pub(crate) struct SingleStatementDrain {
    /// How many jobs.
    pub jobs: u64,
    /// How long.
    pub time: Duration,
}

/// Writing the enrollments of the state `drained` into the state `queued` by one statement, and emptying the queue by
/// another, in one transaction.
pub(crate) fn measure_single_statements(database: &BenchDatabase) -> SingleStatementDrain {
    database.spare("queued");
    let jobs = database.shell("spare", "SELECT count(*) FROM jobs;").1.parse().expect("a number");
    let time = if database.is_sqlite() {
        let script = format!(
            "PRAGMA foreign_keys = ON;\nPRAGMA synchronous = NORMAL;\nPRAGMA cache_size = -65536;\n\
             ATTACH '{}' AS d;\nBEGIN IMMEDIATE;\nINSERT INTO enrollments SELECT * FROM d.enrollments;\n\
             DELETE FROM jobs;\nCOMMIT;",
            database.path("drained").display()
        );
        database.shell("spare", &script).0
    } else {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("enrollments").display().to_string();
        database.shell("drained", &format!("\\copy enrollments to '{file}'"));
        let prepare =
            format!("CREATE TABLE final (LIKE enrollments);\n\\copy final from '{file}'\nANALYZE final;");
        database.shell("spare", &prepare);
        let script = "BEGIN;\nINSERT INTO enrollments SELECT * FROM final;\nDELETE FROM jobs;\nCOMMIT;";
        database.shell("spare", script).0
    };
    SingleStatementDrain { jobs, time }
}
