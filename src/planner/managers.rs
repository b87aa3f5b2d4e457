//! The managers of people: who reports to whom, and the attributes of rules that follow from it.
//!
//! `manager` arrives as an id, an address, a DN or a name. [`OrgChart::resolve`] finds the person that it names, first
//! among the people of the same connector, then among those of all. The result is found, unknown or ambiguous. What
//! depends on an unknown or ambiguous manager is not known, so that rules that need it are not evaluated. Circles end at the
//! first person who occurs twice. The cost is the number of people times the depth of the organization, in memory; a plan
//! whose rules do not read these attributes does not come here.

use std::fmt::Display;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::learner_index::LearnerIndex;
use crate::manager_index::{PersonIndex, Superior};
pub use crate::manager_problem::MAX_LEVELS;
use crate::manager_problem::ManagerProblem;
pub use crate::org_person::OrgPerson;
use rollcall_model::attributes::{Attribute, UNRESOLVED};
use rollcall_model::ids::LearnerId;
use rollcall_model::interner::{Interner, SEPARATOR, Symbol};

/// The manager of a learner, as the last run of all people of a connector found it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredLine {
    /// `manager` as the source wrote it.
    pub written: String,
    /// The manager; the last one that was known if `problem` is not empty.
    pub manager: Option<LearnerId>,
    /// The reason why the manager is not known; empty if it is.
    pub problem: String,
    /// The number of people below.
    pub reports: i64,
}

/// The managers in the database, as far as a plan needs them.
#[derive(Debug, Clone, Default)]
pub struct StoredManagers {
    /// People who are not in the reading and may be managers.
    pub people: Vec<OrgPerson>,
    /// The managers as last found.
    pub lines: FxHashMap<LearnerId, StoredLine>,
}

/// The person whom a line leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineManager {
    /// A learner of the population.
    OfPlan(LearnerIndex),
    /// Another learner.
    Known(LearnerId),
}

/// A line that is new or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedLine {
    /// The learner.
    pub who: LearnerIndex,
    /// The manager.
    pub manager: Option<LineManager>,
    /// The other values of the line; its manager is not used.
    pub line: StoredLine,
}

/// The attributes of the people of a plan that are computed from their managers.
#[derive(Debug, Clone, Default)]
pub struct ManagerValues {
    chains: Vec<Symbol>,
    chain_ids: Vec<Symbol>,
    reports: Vec<Symbol>,
    leads: Vec<Symbol>,
}

/// People and their managers.
#[derive(Debug)]
pub struct OrgChart<'a> {
    people: Vec<OrgPerson>,
    stored: &'a FxHashMap<LearnerId, StoredLine>,
    /// The number of people of the plan; they are the first ones.
    of_plan: usize,
    /// True if the people are all people; otherwise what is stored is used for what is above and below them.
    complete: bool,
    /// True if known people are not among them, so that the numbers of reports are the least ones.
    lacks_people: bool,
}

/// The values of the managers from one person upward.
#[derive(Debug, Clone)]
struct ChainValues {
    managers: Vec<usize>,
    /// Addresses and ids.
    values: (Symbol, Symbol),
}

impl StoredManagers {
    /// Computes the attributes of one learner from the stored managers.
    #[must_use]
    pub fn values_of_stored(&self, learner: LearnerId, values: &mut Interner) -> ManagerValues {
        let written = self.lines.get(&learner).map_or("", |line| line.written.as_str());
        let managers = written.lines().map(str::to_owned).collect();
        let one = OrgPerson { learner: Some(learner), managers, ..OrgPerson::default() };
        OrgChart::new(vec![one], self, false).resolve(values).0
    }
}

impl ManagerValues {
    /// Returns a computed attribute of a person of the plan.
    #[must_use]
    pub fn cell(&self, who: LearnerIndex, attribute: Attribute) -> Symbol {
        let values = match attribute {
            Attribute::MANAGER_CHAIN => &self.chains,
            Attribute::MANAGER_CHAIN_IDS => &self.chain_ids,
            Attribute::REPORTS_TOTAL => &self.reports,
            _ => &self.leads,
        };
        values[who as usize]
    }
}

