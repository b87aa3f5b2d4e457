//! Rows that are no records: totals below a table, and second headers (`second_header`).

use super::{RecordMapper, RecordValues};
use rollcall_model::attributes::Attribute;

/// Attributes that tell who a person is.
const ADDRESS_AND_NAMES: [Attribute; 4] =
    [Attribute::EMAIL, Attribute::NAME, Attribute::GIVEN_NAME, Attribute::FAMILY_NAME];

/// Mapped columns from which on a row with an id alone is not a record.
const FEWEST_COLUMNS: usize = 3;

impl RecordMapper<'_> {
    /// Maps one row of a table. A row with an id but without an address and a name, such as `Total: 312`, is set aside;
    /// a person with this id stays as last read.
    pub(crate) fn push_row(&mut self, row: &RecordValues, place: impl FnOnce() -> String) {
        // Header rows are the first rows below the header.
        let is_header = self.header_rows == self.records && self.is_second_header(row);
        if row.excess().is_some() || !(is_header || self.is_total(row)) {
            self.push(row, place);
            return;
        }
        self.count_record(row);
        // The id is the first column.
        let id = self.id(0, row);
        if is_header {
            self.set_aside_header(id, place());
        } else {
            self.people.set_aside_without_name(id, place);
        }
    }

    fn is_total(&self, row: &RecordValues) -> bool {
        let mut has_address = false;
        let mut has_name = false;
        for column in &self.columns {
            if !ADDRESS_AND_NAMES.contains(&column.attribute) {
                continue;
            }
            if row.values_of(column.number).next().is_some() {
                return false;
            }
            let is_address = column.attribute == Attribute::EMAIL;
            has_address |= is_address;
            has_name |= !is_address;
        }
        let mut ids = row.values_of(self.columns[0].number);
        let has_one_id = ids.next().is_some() && ids.next().is_none();
        let others = self.columns[1..].iter();
        let is_bare = || {
            self.columns.len() >= FEWEST_COLUMNS
                && others.clone().all(|column| row.values_of(column.number).next().is_none())
        };
        has_one_id && ((has_address && has_name) || is_bare())
    }
}
