//! Making two learners one, and parting them again.
//!
//! The first learner stays and becomes both: persons, memberships, exclusions, courses assigned to one alone, progress.
//! The second one leaves, with a record of its own that a parting brings back. What the rules make of the merged
//! attributes is worked out afterwards, by [`crate::sync::refresh`].

use crate::enrollment::Change;
use crate::enrollment::change::{Done, When};
use crate::groups::{Error, Result, find_learner};
use crate::model::ids::{LearnerId, RuleId, RunId};
use crate::model::status::Status;
use crate::store::learners::Learner;
use crate::store::memberships::{self, Reason};
use crate::store::runs::About;
use crate::store::{Store, jobs, links};

/// Two learners who are one now, or two again.
#[derive(Debug)]
pub struct Linked {
    /// The change.
    pub done: Done,
    /// The first learner.
    pub learner: Learner,
    /// The number of the other one.
    pub other: LearnerId,
}

/// Makes two learners one: `first` stays.
///
/// # Errors
/// When one is unknown, both are one already, or a connector holds both at once.
pub async fn link(store: &Store, about: &About, when: When, first: &str, second: &str) -> Result<Linked> {
    let mut change = Change::begin(store, about, when).await?;
    let learner = find_learner(&mut change.tx, first).await?;
    let other = find_learner(&mut change.tx, second).await?;
    if learner.id == other.id {
        return Err(Error::SameLearner { one: first.to_owned(), other: second.to_owned() });
    }
    if let Some(connector) = links::held_by_one(&mut change.tx, learner.id, other.id).await?.pop() {
        return Err(Error::Colleagues { one: learner.email, other: other.email, connector });
    }
    let of_other = links::memberships(&mut change.tx, other.id).await?;
    let has_access = learner.status().has_access();
    let give = of_other.iter().filter(|_| has_access);
    let give: Vec<Reason> = give.map(|&(group, rule)| Reason { group, rule, learner: learner.id }).collect();
    let end: Vec<Reason> =
        of_other.iter().map(|&(group, rule)| Reason { group, rule, learner: other.id }).collect();
    change.prepare(give.clone(), [], [other.id]).await?;
    change.members().await?;
    links::join_earlier(&mut change.tx, learner.id, other.id).await?;
    change.only_members([], end).await?;
    let run = change.run;
    links::copy_exclusions(&mut change.tx, learner.id, other.id, run).await?;
    links::link(&mut change.tx, learner.id, other.id, run).await?;
    settle(&mut change, learner.id, other.id).await?;
    Ok(Linked { done: change.commit().await?, learner, other: other.id })
}

/// Parts two learners whom [`link`] made one.
///
/// # Errors
/// When one is unknown, or they are not linked.
pub async fn unlink(store: &Store, about: &About, when: When, first: &str, second: &str) -> Result<Linked> {
    let mut change = Change::begin(store, about, when).await?;
    let learner = find_learner(&mut change.tx, first).await?;
    let other = find_learner(&mut change.tx, second).await?;
    let Some(link) = links::in_force(&mut change.tx, learner.id, other.id).await? else {
        return Err(Error::NotLinked { one: first.to_owned(), other: second.to_owned() });
    };
    let linked = RunId(link.run_id);
    let run = change.run;
    // What the other one had by hand goes back to it; what rules give is worked out for both afterwards.
    let ended = crate::store::undo::ended(&mut change.tx, linked).await?;
    let was = |rule: RuleId| -> Vec<_> {
        ended.iter().filter(|one| one.learner_id == link.merged_id && one.rule_id == rule).collect()
    };
    let by_hand: Vec<_> = was(RuleId::BY_HAND).into_iter().map(|one| one.group_id).collect();
    let given = crate::store::undo::given(&mut change.tx, linked).await?;
    let take = given.iter().filter(|one| one.learner_id == link.learner_id && one.rule_id == RuleId::BY_HAND);
    let take: Vec<Reason> = take
        .map(|one| Reason { group: one.group_id, rule: RuleId::BY_HAND, learner: one.learner_id })
        .collect();
    links::unlink(&mut change.tx, link, run).await?;
    links::lift_copied(&mut change.tx, link.learner_id, linked, run).await?;
    let merged = crate::store::learners::status(&mut change.tx, link.merged_id).await?;
    if merged == Status::Left {
        for group in by_hand {
            memberships::lay_dormant(&mut change.tx, vec![link.merged_id.0], group, run).await?;
        }
        change.only_members([], take).await?;
    } else {
        let give =
            by_hand.into_iter().map(|group| Reason { group, rule: RuleId::BY_HAND, learner: link.merged_id });
        let give: Vec<Reason> = give.collect();
        change.only_members(give, take).await?;
    }
    settle(&mut change, link.learner_id, link.merged_id).await?;
    Ok(Linked { done: change.commit().await?, learner, other: link.merged_id })
}

/// Enqueues every course that either has anything to do with.
async fn settle(change: &mut Change, one: LearnerId, other: LearnerId) -> Result<()> {
    let pairs = links::courses(&mut change.tx, one, other).await?;
    jobs::enqueue_pairs(&mut change.tx, &pairs, change.when.now, change.run).await?;
    Ok(())
}
