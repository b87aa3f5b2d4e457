//! Adding learners to groups, removing them, and letting them in again.

use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use crate::enrollment::change::{Change, Done, When};
use crate::groups::{Error, Keep, Result, Which, Who, find, find_learner};
use crate::model::ids::{GroupId, LearnerId, RuleId};
use crate::store::Store;
use crate::store::groups::Group;
use crate::store::learners::Learner;
use crate::store::memberships::{self, Reason};
use crate::store::runs::About;

/// What became of one learner who was added or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
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
pub struct Members {
    /// The change; none when nothing changed.
    pub done: Option<Done>,
    /// The group's name.
    pub group: String,
    /// What became of whom.
    pub effects: Vec<(Learner, Effect)>,
}

/// Most learners that are named in the record of a change; of more, the number is kept.
const NAMED: usize = 20;

/// Adds learners to a group by hand. Lifts what kept them out.
///
/// # Errors
/// When the group or a learner is unknown.
pub async fn add(
    store: &Store,
    about: &About,
    when: When,
    group: impl Into<Which<'_>>,
    who: impl Into<Who<'_>>,
) -> Result<Members> {
    let mut change = Change::begin(store, about, when).await?;
    let group = find(&mut change.tx, group).await?;
    let learners = who.into().find(&mut change.tx).await?;
    let (numbers, run) = (numbers(&learners), change.run);
    memberships::lift(&mut change.tx, numbers.clone(), group.id, run).await?;
    let reasons = memberships::reasons(&mut change.tx, numbers, group.id).await?;
    let by_hand = reasons.into_iter().filter(|(_, rule)| *rule == RuleId::BY_HAND).map(|(one, _)| one);
    let there: Vec<LearnerId> = by_hand.collect();
    let effects = give_by_hand(&mut change, group.id, &learners, &there).await?;
    commit(change, group, learners, effects).await
}

/// Gives memberships by hand to everybody with access who is not among `there`, and lets the others wait.
pub(super) async fn give_by_hand(
    change: &mut Change,
    group: GroupId,
    learners: &[Learner],
    there: &[LearnerId],
) -> Result<Vec<Effect>> {
    let effect = |learner: &Learner| match learner.status().has_access() {
        true if there.binary_search(&learner.id).is_ok() => Effect::AlreadyThere,
        true => Effect::Added,
        false => Effect::Waits,
    };
    let effects: Vec<Effect> = learners.iter().map(effect).collect();
    let of = |wanted: Effect| {
        learners.iter().zip(&effects).filter(move |(_, one)| **one == wanted).map(|(one, _)| one.id)
    };
    let waiting: Vec<i64> = of(Effect::Waits).map(|id| id.0).collect();
    let give: Vec<Reason> =
        of(Effect::Added).map(|learner| Reason { group, rule: RuleId::BY_HAND, learner }).collect();
    let run = change.run;
    memberships::lay_dormant(&mut change.tx, waiting, group, run).await?;
    change.only_members(give, []).await?;
    Ok(effects)
}

/// Removes learners from a group by hand. Where a rule gives the membership, an exclusion keeps it from coming back.
///
/// # Errors
/// When the group or a learner is unknown.
pub async fn remove(
    store: &Store,
    about: &About,
    when: When,
    group: impl Into<Which<'_>>,
    who: impl Into<Who<'_>>,
    keep: Keep<'_>,
) -> Result<Members> {
    let mut change = Change::begin(store, about, when).await?;
    let group = find(&mut change.tx, group).await?;
    let learners = who.into().find(&mut change.tx).await?;
    let (numbers, run) = (numbers(&learners), change.run);
    let reasons = memberships::reasons(&mut change.tx, numbers.clone(), group.id).await?;
    let waited = memberships::drop_dormant(&mut change.tx, numbers, group.id).await?;
    // By learner: whether a rule is among the reasons.
    let mut by_rule: FxHashMap<LearnerId, bool> =
        waited.into_iter().map(|learner| (learner, false)).collect();
    for (learner, rule) in &reasons {
        *by_rule.entry(*learner).or_default() |= *rule != RuleId::BY_HAND;
    }
    let effect = |learner: &Learner| match by_rule.get(&learner.id) {
        Some(true) => Effect::Excluded,
        Some(false) => Effect::Removed,
        None => Effect::NotThere,
    };
    let effects: Vec<Effect> = learners.iter().map(effect).collect();
    let excluded = by_rule.iter().filter(|(_, by_rule)| **by_rule).map(|(learner, _)| learner.0);
    memberships::exclude(&mut change.tx, excluded.collect(), group.id, keep, run).await?;
    let end = reasons.into_iter().map(|(learner, rule)| Reason { group: group.id, rule, learner });
    change.only_members([], end).await?;
    commit(change, group, learners, effects).await
}

/// Lets a learner in again: the next sync does what the rules say.
///
/// # Errors
/// When group or learner is unknown, or nothing keeps the learner out.
pub async fn lift(
    store: &Store,
    about: &About,
    when: When,
    group: impl Into<Which<'_>>,
    who: &str,
) -> Result<Done> {
    let mut change = Change::begin(store, about, when).await?;
    let group = find(&mut change.tx, group).await?;
    let learner = find_learner(&mut change.tx, who).await?;
    let run = change.run;
    if memberships::lift(&mut change.tx, vec![learner.id.0], group.id, run).await? == 0 {
        return Err(Error::NotExcluded { email: learner.email, name: group.name });
    }
    let found = json!({"group": group.id, "name": group.name, "excluded": [learner.email]});
    change.note(&found, &Value::Null).await?;
    Ok(change.commit().await?)
}

fn numbers(learners: &[Learner]) -> Vec<i64> {
    learners.iter().map(|one| one.id.0).collect()
}

async fn commit(
    mut change: Change,
    group: Group,
    learners: Vec<Learner>,
    effects: Vec<Effect>,
) -> Result<Members> {
    let nothing = effects.iter().all(|effect| matches!(effect, Effect::AlreadyThere | Effect::NotThere));
    let effects: Vec<(Learner, Effect)> = learners.into_iter().zip(effects).collect();
    if nothing {
        change.tx.rollback().await?;
        return Ok(Members { done: None, group: group.name, effects });
    }
    let came = |effect: &Effect| matches!(effect, Effect::Added | Effect::Waits);
    let went = |effect: &Effect| matches!(effect, Effect::Removed | Effect::Excluded);
    let (found, made) = (named(&group, &effects, went), named(&group, &effects, came));
    change.note(&found, &made).await?;
    Ok(Members { done: Some(change.commit().await?), group: group.name, effects })
}

/// Who came or went, for the record: by name where they are few.
fn named(group: &Group, effects: &[(Learner, Effect)], is: impl Fn(&Effect) -> bool) -> Value {
    let who: Vec<&str> =
        effects.iter().filter(|(_, effect)| is(effect)).map(|(one, _)| one.email.as_str()).collect();
    if who.is_empty() {
        return Value::Null;
    }
    let shown = &who[..who.len().min(NAMED)];
    json!({"group": group.id, "name": group.name, "members": shown, "of": who.len()})
}
