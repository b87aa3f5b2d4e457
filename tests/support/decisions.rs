//! Runs under the limits of the file, and what people of the company decide on what they hold.

use std::collections::BTreeMap;
use std::time::Duration;

use rollcall::groups::links::Linked;
use rollcall::model::guard::Limit;
use rollcall::model::ids::RunId;
use rollcall::store::runs::Kind;
use rollcall::sync::approve::{self, Decided};
use rollcall::sync::refresh::Anew;
use rollcall::sync::undo::{self, Undone};
use rollcall::sync::{Outcome, Report, linked, retire};
use tokio_util::sync::CancellationToken;

use super::company::{Company, email, run_asked};
use super::hand::about;

/// The limits that stand where the file says nothing.
pub const DEFAULT_LIMITS: &str = "[safety]\nmax_removals = '5%'\n";

impl Company {
    /// The limits as they are without a `[safety]` of the file's own.
    pub fn guarded(&mut self) {
        self.head = DEFAULT_LIMITS.to_owned();
    }

    /// People `PREFIX1` to `PREFIXn` in a department.
    pub fn hire_many(&mut self, prefix: &str, count: usize, values: &[(&str, &str)]) {
        for number in 1..=count {
            self.hire(&format!("{prefix}{number}"), values);
        }
    }

    /// The same people leave.
    pub fn leave_many(&mut self, prefix: &str, count: usize) {
        for number in 1..=count {
            self.leave(&format!("{prefix}{number}"));
        }
    }

    /// A run of the first directory; something of it is held.
    pub fn sync_held(&self) -> Report {
        let report = self.sync();
        assert!(matches!(report.outcome, Outcome::Held), "{:?}: {:?}", report.outcome, held(&report));
        report
    }

    /// A run of the first directory; nothing of it is held.
    pub fn sync_free(&self) -> Report {
        let report = self.sync();
        let free = matches!(report.outcome, Outcome::Applied | Outcome::Unchanged);
        assert!(free, "{:?}: {:?}", report.outcome, reasons(&report));
        report
    }

    /// A run with `--allow-removals`.
    pub fn sync_allowing(&self) -> Report {
        let config = self.config();
        let report =
            self.runtime.block_on(run_asked(&self.store, &config, "hr", |asked| asked.allow_removals = true));
        self.drain();
        report
    }

    /// Approves what a run held.
    pub fn approve(&self, run: RunId) -> Result<Decided, approve::Error> {
        let config = self.config();
        let asked = asked(format!("approve {run}"));
        let decided = self.runtime.block_on(approve::approve(&self.store, config.for_sync(), run, &asked));
        self.drain();
        decided
    }

    /// Rejects what a run held.
    pub fn reject(&self, run: RunId) -> Result<Decided, approve::Error> {
        self.runtime.block_on(approve::reject(&self.store, &about(), self.when(), run))
    }

    /// Takes back what a run did.
    pub fn undo(&self, run: i64) -> Result<Undone, undo::Error> {
        let config = self.config();
        let about = rollcall::store::runs::About { kind: Kind::Undo, subject: Some(RunId(run)), ..about() };
        let undone = self.runtime.block_on(undo::undo(
            &self.store,
            config.for_sync(),
            &about,
            self.when(),
            RunId(run),
        ));
        self.drain();
        undone
    }

    /// Makes two learners one.
    pub fn link(&self, one: &str, other: &str) -> Result<Linked, linked::Error> {
        self.two(one, other, async |anew, names| linked::link(anew, &about(), self.when(), names).await)
    }

    /// Parts two learners.
    pub fn unlink(&self, one: &str, other: &str) -> Result<Linked, linked::Error> {
        self.two(one, other, async |anew, names| linked::unlink(anew, &about(), self.when(), names).await)
    }

    fn two(
        &self,
        one: &str,
        other: &str,
        deed: impl AsyncFnOnce(Anew<'_>, [&str; 2]) -> Result<Linked, linked::Error>,
    ) -> Result<Linked, linked::Error> {
        let (config, stop) = (self.config(), CancellationToken::new());
        let anew =
            Anew { store: &self.store, file: config.for_sync(), patience: Duration::ZERO, stop: &stop };
        let linked = self.runtime.block_on(deed(anew, [&email(one), &email(other)]));
        self.drain();
        linked
    }

    /// Retires a connector.
    pub fn retire(&self, name: &str, allow: bool) -> Result<Report, retire::NotRetired> {
        let config = self.config();
        let asked = asked(format!("retire {name}"));
        let report =
            self.runtime.block_on(retire::retire(&self.store, config.for_sync(), name, &asked, allow));
        self.drain();
        report
    }

    /// The number of the last run or change.
    pub fn last_run(&self) -> i64 {
        self.one("SELECT max(id) FROM runs").parse().expect("a number")
    }
}

fn asked(what: String) -> approve::Asked {
    approve::Asked {
        actor: "tester".to_owned(),
        what,
        patience: Duration::from_secs(60),
        stop: CancellationToken::new(),
    }
}

/// How many waiting changes there are of each kind.
pub fn held(report: &Report) -> BTreeMap<&'static str, usize> {
    let mut kinds = BTreeMap::new();
    let change_set = report.change_set.as_ref().expect("a plan");
    for change in change_set.held.changes.iter().filter(|change| change.is_waiting()) {
        *kinds.entry(change.kind.as_str()).or_default() += 1;
    }
    kinds
}

/// The limits that a run reached.
pub fn reasons(report: &Report) -> Vec<(Limit, String)> {
    let change_set = report.change_set.as_ref().expect("a plan");
    change_set.held.reasons.iter().map(|reason| (reason.limit, reason.message.clone())).collect()
}

/// What changed since the last good run, as a hold says it.
pub fn causes(report: &Report) -> Vec<String> {
    report.change_set.as_ref().expect("a plan").held.causes.clone()
}
