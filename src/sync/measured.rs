//! How much there is, and was before something waited: what limits are measured against.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::guard::{BeforeHold, Effect, Had};
use crate::model::ids::GroupId;
use crate::model::plan::GroupAt;
use crate::sync::facts::present;
use crate::sync::gather::Gathered;
use crate::sync::judged::courses;
use crate::sync::prepare::{Ask, Prepared};

/// What there was before the first run of which something waits; none before there was a good one. `had` is what this
/// connector's people had, where that was measured before anybody was left out.
pub(super) fn before_hold(ask: Ask<'_>, prepared: &Prepared, had: Option<Had>) -> Option<BeforeHold> {
    if !ask.gathered.has_good_run || ask.gathered.before_hold.is_some() {
        return None;
    }
    let measured = || Effect::measured(&prepared.plan, &prepared.population, &courses(ask, prepared)).had;
    let had = had.unwrap_or_else(measured);
    let groups = members(ask.gathered, |_| true);
    let sizes = ask.gathered.groups.iter().map(|(id, _, _)| (id.0, groups.get(id).copied().unwrap_or(0)));
    Some(BeforeHold { run: 0, people: present(ask), had, groups: sizes.collect() })
}

/// How many members some groups of a plan have today, whichever connector they come from.
pub(super) fn sizes(
    ask: Ask<'_>,
    prepared: &Prepared,
    groups: impl Iterator<Item = GroupAt>,
) -> FxHashMap<GroupAt, u64> {
    let ids: FxHashMap<GroupId, GroupAt> =
        groups.filter_map(|at| Some((prepared.plan.groups[at as usize].id?, at))).collect();
    let members = members(ask.gathered, |group| ids.contains_key(&group));
    members.into_iter().map(|(group, members)| (ids[&group], members)).collect()
}

/// How many members some groups have today.
fn members(gathered: &Gathered, counts: impl Fn(GroupId) -> bool) -> FxHashMap<GroupId, u64> {
    let mut members: FxHashMap<GroupId, FxHashSet<&str>> = FxHashMap::default();
    for (group, _, learners) in gathered.members.iter().filter(|(group, _, _)| counts(*group)) {
        members.entry(*group).or_default().extend(learners.split(' '));
    }
    members.into_iter().map(|(group, members)| (group, members.len() as u64)).collect()
}

/// How many members a group of `today` members had before something waited.
pub(super) fn members_then(ask: Ask<'_>, prepared: &Prepared, group: GroupAt, today: u64) -> u64 {
    let before = ask.gathered.before_hold.as_ref().zip(prepared.plan.groups[group as usize].id);
    before.map_or(today, |(before, id)| before.members(id, today))
}
