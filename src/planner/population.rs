//! The learners of one plan, each with merged attributes and the status on this day.
//!
//! Most learners are one person of one connector: their attributes are the cells of the reading, without a copy. Only
//! learners of several connectors, and learners who are not in the reading, have merged cells.

use rustc_hash::FxHashMap;

pub use crate::learner_index::LearnerIndex;
use crate::managers::{self, ChangedLine, ManagerValues, OrgChart, OrgPerson, StoredManagers};
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::ids::LearnerId;
use rollcall_model::interner::{Interner, Symbol};
use rollcall_model::json::push_string;
use rollcall_model::names::fold;
use rollcall_model::people::{PeopleTable, RowIndex};
use rollcall_model::status::{LearnerStatus, read_date};

/// The change of a person of this connector since the last good reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonChange {
    /// No change.
    Same,
    /// The attributes changed.
    Changed,
    /// The person is new, or returns.
    New,
    /// The person is missing from a complete reading.
    Absent,
    /// There is no person of this connector: the learner was added manually.
    None,
}

/// A learner of the plan.
#[derive(Debug, Clone)]
pub struct EvaluatedLearner {
    /// The number; `None` for a new learner.
    pub id: Option<LearnerId>,
    /// The row of the reading.
    pub row: Option<RowIndex>,
    /// The change of the person.
    pub change: PersonChange,
    /// The status before; `None` for a new learner.
    pub status_before: Option<LearnerStatus>,
    /// The status today.
    pub status: LearnerStatus,
    /// Bit n: the file's connector n holds the person; [`EvaluatedLearner::ADDED_BY_HAND`] if no connector does.
    pub sources: u64,
    /// True if another learner holds the address.
    pub contested: bool,
}

impl EvaluatedLearner {
    /// The bit of learners who were added manually. Rules that name no connector apply to them too.
    pub const ADDED_BY_HAND: u64 = 1 << 63;

    /// The bit of connectors that were removed from the file. Their people stay as last read; rules that name no
    /// connector apply to them.
    pub const STRUCK: u64 = 1 << 62;

    /// Returns true if the learner loses all access.
    #[must_use]
    pub fn loses_access(&self) -> bool {
        self.status_before.is_some_and(LearnerStatus::has_access) && !self.status.has_access()
    }

    /// Returns true if a known learner has access from now on.
    #[must_use]
    pub fn gains_access(&self) -> bool {
        self.status_before.is_some_and(|before| !before.has_access()) && self.status.has_access()
    }

    /// Returns true if the learner starts, leaves or comes back: a change of status other than a leave of absence.
    #[must_use]
    pub fn comes_or_goes(&self) -> bool {
        let is_leave_of_absence = |before: LearnerStatus| before.has_access() && self.status.has_access();
        self.status_before.is_some_and(|before| before != self.status && !is_leave_of_absence(before))
    }
}

/// All learners of a plan.
#[derive(Debug, Clone)]
pub struct Population {
    /// The reading, with all texts.
    pub people: PeopleTable,
    merged: FxHashMap<LearnerIndex, Box<[Symbol]>>,
    /// The learners; first the rows of the reading, in their order.
    pub learners: Vec<EvaluatedLearner>,
    /// The cells of the values of [`LearnerStatus`], in their order.
    states: [Symbol; 5],
    /// The attributes that are computed from managers, if a rule reads them.
    managers: Option<Box<ManagerValues>>,
    /// The value of such an attribute if it was not computed.
    not_computed: Symbol,
}

impl Population {
    /// Creates a population without learners for a reading.
    #[must_use]
    pub fn new(mut people: PeopleTable) -> Self {
        let states = [
            LearnerStatus::Upcoming,
            LearnerStatus::Active,
            LearnerStatus::Leave,
            LearnerStatus::Left,
            LearnerStatus::Suspended,
        ]
        .map(|status| people.values.intern(status.as_str()));
        let not_computed = managers::not_computed(&mut people.values);
        let merged = FxHashMap::default();
        Self { people, merged, learners: Vec::new(), states, managers: None, not_computed }
    }