impl<'a> OrgChart<'a> {
    /// A chart of the people of a plan, and of others who may be their managers. `complete` if these are all people.
    #[must_use]
    pub fn new(mut of_plan: Vec<OrgPerson>, stored: &'a StoredManagers, complete: bool) -> Self {
        let count = of_plan.len();
        let known: FxHashSet<LearnerId> = of_plan.iter().filter_map(|person| person.learner).collect();
        let others = stored.people.iter().filter(|one| one.learner.is_none_or(|id| !known.contains(&id)));
        of_plan.extend(others.cloned());
        Self { people: of_plan, stored: &stored.lines, of_plan: count, complete, lacks_people: false }
    }

    /// The chart of a complete plan that lacks known people: their records wait, or were set aside. A number of reports
    /// that is lower than the stored one is not known, because the missing people may be below.
    #[must_use]
    pub(crate) fn without_some_people(self) -> Self {
        Self { lacks_people: true, ..self }
    }

    /// Resolves the managers; returns the attributes of the people of the plan, and the lines that differ from the stored
    /// ones if all people are known.
    #[must_use]
    pub fn resolve(&self, values: &mut Interner) -> (ManagerValues, Vec<ChangedLine>) {
        let index = PersonIndex::new(&self.people);
        let superiors: Vec<Superior> = (0..self.people.len()).map(|at| self.superior(&index, at)).collect();
        let reports = self.complete.then(|| self.count_reports(&index, &superiors));
        let mut found = ManagerValues::default();
        let mut chains: FxHashMap<usize, Result<ChainValues, String>> = FxHashMap::default();
        for at in 0..self.of_plan {
            let (chain, ids) = match &superiors[at] {
                Superior::None => (Symbol::EMPTY, Symbol::EMPTY),
                Superior::Unresolved(why) => unresolved_pair(values, why),
                Superior::Found(manager) => {
                    let above =
                        chains.entry(*manager).or_insert_with(|| self.chain(&superiors, *manager, values));
                    match above {
                        Err(why) => unresolved_pair(values, why),
                        Ok(above) => match above.managers.iter().position(|one| *one == at) {
                            None => above.values,
                            Some(end) => self.chain_symbols(&above.managers[..end], values),
                        },
                    }
                }
            };
            found.chains.push(chain);
            found.chain_ids.push(ids);
            let (count, problem) = match &reports {
                Some(reports) => (self.known_count(at, reports), ManagerProblem::LacksPeople),
                None => (self.stored_line(at).map(|line| line.reports), ManagerProblem::NotStored),
            };
            let (total, leads) = match count {
                Some(count) => (
                    values.intern(&count.to_string()),
                    values.intern(if count > 0 { "true" } else { "false" }),
                ),
                None => unresolved_pair(values, problem),
            };
            found.reports.push(total);
            found.leads.push(leads);
        }
        let lines = reports.map_or_else(Vec::new, |reports| self.changed_lines(&superiors, &reports));
        (found, lines)
    }

