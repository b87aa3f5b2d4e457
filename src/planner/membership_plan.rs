//! The difference between current and desired memberships.
//!
//! [`MembershipPlan::between`] compares the current memberships with [`DesiredMemberships`] and returns the changes.
//! `sync --dry-run` prints a plan, `rollcall_core::sync` commits one.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::desired_memberships::DesiredMemberships;
use crate::plan_warning::PlanWarning;
use crate::population::{LearnerIndex, Population};
use rollcall_model::ids::{GroupId, LearnerId, RuleId};
use rollcall_model::names::{GroupName, RuleName, fold};
use rollcall_model::run_warning::RunWarning;

/// The number of a group in [`MembershipPlan::groups`].
pub type GroupIndex = u32;

/// The number of a rule in [`MembershipPlan::rules`]; 0 means a manual membership.
pub type RuleIndex = u32;

/// A group of the plan: one that exists, or one that the plan creates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedGroup {
    /// The number; `None` for a new group.
    pub id: Option<GroupId>,
    /// The name.
    pub name: GroupName,
    /// True if a person created it.
    pub by_hand: bool,
    /// True if it is new and waits for approval.
    pub held: bool,
}

impl PlannedGroup {
    /// Returns true if the plan creates it.
    #[must_use]
    pub fn is_made(&self) -> bool {
        self.id.is_none() && !self.held
    }
}

/// A rule of the plan: one of the file, or one that was removed from it and still has memberships.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRule {
    /// The number; `None` for a new rule.
    pub id: Option<RuleId>,
    /// The name.
    pub name: RuleName,
}

/// One reason for one membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MembershipEntry {
    /// The group.
    pub group: GroupIndex,
    /// The rule.
    pub rule: RuleIndex,
    /// The learner.
    pub who: LearnerIndex,
}

/// A link from a rule to a group, for a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleGroupLink {
    /// The rule.
    pub rule: RuleIndex,
    /// The folded values of the template.
    pub key: String,
    /// The group.
    pub group: GroupIndex,
    /// The name that the template gives.
    pub name: String,
}

/// The current state: groups, rules and memberships in the database.
#[derive(Debug, Clone, Default)]
pub struct CurrentState {
    /// Groups that are not deleted, each with true if a person created it.
    pub groups: Vec<(GroupId, GroupName, bool)>,
    /// All known rules, without the one for manual memberships.
    pub rules: Vec<(RuleId, RuleName)>,
    /// Rule, key: the group, its name when it was linked, and true if it was deleted since.
    pub links: FxHashMap<(RuleId, String), (GroupId, String, bool)>,
    /// All reasons for memberships of the learners of the population.
    pub members: Vec<(GroupId, RuleId, LearnerIndex)>,
    /// Manual memberships of learners without access.
    pub resting: Vec<(GroupId, LearnerIndex)>,
    /// Learners who are excluded from groups.
    pub exclusions: FxHashSet<(GroupId, LearnerId)>,
}

/// The changes from the current to the desired memberships.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MembershipPlan {
    /// All groups of the plan; those without a number are created.
    pub groups: Vec<PlannedGroup>,
    /// All rules of the plan; 0 stands for manual memberships.
    pub rules: Vec<PlannedRule>,
    /// New links between rules and groups.
    pub meetings: Vec<RuleGroupLink>,
    /// The current reasons for memberships of the learners of the population, sorted.
    pub before: Vec<MembershipEntry>,
    /// Reasons to add, sorted.
    pub add: Vec<MembershipEntry>,
    /// Reasons to remove, sorted.
    pub remove: Vec<MembershipEntry>,
    /// The warnings.
    pub problems: Vec<RunWarning>,
}

struct PlanBuilder<'a> {
    plan: MembershipPlan,
    today: &'a CurrentState,
    group_at: FxHashMap<GroupId, GroupIndex>,
    group_named: FxHashMap<String, GroupIndex>,
    rule_at: FxHashMap<RuleId, RuleIndex>,
}

impl MembershipPlan {
    /// Returns the memberships that end: those whose last reason ends.
    #[must_use]
    pub fn lost_memberships(&self) -> FxHashSet<(GroupIndex, LearnerIndex)> {
        let mut lost: FxHashSet<(GroupIndex, LearnerIndex)> =
            self.remove.iter().map(|entry| (entry.group, entry.who)).collect();
        if lost.is_empty() {
            return lost;
        }
        let mut removed = self.remove.iter().peekable();
        for entry in &self.before {
            if removed.next_if_eq(&entry).is_none() {
                lost.remove(&(entry.group, entry.who));
            }
        }
        for entry in &self.add {
            lost.remove(&(entry.group, entry.who));
        }
        lost
    }

