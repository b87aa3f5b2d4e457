//! Runs under the limits of the file, and what people of the company decide on what they hold.

use std::collections::BTreeMap;
use std::time::Duration;

use rollcall_core::groups::learner_links::LinkResult;
use rollcall_core::sync::approve::{self, ApprovalResult};
use rollcall_core::sync::resync_learner::{ResyncContext, resync_learner};
use rollcall_core::sync::undo::{self, UndoCounts};
use rollcall_core::sync::{ApprovalError, ApprovalRequest};
use rollcall_core::sync::{RunOutcome, RunReport, link_learners, retire_connector};
use rollcall_model::guard::HoldCause;
use rollcall_model::ids::{LearnerId, RunId};
use rollcall_store::runs::RunRecordKind;
use tokio_util::sync::CancellationToken;

use super::company::{Company, email, run_with_options};
use super::manual_changes::manual_run;

/// The limits that stand where the file says nothing.
pub(crate) const DEFAULT_LIMITS: &str = "[safety]\nmax_removals = '5%'\n";

impl Company {
    /// The limits as they are without a `[safety]` of the file's own.
    pub(crate) fn use_default_limits(&mut self) {
        self.head = DEFAULT_LIMITS.to_owned();
    }

    /// People `PREFIX1` to `PREFIXn` in a department.
    pub(crate) fn hire_many(&mut self, prefix: &str, count: usize, values: &[(&str, &str)]) {
        for number in 1..=count {
            self.hire(&format!("{prefix}{number}"), values);
        }
    }

    /// The same people leave.
    pub(crate) fn leave_many(&mut self, prefix: &str, count: usize) {
        for number in 1..=count {
            self.leave(&format!("{prefix}{number}"));
        }
    }

    /// A run of the first directory; something of it is held.
    pub(crate) fn sync_with_hold(&self) -> RunReport {
        let report = self.sync();
        assert!(
            matches!(report.outcome, RunOutcome::Held),
            "{:?}: {:?}",
            report.outcome,
            count_held_changes(&report)
        );
        report
    }

    /// A run of the first directory; nothing of it is held.
    pub(crate) fn sync_without_hold(&self) -> RunReport {
        let report = self.sync();
        let is_held = matches!(report.outcome, RunOutcome::Held);
        assert!(!is_held, "{:?}: {:?}", report.outcome, reasons(&report));
        report
    }

    /// A run with `--allow-removals`.
    pub(crate) fn sync_allowing_removals(&self) -> RunReport {
        let report = self.run_allowing("hr", true);
        self.drain();
        report
    }

    /// A run of one directory, with or without `--allow-removals`; workers come later.
    pub(crate) fn run_allowing(&self, directory: &str, allow: bool) -> RunReport {
        let config = self.config();
        self.runtime
            .block_on(run_with_options(&self.store, &config, directory, |asked| asked.allow_removals = allow))
    }

    /// Approves what a run held.
    pub(crate) fn approve(&self, run: RunId) -> Result<ApprovalResult, ApprovalError> {
        let config = self.config();
        let asked = asked(format!("approve {run}"));
        let decided = self.runtime.block_on(approve::approve(&self.store, config.for_sync(), run, &asked));
        self.drain();
        decided
    }

    /// Rejects what a run held.
    pub(crate) fn reject(&self, run: RunId) -> Result<ApprovalResult, ApprovalError> {
        let rejected =
            self.runtime.block_on(approve::reject(&self.store, &manual_run(), self.change_time(), run));
        self.record();
        rejected
    }

    /// Takes back what a run did.
    pub(crate) fn undo(&self, run: i64) -> Result<UndoCounts, undo::UndoError> {
        let config = self.config();
        let about = rollcall_store::runs::NewRun {
            kind: RunRecordKind::Undo,
            subject: Some(RunId(run)),
            ..manual_run()
        };
        let undone = self.runtime.block_on(undo::undo_run(
            &self.store,
            config.for_sync(),
            &about,
            self.change_time(),
            RunId(run),
            undo::UndoConfirmation::Confirmed,
        ));
        self.drain();
        undone
    }

    /// Evaluates the rules again for one learner, as last read.
    pub(crate) fn resync(&self, who: &str) {
        let (config, stop) = (self.config(), CancellationToken::new());
        let context = ResyncContext {
            store: &self.store,
            file: config.for_sync(),
            patience: Duration::ZERO,
            stop: &stop,
        };
        let learner = LearnerId(self.learner(who));
        let done = self.runtime.block_on(resync_learner(context, learner, &manual_run()));
        done.expect("a resync").expect("a connector holds the learner");
        self.drain();
    }

    /// Makes two learners one.
    pub(crate) fn link(&self, one: &str, other: &str) -> Result<LinkResult, link_learners::LinkError> {
        self.two(one, other, async |anew, names| {
            link_learners::link(anew, &manual_run(), self.change_time(), names).await
        })
    }

    /// Parts two learners.
    pub(crate) fn unlink(&self, one: &str, other: &str) -> Result<LinkResult, link_learners::LinkError> {
        self.two(one, other, async |anew, names| {
            link_learners::unlink(anew, &manual_run(), self.change_time(), names).await
        })
    }

    fn two(
        &self,
        one: &str,
        other: &str,
        deed: impl AsyncFnOnce(ResyncContext<'_>, [&str; 2]) -> Result<LinkResult, link_learners::LinkError>,
    ) -> Result<LinkResult, link_learners::LinkError> {
        let (config, stop) = (self.config(), CancellationToken::new());
        let anew = ResyncContext {
            store: &self.store,
            file: config.for_sync(),
            patience: Duration::ZERO,
            stop: &stop,
        };
        let linked = self.runtime.block_on(deed(anew, [&email(one), &email(other)]));
        self.drain();
        linked
    }

    /// Retires a connector.
    pub(crate) fn retire(&self, name: &str, allow: bool) -> Result<RunReport, retire_connector::RetireError> {
        let config = self.config();
        let asked = asked(format!("retire {name}"));
        let report = self.runtime.block_on(retire_connector::retire(
            &self.store,
            config.for_sync(),
            name,
            &asked,
            allow,
        ));
        self.drain();
        report
    }

    /// The number of the last run or change.
    pub(crate) fn last_run(&self) -> i64 {
        self.query_value("SELECT max(id) FROM runs").parse().expect("a number")
    }
}

fn asked(what: String) -> ApprovalRequest {
    ApprovalRequest {
        actor: "tester".to_owned(),
        what,
        patience: Duration::from_mins(1),
        stop: CancellationToken::new(),
    }
}

/// How many waiting changes there are of each kind.
pub(crate) fn count_held_changes(report: &RunReport) -> BTreeMap<&'static str, usize> {
    let mut kinds = BTreeMap::new();
    let change_set = report.change_set.as_ref().expect("a plan");
    for change in change_set.held.changes.iter().filter(|change| change.is_waiting()) {
        *kinds.entry(change.kind.as_str()).or_default() += 1;
    }
    kinds
}

/// The limits that a run reached.
pub(crate) fn reasons(report: &RunReport) -> Vec<(HoldCause, String)> {
    let change_set = report.change_set.as_ref().expect("a plan");
    change_set.held.reasons.iter().map(|reason| (reason.limit, reason.message.clone())).collect()
}

/// What changed since the last good run, as a hold says it.
pub(crate) fn causes(report: &RunReport) -> Vec<String> {
    report.change_set.as_ref().expect("a plan").held.causes.clone()
}
