//! The plan of a run under its limits: the changes that are made, and those that are held.
//!
//! The plan is made up to three times. The first plan contains all changes that the reading requires. The second one
//! keeps the records whose changes must wait ([`record_checks`]) as they were last read. Then the limits are checked
//! ([`limit_checks`]): learners who may not leave yet also stay as last read, which needs another plan, and single
//! memberships are deferred. The difference between the first plan and the last one is held.
//!
//! [`record_checks`]: crate::record_checks
//! [`limit_checks`]: crate::limit_checks

use rustc_hash::{FxHashMap, FxHashSet};

use crate::approved_subset::restrict_to_approved;
use crate::baseline_counts::hold_baseline;
use crate::change_set::{ChangeSet, build_plan};
use crate::changed_ids::check_changed_ids;
use crate::deferred_changes::DeferredChanges;
use crate::hold_pattern::{HoldPattern, find_patterns};
use crate::hold_report::{UnrestrictedPlan, build_hold};
use crate::impact::PlanImpact;
use crate::limit_checks::{HoldScope, check_additions, check_removals, count_lost_by_others, course_grants};
use crate::lookups::Lookups;
use crate::moved_addresses::check_moved_addresses;
use crate::pinned_records::PinnedRecords;
use crate::population::LearnerIndex;
use crate::record_checks::{apply_decisions, check_blanked_attributes, is_going, pin_learners};
use crate::source_data::SourceData;
use crate::unreadable_values::keep_last_read;
use crate::{PlanContext, PlanInterrupted};
use rollcall_model::guard::{AccessTotals, Disposition, HoldCause};

/// The changes of a plan that are allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitPolicy {
    /// The changes that the limits of the file allow.
    Guard {
        /// Ignores the limits on removals. The proof of completeness is still required.
        allow_removals: bool,
        /// The connector is being retired: its empty reading is not a sign of an error.
        retires: bool,
    },
    /// Exactly the approved changes, by their keys.
    Approved(FxHashSet<String>),
}

/// Plans a run: the changes that it makes, and those that it holds.
///
/// # Errors
/// If the interrupt of the context ends the evaluation of the rules.
pub fn plan(
    context: PlanContext<'_>,
    lookups: &Lookups,
    mut source: SourceData,
) -> Result<ChangeSet, PlanInterrupted> {
    keep_last_read(context, lookups, &mut source);
    let first = build_plan(context, lookups, source, &PinnedRecords::default())?;
    match context.policy {
        LimitPolicy::Guard { allow_removals, .. } => guard(context, lookups, first, *allow_removals),
        LimitPolicy::Approved(keys) => restrict_to_approved(context, lookups, first, keys),
    }
}

