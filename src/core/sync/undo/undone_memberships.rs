//! Memberships that an undo restores and ends.

use rustc_hash::FxHashMap;

use super::UndoBuilder;

use rollcall_model::ids::{GroupId, LearnerId, RuleId};
use rollcall_model::status::LearnerStatus;
use rollcall_store::Result;
use rollcall_store::memberships::MembershipReason;
use rollcall_store::undo::{self as changes, EndedMembershipRow, WaitingMembership};

impl UndoBuilder<'_> {
    /// Restores the memberships that the run ended, ends those that it gave, and restores the learners whose access or first
    /// day it changed.
    pub(super) async fn revert_memberships(&mut self, by_hand: bool) -> Result<()> {
        self.find_released_learners().await?;
        let learners = self.find_restored_learners().await?;
        let statuses: FxHashMap<LearnerId, LearnerStatus> =
            learners.iter().map(|one| (one.id, one.status)).collect();
        let mut given = changes::list_given(&mut self.change.tx, self.run).await?;
        given.retain(|one| !self.released.contains(&one.learner_id));
        let ended = changes::list_ended(&mut self.change.tx, self.run).await?;
        let mut touched: Vec<(LearnerId, GroupId, &'static str)> = Vec::new();
        let mut again = Vec::new();
        for one in &ended {
            match describe_obstacle(one, &statuses) {
                Some(why) => touched.push((one.learner_id, one.group_id, why)),
                None => again.push(MembershipReason {
                    group: one.group_id,
                    rule: one.rule_id,
                    learner: one.learner_id,
                }),
            }
        }
        if by_hand {
            again.extend(self.restore_waiting(&statuses).await?);
        }
        let take: Vec<MembershipReason> = given
            .iter()
            .map(|one| MembershipReason { group: one.group_id, rule: one.rule_id, learner: one.learner_id })
            .collect();
        self.add_membership_decisions(&again, &take).await?;
        // This query comes before the undo ends memberships itself.
        let gone = changes::describe_given_and_ended(&mut self.change.tx, self.run).await?;
        self.undone.touched.extend(gone);
        let moving = learners.iter().filter(|one| one.moves).map(|one| one.id);
        self.change
            .stage_undone_memberships(again.iter().copied(), take.iter().copied(), moving, self.run)
            .await?;
        self.restore_learners(&learners).await?;
        self.change.apply_memberships().await?;
        let number = self.change.run;
        changes::restore_join_dates(&mut self.change.tx, self.run, number).await?;
        self.restore_records(&learners).await?;
        self.undone.touched.extend(changes::describe_memberships(&mut self.change.tx, &touched).await?);
        Ok(())
    }

    /// Lets manual memberships wait again that a change by hand ended; returns those of learners who have access by now.
    async fn restore_waiting(
        &mut self,
        statuses: &FxHashMap<LearnerId, LearnerStatus>,
    ) -> Result<Vec<MembershipReason>> {
        let ended = changes::list_ended_waiting(&mut self.change.tx, self.run).await?;
        let has_access = |one: &WaitingMembership| {
            statuses.get(&one.learner_id).copied().unwrap_or(one.status).has_access()
        };
        let (now, later): (Vec<_>, Vec<_>) = ended.into_iter().partition(has_access);
        let later: Vec<i64> = later.into_iter().map(|one| one.learner_id.0).collect();
        self.undone.waiting += changes::restore_waiting(&mut self.change.tx, self.run, later).await?;
        let by_hand = |one: WaitingMembership| MembershipReason {
            group: one.group_id,
            rule: RuleId::BY_HAND,
            learner: one.learner_id,
        };
        Ok(now.into_iter().map(by_hand).collect())
    }
}

/// Returns the reason why a membership cannot be restored.
fn describe_obstacle(
    one: &EndedMembershipRow,
    statuses: &FxHashMap<LearnerId, LearnerStatus>,
) -> Option<&'static str> {
    let has_access = statuses.get(&one.learner_id).copied().unwrap_or(one.status).has_access();
    if one.is_there {
        Some("is a member again")
    } else if one.ended_again {
        Some("became a member and left again")
    } else if one.giver_undone_by.is_some() {
        Some("the run that added the membership was undone")
    } else if one.group_deleted {
        Some("the group was deleted")
    } else if one.status == LearnerStatus::Suspended {
        Some("was suspended later")
    } else if !has_access {
        Some("left later")
    } else {
        None
    }
}