    /// Adds a learner; `merged` replaces the cells of the row.
    ///
    /// # Panics
    /// If there are more than four billion learners.
    pub fn push(&mut self, learner: EvaluatedLearner, merged: Option<Box<[Symbol]>>) -> LearnerIndex {
        let who = LearnerIndex::try_from(self.learners.len()).expect("fewer than four billion learners");
        if let Some(cells) = merged {
            self.merged.insert(who, cells);
        }
        self.learners.push(learner);
        who
    }

    /// Returns the reading and the learners.
    #[must_use]
    pub fn into_parts(self) -> (PeopleTable, Vec<EvaluatedLearner>) {
        (self.people, self.learners)
    }

    /// Iterates over the positions of all learners.
    ///
    /// # Panics
    /// Never: [`Population::push`] bounds the number of learners.
    pub fn indices(&self) -> impl Iterator<Item = LearnerIndex> + use<> {
        0..LearnerIndex::try_from(self.learners.len()).expect("`push` lets no more in")
    }

    /// Returns one learner.
    #[must_use]
    pub fn learner(&self, who: LearnerIndex) -> &EvaluatedLearner {
        &self.learners[who as usize]
    }

    /// Returns true if the attributes are not only those of the row.
    #[must_use]
    pub fn is_merged(&self, who: LearnerIndex) -> bool {
        self.merged.contains_key(&who)
    }

    /// Returns the merged attributes; `None` for a learner who is only known to be absent.
    #[must_use]
    pub fn cells(&self, who: LearnerIndex) -> Option<&[Symbol]> {
        match self.merged.get(&who) {
            Some(cells) => Some(cells),
            None => self.learner(who).row.map(|row| self.people.cells(row)),
        }
    }

    /// Returns one attribute as rules read it: `status` is the status today.
    #[must_use]
    pub fn cell(&self, who: LearnerIndex, attribute: Attribute) -> Symbol {
        if attribute == Attribute::STATUS {
            return self.states[self.learner(who).status as usize];
        }
        if attribute.is_computed() {
            return self.managers.as_ref().map_or(self.not_computed, |values| values.cell(who, attribute));
        }
        self.cells(who).map_or(Symbol::EMPTY, |cells| cells[attribute.index()])
    }

    /// Describes a learner for the search of managers; `ids` are the ids, each with the position of its connector.
    #[must_use]
    pub fn org_person(&self, who: LearnerIndex, ids: Vec<(usize, String)>) -> OrgPerson {
        let learner = self.learner(who);
        OrgPerson {
            learner: learner.id,
            ids,
            address: fold(self.first(who, Attribute::EMAIL)),
            name: self.name(who),
            managers: self.people.values.all(self.cell(who, Attribute::MANAGER)).map(str::to_owned).collect(),
            has_left: learner.status == LearnerStatus::Left,
        }
    }

    /// Computes the attributes that follow from managers; returns the lines that changed.
    pub fn compute_managers(
        &mut self,
        people: Vec<OrgPerson>,
        stored: &StoredManagers,
        complete: bool,
    ) -> Vec<ChangedLine> {
        self.resolve_managers(&OrgChart::new(people, stored, complete))
    }

    /// Computes the attributes that follow from the managers of a chart.
    pub(crate) fn resolve_managers(&mut self, chart: &OrgChart<'_>) -> Vec<ChangedLine> {
        let (values, lines) = chart.resolve(&mut self.people.values);
        self.managers = Some(Box::new(values));
        lines
    }

    /// Returns the first value of an attribute.
    #[must_use]
    pub fn first(&self, who: LearnerIndex, attribute: Attribute) -> &str {
        self.people.values.first(self.cell(who, attribute))
    }