    fn stored_line(&self, at: usize) -> Option<&'a StoredLine> {
        self.people[at].learner.and_then(|learner| self.stored.get(&learner))
    }

    /// Finds the manager of one person.
    fn superior(&self, index: &PersonIndex<'_>, at: usize) -> Superior {
        if self.complete {
            return index.find_manager(at);
        }
        match self.stored_line(at) {
            Some(line) if at >= self.of_plan || line.written == written(&self.people[at]) => {
                if !line.problem.is_empty() {
                    return Superior::Unresolved(line.problem.clone());
                }
                let Some(manager) = line.manager else { return Superior::None };
                index.position(manager).map_or_else(
                    || Superior::Unresolved(ManagerProblem::NotStored.to_string()),
                    Superior::Found,
                )
            }
            None if at >= self.of_plan => Superior::Unresolved(ManagerProblem::NotStored.to_string()),
            Some(_) | None => index.find_manager(at),
        }
    }

    /// Returns the managers from `first` upward.
    fn chain(
        &self,
        superiors: &[Superior],
        first: usize,
        values: &mut Interner,
    ) -> Result<ChainValues, String> {
        let mut managers = vec![first];
        let mut at = first;
        loop {
            match &superiors[at] {
                Superior::None => break,
                Superior::Unresolved(why) => return Err(why.clone()),
                Superior::Found(next) if managers.contains(next) => break,
                Superior::Found(_) if managers.len() >= MAX_LEVELS => {
                    return Err(ManagerProblem::TooManyLevels.to_string());
                }
                Superior::Found(next) => {
                    managers.push(*next);
                    at = *next;
                }
            }
        }
        let values = self.chain_symbols(&managers, values);
        Ok(ChainValues { managers, values })
    }

    /// Interns the addresses and the ids of managers, in their order.
    fn chain_symbols(&self, managers: &[usize], values: &mut Interner) -> (Symbol, Symbol) {
        let id = |at: &usize| self.people[*at].ids.first().map_or("", |(_, id)| id.as_str());
        let address = |at: &usize| match self.people[*at].address.as_str() {
            "" => id(at),
            address => address,
        };
        let separator = SEPARATOR.to_string();
        let addresses: Vec<&str> = managers.iter().map(address).collect();
        let ids: Vec<&str> = managers.iter().map(id).collect();
        (values.intern(&addresses.join(&separator)), values.intern(&ids.join(&separator)))
    }

    /// Counts the people below each person. A person whose manager is not known counts for the last one that was known.
    fn count_reports(&self, index: &PersonIndex<'_>, superiors: &[Superior]) -> Vec<i64> {
        let mut reports = vec![0; self.people.len()];
        let mut seen = Vec::new();
        for at in (0..self.people.len()).filter(|&at| !self.people[at].has_left) {
            seen.clear();
            seen.push(at);
            while let Some(next) = self.last_known(index, superiors, seen[seen.len() - 1]) {
                if seen.contains(&next) || seen.len() > MAX_LEVELS {
                    break;
                }
                reports[next] += 1;
                seen.push(next);
            }
        }
        reports
    }

    /// Returns the number of people below; `None` if people who are missing from the chart may be among them.
    fn known_count(&self, at: usize, reports: &[i64]) -> Option<i64> {
        let is_lower = || self.stored_line(at).is_some_and(|line| line.reports > reports[at]);
        (!self.lacks_people || !is_lower()).then_some(reports[at])
    }

    fn last_known(&self, index: &PersonIndex<'_>, superiors: &[Superior], at: usize) -> Option<usize> {
        match &superiors[at] {
            Superior::None => None,
            Superior::Found(manager) => Some(*manager),
            Superior::Unresolved(_) => index.position(self.stored_line(at)?.manager?),
        }
    }

    fn changed_lines(&self, superiors: &[Superior], reports: &[i64]) -> Vec<ChangedLine> {
        let line = |at: usize| {
            let stored = self.stored_line(at);
            let last = stored.and_then(|line| line.manager);
            let (manager, problem) = match &superiors[at] {
                Superior::None => (None, ""),
                Superior::Found(manager) => (Some(self.line_manager(*manager)), ""),
                Superior::Unresolved(why) => (last.map(LineManager::Known), why.as_str()),
            };
            let stored_count = stored.map_or(0, |line| line.reports);
            let count = self.known_count(at, reports).unwrap_or(stored_count);
            let is_same = |stored: &StoredLine| {
                let id = match manager {
                    Some(LineManager::OfPlan(who)) => self.people[who as usize].learner,
                    Some(LineManager::Known(id)) => Some(id),
                    None => None,
                };
                stored.reports == count
                    && stored.problem == problem
                    && stored.manager == id
                    && manager.is_some() == id.is_some()
                    && stored.written == written(&self.people[at])
            };
            if stored.is_some_and(is_same) {
                return None;
            }
            let line = StoredLine {
                written: written(&self.people[at]),
                manager: None,
                problem: problem.to_owned(),
                reports: count,
            };
            Some(ChangedLine { who: LearnerIndex::try_from(at).ok()?, manager, line })
        };
        (0..self.of_plan).filter_map(line).collect()
    }

    fn line_manager(&self, at: usize) -> LineManager {
        match (self.people[at].learner, LearnerIndex::try_from(at)) {
            (_, Ok(who)) if at < self.of_plan => LineManager::OfPlan(who),
            (learner, _) => LineManager::Known(learner.unwrap_or(LearnerId(0))),
        }
    }
}

/// The value of a computed attribute that was not computed.
pub(crate) fn not_computed(values: &mut Interner) -> Symbol {
    unresolved_pair(values, ManagerProblem::NotStored).0
}

fn unresolved_pair(values: &mut Interner, why: impl Display) -> (Symbol, Symbol) {
    let cell = values.intern(&format!("{UNRESOLVED}{why}"));
    (cell, cell)
}

fn written(person: &OrgPerson) -> String {
    person.managers.join("\n")
}
