//! The program itself, as people and machines start it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::company::Company;

/// What a command came to.
#[derive(Debug)]
pub(crate) struct CommandOutput {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl CommandOutput {
    /// Standard output as one JSON document.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Standard output as a JSON document a line.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// The same, when it ended as it should.
    pub(crate) fn expect_status(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

/// The program with nothing of this machine's surroundings.
pub(crate) fn rollcall_command(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    command.env_clear().env("USER", "tester").env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
    command.arg("--config").arg(config);
    command
}

/// Runs a command to its end.
pub(crate) fn run_to_end(command: &mut Command) -> CommandOutput {
    let output = command.output().expect("rollcall runs");
    CommandOutput {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

impl Company {
    /// Runs a command on the company's file and people as they are now.
    pub(crate) fn rollcall(&self, args: &[&str]) -> CommandOutput {
        let output = run_to_end(rollcall_command(&self.write()).args(args));
        self.record();
        output
    }

    /// The JSON of a command that succeeds.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        self.rollcall(&[args, &["--json"]].concat()).expect_status(0).json()
    }
}

/// A program that runs, ended with the test.
pub(crate) struct RunningProgram {
    child: Child,
    log: Arc<PipeLines>,
    out: Arc<PipeLines>,
}

/// The lines that have come from a pipe so far.
#[derive(Default)]
struct PipeLines {
    lines: Mutex<Vec<String>>,
    /// Notified with each line.
    came: Condvar,
}

/// How long a test waits for what should take a moment.
const WAIT_TIMEOUT: Duration = Duration::from_mins(1);

/// Waits until a condition holds that another process brings about without an event.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < WAIT_TIMEOUT, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Keeps the lines of a pipe as they come.
fn collect_lines(pipe: impl std::io::Read + Send + 'static) -> Arc<PipeLines> {
    let lines = Arc::new(PipeLines::default());
    let kept = Arc::clone(&lines);
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            kept.lines.lock().expect("the lines").push(line);
            kept.came.notify_all();
        }
    });
    lines
}

impl PipeLines {
    fn all(&self) -> Vec<String> {
        self.lines.lock().expect("the lines").clone()
    }

    fn count(&self, text: &str) -> usize {
        count_lines(&self.lines.lock().expect("the lines"), text)
    }

    /// Waits until so many lines hold a text.
    fn wait_for(&self, text: &str, count: usize) {
        let lines = self.lines.lock().expect("the lines");
        let is_missing = |lines: &mut Vec<String>| count_lines(lines, text) < count;
        let (lines, waited) =
            self.came.wait_timeout_while(lines, WAIT_TIMEOUT, is_missing).expect("the lines");
        assert!(!waited.timed_out(), "`{text}` did not come {count} times: {lines:#?}");
    }
}

fn count_lines(lines: &[String], text: &str) -> usize {
    lines.iter().filter(|line| line.contains(text)).count()
}

impl RunningProgram {
    /// Starts a command and gathers its log and its output.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("rollcall starts");
        let log = collect_lines(child.stderr.take().expect("a pipe"));
        let out = collect_lines(child.stdout.take().expect("a pipe"));
        Self { child, log, out }
    }

    /// What it has said besides its log.
    pub(crate) fn out(&self) -> Vec<String> {
        self.out.all()
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.all()
    }

    /// Waits until a line of the log holds a text.
    pub(crate) fn wait_for_log(&self, text: &str) {
        self.wait_for_lines(text, 1);
    }

    /// Waits until so many lines of the log hold a text.
    pub(crate) fn wait_for_lines(&self, text: &str, count: usize) {
        self.log.wait_for(text, count);
    }

    /// How many lines of the log hold a text so far.
    pub(crate) fn count_log_lines(&self, text: &str) -> usize {
        self.log.count(text)
    }

    /// Sends a signal such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        send_signal(self.child.id(), name);
    }

    /// The largest amount of memory that it has had so far, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = self.read_proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the line");
        let kib = line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number");
        kib * 1024
    }

    /// The processor time that it has used so far.
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = self.read_proc("stat");
        // User and system time are the 14th and 15th field; the second one, in brackets, may contain spaces.
        let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
        let ticks =
            fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().expect("a number"));
        Duration::from_millis(ticks.sum::<u64>() * 10)
    }

    fn read_proc(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("the process runs")
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it can be asked").is_some()
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("it ends")
    }
}

impl Drop for RunningProgram {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}", self.log().join("\n"));
        }
    }
}

/// Sends a signal such as `TERM` to a process; by the shell, since a small Debian has no program for it.
pub(crate) fn send_signal(process: u32, name: &str) {
    let status = Command::new("sh").args(["-c", &format!("kill -s {name} {process}")]).status();
    assert!(status.expect("the shell runs").success(), "{name} to {process}");
}