    /// Returns the display name: `name`, else given and family name, else the address, else the id.
    #[must_use]
    pub fn name(&self, who: LearnerIndex) -> String {
        self.cells(who).map_or_else(String::new, |cells| display_name(&self.people.values, cells))
    }
}

/// Returns the display name of a record: `name`, else given and family name, else the address, else the id.
#[must_use]
pub fn display_name(values: &Interner, cells: &[Symbol]) -> String {
    let name = full_name(values, cells);
    let first = |attribute: Attribute| values.first(cells[attribute.index()]).to_owned();
    [name, first(Attribute::EMAIL)]
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or_else(|| first(Attribute::ID))
}

/// Returns the name of a record: `name`, else given and family name, else "".
#[must_use]
pub fn full_name(values: &Interner, cells: &[Symbol]) -> String {
    let first = |attribute: Attribute| values.first(cells[attribute.index()]);
    match first(Attribute::NAME) {
        "" => {
            let full = format!("{} {}", first(Attribute::GIVEN_NAME), first(Attribute::FAMILY_NAME));
            full.trim().to_owned()
        }
        name => name.to_owned(),
    }
}

/// Returns a date attribute of a record.
#[must_use]
pub fn date(values: &Interner, cells: &[Symbol], attribute: Attribute) -> Option<chrono::NaiveDate> {
    let text = values.first(cells[attribute.index()]);
    if text.is_empty() { None } else { read_date(text) }
}

/// Writes all attributes with a value as a JSON object; each is a string or a list of strings.
#[must_use]
pub fn to_json(attributes: &AttributeSet, values: &Interner, cells: &[Symbol]) -> String {
    let mut json = String::with_capacity(256);
    json.push('{');
    for attribute in attributes.iter() {
        let cell = cells[attribute.index()];
        if cell.is_empty() {
            continue;
        }
        if json.len() > 1 {
            json.push(',');
        }
        push_string(&mut json, attributes.name(attribute));
        json.push(':');
        let mut all = values.all(cell);
        match (all.next(), all.next()) {
            (Some(first), Some(second)) => {
                json.push('[');
                push_string(&mut json, first);
                for value in std::iter::once(second).chain(all) {
                    json.push(',');
                    push_string(&mut json, value);
                }
                json.push(']');
            }
            (first, _) => push_string(&mut json, first.unwrap_or("")),
        }
    }
    json.push('}');
    json
}

/// Reads the JSON of [`to_json`]; ignores attributes that the file does not define.
pub fn from_json(attributes: &AttributeSet, values: &mut Interner, json: &str) -> Box<[Symbol]> {
    let mut cells = vec![Symbol::EMPTY; attributes.len()].into_boxed_slice();
    let Ok(serde_json::Value::Object(object)) = serde_json::from_str(json) else {
        return cells;
    };
    for (name, value) in object {
        let Some(attribute) = attributes.find(&name) else { continue };
        cells[attribute.index()] = match value {
            serde_json::Value::String(text) => values.intern(&text),
            serde_json::Value::Array(list) => {
                let mut texts = list.into_iter().filter_map(|one| one.as_str().map(str::to_owned)).collect();
                values.intern_all(&mut texts)
            }
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Number(_)
            | serde_json::Value::Object(_) => Symbol::EMPTY,
        };
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_survive_the_database() {
        let attributes = AttributeSet::default();
        let mut values = Interner::default();
        let mut cells = vec![Symbol::EMPTY; attributes.len()];
        cells[Attribute::NAME.index()] = values.intern("Ada \"the\" \\ Countess");
        cells[Attribute::DEPARTMENT.index()] = values.intern_all(&mut vec!["Sales".into(), "HR".into()]);
        let json = to_json(&attributes, &values, &cells);
        assert_eq!(json, r#"{"name":"Ada \"the\" \\ Countess","department":["HR","Sales"]}"#);
        assert_eq!(*from_json(&attributes, &mut values, &json), *cells);
    }
}
