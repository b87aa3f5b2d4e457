//! Servers that others wrote in Python, from the Python Package Index at pinned versions.
//!
//! They are installed once, into a virtual environment of the build's folder for tests that is named after the versions.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::packages;
use super::postgres::free_port;

const PYTHON: &str = "/usr/bin/python3";

/// Packages at pinned versions, those that others need included, in a folder of their own.
pub(crate) struct PinnedPackages {
    /// The list below `tests/support/`.
    file: &'static str,
    text: &'static str,
    folder: OnceLock<PathBuf>,
}

/// Servers that answer as others do.
static SERVERS: PinnedPackages =
    PinnedPackages { file: "python.txt", text: include_str!("python.txt"), folder: OnceLock::new() };

/// What tries an API by its description.
pub(crate) static SCHEMATHESIS: PinnedPackages = PinnedPackages {
    file: "schemathesis.txt",
    text: include_str!("schemathesis.txt"),
    folder: OnceLock::new(),
};

/// Runs a server until the other end of its input is closed.
const WATCH: &str = "exec 3<&0; \"$@\" </dev/null 3<&- & server=$!; \
                     (read -r _ <&3; kill -KILL $server 2>/dev/null) & wait $server";

impl PinnedPackages {
    /// The folder of the installed programs.
    pub(crate) fn programs(&self) -> &Path {
        self.folder.get_or_init(|| {
            let version = xxhash_rust::xxh3::xxh3_64(self.text.as_bytes());
            let above = Path::new(env!("CARGO_TARGET_TMPDIR"));
            fs::create_dir_all(above).expect("a folder");
            let folder = above.join(format!("python-{version:016x}"));
            let lock = File::create(folder.with_extension("lock")).expect("a lock file");
            lock.lock().expect("the lock of the folder");
            // Written when all is there: what was broken off is begun anew.
            let complete = folder.join("complete");
            if !complete.exists() {
                install(&folder, self.file);
                fs::write(complete, "").expect("written");
            }
            folder.join("bin")
        })
    }
}

fn install(folder: &Path, file: &str) {
    let can = || {
        let asked = Command::new(PYTHON).args(["-c", "import ensurepip"]).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    };
    packages::ensure_available("a Python with `venv`", can, &["python3", "python3-venv"]);
    run_checked(Command::new(PYTHON).args(["-m", "venv", "--clear"]).arg(folder));
    let pins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support").join(file);
    let mut pip = Command::new(folder.join("bin/pip"));
    pip.args(["install", "--quiet", "--no-deps", "--disable-pip-version-check", "--requirement"]).arg(pins);
    run_checked(&mut pip);
}

fn run_checked(command: &mut Command) {
    let output = command.output().expect("python can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
}

/// A server of one test. It ends when this is dropped, and when the test's process ends in any other way.
pub(crate) struct PythonServer {
    shell: Child,
    folder: TempDir,
    pub port: u16,
}

/// What a server answered.
pub(crate) struct JsonResponse {
    pub status: u16,
    pub body: Value,
}

impl PythonServer {
    /// Starts a program with these words and `--port` on a port that is free now, and waits until it takes connections.
    /// `folder` is where it runs.
    pub(crate) fn start(program: &str, words: &[&str], mut folder: TempDir) -> Self {
        // Another process may take a port between looking for it and using it.
        for _ in 0..10 {
            match Self::try_start(&SERVERS.programs().join(program), words, folder) {
                Ok(served) => return served,
                Err(again) => folder = again,
            }
        }
        let said = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        panic!("{program} did not start in ten attempts: {said}");
    }

    fn try_start(program: &Path, words: &[&str], folder: TempDir) -> Result<Self, TempDir> {
        let port = free_port();
        let log = File::create(folder.path().join("log")).expect("a log");
        let shell = Command::new("sh")
            .args(["-c", WATCH, "sh"])
            .arg(program)
            .args(words)
            .args(["--port", &port.to_string()])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("a shell can be run");
        let mut served = Self { shell, folder, port };
        let patience = Instant::now() + Duration::from_mins(1);
        while Instant::now() < patience {
            // Who ended does not listen, whoever else may do so on its port.
            if served.shell.try_wait().expect("the shell can be asked").is_some() {
                let empty = TempDir::new().expect("a folder");
                return Err(std::mem::replace(&mut served.folder, empty));
            }
            if served.log_contains("http://127.0.0.1") && TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(served);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{} does not answer: {}", program.display(), served.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Whether its log holds a text.
    pub(crate) fn log_contains(&self, text: &str) -> bool {
        self.log().contains(text)
    }

    /// The lines of its log that hold a text.
    pub(crate) fn lines(&self, text: &str) -> Vec<String> {
        self.log().lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
    }

    /// Sends a request with a token, as HTTP 1.0, so that the answer ends with the connection.
    pub(crate) fn send_request(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> JsonResponse {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        let request = format!(
            "{method} {path} HTTP/1.0\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer}"));
        JsonResponse {
            status: status.unwrap_or_else(|| panic!("no status: {answer}")),
            body: serde_json::from_str(body).unwrap_or_default(),
        }
    }
}

impl Drop for PythonServer {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        self.shell.wait().expect("the shell ends");
        if std::thread::panicking() {
            let log = self.log();
            let last = log.lines().count().saturating_sub(20);
            log.lines().skip(last).for_each(|line| eprintln!("{line}"));
        }
    }
}
