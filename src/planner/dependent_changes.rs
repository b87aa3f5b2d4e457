//! The changes that depend on deferred ones: those of rules that read a group with `in_group`.
//!
//! Rules are evaluated for the groups as they are after all changes of a plan. If a change of such a group is deferred, the
//! result of a rule that reads the group does not apply to the learner, and what the rule gave stays as it is. Such changes
//! are not held, because no limit and no decision concerns them: the next plan evaluates the rule again.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::PlanContext;
use crate::change_set::ChangeSet;
use crate::membership_plan::{GroupIndex, MembershipEntry, MembershipPlan, RuleIndex};
use crate::population::LearnerIndex;
use rollcall_rules::rule::Rule;

/// Changes that were removed from a plan because they depend on deferred ones.
#[derive(Debug, Default)]
pub(crate) struct DependentChanges {
    pub(crate) give: Vec<MembershipEntry>,
    pub(crate) end: Vec<MembershipEntry>,
}

/// The groups that rules read, each with these rules.
struct GroupReaders(FxHashMap<GroupIndex, Vec<RuleIndex>>);

impl DependentChanges {
    /// Removes the changes from a plan that depend on deferred ones, directly or through other rules. `give` and `end` are
    /// the deferred changes; the plan does not contain them.
    pub(crate) fn remove_from(
        &mut self,
        context: PlanContext<'_>,
        change_set: &mut ChangeSet,
        mut give: Vec<MembershipEntry>,
        mut end: Vec<MembershipEntry>,
    ) {
        if give.is_empty() && end.is_empty() {
            return;
        }
        let readers = GroupReaders::new(context.rules.rules, &change_set.plan);
        if readers.0.is_empty() {
            return;
        }
        give.extend(&self.give);
        end.extend(&self.end);
        loop {
            let ChangeSet { plan, population, .. } = &mut *change_set;
            let found = readers.list_dependents(plan, &give, &end);
            // A learner who leaves has no memberships, whatever the rules read.
            let stays = |entry: &MembershipEntry| {
                population.learner(entry.who).loses_access() || !found.contains(&(entry.rule, entry.who))
            };
            let take = |entries: &mut Vec<MembershipEntry>| {
                let (stay, taken) = std::mem::take(entries).into_iter().partition(stays);
                *entries = stay;
                taken
            };
            let (given, ended): (Vec<_>, Vec<_>) = (take(&mut plan.add), take(&mut plan.remove));
            if given.is_empty() && ended.is_empty() {
                return;
            }
            give.extend(&given);
            end.extend(&ended);
            self.give.extend(given);
            self.end.extend(ended);
        }
    }
}

impl GroupReaders {
    /// Finds the rules of the file that read groups of a plan.
    fn new(rules: &[Rule], plan: &MembershipPlan) -> Self {
        let mut named: FxHashMap<&str, Vec<RuleIndex>> = FxHashMap::default();
        for rule in rules.iter().filter(|rule| rule.condition().groups().next().is_some()) {
            // Row 0 stands for manual memberships.
            let at = (0..).zip(&plan.rules).skip(1).find(|(_, one)| one.name == rule.name).map(|(at, _)| at);
            for group in rule.condition().groups() {
                named.entry(group.folded()).or_default().extend(at);
            }
        }
        if named.is_empty() {
            return Self(FxHashMap::default());
        }
        let groups = (0..).zip(&plan.groups);
        Self(groups.filter_map(|(at, group)| Some((at, named.remove(group.name.folded())?))).collect())
    }

    /// Returns the rules, each with a learner, that read a membership that is not as it was when they were evaluated.
    fn list_dependents(
        &self,
        plan: &MembershipPlan,
        give: &[MembershipEntry],
        end: &[MembershipEntry],
    ) -> FxHashSet<(RuleIndex, LearnerIndex)> {
        let place = |entry: &MembershipEntry| (entry.group, entry.who);
        let deferred = give.iter().chain(end).filter(|entry| self.0.contains_key(&entry.group));
        let deferred: FxHashSet<(GroupIndex, LearnerIndex)> = deferred.map(place).collect();
        let is_deferred = |entry: &&MembershipEntry| deferred.contains(&place(entry));
        let members = |give: &[MembershipEntry], end: &[MembershipEntry]| -> FxHashSet<_> {
            let removed: FxHashSet<&MembershipEntry> =
                plan.remove.iter().chain(end).filter(is_deferred).collect();
            let stay = plan.before.iter().filter(is_deferred).filter(|entry| !removed.contains(entry));
            stay.chain(plan.add.iter().chain(give).filter(is_deferred)).map(place).collect()
        };
        let (evaluated, made) = (members(give, end), members(&[], &[]));
        let changed = evaluated.symmetric_difference(&made);
        changed.flat_map(|&(group, who)| self.0[&group].iter().map(move |&rule| (rule, who))).collect()
    }
}
