//! The address of each learner, and the learners whose rows change.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::lookups::Lookups;
use crate::plan_warning::PlanWarning;
use crate::population::{LearnerIndex, PersonChange, Population, to_json};
use crate::population_builder::PopulationBuilder;
use rollcall_model::attributes::Attribute;
use rollcall_model::ids::LearnerId;
use rollcall_model::names::fold;
use rollcall_model::status::LearnerStatus;

/// An update of a learner's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearnerUpdate {
    /// The learner.
    pub who: LearnerIndex,
    /// The result for the learner's address.
    pub address: EmailOutcome,
}

/// The result for the address that the directory gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmailOutcome {
    /// There is no address, or it is not valid.
    None,
    /// The learner has the address.
    Own,
    /// Another learner holds the address.
    Taken,
}

/// Learners whose rows the run may have to write.
#[derive(Default)]
pub(crate) struct UpdateCandidates {
    /// Learners whose row may change.
    write: Vec<LearnerIndex>,
    /// Those of them without changes, whose address another learner has held so far.
    asking_again: FxHashSet<LearnerIndex>,
    /// Learners of whom only the status changes, because they leave.
    leave: Vec<LearnerIndex>,
}

impl PopulationBuilder<'_> {
    pub(crate) fn candidates(&self, lookups: &Lookups) -> UpdateCandidates {
        let population = &self.population;
        let merged = population.indices().filter(|&who| {
            let learner = population.learner(who);
            population.is_merged(who) && learner.change != PersonChange::None && learner.id.is_some()
        });
        let merged: Vec<(LearnerIndex, LearnerId)> =
            merged.filter_map(|who| Some((who, population.learner(who).id?))).collect();
        let other_attributes: FxHashSet<LearnerIndex> = merged
            .into_iter()
            .filter(|(who, id)| {
                let now = population
                    .cells(*who)
                    .map(|cells| to_json(self.context.rules.attributes, &population.people.values, cells));
                let same = |stored: &String| now.as_deref().is_some_and(|now| same_json(now, stored));
                !lookups.attributes.get(id).is_some_and(same)
            })
            .map(|(who, _)| who)
            .collect();
        let mut found = UpdateCandidates::default();
        for who in population.indices() {
            let learner = population.learner(who);
            let moved = learner.status_before != Some(learner.status);
            let changed = matches!(learner.change, PersonChange::Changed | PersonChange::New)
                || other_attributes.contains(&who);
            if population.cells(who).is_none() {
                if moved {
                    found.leave.push(who);
                }
            } else if learner.change != PersonChange::None {
                let is_new = learner.id.is_none() || moved || changed;
                if is_new || learner.contested {
                    found.write.push(who);
                }
                if !is_new && learner.contested {
                    found.asking_again.insert(who);
                }
            }
        }
        found
    }

    /// Assigns addresses: the learner who has an address keeps it, then the longest-known learner gets it.
    pub(crate) fn addresses(
        &mut self,
        lookups: &Lookups,
        UpdateCandidates { write, asking_again, leave }: UpdateCandidates,
    ) -> (Vec<LearnerUpdate>, Vec<LearnerIndex>) {
        let population = &self.population;
        let wanted: Vec<String> =
            write.iter().map(|&who| fold(population.first(who, Attribute::EMAIL))).collect();
        let competes = |who: LearnerIndex| population.learner(who).status != LearnerStatus::Left;
        let wants: FxHashMap<LearnerIndex, &str> =
            write.iter().zip(&wanted).map(|(&who, address)| (who, address.as_str())).collect();
        let leaving: FxHashSet<LearnerIndex> = leave.iter().copied().collect();
        let mut winners: FxHashMap<&str, Option<LearnerIndex>> = FxHashMap::default();
        for address in wanted.iter().map(String::as_str).filter(|address| !address.is_empty()) {
            let holders = lookups.holders.get(address).into_iter().flatten();
            for holder in holders.filter(|holder| holder.status != LearnerStatus::Left) {
                match self.by_learner.get(&holder.learner) {
                    Some(who) if leaving.contains(who) || !competes(*who) => {}
                    Some(who) if wants.get(who).is_some_and(|wanted| *wanted != address) => {}
                    Some(who) => {
                        winners.insert(address, Some(*who));
                    }
                    None => {
                        winners.insert(address, None);
                    }
                }
            }
        }
        let mut order: Vec<usize> = (0..write.len()).collect();
        order.sort_unstable_by_key(|&at| {
            let learner = population.learner(write[at]);
            (learner.id.map_or(i64::MAX, |id| id.0), population.first(write[at], Attribute::ID))
        });
        for at in order {
            if competes(write[at]) && !wanted[at].is_empty() {
                winners.entry(&wanted[at]).or_insert(Some(write[at]));
            }
        }
        let mut decided = Vec::with_capacity(write.len());
        for (&who, address) in write.iter().zip(&wanted) {
            let address = match winners.get(address.as_str()) {
                _ if address.is_empty() => EmailOutcome::None,
                Some(winner) if *winner != Some(who) && competes(who) => EmailOutcome::Taken,
                Some(winner) if *winner != Some(who) => EmailOutcome::None,
                Some(_) | None => EmailOutcome::Own,
            };
            if address == EmailOutcome::Taken {
                let id = population.first(who, Attribute::ID);
                let winner =
                    winners.get(fold(population.first(who, Attribute::EMAIL)).as_str()).copied().flatten();
                let address = population.first(who, Attribute::EMAIL);
                let holder = describe_holder(population, lookups, winner, address);
                self.problems.push(PlanWarning::AddressTaken { id, address, holder: &holder }.into());
            }
            let nothing_new = asking_again.contains(&who) && address == EmailOutcome::Taken;
            if !nothing_new {
                decided.push(LearnerUpdate { who, address });
            }
        }
        (decided, leave)
    }
}

/// Describes the learner who has an address: one of the plan, or another one.
fn describe_holder(
    population: &Population,
    lookups: &Lookups,
    winner: Option<LearnerIndex>,
    address: &str,
) -> String {
    let id = winner.map(|who| population.first(who, Attribute::ID)).filter(|id| !id.is_empty());
    if let Some((who, id)) = winner.zip(id) {
        return match population.name(who) {
            name if name.is_empty() => format!("the person with the id `{id}`"),
            name => format!("`{name}` (id `{id}`)"),
        };
    }
    let holders = lookups.holders.get(&fold(address)).into_iter().flatten();
    let id =
        holders.filter(|holder| holder.status != LearnerStatus::Left).flat_map(|holder| &holder.ids).next();
    id.map_or_else(|| "another learner".to_owned(), |(id, _)| format!("the person with the id `{id}`"))
}

/// Compares JSON values, because PostgreSQL changes the order and the spaces of a JSON text.
fn same_json(one: &str, other: &str) -> bool {
    let read = |text| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || read(one) == read(other)
}
