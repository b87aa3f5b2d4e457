//! The program under measurement, and the databases that it works on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::company::{self, BenchSource};
use crate::support::postgres::PostgresServer;

/// What a run of the program took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunMeasurement {
    /// From start to end, as whoever typed it saw it.
    pub time: Duration,
    /// The most memory of the process at once (`VmHWM`).
    pub memory_mib: u64,
}

/// The program with a file of its own.
pub(crate) struct MeasuredProgram {
    file: PathBuf,
}

impl MeasuredProgram {
    /// Writes the file for one source and one database.
    pub(crate) fn new(folder: &Path, name: &str, source: BenchSource<'_>, database: &BenchDatabase) -> Self {
        let file = folder.join(format!("{name}-{}.toml", database.name()));
        fs::write(&file, company::file(source, &database.url())).expect("a file");
        Self { file }
    }

    /// Its configuration file.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, words: &[&str]) -> RunMeasurement {
        let began = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_rollcall"))
            .arg("--config")
            .arg(&self.file)
            .arg("--json")
            .args(words)
            .stdout(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut memory_mib = 0;
        let status = loop {
            if let Some(status) = child.try_wait().expect("the program is ours") {
                break status;
            }
            memory_mib = memory_mib.max(peak_of(child.id()));
            std::thread::sleep(Duration::from_millis(5));
        };
        assert!(status.success(), "rollcall {words:?}: {status}");
        RunMeasurement { time: began.elapsed(), memory_mib }
    }
}

fn peak_of(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// The median of some runs by time, after one that does not count; `before` makes ready for each.
pub(crate) fn median(runs: usize, run: impl Fn() -> RunMeasurement, before: impl Fn()) -> RunMeasurement {
    let mut all: Vec<RunMeasurement> = (0..=runs)
        .map(|_| {
            before();
            run()
        })
        .collect();
    all.remove(0);
    all.sort_unstable_by_key(|took| took.time);
    all[all.len() / 2]
}

/// A database whose states can be kept and brought back.
pub(crate) enum BenchDatabase {
    /// A file in a folder.
    Sqlite(PathBuf),
    /// A database of a cluster.
    Postgres(String),
}

impl BenchDatabase {
    /// A file.
    pub(crate) fn sqlite(folder: &Path) -> Self {
        Self::Sqlite(folder.join("bench.db"))
    }

    /// A database of this server.
    pub(crate) fn postgres(cluster: &PostgresServer) -> Self {
        let url = cluster.url("");
        Self::Postgres(url.trim_end_matches('/').to_owned())
    }

    /// The engine's name.
    pub(crate) fn name(&self) -> &'static str {
        if self.is_sqlite() { "SQLite" } else { "PostgreSQL" }
    }

    /// Which engine it is.
    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// The URL for the file.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite://{}", path.display()),
            Self::Postgres(server) => format!("{server}/bench"),
        }
    }

    /// The path of a SQLite file, of the state `name`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        match self {
            Self::Sqlite(path) => path.with_file_name(format!("{name}.db")),
            Self::Postgres(_) => PathBuf::new(),
        }
    }

    /// Runs a script of SQL in the state `name` with the database's own shell, and answers how long that took.
    pub(crate) fn shell(&self, name: &str, script: &str) -> (Duration, String) {
        let mut command = match self {
            Self::Sqlite(_) => {
                let mut command = Command::new("sqlite3");
                command.arg("-bail").arg(self.path(name));
                command
            }
            Self::Postgres(server) => {
                let mut command = Command::new("psql");
                command.args(["-qAt", "-v", "ON_ERROR_STOP=1", &format!("{server}/{name}")]);
                command
            }
        };
        let script_file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(script_file.path(), script).expect("a script");
        command.stdin(fs::File::open(script_file.path()).expect("a script"));
        let began = Instant::now();
        let output = command.output().expect("the database's shell runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (began.elapsed(), String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn copy(&self, from: &str, to: &str) {
        match self {
            Self::Sqlite(_) => {
                for rest in ["-wal", "-shm"] {
                    let _ = fs::remove_file(format!("{}{rest}", self.path(to).display()));
                }
                fs::copy(self.path(from), self.path(to)).expect("a copy");
            }
            Self::Postgres(_) => {
                self.shell(
                    "postgres",
                    &format!("DROP DATABASE IF EXISTS {to};\nCREATE DATABASE {to} TEMPLATE {from};"),
                );
            }
        }
    }

    /// Makes it, empty.
    pub(crate) fn make(&self) {
        if let Self::Sqlite(path) = self {
            for rest in ["", "-wal", "-shm"] {
                let _ = fs::remove_file(format!("{}{rest}", path.display()));
            }
        } else {
            self.shell("postgres", "DROP DATABASE IF EXISTS bench;\nCREATE DATABASE bench;");
        }
    }

    /// Keeps the state of now under a name.
    pub(crate) fn save_state(&self, name: &str) {
        self.copy("bench", name);
    }

    /// Brings a kept state back.
    pub(crate) fn restore_state(&self, name: &str) {
        self.copy(name, "bench");
    }

    /// A copy of a kept state, for a floor.
    pub(crate) fn spare(&self, name: &str) {
        self.copy(name, "spare");
    }
}
