//! The part of a plan that somebody has approved: exactly the changes that were shown, as far as they are still wanted.

use rustc_hash::FxHashSet;

use crate::model::guard::{HeldGroup, Kind, Limit, Named};
use crate::model::plan::{Entry, Group, Meeting};
use crate::model::population::{Fate, Who};
use crate::store::{Result, Tx};
use crate::sync::facts::{is_going, leave_all_out, leave_rekeyed_out};
use crate::sync::prepare::{Ask, Prepared, pass};
use crate::sync::prints::record_key;
use crate::sync::taken::{entry_key, met_key};
use crate::sync::withheld::Withheld;

/// Leaves everything out of a plan that was not shown.
pub(super) async fn only(
    tx: &mut Tx,
    ask: Ask<'_>,
    first: Prepared,
    keys: &FxHashSet<String>,
) -> Result<Prepared> {
    let mut withheld = Withheld::default();
    let going = first.population.everybody().filter(|&who| is_going(&first, who));
    let going = going.filter(|&who| !keys.contains(&leave_key(&first, who)));
    let going = going.map(|who| (who, Limit::Together)).collect();
    leave_all_out(ask, &first, &going, &mut withheld);
    for who in first.population.everybody().filter(|&who| !is_going(&first, who)) {
        let learner = first.population.learner(who);
        let Some(row) = learner.row else { continue };
        let moves = learner.fate != Fate::Same || learner.was != Some(learner.status);
        let shown = [Kind::Record, Kind::Rekey]
            .iter()
            .any(|kind| keys.contains(&record_key(ask, &first, row, *kind)));
        if moves && !shown {
            withheld.row(row, Limit::Together);
        }
    }
    let rekeyed = first.rekeyed.iter().filter(|(row, _)| withheld.has_row(*row));
    let rekeyed = rekeyed.map(|&(row, learner)| (row, learner, Limit::Together)).collect();
    leave_rekeyed_out(ask, &first, rekeyed, &mut withheld);
    let mut prepared = if withheld.is_empty() {
        first
    } else {
        let (seen, _, _) = first.into_seen();
        pass(tx, ask, seen, &withheld).await?
    };
    cut(&mut prepared, keys);
    Ok(prepared)
}

fn cut(prepared: &mut Prepared, keys: &FxHashSet<String>) {
    let add = std::mem::take(&mut prepared.plan.add);
    let remove = std::mem::take(&mut prepared.plan.remove);
    let add = add.into_iter().filter(|entry| is_shown(Kind::Give, prepared, entry, keys)).collect();
    // Who leaves is a member of nothing, of groups that were made or restored in between neither.
    let leaves = |entry: &Entry| prepared.population.learner(entry.who).goes();
    let remove =
        remove.into_iter().filter(|entry| leaves(entry) || is_shown(Kind::End, prepared, entry, keys));
    let remove = remove.collect();
    (prepared.plan.add, prepared.plan.remove) = (add, remove);
    for group in &mut prepared.plan.groups {
        group.held = group.id.is_none() && !keys.contains(&group_key(group));
    }
    let meetings = std::mem::take(&mut prepared.plan.meetings);
    let met = |meeting: &Meeting| {
        let group = &prepared.plan.groups[meeting.group as usize];
        group.is_made() || meet_key(prepared, meeting).is_some_and(|key| keys.contains(&key))
    };
    prepared.plan.meetings = meetings.into_iter().filter(met).collect();
    let new = std::mem::take(&mut prepared.catalogue.new).into_iter().filter(|met| {
        prepared.plan.groups[met.group as usize].is_made() || keys.contains(&met_key(prepared, met))
    });
    prepared.catalogue.new = new.collect();
    let catalogue = &mut prepared.catalogue;
    catalogue.courses.clear();
    catalogue.changed.clear();
    catalogue
        .ended
        .retain(|id| keys.contains(&Named { assignment: Some(*id), ..Named::default() }.key(Kind::Unassign)));
}

fn is_shown(kind: Kind, prepared: &Prepared, entry: &Entry, keys: &FxHashSet<String>) -> bool {
    entry_key(prepared, kind, entry).is_some_and(|key| keys.contains(&key))
}

fn leave_key(prepared: &Prepared, who: Who) -> String {
    Named { who: prepared.population.learner(who).id, ..Named::default() }.key(Kind::Leave)
}

fn group_key(group: &Group) -> String {
    let new = HeldGroup::New(group.name.shown().to_owned());
    Named { group: Some(&new), ..Named::default() }.key(Kind::Group)
}

fn meet_key(prepared: &Prepared, meeting: &Meeting) -> Option<String> {
    let group = HeldGroup::Known(prepared.plan.groups[meeting.group as usize].id?);
    let rule = Some(prepared.plan.rules[meeting.rule as usize].id?);
    Some(Named { group: Some(&group), rule, ..Named::default() }.key(Kind::Meet))
}

/// The keys of what a plan does.
pub(super) fn keys(ask: Ask<'_>, prepared: &Prepared) -> FxHashSet<String> {
    let plan = &prepared.plan;
    let mut keys: FxHashSet<String> = FxHashSet::default();
    keys.extend(plan.add.iter().filter_map(|entry| entry_key(prepared, Kind::Give, entry)));
    keys.extend(plan.remove.iter().filter_map(|entry| entry_key(prepared, Kind::End, entry)));
    keys.extend(plan.groups.iter().filter(|group| group.is_made()).map(group_key));
    keys.extend(plan.meetings.iter().filter_map(|meeting| meet_key(prepared, meeting)));
    keys.extend(prepared.catalogue.new.iter().map(|met| met_key(prepared, met)));
    let ended = prepared.catalogue.ended.iter();
    keys.extend(ended.map(|id| Named { assignment: Some(*id), ..Named::default() }.key(Kind::Unassign)));
    let everybody = prepared.population.everybody();
    keys.extend(everybody.filter(|&who| is_going(prepared, who)).map(|who| leave_key(prepared, who)));
    for &(row, _) in &prepared.records {
        keys.insert(record_key(ask, prepared, row, Kind::Record));
        keys.insert(record_key(ask, prepared, row, Kind::Rekey));
    }
    keys
}
