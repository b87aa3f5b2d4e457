//! One person from several records with one id: concurrent jobs, or periods that follow each other.

use chrono::NaiveDate;

use crate::population::{date, full_name};
use crate::records::{ConnectorRecord, SuspensionState, status_on};
use crate::rule_set::ConnectorProfile;
use rollcall_model::attributes::Attribute;
use rollcall_model::interner::{Interner, Symbol};
use rollcall_model::names::fold;
use rollcall_model::people::PeopleTable;
use rollcall_model::status::LearnerStatus;

/// How the records of one id become one.
#[derive(Debug, Clone, Copy)]
pub struct RecordMerge<'a> {
    /// True if different records are merged; otherwise only those that all say that the person left.
    pub merges: bool,
    /// The connectors of the file.
    pub connectors: &'a [ConnectorProfile],
    /// The connector of the records: its position in `connectors`.
    pub connector: usize,
    /// The day.
    pub today: NaiveDate,
}

impl RecordMerge<'_> {
    /// Makes one record of the different records of each id, unless they are those of different people.
    pub fn apply(self, people: &mut PeopleTable) {
        people.merge_repeated(|values, records| self.merge(values, records));
    }

    /// Merges the records with the best status: all their values, their earliest start and their latest end.
    fn merge(self, values: &mut Interner, records: &[&[Symbol]]) -> Option<Vec<Symbol>> {
        if !is_one_person(values, records) {
            return None;
        }
        let status = |cells: &[Symbol]| {
            let record = ConnectorRecord { place: self.connector, cells };
            status_on(self.today, self.connectors, values, &[record], SuspensionState::NotSuspended).status
        };
        let place = |cells: &[Symbol]| rank(status(cells), cells[Attribute::STATUS.index()].is_empty());
        let best = records.iter().map(|cells| place(cells)).min()?;
        if !self.merges && best != LEFT {
            return None;
        }
        let mut running: Vec<&[Symbol]> =
            records.iter().filter(|cells| place(cells) == best).copied().collect();
        // The order of the source does not matter.
        running.sort_by_key(|cells| {
            let texts: Vec<String> = cells.iter().map(|cell| values.text(*cell).to_owned()).collect();
            (date(values, cells, Attribute::START_DATE).unwrap_or(NaiveDate::MAX), texts)
        });
        let first = *running.first()?;
        let merged = (0..first.len()).map(|at| {
            let cells = || running.iter().map(|cells| cells[at]);
            if at == Attribute::START_DATE.index() || at == Attribute::STATUS.index() {
                return first[at];
            }
            if at == Attribute::END_DATE.index() {
                return latest_end(values, &running);
            }
            if SINGLE_VALUES.iter().any(|attribute| attribute.index() == at) {
                return cells().find(|cell| !cell.is_empty()).unwrap_or(Symbol::EMPTY);
            }
            let mut texts: Vec<String> = cells()
                .flat_map(|cell| values.all(cell))
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
                .collect();
            values.intern_all(&mut texts)
        });
        Some(merged.collect())
    }
}

/// The address and the name of a record, folded.
struct RecordOwner {
    address: String,
    name: String,
}

impl RecordOwner {
    fn of(values: &Interner, cells: &[Symbol]) -> Self {
        let address = fold(values.first(cells[Attribute::EMAIL.index()]));
        Self { address, name: fold(&full_name(values, cells)) }
    }

    /// Returns true if the two have an address or a name in common, or neither of both in different spellings.
    fn may_be(&self, other: &Self) -> bool {
        let equal = |one: &str, other: &str| !one.is_empty() && one == other;
        let differ = |one: &str, other: &str| !one.is_empty() && !other.is_empty() && one != other;
        equal(&self.address, &other.address)
            || equal(&self.name, &other.name)
            || !(differ(&self.address, &other.address) || differ(&self.name, &other.name))
    }
}

/// Returns false if the records fall into groups that have no address and no name in common: a spreadsheet wrote one id
/// for several people, or an id was typed twice.
fn is_one_person(values: &Interner, records: &[&[Symbol]]) -> bool {
    let mut left: Vec<RecordOwner> = records.iter().map(|cells| RecordOwner::of(values, cells)).collect();
    let mut reached: Vec<RecordOwner> = left.pop().into_iter().collect();
    while let Some(owner) = reached.pop() {
        let (next, others) = left.into_iter().partition(|other| owner.may_be(other));
        reached.extend::<Vec<RecordOwner>>(next);
        left = others;
    }
    left.is_empty()
}

/// Attributes of which a person has one value.
const SINGLE_VALUES: [Attribute; 5] =
    [Attribute::ID, Attribute::EMAIL, Attribute::NAME, Attribute::GIVEN_NAME, Attribute::FAMILY_NAME];

/// Returns the latest end; none if one of the records has no end.
fn latest_end(values: &Interner, records: &[&[Symbol]]) -> Symbol {
    let ends = records
        .iter()
        .map(|cells| (date(values, cells, Attribute::END_DATE), cells[Attribute::END_DATE.index()]));
    let latest = ends.max_by_key(|(end, _)| end.unwrap_or(NaiveDate::MAX));
    latest.filter(|(end, _)| end.is_some()).map_or(Symbol::EMPTY, |(_, cell)| cell)
}

/// The rank of a person who left.
const LEFT: u8 = 5;

/// The best status has the lowest rank. A record without a status counts after those whose status says that the person has
/// access: the field of a job that is over may be empty.
fn rank(status: LearnerStatus, is_blank: bool) -> u8 {
    match (status, is_blank) {
        (LearnerStatus::Active, false) => 0,
        (LearnerStatus::Leave, _) => 1,
        (LearnerStatus::Active, true) => 2,
        (LearnerStatus::Upcoming, false) => 3,
        (LearnerStatus::Upcoming, true) => 4,
        (LearnerStatus::Left | LearnerStatus::Suspended, _) => LEFT,
    }
}
