//! A pooler in transaction mode, as many companies have one in front of their server.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use super::packages;
use super::postgres::{PostgresServer, folder_without_rights, free_port, url, without_rights};
use super::program::wait_until;

const PROGRAM: &str = "/usr/sbin/pgbouncer";

/// Runs the pooler until the other end of its input is closed.
const WATCH: &str = "trap '' INT; \"$1\" \"$2/pgbouncer.ini\" & cat >/dev/null; kill $!; wait; rm -rf \"$2\"";

/// A pooler, stopped when it is dropped or the process ends.
pub(crate) struct PgBouncerServer {
    port: u16,
    folder: PathBuf,
    watch: Child,
}

impl PgBouncerServer {
    /// Starts one in front of a server. Four connections serve everybody, so that transactions really change places.
    pub(crate) fn start_for(cluster: &PostgresServer) -> Self {
        packages::ensure_installed(PROGRAM, &["pgbouncer"]);
        let folder = folder_without_rights("pgbouncer");
        let port = free_port();
        let ini = format!(
            "[databases]\n* = host=127.0.0.1 port={} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n\
             default_pool_size = 4\nmax_client_conn = 200\n",
            cluster.port()
        );
        fs::write(folder.join("pgbouncer.ini"), ini).expect("written");
        let mut shell = without_rights("sh");
        shell.args(["-c", WATCH, "sh", PROGRAM]).arg(&folder);
        let watch = shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let pooler = Self { port, folder, watch: watch.expect("a shell") };
        pooler.wait();
        pooler
    }

    fn wait(&self) {
        wait_until("the pooler listens", || TcpStream::connect(("127.0.0.1", self.port)).is_ok());
    }

    /// The URL of a database through the pooler.
    pub(crate) fn url(&self, database: &str) -> String {
        url(self.port, database)
    }
}

impl Drop for PgBouncerServer {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        self.watch.wait().expect("the shell ends after the pooler");
        assert!(!self.folder.exists(), "the folder goes with the pooler");
    }
}
