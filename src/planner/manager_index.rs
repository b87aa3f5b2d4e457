//! Finds the person whom the text of a `manager` attribute names.

use rustc_hash::FxHashMap;

use crate::manager_problem::ManagerProblem;
use crate::org_person::OrgPerson;
use rollcall_model::ids::LearnerId;
use rollcall_model::names::fold;

/// The value with which SAP SuccessFactors says that a person has no manager.
const NO_MANAGER: &str = "no_manager";

/// The manager of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Superior {
    /// There is no manager: the person is at the top.
    None,
    /// The position of the manager.
    Found(usize),
    /// The manager is unknown or ambiguous, with the reason.
    Unresolved(String),
}

/// People by their ids, addresses and names.
pub(crate) struct PersonIndex<'p> {
    people: &'p [OrgPerson],
    ids: FxHashMap<&'p str, Vec<(usize, usize)>>,
    addresses: FxHashMap<&'p str, Vec<usize>>,
    names: FxHashMap<String, Vec<usize>>,
    learners: FxHashMap<LearnerId, usize>,
}

impl<'p> PersonIndex<'p> {
    pub(crate) fn new(people: &'p [OrgPerson]) -> Self {
        let mut index = Self {
            people,
            ids: FxHashMap::default(),
            addresses: FxHashMap::default(),
            names: FxHashMap::default(),
            learners: FxHashMap::default(),
        };
        for (at, person) in people.iter().enumerate() {
            for (place, id) in &person.ids {
                index.ids.entry(id).or_default().push((*place, at));
            }
            if !person.address.is_empty() {
                index.addresses.entry(&person.address).or_default().push(at);
            }
            if !person.name.is_empty() {
                index.names.entry(fold(&person.name)).or_default().push(at);
            }
            index.learners.extend(person.learner.map(|learner| (learner, at)));
        }
        index
    }

    /// Returns the position of a learner.
    pub(crate) fn position(&self, learner: LearnerId) -> Option<usize> {
        self.learners.get(&learner).copied()
    }

    /// Finds the manager of the person at a position. A person who is named as the own manager has none.
    pub(crate) fn find_manager(&self, at: usize) -> Superior {
        let person = &self.people[at];
        let places: Vec<usize> = person.ids.iter().map(|(place, _)| *place).collect();
        let mut found = Superior::None;
        for text in person.managers.iter().filter(|text| fold(text) != NO_MANAGER) {
            let next = self.find(text, &places);
            match (&found, &next) {
                (Superior::None, _) | (_, Superior::Unresolved(_)) => found = next,
                (Superior::Found(one), Superior::Found(other)) if one != other => {
                    return Superior::Unresolved(ManagerProblem::Several.to_string());
                }
                (Superior::Found(_) | Superior::Unresolved(_), Superior::None | Superior::Found(_)) => {}
            }
        }
        if found == Superior::Found(at) { Superior::None } else { found }
    }

    /// Finds a person: by an id of the same connectors, an address, an id of any connector, and a name. A DN also names a
    /// person by the value of its first part.
    fn find(&self, text: &str, places: &[usize]) -> Superior {
        let part = first_part_of_dn(text);
        let texts = std::iter::once(text).chain(part.as_deref());
        for text in texts {
            let ids = self.ids.get(text).map_or(&[][..], Vec::as_slice);
            let own = ids.iter().filter(|(place, _)| places.contains(place)).map(|(_, at)| *at);
            let folded = fold(text);
            let tiers: [Vec<usize>; 4] = [
                own.collect(),
                self.addresses.get(folded.as_str()).cloned().unwrap_or_default(),
                ids.iter().map(|(_, at)| *at).collect(),
                self.names.get(&folded).cloned().unwrap_or_default(),
            ];
            for tier in tiers {
                match self.one_of(tier) {
                    Ok(None) => {}
                    Ok(Some(at)) => return Superior::Found(at),
                    Err(()) => {
                        let problem = ManagerProblem::Ambiguous { text };
                        return Superior::Unresolved(problem.to_string());
                    }
                }
            }
        }
        Superior::Unresolved(ManagerProblem::Unknown { text }.to_string())
    }

    /// Returns the only one; of several people, the only one who has not left.
    fn one_of(&self, mut found: Vec<usize>) -> Result<Option<usize>, ()> {
        found.sort_unstable();
        found.dedup();
        if found.len() > 1 {
            found.retain(|at| !self.people[*at].has_left);
            if found.is_empty() {
                return Err(());
            }
        }
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            [_, ..] => Err(()),
        }
    }
}

/// Returns the value of the first part of a DN: `Ada Lovelace` of `CN=Ada Lovelace,OU=People,DC=corp`. `None` for other
/// texts (RFC 4514).
fn first_part_of_dn(text: &str) -> Option<String> {
    let (attribute, rest) = text.split_once('=')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if attribute.trim().is_empty() || !attribute.trim().chars().all(is_name) {
        return None;
    }
    let mut value = String::new();
    let mut characters = rest.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => value.extend(characters.next()),
            ',' | '+' => return Some(value.trim().to_owned()),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first part of a DN is its value without escapes.
    #[test]
    fn first_part_of_a_dn_is_its_value() {
        let part = |text| first_part_of_dn(text);
        assert_eq!(part("CN=Lovelace\\, Ada,OU=People,DC=corp").as_deref(), Some("Lovelace, Ada"));
        assert_eq!(part("uid=ada + sn=x,dc=corp").as_deref(), Some("ada"));
        assert_eq!((part("ada@corp.example"), part("cn=ada"), part("a b=c,d")), (None, None, None));
    }
}
