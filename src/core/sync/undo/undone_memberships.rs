//! Memberships that an undo restores and ends.

use rustc_hash::FxHashMap;

use super::UndoBuilder;

use rollcall_model::ids::{GroupId, LearnerId};
use rollcall_model::status::LearnerStatus;
use rollcall_store::Result;
use rollcall_store::memberships::MembershipReason;
use rollcall_store::undo::{self as changes, EndedMembershipRow};

impl UndoBuilder<'_> {
    /// Restores the memberships that the run ended, ends those that it gave, and restores the learners who left.
    pub(super) async fn revert_memberships(&mut self) -> Result<()> {
        let leavers = match self.connector {
            Some(connector) => changes::list_leavers(&mut self.change.tx, self.run, connector).await?,
            None => Vec::new(),
        };
        let back = self.find_returning_learners(&leavers);
        let given = changes::list_given(&mut self.change.tx, self.run).await?;
        let ended = changes::list_ended(&mut self.change.tx, self.run).await?;
        let mut touched: Vec<(LearnerId, GroupId, &'static str)> = Vec::new();
        let mut again = Vec::new();
        for one in &ended {
            match describe_obstacle(one, &back) {
                Some(why) => touched.push((one.learner_id, one.group_id, why)),
                None => again.push(MembershipReason {
                    group: one.group_id,
                    rule: one.rule_id,
                    learner: one.learner_id,
                }),
            }
        }
        let take: Vec<MembershipReason> = given
            .iter()
            .map(|one| MembershipReason { group: one.group_id, rule: one.rule_id, learner: one.learner_id })
            .collect();
        self.add_membership_decisions(&again, &take).await?;
        // This query comes before the undo ends memberships itself.
        let gone = changes::describe_given_and_ended(&mut self.change.tx, self.run).await?;
        self.undone.touched.extend(gone);
        let change = &mut self.change;
        change.stage_memberships(again.iter().copied(), take.iter().copied(), back.keys().copied()).await?;
        let states: Vec<(LearnerId, &'static str)> =
            back.iter().map(|(id, status)| (*id, status.as_str())).collect();
        let number = change.run;
        self.undone.learners = changes::restore_learners(&mut change.tx, &states, number).await?;
        change.apply_memberships().await?;
        changes::restore_join_dates(&mut change.tx, self.run, number).await?;
        self.restore_records(&leavers, &back).await?;
        self.undone.touched.extend(changes::describe_memberships(&mut self.change.tx, &touched).await?);
        Ok(())
    }
}

/// Returns the reason why a membership cannot be restored.
fn describe_obstacle(
    one: &EndedMembershipRow,
    back: &FxHashMap<LearnerId, LearnerStatus>,
) -> Option<&'static str> {
    let has_access = one.status.has_access() || back.contains_key(&one.learner_id);
    if one.is_there {
        Some("is a member again")
    } else if one.ended_again {
        Some("became a member and left again")
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
