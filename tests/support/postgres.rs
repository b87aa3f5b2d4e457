//! Throw-away PostgreSQL servers on loopback: one for the whole program, and one each for tests that crash theirs.
//!
//! A server lives in a temporary folder that belongs to an account without rights, because PostgreSQL refuses root. A
//! small shell waits for the end of this process, however it ends, then stops the server and removes the folder.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::packages;

/// The version of Debian 12, and the oldest that rollcall promises to work with.
pub(crate) const BIN: &str = "/usr/lib/postgresql/15/bin";

/// The account that the Debian package makes.
const ACCOUNT: &str = "postgres";

/// Waits until the other end of its input is closed, then clears up.
const WATCH: &str =
    "trap '' INT TERM HUP; cat >/dev/null; \"$1\"/pg_ctl -D \"$2/data\" -m immediate stop; rm -rf \"$2\"";

/// A server, stopped and removed when it is dropped or the process ends.
pub(crate) struct PostgresServer {
    folder: PathBuf,
    port: u16,
    memory: &'static str,
    watch: Child,
}

/// The server that tests share, each with databases of its own.
pub(crate) fn shared_server() -> &'static PostgresServer {
    static SHARED: OnceLock<PostgresServer> = OnceLock::new();
    SHARED.get_or_init(PostgresServer::start)
}

/// A command under an account that is not root.
pub(crate) fn without_rights(program: &str) -> Command {
    let is_root = fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
    let mut command = if is_root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups", program]);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/");
    command
}

/// A folder that belongs to that account; whoever asks removes it.
pub(crate) fn folder_without_rights(name: &str) -> PathBuf {
    let template = std::env::temp_dir().join(format!("rollcall-{name}-XXXXXX"));
    let output = without_rights("mktemp").arg("-d").arg(template).output().expect("mktemp runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}

/// A port that nobody listens on now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port()
}

fn pg(program: &str) -> Command {
    without_rights(&format!("{BIN}/{program}"))
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().expect("PostgreSQL's programs can be run");
    let said = || String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(said()) }
}

impl PostgresServer {
    /// Makes and starts a server for tests.
    pub(crate) fn start() -> Self {
        Self::with_memory("32MB")
    }

    /// Makes and starts a server with so much memory for its pages.
    pub(crate) fn with_memory(memory: &'static str) -> Self {
        packages::ensure_installed(&format!("{BIN}/postgres"), &["postgresql-15"]);
        let folder = folder_without_rights("postgres");
        let initdb = ["--no-sync", "--auth", "trust", "--username", "postgres", "--encoding", "UTF8"];
        run(pg("initdb").args(initdb).args(["--locale", "C", "-D"]).arg(folder.join("data")))
            .expect("initdb");
        let mut shell = without_rights("sh");
        shell.args(["-c", WATCH, "sh", BIN]).arg(&folder);
        let watch = shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut cluster = Self { folder, port: free_port(), memory, watch: watch.expect("a shell") };
        // Somebody else may take the port between finding and using it.
        if cluster.launch().is_err() {
            cluster.port = free_port();
            cluster.start_again();
        }
        cluster
    }

    fn launch(&self) -> Result<(), String> {
        let settings = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{}' -c max_connections=200 \
             -c shared_buffers={} -c max_wal_size=4GB -c fsync=on \
             -c recovery_init_sync_method=syncfs",
            self.port,
            self.folder.display(),
            self.memory
        );
        let log = self.folder.join("log");
        let mut pg_ctl = pg("pg_ctl");
        pg_ctl.arg("-D").arg(self.data()).arg("-l").arg(&log).args(["-w", "-o", &settings, "start"]);
        // The server outlives `pg_ctl`; a pipe that it kept open would be read for ever.
        let status = pg_ctl.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if status.expect("pg_ctl runs").success() {
            Ok(())
        } else {
            Err(fs::read_to_string(log).unwrap_or_default())
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Ends the server as a power cut would.
    pub(crate) fn crash(&self) {
        run(pg("pg_ctl").arg("-D").arg(self.data()).args(["-m", "immediate", "stop"]))
            .expect("a server that runs");
    }

    /// Starts the server again on the same port.
    pub(crate) fn start_again(&self) {
        self.launch().expect("the server starts");
    }

    /// Ends the server as a power cut would, and starts it again at once; answers when it takes connections.
    pub(crate) fn restart(&self) {
        let mut pg_ctl = pg("pg_ctl");
        pg_ctl.arg("-D").arg(self.data()).arg("-l").arg(self.folder.join("log"));
        pg_ctl.args(["-w", "-m", "immediate", "restart"]);
        let status = pg_ctl.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(status.expect("pg_ctl runs").success(), "the server starts");
    }

    /// Starts the server again, so that every account needs a password. No account has one.
    pub(crate) fn require_passwords(&self) {
        self.crash();
        fs::write(self.data().join("pg_hba.conf"), "host all all 127.0.0.1/32 scram-sha-256\n")
            .expect("written");
        self.start_again();
    }

    /// The port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a database on this server.
    pub(crate) fn url(&self, database: &str) -> String {
        url(self.port, database)
    }

    /// Makes a database and answers its name.
    pub(crate) fn new_database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("company_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let sql = format!("CREATE DATABASE {name}");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let options: sqlx::postgres::PgConnectOptions = self.url("postgres").parse().expect("a URL");
            let mut admin = options.connect().await.expect("the server answers");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.expect("a database");
            admin.close().await.expect("closed");
        });
        name
    }
}

/// The URL of a database behind a port of this machine.
pub(crate) fn url(port: u16, database: &str) -> String {
    format!("postgres://postgres:open-sesame-PG@127.0.0.1:{port}/{database}")
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        self.watch.wait().expect("the shell ends after the server");
        assert!(!Path::new(&self.folder).exists(), "the folder goes with the server");
    }
}
