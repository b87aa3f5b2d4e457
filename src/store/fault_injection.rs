//! Fault injection for tests: sends a signal to the process at a given point of its database access.
//!
//! Each begin, statement and commit has two points, one before and one after it, counted from 1 since the start of the
//! process. In a debug build `ROLLCALL_STRIKE=120:KILL` sends SIGKILL at the 120th point, which has the effect of a
//! power failure. `120:STOP` suspends the process there until it receives SIGCONT. With
//! `RUST_LOG=rollcall_store::fault_injection=trace` each point is logged. `ROLLCALL_PANIC=read groups` panics at every
//! statement that does this. Release builds do not contain this code.

/// On which side of a statement a point lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StatementSide {
    /// Before the statement is sent.
    Before,
    /// After its answer has come.
    After,
}

/// Sends the requested signal if this is the requested point.
#[cfg(debug_assertions)]
pub(super) fn inject_fault(side: StatementSide, doing: &'static str, sql: &str) {
    use std::process::{Command, id};
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static PASSED: AtomicU64 = AtomicU64::new(0);
    static ASKED: LazyLock<Option<(u64, String)>> = LazyLock::new(|| {
        let asked = std::env::var("ROLLCALL_STRIKE").ok()?;
        let (point, signal) = asked.split_once(':')?;
        Some((point.parse().ok()?, signal.to_owned()))
    });

    static PANIC: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("ROLLCALL_PANIC").ok());

    assert!(PANIC.as_deref() != Some(doing), "a fault was injected at `{doing}`");
    let point = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
    let verb = sql.split_ascii_whitespace().next().unwrap_or_default();
    tracing::trace!(point, side = ?side, doing, verb, "passed a point");
    if let Some((at, signal)) = &*ASKED
        && *at == point
    {
        // The thread waits for `kill`: it goes on after SIGCONT, and never after SIGKILL.
        let _ = Command::new("kill").args(["-s", signal, &id().to_string()]).status();
    }
}

/// Nothing.
#[cfg(not(debug_assertions))]
pub(super) fn inject_fault(_side: StatementSide, _doing: &'static str, _sql: &str) {}
