//! The approved part of a plan: exactly the changes that were shown, as far as they are still required.

use rustc_hash::FxHashSet;

use crate::change_set::{ChangeSet, build_plan};
use crate::deferred_changes::{entry_key, met_key};
use crate::dependent_changes::DependentChanges;
use crate::fingerprint::record_key;
use crate::lookups::Lookups;
use crate::membership_plan::{MembershipEntry, PlannedGroup, RuleGroupLink};
use crate::pinned_records::PinnedRecords;
use crate::population::{LearnerIndex, PersonChange};
use crate::record_checks::{is_going, pin_changed_ids, pin_learners};
use crate::{PlanContext, PlanInterrupted};
use rollcall_model::guard::{ChangeKey, ChangeKind, Disposition, HeldGroup, HoldCause};

/// The disposition of the other changes; they are not stored.
const TOGETHER: Disposition = Disposition::Hold(HoldCause::Together);

/// Removes all changes from a plan that were not approved.
pub(crate) fn restrict_to_approved(
    context: PlanContext<'_>,
    lookups: &Lookups,
    first: ChangeSet,
    keys: &FxHashSet<String>,
) -> Result<ChangeSet, PlanInterrupted> {
    let mut pinned = PinnedRecords::default();
    let going = first.population.indices().filter(|&who| is_going(&first, who));
    let going = going.filter(|&who| !keys.contains(&leave_key(&first, who)));
    let going = going.map(|who| (who, TOGETHER)).collect();
    pin_learners(context, &first, &going, &mut pinned);
    for who in first.population.indices().filter(|&who| !is_going(&first, who)) {
        let learner = first.population.learner(who);
        let Some(row) = learner.row else { continue };
        let moves = learner.change != PersonChange::Same || learner.status_before != Some(learner.status);
        let shown = [ChangeKind::Record, ChangeKind::Rekey]
            .iter()
            .any(|kind| keys.contains(&record_key(context, &first, row, *kind)));
        if moves && !shown {
            pinned.row(row, TOGETHER);
        }
    }
    let rekeyed = first.changed_ids.iter().filter(|(row, _)| pinned.has_row(*row));
    let rekeyed = rekeyed.map(|&(row, learner)| (row, learner, TOGETHER)).collect();
    pin_changed_ids(context, &first, rekeyed, &mut pinned);
    let mut change_set =
        if pinned.is_empty() { first } else { build_plan(context, lookups, first.into_source(), &pinned)? };
    cut(context, &mut change_set, keys);
    Ok(change_set)
}

fn cut(context: PlanContext<'_>, change_set: &mut ChangeSet, keys: &FxHashSet<String>) {
    let add = std::mem::take(&mut change_set.plan.add);
    let remove = std::mem::take(&mut change_set.plan.remove);
    let (add, give): (Vec<_>, Vec<_>) =
        add.into_iter().partition(|entry| is_shown(ChangeKind::Give, change_set, entry, keys));
    // A learner who leaves has no memberships, including those of groups that were created or restored in between.
    let leaves = |entry: &MembershipEntry| change_set.population.learner(entry.who).loses_access();
    let (remove, end): (Vec<_>, Vec<_>) = remove
        .into_iter()
        .partition(|entry| leaves(entry) || is_shown(ChangeKind::End, change_set, entry, keys));
    (change_set.plan.add, change_set.plan.remove) = (add, remove);
    DependentChanges::default().remove_from(context, change_set, give, end);
    for group in &mut change_set.plan.groups {
        group.held = group.id.is_none() && !keys.contains(&group_key(group));
    }
    let meetings = std::mem::take(&mut change_set.plan.meetings);
    let met = |meeting: &RuleGroupLink| {
        let group = &change_set.plan.groups[meeting.group as usize];
        group.is_made() || meet_key(change_set, meeting).is_some_and(|key| keys.contains(&key))
    };
    change_set.plan.meetings = meetings.into_iter().filter(met).collect();
    let new = std::mem::take(&mut change_set.catalogue.new).into_iter().filter(|met| {
        change_set.plan.groups[met.group as usize].is_made() || keys.contains(&met_key(change_set, met))
    });
    change_set.catalogue.new = new.collect();
    let catalogue = &mut change_set.catalogue;
    catalogue.courses.clear();
    catalogue.changed.clear();
    catalogue.ended.retain(|id| {
        keys.contains(&ChangeKey { assignment: Some(*id), ..ChangeKey::default() }.key(ChangeKind::Unassign))
    });
}

fn is_shown(
    kind: ChangeKind,
    change_set: &ChangeSet,
    entry: &MembershipEntry,
    keys: &FxHashSet<String>,
) -> bool {
    entry_key(change_set, kind, entry).is_some_and(|key| keys.contains(&key))
}

fn leave_key(change_set: &ChangeSet, who: LearnerIndex) -> String {
    ChangeKey { who: change_set.population.learner(who).id, ..ChangeKey::default() }.key(ChangeKind::Leave)
}

fn group_key(group: &PlannedGroup) -> String {
    let new = HeldGroup::New(group.name.shown().to_owned());
    ChangeKey { group: Some(&new), ..ChangeKey::default() }.key(ChangeKind::Group)
}

fn meet_key(change_set: &ChangeSet, meeting: &RuleGroupLink) -> Option<String> {
    let group = HeldGroup::Known(change_set.plan.groups[meeting.group as usize].id?);
    let rule = Some(change_set.plan.rules[meeting.rule as usize].id?);
    Some(ChangeKey { group: Some(&group), rule, ..ChangeKey::default() }.key(ChangeKind::Meet))
}

/// Returns the keys of the changes that a plan makes.
#[must_use]
pub fn change_keys(context: PlanContext<'_>, change_set: &ChangeSet) -> FxHashSet<String> {
    let plan = &change_set.plan;
    let mut keys: FxHashSet<String> = FxHashSet::default();
    keys.extend(plan.add.iter().filter_map(|entry| entry_key(change_set, ChangeKind::Give, entry)));
    keys.extend(plan.remove.iter().filter_map(|entry| entry_key(change_set, ChangeKind::End, entry)));
    keys.extend(plan.groups.iter().filter(|group| group.is_made()).map(group_key));
    keys.extend(plan.meetings.iter().filter_map(|meeting| meet_key(change_set, meeting)));
    keys.extend(change_set.catalogue.new.iter().map(|met| met_key(change_set, met)));
    let ended = change_set.catalogue.ended.iter();
    keys.extend(
        ended.map(|id| ChangeKey { assignment: Some(*id), ..ChangeKey::default() }.key(ChangeKind::Unassign)),
    );
    let indices = change_set.population.indices();
    keys.extend(indices.filter(|&who| is_going(change_set, who)).map(|who| leave_key(change_set, who)));
    for &(row, _) in &change_set.records {
        keys.insert(record_key(context, change_set, row, ChangeKind::Record));
        keys.insert(record_key(context, change_set, row, ChangeKind::Rekey));
    }
    keys
}
