//! Manual changes of group members, and the end of exclusions.

use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use crate::enrollment::change::{ChangeTime, ChangeTransaction, CommittedChange};
use crate::groups::{GroupError, GroupRef, LearnerRef, NewExclusion, Result, find_group, find_learner};
use rollcall_model::ids::{GroupId, LearnerId, RuleId};
use rollcall_store::Store;
use rollcall_store::groups::Group;
use rollcall_store::learners::Learner;
use rollcall_store::memberships::{self, MembershipReason};
use rollcall_store::runs::NewRun;

/// Effect of a change on one learner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberEffect {
    /// Is in the group now.
    Added,
    /// Was in it by hand already.
    AlreadyThere,
    /// Will be in it when the learner has access again.
    Waits,
    /// Is out of the group.
    Removed,
    /// Is out of it, and rules are kept from giving it back.
    Excluded,
    /// Was not in it.
    NotThere,
}

/// A change of members, one by one.
#[derive(Debug)]
pub struct MembersUpdate {
    /// The change; none when nothing changed.
    pub done: Option<CommittedChange>,
    /// The group's name.
    pub group: String,
    /// Effect for each learner.
    pub effects: Vec<(Learner, MemberEffect)>,
}

/// Most learners that are named in the record of a change; of more, the number is kept.
const MAX_LISTED_LEARNERS: usize = 20;

/// Adds learners to a group by hand. Lifts what kept them out.
///
/// # Errors
/// When the group or a learner is unknown.
pub async fn add_members(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    group: impl Into<GroupRef<'_>>,
    who: impl Into<LearnerRef<'_>>,
) -> Result<MembersUpdate> {
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let group = find_group(&mut change.tx, group).await?;
    let learners = who.into().resolve(&mut change.tx).await?;
    let (numbers, run) = (learner_numbers(&learners), change.run);
    memberships::lift_exclusions(&mut change.tx, numbers.clone(), group.id, run).await?;
    let reasons = memberships::list_reasons(&mut change.tx, numbers, group.id).await?;
    let by_hand = reasons.into_iter().filter(|(_, rule)| *rule == RuleId::BY_HAND).map(|(one, _)| one);
    let there: Vec<LearnerId> = by_hand.collect();
    let effects = add_manual_memberships(&mut change, group.id, &learners, &there).await?;
    commit_members(change, group, learners, effects).await
}

/// Adds manual memberships for learners with access who are not among `there`; the others become dormant.
pub(super) async fn add_manual_memberships(
    change: &mut ChangeTransaction,
    group: GroupId,
    learners: &[Learner],
    there: &[LearnerId],
) -> Result<Vec<MemberEffect>> {
    let effect = |learner: &Learner| match learner.status.has_access() {
        true if there.binary_search(&learner.id).is_ok() => MemberEffect::AlreadyThere,
        true => MemberEffect::Added,
        false => MemberEffect::Waits,
    };
    let effects: Vec<MemberEffect> = learners.iter().map(effect).collect();
    let of = |wanted: MemberEffect| {
        learners.iter().zip(&effects).filter(move |(_, one)| **one == wanted).map(|(one, _)| one.id)
    };
    let waiting: Vec<i64> = of(MemberEffect::Waits).map(|id| id.0).collect();
    let give: Vec<MembershipReason> = of(MemberEffect::Added)
        .map(|learner| MembershipReason { group, rule: RuleId::BY_HAND, learner })
        .collect();
    let run = change.run;
    memberships::insert_dormant(&mut change.tx, waiting, group, run).await?;
    change.change_memberships(give, []).await?;
    Ok(effects)
}

