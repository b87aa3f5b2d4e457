//! A change set as a list: every change with its key, its fingerprint and its disposition.

use rustc_hash::FxHashSet;

use crate::PlanContext;
use crate::change_set::ChangeSet;
use crate::fingerprint::{ABSENT, assignment_key, cells_print, entry_print, group_print, rule_print};
use crate::hold_report::{group_of, of_entry, plain, who_of};
use crate::record_checks::is_going;
use rollcall_model::guard::{ChangeKind, Disposition, PlannedChange};
use rollcall_model::people::RowIndex;

impl ChangeSet {
    /// Every change: those that are made, then those that wait or that a decision stands against.
    #[must_use]
    pub fn changes(&self, context: PlanContext<'_>) -> Vec<PlannedChange> {
        let mut changes = self.changes_of_people(context);
        changes.extend(self.changes_of_groups(context));
        let (plan, learners) = (&self.plan, &self.population.learners);
        for (kind, entries) in [(ChangeKind::Give, &plan.add), (ChangeKind::End, &plan.remove)] {
            changes.extend(entries.iter().map(|entry| PlannedChange {
                fingerprint: entry_print(context, self, entry),
                ..of_entry(plan, learners, kind, entry, Disposition::Apply)
            }));
        }
        changes.extend(self.held.changes.iter().cloned());
        changes
    }

    fn changes_of_people(&self, context: PlanContext<'_>) -> Vec<PlannedChange> {
        let attributes = context.rules.attributes;
        let values = &self.population.people.values;
        let known: FxHashSet<RowIndex> = self.changed_ids.iter().map(|(row, _)| *row).collect();
        let changed: FxHashSet<RowIndex> = self.records.iter().map(|(row, _)| *row).collect();
        let mut changes = Vec::new();
        for who in self.population.indices() {
            let learner = self.population.learner(who);
            let kind = match learner.row {
                Some(row) if known.contains(&row) => ChangeKind::Rekey,
                Some(_) | None if is_going(self, who) => ChangeKind::Leave,
                Some(row) if changed.contains(&row) => ChangeKind::Record,
                Some(_) | None => continue,
            };
            let row = learner.row;
            changes.push(PlannedChange {
                who: who_of(learner),
                external_id: row.map(|row| self.population.people.id(row).to_owned()),
                fingerprint: row
                    .map_or(ABSENT, |row| cells_print(attributes, values, self.population.people.cells(row))),
                ..plain(kind, Disposition::Apply)
            });
        }
        changes
    }

    fn changes_of_groups(&self, context: PlanContext<'_>) -> Vec<PlannedChange> {
        let plan = &self.plan;
        let mut changes = Vec::new();
        for (at, group) in (0..).zip(&plan.groups).filter(|(_, group)| group.is_made()) {
            changes.push(PlannedChange {
                group: Some(group_of(group)),
                fingerprint: group_print(context, self, at),
                ..plain(ChangeKind::Group, Disposition::Apply)
            });
        }
        for link in plan.meetings.iter().filter(|link| plan.groups[link.group as usize].id.is_some()) {
            changes.push(PlannedChange {
                group: Some(group_of(&plan.groups[link.group as usize])),
                rule: Some(plan.rules[link.rule as usize].name.clone()),
                fingerprint: rule_print(context, self, link.rule),
                ..plain(ChangeKind::Meet, Disposition::Apply)
            });
        }
        for matched in &self.catalogue.new {
            changes.push(PlannedChange {
                group: Some(group_of(&plan.groups[matched.group as usize])),
                external_id: Some(assignment_key(&matched.course, &matched.pattern)),
                ..plain(ChangeKind::Assign, Disposition::Apply)
            });
        }
        let ended = self.catalogue.ended.iter();
        changes.extend(ended.map(|id| PlannedChange {
            assignment: Some(*id),
            ..plain(ChangeKind::Unassign, Disposition::Apply)
        }));
        changes
    }
}
