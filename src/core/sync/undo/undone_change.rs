//! Records of undone changes: decisions that keep the next run from making the changes again.

use rustc_hash::{FxHashMap, FxHashSet};

use super::UndoBuilder;
use crate::sync::load::to_manual_person;
use rollcall_model::guard::HeldChangeState;
use rollcall_model::guard::{ChangeKey, ChangeKind, HeldGroup, HoldCause};
use rollcall_model::ids::{LearnerId, RuleId, RunId};
use rollcall_model::interner::Interner;
use rollcall_planner::fingerprint::{ABSENT, cells_print, of_entry};
use rollcall_planner::manual_cells;
use rollcall_planner::population::from_json;
use rollcall_store::memberships::MembershipReason;
use rollcall_store::{Result, holds, learners, undo as changes};

impl UndoBuilder<'_> {
    /// Adds the decisions on memberships that are restored (`again`) and ended (`take`). Their fingerprints are those of
    /// the learners as they are now.
    pub(super) async fn add_membership_decisions(
        &mut self,
        again: &[MembershipReason],
        take: &[MembershipReason],
    ) -> Result<()> {
        if self.connector.is_none() {
            return Ok(());
        }
        let rules = self.list_rule_digests().await?;
        let ids: FxHashSet<i64> = again.iter().chain(take).map(|reason| reason.learner.0).collect();
        let prints = self.list_learner_prints(ids.into_iter().collect()).await?;
        let undo = self.change.run;
        for (kind, reasons) in [(ChangeKind::End, again), (ChangeKind::Give, take)] {
            for reason in reasons {
                let group = HeldGroup::Known(reason.group);
                let named = ChangeKey {
                    who: Some(reason.learner),
                    group: Some(&group),
                    rule: Some(reason.rule),
                    ..ChangeKey::default()
                };
                let print = prints.get(&reason.learner).copied().unwrap_or(ABSENT);
                let fingerprint = of_entry(print, rules.get(&reason.rule).copied().unwrap_or(0));
                self.decisions.push(undone_change(undo, named, kind, fingerprint));
            }
        }
        Ok(())
    }

    /// Returns the digests of the rules in the file.
    async fn list_rule_digests(&mut self) -> Result<FxHashMap<RuleId, i64>> {
        let names = changes::list_rule_names(&mut self.change.tx).await?;
        let digest = |(id, name): (RuleId, String)| {
            let rule = self.file.rules.iter().find(|rule| rule.name.as_str() == name)?;
            Some((id, rule.digest()))
        };
        Ok(names.into_iter().filter_map(digest).collect())
    }

    /// Returns the fingerprints of the attributes of learners, and of all who were added manually.
    async fn list_learner_prints(&mut self, ids: Vec<i64>) -> Result<FxHashMap<LearnerId, i64>> {
        let attributes = self.file.attributes;
        let stored = learners::list_attributes(&mut self.change.tx, ids).await?;
        let mut prints: FxHashMap<LearnerId, i64> = stored
            .into_iter()
            .map(|(id, json)| {
                let mut values = Interner::default();
                let cells = from_json(attributes, &mut values, &json);
                (id, cells_print(attributes, &values, &cells))
            })
            .collect();
        // A learner who was added manually has no attributes but a name and an address.
        for one in learners::list_manual(&mut self.change.tx).await? {
            let mut values = Interner::default();
            let one = to_manual_person(one);
            let cells = manual_cells(attributes, &mut values, &one);
            prints.insert(one.learner, cells_print(attributes, &values, &cells));
        }
        Ok(prints)
    }
}

/// Creates the record of a change that was undone.
pub(super) fn undone_change(
    undo: RunId,
    named: ChangeKey<'_>,
    kind: ChangeKind,
    fingerprint: i64,
) -> holds::NewHeldChange {
    let (group, group_name) = match named.group {
        Some(HeldGroup::Known(id)) => (Some(*id), None),
        Some(HeldGroup::New(name)) => (None, Some(name.clone())),
        None => (None, None),
    };
    holds::NewHeldChange {
        key: named.key(kind),
        kind,
        learner: named.who,
        external_id: named.external_id.map(str::to_owned),
        group,
        group_name,
        rule: named.rule,
        assignment: named.assignment,
        state: HeldChangeState::Undone,
        reason: HoldCause::Undone.as_str(),
        fingerprint,
        decision: Some(undo),
    }
}
