//! What is known about the members of the groups that rules read with `in_group`.
//!
//! A plan counts the members that its own rules give, and those by hand; learners who are excluded from a group are not in
//! it. Where a rule that gives the group could not be evaluated for a learner, the membership is not known. Rules that do
//! not read groups cost nothing here.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::desired_memberships::{DesiredGroup, DesiredMemberships};
use crate::membership_plan::CurrentState;
use crate::population::{LearnerIndex, Population};
use rollcall_model::ids::{GroupId, LearnerId, RuleId};
use rollcall_model::names::{GroupName, fold};
use rollcall_rules::rule::Rule;
use rollcall_rules::rule::group_references::MembershipState;
use rollcall_rules::rule_order::{RuleOrder, order_rules};

/// The members of groups, by the folded names of the groups.
pub type StoredMembers = FxHashMap<String, FxHashSet<LearnerId>>;

/// What is known about members before rules are evaluated.
#[derive(Debug, Clone, Copy)]
pub enum KnownMembers<'a> {
    /// Nothing.
    Nothing,
    /// The current memberships, to which the rules of the plan add theirs.
    Current(&'a CurrentState),
    /// The members, whatever the rules give.
    Stored(&'a StoredMembers),
}

/// The members of the groups that rules read, as far as the rules were evaluated.
pub(crate) struct GroupStates<'a> {
    rules: &'a [Rule],
    population: &'a Population,
    known: KnownMembers<'a>,
    /// The groups that rules read.
    groups: Vec<ReadGroup>,
    by_name: FxHashMap<&'a str, usize>,
    by_id: FxHashMap<GroupId, usize>,
    /// The rules that are linked to a group: position of the rule, position of the group.
    links: FxHashSet<(u32, usize)>,
    /// Current memberships by rules, as the positions of groups.
    kept: FxHashMap<(RuleId, LearnerIndex), Vec<usize>>,
}

struct ReadGroup {
    name: GroupName,
    id: Option<GroupId>,
    /// The state of the learners who are not in `states`.
    others: MembershipState,
    states: FxHashMap<LearnerIndex, MembershipState>,
}

impl<'a> GroupStates<'a> {
    pub(crate) fn new(rules: &'a [Rule], population: &'a Population, known: KnownMembers<'a>) -> Self {
        let (groups, by_name, by_id) = (Vec::new(), FxHashMap::default(), FxHashMap::default());
        let (links, kept) = (FxHashSet::default(), FxHashMap::default());
        let mut states = Self { rules, population, known, groups, by_name, by_id, links, kept };
        for name in rules.iter().flat_map(|rule| rule.condition().groups()) {
            states.by_name.entry(name.folded()).or_insert_with(|| {
                let (id, others) = (None, MembershipState::Unknown);
                states.groups.push(ReadGroup {
                    name: name.clone(),
                    id,
                    others,
                    states: FxHashMap::default(),
                });
                states.groups.len() - 1
            });
        }
        if states.groups.is_empty() {
            return states;
        }
        match known {
            KnownMembers::Nothing => {}
            KnownMembers::Current(today) => states.add_current(today),
            KnownMembers::Stored(members) => states.add_stored(members),
        }
        states
    }

    fn add_current(&mut self, today: &'a CurrentState) {
        for (id, name, _) in &today.groups {
            if let Some(&at) = self.by_name.get(name.folded()) {
                self.groups[at].id = Some(*id);
                self.by_id.insert(*id, at);
            }
        }
        for (at, rule) in (0..).zip(self.rules) {
            let Some(id) = rule_id(today, rule) else { continue };
            let linked = today.links.iter().filter(|((of, _), (_, _, deleted))| *of == id && !deleted);
            self.links.extend(linked.filter_map(|(_, (group, _, _))| Some((at, *self.by_id.get(group)?))));
        }
        for at in 0..self.groups.len() {
            if self.groups[at].id.is_some() || (0..).zip(self.rules).any(|(rule, _)| self.gives(rule, at)) {
                self.groups[at].others = MembershipState::NotMember;
            }
        }
        for (group, rule, who) in &today.members {
            let Some(&at) = self.by_id.get(group) else { continue };
            if *rule == RuleId::BY_HAND {
                self.groups[at].states.insert(*who, MembershipState::Member);
            } else {
                self.kept.entry((*rule, *who)).or_default().push(at);
            }
        }
        for (group, who) in &today.resting {
            if let Some(&at) = self.by_id.get(group) {
                self.groups[at].states.insert(*who, MembershipState::Member);
            }
        }
    }

    fn add_stored(&mut self, members: &StoredMembers) {
        for group in &mut self.groups {
            let Some(members) = members.get(group.name.folded()) else { continue };
            group.others = MembershipState::NotMember;
            let is_member =
                |who: &LearnerIndex| self.population.learner(*who).id.is_some_and(|id| members.contains(&id));
            let found = self.population.indices().filter(is_member);
            group.states.extend(found.map(|who| (who, MembershipState::Member)));
        }
    }

