//! From what a reading asks for to what may be done now, and what must wait.
//!
//! The plan is worked out as often as it takes. First everything that the reading asks for. Then again without what it
//! says of people that must wait ([`facts`]): they stay as they were last read, so that nothing follows from it. Then
//! the guard judges the effect ([`judged`]); learners who may not leave yet stay as they were last read, too, and single
//! reasons for memberships are taken out of the plan. What the first plan has and the last one has not is what is held.
//!
//! [`facts`]: crate::sync::facts
//! [`judged`]: crate::sync::judged

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::guard::{Effect, Limit};
use crate::model::population::Who;
use crate::store::runs::Charge;
use crate::store::{Result, Tx};
use crate::sync::facts::{blanked, decided, is_going, leave_all_out, rekeyed};
use crate::sync::held::{Wanted, hold};
use crate::sync::judged::{Scope, additions, courses, removals, taken_from_others};
use crate::sync::measured::before_hold;
use crate::sync::prepare::{Ask, Prepared, Seen, pass};
use crate::sync::taken::Taken;
use crate::sync::withheld::Withheld;

/// What of a plan may go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Policy {
    /// What the limits of the file let through.
    Guard {
        /// Lifts the limits on removals, never the proof of completeness.
        allow_removals: bool,
        /// A connector is being retired: its empty reading says nothing about the source.
        retires: bool,
    },
    /// Exactly these held changes, by their keys: somebody has approved them.
    Shown(FxHashSet<String>),
}

/// Works out what a run would do, and what it would hold.
///
/// # Errors
/// When the database does not answer.
pub async fn prepare(tx: &mut Tx, ask: Ask<'_>, seen: Seen) -> Result<Prepared> {
    let nothing = Withheld::default();
    let first = pass(tx, ask, seen, &nothing).await?;
    match ask.policy {
        Policy::Guard { allow_removals, .. } => guard(tx, ask, first, *allow_removals).await,
        Policy::Shown(keys) => crate::sync::shown::only(tx, ask, first, keys).await,
    }
}

async fn guard(tx: &mut Tx, ask: Ask<'_>, mut first: Prepared, allow: bool) -> Result<Prepared> {
    let mut withheld = Withheld::default();
    let mut reasons = Vec::new();
    decided(ask, &first, &mut withheld);
    if first.complete {
        reasons.extend(rekeyed(ask, &first, &mut withheld));
        reasons.extend(blanked(tx, ask, &mut first, &mut withheld).await?);
    }
    let mut wanted: Option<Wanted> = None;
    let mut current = again(tx, ask, first, &withheld, &mut wanted).await?;
    let mut would_go = enrollments(ask, &current);
    let mut waiting = additions(ask, &current);
    let mut taken = Taken::waiting(ask, &mut current, &waiting);
    let effect = Effect::of(&current.plan, &current.population, &courses(ask, &current));
    let others = taken_from_others(ask, &current);
    let (scope, found) = removals(ask, &current, &effect, others, allow);
    let going = going(&current, &effect, &scope);
    // Who stays as last read has no part in the next plan, but had something all the same.
    let had = (!going.is_empty()).then_some(effect.had);
    let mut effect = effect;
    if !going.is_empty() {
        taken.put_back(&mut current);
        leave_all_out(ask, &current, &going, &mut withheld);
        current = again(tx, ask, current, &withheld, &mut wanted).await?;
        waiting = additions(ask, &current);
        taken = Taken::waiting(ask, &mut current, &waiting);
        effect = Effect::of(&current.plan, &current.population, &courses(ask, &current));
    }
    reasons.extend(found);
    reasons.append(&mut waiting.reasons);
    taken.removals(&mut current, &effect, &scope);
    if wanted.is_none() && taken.is_empty() {
        current.charge = charge(&effect, others, allow);
        return Ok(current);
    }
    let after = Effect::of(&current.plan, &current.population, &courses(ask, &current));
    let others = taken_from_others(ask, &current);
    current.charge = charge(&after, others, allow);
    would_go = wanted.as_ref().map_or(would_go, |wanted| wanted.enrollments);
    let kept = would_go.saturating_sub(after.enrollments + others);
    hold(ask, &mut current, wanted, taken, &withheld, reasons, kept);
    if current.held.is_waiting() {
        current.before_hold = before_hold(ask, &current, had);
    }
    Ok(current)
}

/// Enrollments that a plan takes away.
fn enrollments(ask: Ask<'_>, prepared: &Prepared) -> u64 {
    let effect = Effect::of(&prepared.plan, &prepared.population, &courses(ask, prepared));
    effect.enrollments + taken_from_others(ask, prepared)
}

/// Plans once more, when there is something to leave out; the first plan is kept as what the reading asks for.
async fn again(
    tx: &mut Tx,
    ask: Ask<'_>,
    prepared: Prepared,
    withheld: &Withheld,
    wanted: &mut Option<Wanted>,
) -> Result<Prepared> {
    if withheld.is_empty() {
        return Ok(prepared);
    }
    let would_go = wanted.is_none().then(|| enrollments(ask, &prepared));
    let (seen, plan, learners) = prepared.into_seen();
    if let Some(enrollments) = would_go {
        *wanted = Some(Wanted { plan, learners, enrollments });
    }
    pass(tx, ask, seen, withheld).await
}

/// Who goes and may not go yet.
fn going(prepared: &Prepared, effect: &Effect, scope: &Scope) -> FxHashMap<Who, Limit> {
    let everybody = prepared.population.everybody().filter(|&who| is_going(prepared, who));
    match scope {
        Scope::Nothing => FxHashMap::default(),
        Scope::All(limit) => everybody.map(|who| (who, *limit)).collect(),
        Scope::Groups(groups) => {
            let losing: FxHashSet<Who> = effect
                .memberships
                .iter()
                .filter(|(group, _)| groups.contains(group))
                .map(|(_, who)| *who)
                .collect();
            everybody.filter(|who| losing.contains(who)).map(|who| (who, Limit::MaxGroupRemovals)).collect()
        }
    }
}

/// What counts against the limits for 24 hours; nothing where somebody let it through.
fn charge(effect: &Effect, others: u64, allow: bool) -> Charge {
    if allow {
        return Charge::default();
    }
    Charge {
        learners: effect.leaving.len() as u64,
        memberships: effect.memberships.len() as u64,
        enrollments: effect.enrollments + others,
    }
}