    /// Returns the reasons that end with their membership. A reason that ends while another one stays is no removal.
    #[must_use]
    pub fn removals(&self) -> Vec<MembershipEntry> {
        let lost = self.lost_memberships();
        self.remove.iter().filter(|entry| lost.contains(&(entry.group, entry.who))).copied().collect()
    }

    /// Compares the current with the desired memberships. `rules` are the names of the file's rules, in its order.
    #[must_use]
    pub fn between(
        today: &CurrentState,
        desired: &DesiredMemberships,
        rules: &[RuleName],
        population: &Population,
    ) -> Self {
        let mut draft = PlanBuilder::new(today);
        let of_file: Vec<RuleIndex> = rules.iter().map(|name| draft.rule(name)).collect();
        let targets: Vec<Option<GroupIndex>> = {
            // Groups are created in the order of their names, independent of the order of the reading.
            let mut order: Vec<usize> = (0..desired.wanted.len()).collect();
            order.sort_unstable_by_key(|&at| {
                let one = &desired.wanted[at];
                (one.rule, &one.key, &one.name)
            });
            let mut targets = vec![None; desired.wanted.len()];
            for at in order {
                let one = &desired.wanted[at];
                targets[at] = draft.target(of_file[one.rule as usize], &one.key, &one.name);
            }
            targets
        };
        let should = draft.should(desired, &targets, &of_file, population);
        let is = draft.is();
        let undecided: FxHashSet<(RuleIndex, LearnerIndex)> =
            desired.undecided.iter().map(|(rule, who, _)| (of_file[*rule as usize], *who)).collect();
        let (add, remove) = difference(&is, &should, |entry| undecided.contains(&(entry.rule, entry.who)));
        let mut plan = draft.plan;
        let one_by_one = desired.undecided.iter().filter(|(rule, _, _)| !desired.is_reported_as_whole(*rule));
        plan.problems.extend(one_by_one.map(|(rule, who, why)| {
            let id = population.first(*who, rollcall_model::attributes::Attribute::ID);
            RunWarning::from(PlanWarning::RuleFailed { id, rule: &rules[*rule as usize], why })
        }));
        plan.problems.sort();
        Self { before: is, add, remove, ..plan }
    }

    /// Returns true if groups and memberships do not change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty() && self.new_groups() == 0 && self.meetings.is_empty()
    }

    /// The number of groups that are created.
    #[must_use]
    pub fn new_groups(&self) -> usize {
        self.groups.iter().filter(|group| group.is_made()).count()
    }
}

impl<'a> PlanBuilder<'a> {
    fn new(today: &'a CurrentState) -> Self {
        let groups: Vec<PlannedGroup> = today
            .groups
            .iter()
            .map(|(id, name, by_hand)| PlannedGroup {
                id: Some(*id),
                name: name.clone(),
                by_hand: *by_hand,
                held: false,
            })
            .collect();
        let by_hand = PlannedRule { id: Some(RuleId::BY_HAND), name: RuleName::new("(by hand)") };
        let known = today.rules.iter().map(|(id, name)| PlannedRule { id: Some(*id), name: name.clone() });
        let rules: Vec<PlannedRule> = std::iter::once(by_hand).chain(known).collect();
        let at = |index: usize| u32::try_from(index).expect("fewer than four billion groups and rules");
        let group_at = groups.iter().enumerate().filter_map(|(i, group)| Some((group.id?, at(i)))).collect();
        let group_named =
            groups.iter().enumerate().map(|(i, group)| (group.name.folded().to_owned(), at(i))).collect();
        let rule_at = rules.iter().enumerate().filter_map(|(i, rule)| Some((rule.id?, at(i)))).collect();
        Self {
            plan: MembershipPlan { groups, rules, ..MembershipPlan::default() },
            today,
            group_at,
            group_named,
            rule_at,
        }
    }

    fn rule(&mut self, name: &RuleName) -> RuleIndex {
        // Row 0 is not a rule of the file, even if a rule has its name.
        let known = self.plan.rules.iter().skip(1).position(|rule| rule.name == *name).map(|at| at + 1);
        let at = known.unwrap_or_else(|| {
            self.plan.rules.push(PlannedRule { id: None, name: name.clone() });
            self.plan.rules.len() - 1
        });
        u32::try_from(at).expect("fewer than four billion rules")
    }

