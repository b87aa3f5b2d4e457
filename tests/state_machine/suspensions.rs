//! Learners who are suspended by hand, and whose suspension ends.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::NaiveDate;
use rollcall_core::groups::{self, SuspensionResult};
use rollcall_core::sync::restore_learner::restore_learner;
use rollcall_core::sync::resync_learner::ResyncContext;
use tokio_util::sync::CancellationToken;

use super::plan::{ModelReading, ModelScope};
use super::reference_model::{
    LearnerKey, MembershipKey, ModelRecord, ModelRunKind, ModelStatus, ReferenceModel, RunNumber,
};
use super::rules::ModelConfig;
use super::runner::HistoryRunner;
use super::runs::ModelRun;
use crate::support::manual_changes::manual_run;

impl HistoryRunner {
    /// A suspension; false if the learner was suspended before.
    pub(super) fn suspends(&mut self, a: usize) -> Result<bool, String> {
        let who = self.pick_learner(a);
        let (text, company) = (self.text(&who), &self.company);
        let (next, when) = (company.last_run() + 1, company.change_time());
        let done =
            company.runtime.block_on(groups::suspend_learner(&company.store, &manual_run(), when, &text));
        let done = matches!(done.map_err(|why| why.to_string())?, SuspensionResult::Suspended(_));
        let did = self.model.suspend(&who, when.today, next);
        if done == did { Ok(done) } else { Err(format!("{who}: suspended {done}, the model says {did}")) }
    }

    /// The end of a suspension; false if nobody is suspended.
    pub(super) fn lifts_suspension(&mut self, a: usize) -> Result<bool, String> {
        let suspended: Vec<LearnerKey> = self.model.suspended.keys().cloned().collect();
        let Some(who) = suspended.get(a % suspended.len().max(1)) else { return Ok(false) };
        self.write(None);
        let (text, company) = (self.text(who), &self.company);
        let (config, stop) = (company.config(), CancellationToken::new());
        let anew = ResyncContext {
            store: &company.store,
            file: config.for_sync(),
            patience: Duration::from_mins(1),
            stop: &stop,
        };
        let (next, when) = (company.last_run() + 1, company.change_time());
        let done = company.runtime.block_on(restore_learner(anew, &manual_run(), when, &text));
        done.map_err(|why| format!("{who}: {why}"))?;
        self.model.lift_suspension(&self.file, who, when.today, next);
        Ok(true)
    }
}

impl ReferenceModel {
    /// Suspends a learner, who is in nothing from now on; false if that was so before.
    fn suspend(&mut self, who: &LearnerKey, today: NaiveDate, run: RunNumber) -> bool {
        if self.suspended.contains_key(who) {
            return false;
        }
        let reasons: BTreeSet<MembershipKey> =
            self.members.keys().filter(|reason| reason.who == *who).cloned().collect();
        self.keep_dues(&BTreeSet::new(), &reasons, std::slice::from_ref(who), today, run);
        self.suspended.insert(who.clone(), run);
        let learner = self.learners.get_mut(who).expect("a learner");
        (learner.status, learner.run) = (ModelStatus::Suspended, run);
        self.change_members(&BTreeSet::new(), &reasons, today, run);
        self.runs.insert(run, ModelRunKind::Suspension);
        true
    }

    /// Ends a suspension. The rules are evaluated for whom a connector holds; others get back what the suspension took.
    fn lift_suspension(&mut self, file: &ModelConfig, who: &LearnerKey, today: NaiveDate, run: RunNumber) {
        let suspension = self.suspended.remove(who).expect("a suspension");
        self.runs.insert(run, ModelRunKind::Suspension);
        let own = self.persons.iter().filter(|(_, person)| person.who == *who && person.present);
        let Some(connector) = own.clone().map(|((connector, _), _)| *connector).min() else {
            self.give_back(who, suspension, today, run);
            return;
        };
        let people: BTreeMap<String, ModelRecord> = own
            .filter(|((of, _), _)| *of == connector)
            .map(|((_, word), person)| (word.clone(), person.record.clone()))
            .collect();
        let passage = ModelRun { file, connector, today, run: run + 1, allow: true };
        self.runs.insert(passage.run, ModelRunKind::Resync(connector));
        self.execute_run(passage, &ModelReading { people, scope: ModelScope::OneLearner });
    }

    fn give_back(&mut self, who: &LearnerKey, suspension: RunNumber, today: NaiveDate, run: RunNumber) {
        let learner = self.learners.get_mut(who).expect("a learner");
        learner.status = if learner.by_hand { ModelStatus::Active } else { ModelStatus::Left };
        learner.run = run;
        if !learner.by_hand {
            return;
        }
        learner.active_since = today;
        let is_live = |group: usize| self.groups[group].deleted.is_none();
        let waiting = self
            .resting
            .iter()
            .filter(|((group, one), waiting)| one == who && waiting.ended.is_none() && is_live(*group));
        let by_hand =
            waiting.map(|((group, _), _)| MembershipKey { group: *group, rule: "", who: who.clone() });
        let by_rule = self
            .ended
            .iter()
            .filter(|one| one.run == suspension && !one.reason.rule.is_empty() && is_live(one.reason.group));
        let again: BTreeSet<MembershipKey> = by_hand.chain(by_rule.map(|one| one.reason.clone())).collect();
        self.change_members(&again, &BTreeSet::new(), today, run);
    }
}