/// Removes learners from a group by hand. Where a rule gives the membership, an exclusion keeps it from coming back.
///
/// # Errors
/// When the group or a learner is unknown.
pub async fn remove_members(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    group: impl Into<GroupRef<'_>>,
    who: impl Into<LearnerRef<'_>>,
    keep: NewExclusion<'_>,
) -> Result<MembersUpdate> {
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let group = find_group(&mut change.tx, group).await?;
    let learners = who.into().resolve(&mut change.tx).await?;
    let (numbers, run) = (learner_numbers(&learners), change.run);
    let reasons = memberships::list_reasons(&mut change.tx, numbers.clone(), group.id).await?;
    let waited = memberships::end_dormant(&mut change.tx, numbers, group.id, run).await?;
    // By learner: whether a rule is among the reasons.
    let mut by_rule: FxHashMap<LearnerId, bool> =
        waited.into_iter().map(|learner| (learner, false)).collect();
    for (learner, rule) in &reasons {
        *by_rule.entry(*learner).or_default() |= *rule != RuleId::BY_HAND;
    }
    let effect = |learner: &Learner| match by_rule.get(&learner.id) {
        Some(true) => MemberEffect::Excluded,
        Some(false) => MemberEffect::Removed,
        None => MemberEffect::NotThere,
    };
    let effects: Vec<MemberEffect> = learners.iter().map(effect).collect();
    let excluded = by_rule.iter().filter(|(_, by_rule)| **by_rule).map(|(learner, _)| learner.0);
    memberships::exclude(&mut change.tx, excluded.collect(), group.id, keep, run).await?;
    let end = reasons.into_iter().map(|(learner, rule)| MembershipReason { group: group.id, rule, learner });
    change.change_memberships([], end).await?;
    commit_members(change, group, learners, effects).await
}

/// Lifts an exclusion. The next sync applies the rules to the learner again.
///
/// # Errors
/// If the group or the learner is unknown, or the learner is not excluded.
pub async fn lift_exclusion(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    group: impl Into<GroupRef<'_>>,
    who: &str,
) -> Result<CommittedChange> {
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let group = find_group(&mut change.tx, group).await?;
    let learner = find_learner(&mut change.tx, who).await?;
    let run = change.run;
    if memberships::lift_exclusions(&mut change.tx, vec![learner.id.0], group.id, run).await? == 0 {
        return Err(GroupError::NotExcluded { email: learner.email, name: group.name });
    }
    let found = json!({"group": group.id, "name": group.name, "excluded": [learner.email]});
    change.record_before_after(&found, &Value::Null).await?;
    Ok(change.commit().await?)
}

fn learner_numbers(learners: &[Learner]) -> Vec<i64> {
    learners.iter().map(|one| one.id.0).collect()
}

async fn commit_members(
    mut change: ChangeTransaction,
    group: Group,
    learners: Vec<Learner>,
    effects: Vec<MemberEffect>,
) -> Result<MembersUpdate> {
    let nothing =
        effects.iter().all(|effect| matches!(effect, MemberEffect::AlreadyThere | MemberEffect::NotThere));
    let effects: Vec<(Learner, MemberEffect)> = learners.into_iter().zip(effects).collect();
    if nothing {
        change.tx.rollback().await?;
        return Ok(MembersUpdate { done: None, group: group.name, effects });
    }
    let came = |effect: &MemberEffect| matches!(effect, MemberEffect::Added | MemberEffect::Waits);
    let went = |effect: &MemberEffect| matches!(effect, MemberEffect::Removed | MemberEffect::Excluded);
    let (found, made) = (list_affected(&group, &effects, went), list_affected(&group, &effects, came));
    change.record_before_after(&found, &made).await?;
    Ok(MembersUpdate { done: Some(change.commit().await?), group: group.name, effects })
}

/// Describes the affected members for the audit log; names the first ones.
fn list_affected(
    group: &Group,
    effects: &[(Learner, MemberEffect)],
    is: impl Fn(&MemberEffect) -> bool,
) -> Value {
    let who: Vec<&str> =
        effects.iter().filter(|(_, effect)| is(effect)).map(|(one, _)| one.email.as_str()).collect();
    if who.is_empty() {
        return Value::Null;
    }
    let shown = &who[..who.len().min(MAX_LISTED_LEARNERS)];
    json!({"group": group.id, "name": group.name, "members": shown, "of": who.len()})
}
