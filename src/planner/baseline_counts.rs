//! The totals that limits are measured against: those of today, and those before changes were held.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::PlanContext;
use crate::change_set::ChangeSet;
use crate::impact::PlanImpact;
use crate::limit_checks::course_grants;
use crate::membership_plan::GroupIndex;
use crate::record_checks::present;
use rollcall_model::guard::{AccessTotals, HoldBaseline};
use rollcall_model::ids::{GroupId, LearnerId};

/// Returns the totals before the first run that holds changes; `None` if there was no good run before. `had` are the
/// totals of this connector's people, if they were measured before learners were pinned.
pub(crate) fn hold_baseline(
    context: PlanContext<'_>,
    change_set: &ChangeSet,
    had: Option<AccessTotals>,
) -> Option<HoldBaseline> {
    if !context.snapshot.has_good_run || context.snapshot.hold_baseline.is_some() {
        return None;
    }
    let measured = || {
        PlanImpact::measured(&change_set.plan, &change_set.population, &course_grants(context, change_set))
            .had
    };
    let had = had.unwrap_or_else(measured);
    let groups = context.snapshot.groups.iter().map(|group| (group.id.0, group.members)).collect();
    Some(HoldBaseline { run: 0, people: present(context), had, groups })
}

/// Returns the totals of this connector's people without the learners who came in the last 24 hours, so that people who
/// come do not raise the limits at once. `None` if no such learner came, or no other learner had access.
pub(crate) fn measure_older(context: PlanContext<'_>, change_set: &ChangeSet) -> Option<AccessTotals> {
    let snapshot = context.snapshot;
    if snapshot.recent.is_empty() {
        return None;
    }
    let present = snapshot.known.iter().filter(|(_, person)| person.present);
    let older: FxHashSet<LearnerId> =
        present.filter(|(id, _)| !snapshot.recent.contains(*id)).map(|(_, person)| person.learner).collect();
    let population = &change_set.population;
    let is_older = |who| population.learner(who).id.is_some_and(|learner| older.contains(&learner));
    let courses = course_grants(context, change_set);
    let had = PlanImpact::measured_of(&change_set.plan, population, &courses, is_older).had;
    (had.learners > 0).then_some(had)
}

/// Returns the number of members that some groups of a plan have today, from all connectors.
pub(crate) fn sizes(
    context: PlanContext<'_>,
    change_set: &ChangeSet,
    groups: impl Iterator<Item = GroupIndex>,
) -> FxHashMap<GroupIndex, u64> {
    let ids: FxHashMap<GroupId, GroupIndex> =
        groups.filter_map(|at| Some((change_set.plan.groups[at as usize].id?, at))).collect();
    let known = context.snapshot.groups.iter();
    known.filter_map(|group| Some((*ids.get(&group.id)?, group.members))).collect()
}

/// Returns the number of members that a group with `today` members had before changes were held.
pub(crate) fn members_then(
    context: PlanContext<'_>,
    change_set: &ChangeSet,
    group: GroupIndex,
    today: u64,
) -> u64 {
    let before = context.snapshot.hold_baseline.as_ref().zip(change_set.plan.groups[group as usize].id);
    before.map_or(today, |(before, id)| before.members(id, today))
}