    /// Returns true if a rule may give a group.
    fn gives(&self, rule: u32, group: usize) -> bool {
        self.links.contains(&(rule, group))
            || self.rules[rule as usize].group.may_name(&self.groups[group].name)
    }

    /// Returns the order in which the rules are evaluated.
    pub(crate) fn order_rules(&self) -> RuleOrder {
        match self.known {
            KnownMembers::Current(_) if !self.groups.is_empty() => {
                order_rules(self.rules, |rule, group| self.gives(rule, self.by_name[group.folded()]))
            }
            KnownMembers::Nothing | KnownMembers::Current(_) | KnownMembers::Stored(_) => {
                let all = (0..).zip(self.rules).map(|(at, _)| at).collect();
                RuleOrder { levels: vec![all], ..RuleOrder::default() }
            }
        }
    }

    /// Returns what is known about a learner and a group.
    pub(crate) fn state(&self, group: &GroupName, who: LearnerIndex) -> MembershipState {
        let Some(&at) = self.by_name.get(group.folded()) else { return MembershipState::Unknown };
        let group = &self.groups[at];
        group.states.get(&who).copied().unwrap_or(group.others)
    }

    /// Adds the results of rules that were evaluated.
    pub(crate) fn add_results(&mut self, level: &[u32], desired: &DesiredMemberships) {
        let KnownMembers::Current(today) = self.known else { return };
        let of_level: FxHashSet<u32> = level.iter().copied().collect();
        let target = |one: &DesiredGroup| {
            let group = self.find_group(today, one.rule, &one.key, &one.name);
            group.filter(|_| of_level.contains(&one.rule))
        };
        let targets: Vec<Option<usize>> = desired.wanted.iter().map(target).collect();
        for (wanted, who) in &desired.members {
            if let Some(at) = targets[*wanted as usize] {
                self.set(today, at, *who, MembershipState::Member);
            }
        }
        for (rule, who, _) in desired.undecided.iter().filter(|(rule, _, _)| of_level.contains(rule)) {
            let template = &self.rules[*rule as usize].group;
            let cell_of = |attribute| self.population.cell(*who, attribute);
            let named = template.render(&self.population.people.values, cell_of).into_iter();
            let named = named.filter_map(|one| self.find_group(today, *rule, &one.key, &one.name));
            let mut groups: Vec<usize> = named.collect();
            let kept = rule_id(today, &self.rules[*rule as usize]).and_then(|id| self.kept.get(&(id, *who)));
            groups.extend(kept.into_iter().flatten());
            for at in groups {
                self.set(today, at, *who, MembershipState::Unknown);
            }
        }
    }

    /// Returns the position of the group that a rule means by a value, if a rule reads it.
    fn find_group(&self, today: &CurrentState, rule: u32, key: &str, name: &str) -> Option<usize> {
        let id = rule_id(today, &self.rules[rule as usize]);
        let link = id.and_then(|id| today.links.get(&(id, key.to_owned())));
        match link.filter(|(_, met_as, _)| fold(met_as) == fold(name)) {
            Some((_, _, true)) => None,
            Some((group, _, false)) => self.by_id.get(group).copied(),
            None => self.by_name.get(GroupName::parse(name).ok()?.folded()).copied(),
        }
    }

    /// Sets a state, unless the learner is excluded or is known to be a member.
    fn set(&mut self, today: &CurrentState, at: usize, who: LearnerIndex, state: MembershipState) {
        let group = &mut self.groups[at];
        let pair = group.id.zip(self.population.learner(who).id);
        if pair.is_some_and(|pair| today.exclusions.contains(&pair)) {
            return;
        }
        if group.states.get(&who) != Some(&MembershipState::Member) {
            group.states.insert(who, state);
        }
    }

    /// Returns the rules that read a group that does not exist and that no rule gives.
    pub(crate) fn list_unknown(&self) -> Vec<(u32, GroupName)> {
        let is_known = match self.known {
            KnownMembers::Nothing => return Vec::new(),
            KnownMembers::Current(_) | KnownMembers::Stored(_) => {
                |group: &ReadGroup| group.others != MembershipState::Unknown
            }
        };
        let unknown = |group: &&GroupName| !is_known(&self.groups[self.by_name[group.folded()]]);
        let of_rule = |(at, rule): (u32, &'a Rule)| {
            rule.condition().groups().filter(unknown).map(move |group| (at, group.clone()))
        };
        (0..).zip(self.rules).flat_map(of_rule).collect()
    }
}

fn rule_id(today: &CurrentState, rule: &Rule) -> Option<RuleId> {
    today.rules.iter().find(|(_, name)| *name == rule.name).map(|(id, _)| *id)
}
