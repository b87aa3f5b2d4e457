//! One person from several records with one id: concurrent jobs, or periods that follow each other.

use chrono::NaiveDate;

use crate::population::date;
use crate::records::{ConnectorRecord, SuspensionState, status_on};
use crate::rule_set::ConnectorProfile;
use rollcall_model::attributes::Attribute;
use rollcall_model::interner::{Interner, Symbol};
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
    /// Makes one record of the different records of each id.
    pub fn apply(self, people: &mut PeopleTable) {
        people.merge_repeated(|values, records| self.merge(values, records));
    }

    /// Merges the records with the best status: all their values, their earliest start and their latest end.
    fn merge(self, values: &mut Interner, records: &[&[Symbol]]) -> Option<Vec<Symbol>> {
        let status = |cells: &[Symbol]| {
            let record = ConnectorRecord { place: self.connector, cells };
            status_on(self.today, self.connectors, values, &[record], SuspensionState::NotSuspended).status
        };
        let best = records.iter().map(|cells| status(cells)).min_by_key(|status| rank(*status))?;
        if !self.merges && best != LearnerStatus::Left {
            return None;
        }
        let mut running: Vec<&[Symbol]> =
            records.iter().filter(|cells| status(cells) == best).copied().collect();
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

/// The best status has the lowest rank.
fn rank(status: LearnerStatus) -> u8 {
    match status {
        LearnerStatus::Active => 0,
        LearnerStatus::Leave => 1,
        LearnerStatus::Upcoming => 2,
        LearnerStatus::Left | LearnerStatus::Suspended => 3,
    }
}