fn guard(
    context: PlanContext<'_>,
    lookups: &Lookups,
    mut first: ChangeSet,
    allow: bool,
) -> Result<ChangeSet, PlanInterrupted> {
    let mut pinned = PinnedRecords::default();
    let mut reasons = Vec::new();
    apply_decisions(context, &first, &mut pinned);
    if first.complete {
        reasons.extend(check_changed_ids(context, &first, &mut pinned));
        reasons.extend(check_blanked_attributes(context, lookups, &mut first, &mut pinned));
    }
    reasons.extend(check_moved_addresses(context, lookups, &mut first, &mut pinned));
    let mut wanted: Option<UnrestrictedPlan> = None;
    let mut current = plan_again(context, lookups, first, &pinned, &mut wanted)?;
    let mut would_go = enrollments(context, &current);
    let mut waiting = check_additions(context, &current);
    let mut taken = DeferredChanges::waiting(context, &mut current, &waiting);
    let effect = PlanImpact::of(&current.plan, &current.population, &course_grants(context, &current));
    let others = count_lost_by_others(context, &current);
    let (scope, found) = check_removals(context, &current, &effect, others, allow);
    let going = going(&current, &effect, &scope);
    // Learners who stay as last read are not part of the next plan, but their totals count.
    let had = (!going.is_empty()).then_some(effect.had);
    let mut effect = effect;
    if !going.is_empty() {
        taken.restore_into(&mut current);
        pin_learners(context, &current, &going, &mut pinned);
        current = plan_again(context, lookups, current, &pinned, &mut wanted)?;
        waiting = check_additions(context, &current);
        taken = DeferredChanges::waiting(context, &mut current, &waiting);
        effect = PlanImpact::of(&current.plan, &current.population, &course_grants(context, &current));
    }
    reasons.extend(found);
    reasons.append(&mut waiting.reasons);
    taken.removals(context, &mut current, &effect, &scope);
    if wanted.is_none() && taken.is_empty() {
        charge(&mut current, &effect, others, allow);
        return Ok(current);
    }
    let after = PlanImpact::of(&current.plan, &current.population, &course_grants(context, &current));
    let others = count_lost_by_others(context, &current);
    charge(&mut current, &after, others, allow);
    would_go = wanted.as_ref().map_or(would_go, |wanted| wanted.enrollments);
    let kept = would_go.saturating_sub(after.enrollments + others);
    let patterns = find_patterns(context, lookups, &current, wanted.as_ref(), &taken, &pinned);
    build_hold(context, &mut current, wanted, taken, &pinned, &reasons, kept);
    if current.held.is_waiting() {
        current.held.causes.extend(patterns.iter().map(HoldPattern::to_string));
        current.hold_baseline = hold_baseline(context, &current, had);
    }
    Ok(current)
}

/// Counts the enrollments that a plan removes.
fn enrollments(context: PlanContext<'_>, change_set: &ChangeSet) -> u64 {
    let effect =
        PlanImpact::of(&change_set.plan, &change_set.population, &course_grants(context, change_set));
    effect.enrollments + count_lost_by_others(context, change_set)
}

/// Plans again if records are pinned; keeps the first plan as the unrestricted one.
fn plan_again(
    context: PlanContext<'_>,
    lookups: &Lookups,
    change_set: ChangeSet,
    pinned: &PinnedRecords,
    wanted: &mut Option<UnrestrictedPlan>,
) -> Result<ChangeSet, PlanInterrupted> {
    if pinned.is_empty() {
        return Ok(change_set);
    }
    let would_go = wanted.is_none().then(|| enrollments(context, &change_set));
    let (source, plan, learners) = change_set.into_parts();
    if let Some(enrollments) = would_go {
        *wanted = Some(UnrestrictedPlan { plan, learners, enrollments });
    }
    build_plan(context, lookups, source, pinned)
}

/// Returns the learners who leave in the plan and may not leave yet.
fn going(
    change_set: &ChangeSet,
    effect: &PlanImpact,
    scope: &HoldScope,
) -> FxHashMap<LearnerIndex, Disposition> {
    let leaving = change_set.population.indices().filter(|&who| is_going(change_set, who));
    match scope {
        HoldScope::Nothing => FxHashMap::default(),
        HoldScope::All(limit) => leaving.map(|who| (who, Disposition::Hold(*limit))).collect(),
        HoldScope::Groups(groups) => {
            let losing: FxHashSet<LearnerIndex> = effect
                .memberships
                .iter()
                .filter(|(group, _)| groups.contains(group))
                .map(|(_, who)| *who)
                .collect();
            let disposition = Disposition::Hold(HoldCause::MaxGroupRemovals);
            leaving.filter(|who| losing.contains(who)).map(|who| (who, disposition)).collect()
        }
    }
}

/// Notes the removals that count against the limits for 24 hours: none if a person allowed them.
fn charge(change_set: &mut ChangeSet, effect: &PlanImpact, others: u64, allow: bool) {
    if allow {
        return;
    }
    change_set.charged_people = effect.people.len() as u64 + others;
    change_set.charge = AccessTotals {
        learners: effect.leaving.len() as u64,
        memberships: effect.memberships.len() as u64,
        enrollments: effect.enrollments + others,
    };
}
