//! Numbers of people and of records.

use super::PeopleTable;
use crate::attributes::Attribute;
use crate::rejected_records::RepeatedRecords;

impl PeopleTable {
    /// The number of rejected records.
    #[must_use]
    pub fn set_aside(&self) -> u64 {
        self.set_aside.count(self.width)
    }

    /// The number of rejected records that are a sign of a wrong mapping: those without an id or a
    /// name, and those of ids whose
    /// records have different addresses. Records with one address are those of one person.
    #[must_use]
    pub fn set_aside_by_mapping(&self) -> u64 {
        self.set_aside.count_by_mapping(&self.values, self.width)
    }

    /// The number of ids with different records.
    #[must_use]
    pub fn repeated_ids(&self) -> u64 {
        self.set_aside.repeated.len() as u64
    }

    /// The number of records of ids with different records.
    #[must_use]
    pub fn repeated_records(&self) -> u64 {
        self.set_aside.repeated.values().map(|records| records.times).sum()
    }

    /// The number of people with a value of an attribute.
    #[must_use]
    pub fn count_with(&self, attribute: Attribute) -> u64 {
        self.rows().filter(|&row| !self.cell(row, attribute).is_empty()).count() as u64
    }

    /// The number of ids with different records of which one has a value of an attribute.
    #[must_use]
    pub fn count_repeated_with(&self, attribute: Attribute) -> u64 {
        let has_value = |records: &&RepeatedRecords| {
            records.cells.chunks(self.width).any(|cells| !cells[attribute.index()].is_empty())
        };
        self.set_aside.repeated.values().filter(has_value).count() as u64
    }

    /// The number of records that are equal to another one, which counts.
    #[must_use]
    pub fn identical(&self) -> u64 {
        self.identical
    }

    /// The number of people in the source who are excluded.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}