    /// Returns the group of a rule for a value: the one that is linked, the one with that name, or a new one. `None` if
    /// the group was deleted manually, or the name is not valid.
    fn target(&mut self, rule: RuleIndex, key: &str, name: &str) -> Option<GroupIndex> {
        if let Some(id) = self.plan.rules[rule as usize].id
            && let Some((group, met_as, deleted)) = self.today.links.get(&(id, key.to_owned()))
            && fold(met_as) == fold(name)
        {
            return if *deleted { None } else { self.group_at.get(group).copied() };
        }
        let name = match GroupName::parse(name) {
            Ok(name) => name,
            Err(why) => {
                self.plan.problems.push(PlanWarning::BadGroupName { name, why }.into());
                return None;
            }
        };
        let group = match self.group_named.get(name.folded()) {
            Some(&group) => group,
            None => {
                let at = u32::try_from(self.plan.groups.len()).expect("fewer than four billion groups");
                self.group_named.insert(name.folded().to_owned(), at);
                self.plan.groups.push(PlannedGroup {
                    id: None,
                    name: name.clone(),
                    by_hand: false,
                    held: false,
                });
                at
            }
        };
        // Other spellings of the same value directly follow the first one.
        if self.plan.meetings.last().is_none_or(|last| last.rule != rule || last.key != key) {
            self.plan.meetings.push(RuleGroupLink {
                rule,
                key: key.to_owned(),
                group,
                name: name.shown().to_owned(),
            });
        }
        Some(group)
    }

    fn should(
        &self,
        desired: &DesiredMemberships,
        targets: &[Option<GroupIndex>],
        of_file: &[RuleIndex],
        population: &Population,
    ) -> Vec<MembershipEntry> {
        let excluded = |group: GroupIndex, who: LearnerIndex| {
            let pair = self.plan.groups[group as usize].id.zip(population.learner(who).id);
            pair.is_some_and(|pair| self.today.exclusions.contains(&pair))
        };
        let nobody_excluded = self.today.exclusions.is_empty();
        let by_rule = desired.members.iter().filter_map(|&(wanted, who)| {
            let group = targets[wanted as usize]?;
            let rule = of_file[desired.wanted[wanted as usize].rule as usize];
            (nobody_excluded || !excluded(group, who)).then_some(MembershipEntry { group, rule, who })
        });
        let has_access = |who: LearnerIndex| population.learner(who).status.has_access();
        let by_hand = self.today.members.iter().filter(|(_, rule, _)| *rule == RuleId::BY_HAND);
        let by_hand = by_hand
            .map(|&(group, _, who)| (group, who))
            .chain(self.today.resting.iter().copied())
            .filter(|&(_, who)| has_access(who))
            .filter_map(|(group, who)| {
                Some(MembershipEntry { group: *self.group_at.get(&group)?, rule: 0, who })
            });
        let mut should: Vec<MembershipEntry> = by_rule.chain(by_hand).collect();
        should.sort_unstable();
        should.dedup();
        should
    }

    fn is(&self) -> Vec<MembershipEntry> {
        let mut is: Vec<MembershipEntry> = self
            .today
            .members
            .iter()
            .filter_map(|(group, rule, who)| {
                Some(MembershipEntry {
                    group: *self.group_at.get(group)?,
                    rule: *self.rule_at.get(rule)?,
                    who: *who,
                })
            })
            .collect();
        is.sort_unstable();
        is.dedup();
        is
    }
}

/// Returns the missing and the surplus entries; both inputs are sorted and without duplicates.
fn difference(
    is: &[MembershipEntry],
    should: &[MembershipEntry],
    keep: impl Fn(&MembershipEntry) -> bool,
) -> (Vec<MembershipEntry>, Vec<MembershipEntry>) {
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    let (mut is, mut should) = (is.iter().peekable(), should.iter().peekable());
    loop {
        match (is.peek(), should.peek()) {
            (Some(&have), Some(&want)) if have == want => {
                is.next();
                should.next();
            }
            (Some(&have), want) if want.is_none_or(|&want| have < want) => {
                if !keep(have) {
                    remove.push(*have);
                }
                is.next();
            }
            (_, Some(&want)) => {
                add.push(*want);
                should.next();
            }
            (_, None) => return (add, remove),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(group: u32, who: u32) -> MembershipEntry {
        MembershipEntry { group, rule: 1, who }
    }

    #[test]
    fn the_difference_is_what_is_missing_and_what_is_too_much() {
        let is = [entry(1, 1), entry(1, 2), entry(3, 1)];
        let should = [entry(1, 2), entry(2, 1)];
        let (add, remove) = difference(&is, &should, |_| false);
        assert_eq!(add, [entry(2, 1)]);
        assert_eq!(remove, [entry(1, 1), entry(3, 1)]);
        assert_eq!(difference(&is, &is, |_| false), (vec![], vec![]));
        let (_, remove) = difference(&is, &[], |entry| entry.who == 1);
        assert_eq!(remove, [entry(1, 2)]);
    }
}
