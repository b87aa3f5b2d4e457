//! A change set as a list: each change with its key, its fingerprint and its disposition.

use rustc_hash::FxHashSet;

use crate::PlanContext;
use crate::change_set::ChangeSet;
use crate::fingerprint::{ABSENT, assignment_key, cells_print, entry_print, group_print, rule_print};
use crate::hold_report::{group_of, of_entry, plain, who_of};
use crate::record_checks::is_going;
use rollcall_model::guard::{ChangeKind, Disposition, PlannedChange};
use rollcall_model::people::RowIndex;

impl ChangeSet {
    /// Returns all changes: first those that are made, then those that are held, rejected or reverted.
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use chrono::NaiveDate;

    use super::*;
    use crate::snapshot::StandingDecision;
    use crate::{
        ConnectorProfile, LimitPolicy, LookupKeys, Lookups, PlanInterrupted, RuleSet, Snapshot, SourceData,
        lookup_keys, plan,
    };
    use rollcall_model::attributes::{Attribute, AttributeSet};
    use rollcall_model::guard::{ChangeKey, HeldGroup, HoldCause, SafetyLimits};
    use rollcall_model::ids::RunId;
    use rollcall_model::interner::Symbol;
    use rollcall_model::names::{ConnectorName, RuleName};
    use rollcall_model::people::PeopleTable;
    use rollcall_rules::name_template::NameTemplate;
    use rollcall_rules::rule::{CompiledExpression, Interrupt, Rule};

    fn read_people(attributes: &AttributeSet, departments: &[&str]) -> SourceData {
        let mut people = PeopleTable::new(attributes);
        for department in departments {
            let mut cells = vec![Symbol::EMPTY; attributes.len()];
            cells[Attribute::ID.index()] = people.values.intern(&format!("of {department}"));
            cells[Attribute::DEPARTMENT.index()] = people.values.intern(department);
            people.push(&cells, String::new);
        }
        SourceData::full(people, Vec::new())
    }

    /// A rule that makes a group of each department.
    fn departments_rule(attributes: &AttributeSet) -> Rule {
        let when = r#"department != """#;
        let condition = CompiledExpression::compile(when, attributes).expect("an expression");
        let template = NameTemplate::parse("{department}", attributes, &[]).expect("a template");
        Rule::new(RuleName::new("departments"), when.to_owned(), template, condition)
    }

    /// Each change has a disposition: it is applied, held, rejected or reverted.
    #[test]
    fn each_change_has_a_disposition() {
        let attributes = &AttributeSet::default();
        let rules = &[departments_rule(attributes)];
        let (rejected, reverted) = (Disposition::Rejected(RunId(7)), Disposition::Reverted(RunId(8)));
        let mut snapshot = Snapshot { has_good_run: true, ..Snapshot::default() };
        for (name, disposition) in [("HR", rejected), ("Sales", reverted)] {
            let group = HeldGroup::New(name.to_owned());
            let key = ChangeKey { group: Some(&group), ..ChangeKey::default() }.key(ChangeKind::Group);
            let decision = StandingDecision { disposition, fingerprint: rules[0].digest() };
            snapshot.decisions.insert(key, vec![decision]);
        }
        let connectors = &[ConnectorProfile::removed(ConnectorName::new("hr"), 0)];
        let limits = SafetyLimits { max_new_groups: 0, ..SafetyLimits::default() };
        let (courses, assignments, connector) = (&[], &[], 0);
        let rules = RuleSet { attributes, connectors, connector, rules, courses, assignments, limits };
        let policy = &LimitPolicy::Guard { allow_removals: false, retires: false };
        let context =
            PlanContext { snapshot: &snapshot, rules, policy, today: NaiveDate::default(), interrupt: None };
        let mut source = read_people(attributes, &["Finance", "HR", "Sales"]);
        assert_eq!(lookup_keys(context, &mut source), LookupKeys::default(), "people without addresses");
        let plan = plan(context, &Lookups::default(), source).expect("nothing interrupts it");
        let changes = plan.changes(context);
        let mut dispositions: Vec<(ChangeKind, Disposition)> =
            changes.iter().map(|change| (change.kind, change.disposition)).collect();
        dispositions.sort_unstable();
        let held = Disposition::Hold(HoldCause::MaxNewGroups);
        let mut expected = vec![(ChangeKind::Record, Disposition::Apply); 3];
        for kind in [ChangeKind::Group, ChangeKind::Give] {
            expected.extend([held, rejected, reverted].map(|disposition| (kind, disposition)));
        }
        expected.sort_unstable();
        assert_eq!(dispositions, expected);
    }

    /// An interrupt ends the plan, before the evaluation of the rules and in between; there is no partial plan.
    #[test]
    fn interrupted_plan_is_no_plan() {
        let attributes = &AttributeSet::default();
        let rules = &[departments_rule(attributes)];
        let connectors = &[ConnectorProfile::removed(ConnectorName::new("hr"), 0)];
        let (courses, assignments, connector) = (&[], &[], 0);
        let limits = SafetyLimits::default();
        let rules = RuleSet { attributes, connectors, connector, rules, courses, assignments, limits };
        let policy = &LimitPolicy::Guard { allow_removals: false, retires: false };
        let snapshot = &Snapshot::default();
        let changes_after = |calls: usize| {
            let asked = AtomicUsize::new(0);
            let interrupt: Interrupt = Arc::new(move || asked.fetch_add(1, Ordering::Relaxed) >= calls);
            let interrupt = Some(&interrupt);
            let context = PlanContext { snapshot, rules, policy, today: NaiveDate::default(), interrupt };
            let source = read_people(attributes, &["Finance", "HR", "Sales"]);
            plan(context, &Lookups::default(), source).map(|plan| plan.changes(context).len())
        };
        for calls in 0..7 {
            assert_eq!(changes_after(calls), Err(PlanInterrupted), "{calls}");
        }
        assert_eq!(changes_after(usize::MAX), Ok(9));
    }
}
