//! Linking and unlinking of two learners.
//!
//! The first learner stays and takes over the persons, memberships, exclusions, own assignments and progress of the
//! second. The second learner leaves; its record is kept to undo the link. [`crate::sync::resync_learner`] evaluates the
//! rules for the merged attributes afterwards.

use crate::enrollment::ChangeTransaction;
use crate::enrollment::change::{ChangeTime, CommittedChange};
use crate::groups::suspension::refuse_if_suspended;
use crate::groups::{GroupError, Result, find_learner};
use rollcall_model::ids::{LearnerId, RuleId, RunId};
use rollcall_model::status::LearnerStatus;
use rollcall_store::learners::Learner;
use rollcall_store::memberships::{self, MembershipReason};
use rollcall_store::runs::NewRun;
use rollcall_store::{Store, jobs, learner_links};

/// Result of linking or unlinking two learners.
#[derive(Debug)]
pub struct LinkResult {
    /// The change.
    pub done: CommittedChange,
    /// The first learner.
    pub learner: Learner,
    /// The number of the other one.
    pub other: LearnerId,
}

/// Links two learners: `first` stays.
///
/// # Errors
/// When one is unknown or suspended, both are one already, or a connector holds both at once and neither has left.
pub async fn link_learners(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    first: &str,
    second: &str,
) -> Result<LinkResult> {
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let learner = find_learner(&mut change.tx, first).await?;
    let other = find_learner(&mut change.tx, second).await?;
    if learner.id == other.id {
        return Err(GroupError::SameLearner { one: first.to_owned(), other: second.to_owned() });
    }
    // A link would give the persons of a suspended learner to one who is not.
    refuse_if_suspended(&mut change.tx, &learner).await?;
    refuse_if_suspended(&mut change.tx, &other).await?;
    // A person who returned may have the record of the former employment beside the new one.
    let may_share = [learner.status, other.status].contains(&LearnerStatus::Left);
    if let Some(connector) = learner_links::list_shared_connectors(&mut change.tx, learner.id, other.id)
        .await?
        .pop()
        .filter(|_| !may_share)
    {
        return Err(GroupError::SameConnector { one: learner.email, other: other.email, connector });
    }
    let of_other = learner_links::list_memberships(&mut change.tx, other.id).await?;
    let has_access = learner.status.has_access();
    let give = of_other.iter().filter(|_| has_access);
    let give: Vec<MembershipReason> =
        give.map(|&(group, rule)| MembershipReason { group, rule, learner: learner.id }).collect();
    let end: Vec<MembershipReason> =
        of_other.iter().map(|&(group, rule)| MembershipReason { group, rule, learner: other.id }).collect();
    change.stage_memberships(give.clone(), [], [other.id]).await?;
    change.apply_memberships().await?;
    learner_links::keep_earliest_join_dates(&mut change.tx, learner.id, other.id).await?;
    change.change_memberships([], end).await?;
    let run = change.run;
    learner_links::copy_exclusions(&mut change.tx, learner.id, other.id, run).await?;
    learner_links::link_learners(&mut change.tx, learner.id, other.id, run).await?;
    enqueue_courses(&mut change, learner.id, other.id).await?;
    Ok(LinkResult { done: change.commit().await?, learner, other: other.id })
}

/// Separates two learners that [`link_learners`] merged.
///
/// # Errors
/// When one is unknown or suspended, or they are not linked.
pub async fn unlink_learners(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    first: &str,
    second: &str,
) -> Result<LinkResult> {
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let learner = find_learner(&mut change.tx, first).await?;
    let other = find_learner(&mut change.tx, second).await?;
    let Some(link) = learner_links::find_active_link(&mut change.tx, learner.id, other.id).await? else {
        return Err(GroupError::NotLinked { one: first.to_owned(), other: second.to_owned() });
    };
    refuse_if_suspended(&mut change.tx, &learner).await?;
    refuse_if_suspended(&mut change.tx, &other).await?;
    let linked = RunId(link.run_id);
    let run = change.run;
    // What the other one had by hand goes back to it; what rules give is worked out for both afterwards.
    let ended = rollcall_store::undo::list_ended(&mut change.tx, linked).await?;
    let was = |rule: RuleId| -> Vec<_> {
        ended.iter().filter(|one| one.learner_id == link.merged_id && one.rule_id == rule).collect()
    };
    let by_hand: Vec<_> = was(RuleId::BY_HAND).into_iter().map(|one| one.group_id).collect();
    let given = rollcall_store::undo::list_given(&mut change.tx, linked).await?;
    let take = given.iter().filter(|one| one.learner_id == link.learner_id && one.rule_id == RuleId::BY_HAND);
    let take: Vec<MembershipReason> = take
        .map(|one| MembershipReason { group: one.group_id, rule: RuleId::BY_HAND, learner: one.learner_id })
        .collect();
    learner_links::unlink_learners(&mut change.tx, link, run).await?;
    learner_links::lift_copied_exclusions(&mut change.tx, link.learner_id, linked, run).await?;
    let merged = rollcall_store::learners::get_status(&mut change.tx, link.merged_id).await?;
    if merged == LearnerStatus::Left {
        for group in by_hand {
            memberships::insert_dormant(&mut change.tx, vec![link.merged_id.0], group, run).await?;
        }
        change.change_memberships([], take).await?;
    } else {
        let give = by_hand.into_iter().map(|group| MembershipReason {
            group,
            rule: RuleId::BY_HAND,
            learner: link.merged_id,
        });
        let give: Vec<MembershipReason> = give.collect();
        change.change_memberships(give, take).await?;
    }
    enqueue_courses(&mut change, link.learner_id, link.merged_id).await?;
    Ok(LinkResult { done: change.commit().await?, learner, other: link.merged_id })
}

/// Enqueues every course that either has anything to do with.
async fn enqueue_courses(change: &mut ChangeTransaction, one: LearnerId, other: LearnerId) -> Result<()> {
    let pairs = learner_links::list_course_pairs(&mut change.tx, one, other).await?;
    jobs::enqueue_pairs(&mut change.tx, &pairs, change.time.now, change.run).await?;
    Ok(())
}
