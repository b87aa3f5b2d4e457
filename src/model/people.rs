//! People as read by a connector: a table of cells with one row per person.
//!
//! Rows are small (four bytes per attribute) because every text is stored once in [`Interner`]. The external id
//! identifies a person; a digest of the values shows whether a record changed since the last reading.

mod record_counts;

use rustc_hash::{FxHashMap, FxHashSet};
use xxhash_rust::xxh3::xxh3_64;

use crate::attributes::{Attribute, AttributeSet};
use crate::interner::{Interner, Symbol};
use crate::names::fold;
use crate::rejected_records::{RejectedRecords, RepeatedRecords};
use crate::run_warning::{RunWarning, RunWarningKind};

/// The number of a row in [`PeopleTable`].
pub type RowIndex = u32;

/// A table of people. Every row has a unique id.
#[derive(Debug, Clone)]
pub struct PeopleTable {
    /// The texts of the table.
    pub values: Interner,
    width: usize,
    cells: Vec<Symbol>,
    rows: FxHashMap<Symbol, RowIndex>,
    set_aside: RejectedRecords,
    /// The number of records that are equal to a record of the table.
    identical: u64,
    left_out: u64,
    /// The ids of people with an attribute whose value could not be read.
    unreadable: Vec<(Symbol, Attribute)>,
    /// The ids whose different records became one.
    merged: FxHashSet<Symbol>,
}

impl PeopleTable {
    /// Creates an empty table for these attributes.
    #[must_use]
    pub fn new(attributes: &AttributeSet) -> Self {
        Self {
            values: Interner::default(),
            width: attributes.len(),
            cells: Vec::new(),
            rows: FxHashMap::default(),
            set_aside: RejectedRecords::default(),
            identical: 0,
            left_out: 0,
            unreadable: Vec::new(),
            merged: FxHashSet::default(),
        }
    }

    /// Adds a record: one cell per attribute, in the order of [`AttributeSet`].
    ///
    /// A record without an id, and all records of an id that has different ones, are rejected. A record that is equal to an
    /// earlier one counts once. `place` is the position of the record in the source, for the report.
    ///
    /// # Panics
    /// If there are more than four billion records.
    pub fn push(&mut self, cells: &[Symbol], place: impl FnOnce() -> String) {
        debug_assert_eq!(cells.len(), self.width, "a record has one cell for each attribute");
        let id = cells[Attribute::ID.index()];
        if id.is_empty() {
            self.set_aside.add_without_id(cells, place());
            return;
        }
        if let Some(records) = self.set_aside.repeated.get_mut(&id) {
            records.times += 1;
            if !records.cells.chunks(self.width).any(|known| known == cells) {
                records.cells.extend_from_slice(cells);
            }
            return;
        }
        if let Some(&row) = self.rows.get(&id) {
            if self.cells(row) == cells {
                self.identical += 1;
                return;
            }
            let both = [self.cells(row), cells].concat();
            self.set_aside.repeated.insert(id, RepeatedRecords { times: 2, cells: both });
            self.rows.remove(&id);
            self.remove_row(row);
            return;
        }
        let row = RowIndex::try_from(self.cells.len() / self.width).expect("fewer than four billion people");
        self.rows.insert(id, row);
        self.cells.extend_from_slice(cells);
    }

    /// Rejects a record with an id but without an address and a name. `place` is the position of the record in the
    /// source.
    pub fn set_aside_without_name(&mut self, id: Symbol, place: impl FnOnce() -> String) {
        let text = self.values.text(id);
        let message = format!("the record `{text}` has neither an address nor a name: set aside");
        self.set_aside_no_person(id, RunWarning::new(RunWarningKind::NoName, place(), message));
    }

    /// Rejects a row of totals. `place` is the position of the row in the source.
    pub fn set_aside_total(&mut self, id: Symbol, place: impl FnOnce() -> String) {
        let text = self.values.text(id);
        let message = format!("the record `{text}` is a row of totals, not a person: set aside");
        self.set_aside_no_person(id, RunWarning::new(RunWarningKind::NoName, place(), message));
    }

    /// Rejects a record that is not a person, for the reason of the warning. A person with this id stays as last read.
    pub fn set_aside_no_person(&mut self, id: Symbol, warning: RunWarning) {
        self.set_aside.add_no_person(id, warning);
    }

    /// Notes that a value of a person could not be read: the person keeps the value that was last read.
    pub fn note_unreadable(&mut self, id: Symbol, attribute: Attribute) {
        self.unreadable.push((id, attribute));
    }

    /// Returns true if the record of a row was made of several ones.
    #[must_use]
    pub fn is_merged(&self, row: RowIndex) -> bool {
        self.merged.contains(&self.cell(row, Attribute::ID))
    }

    /// The values that could not be read.
    pub fn unreadable(&self) -> impl Iterator<Item = (RowIndex, Attribute)> {
        self.unreadable.iter().filter_map(|(id, attribute)| Some((*self.rows.get(id)?, *attribute)))
    }

    /// Returns the people with an address, ignoring case, as a new table.
    #[must_use]
    pub fn of_address(&self, attributes: &AttributeSet, email: &str) -> Self {
        let folded = fold(email);
        self.select(attributes, |cells| fold(self.values.first(cells[Attribute::EMAIL.index()])) == folded)
    }

    /// Returns the people with some records as a new table.
    #[must_use]
    pub fn select(&self, attributes: &AttributeSet, keeps: impl Fn(&[Symbol]) -> bool) -> Self {
        let mut found = Self::new(attributes);
        for row in self.rows().filter(|&row| keeps(self.cells(row))) {
            found.copy_record(self, self.cells(row));
        }
        for records in self.set_aside.repeated.values() {
            if records.cells.chunks(self.width).any(&keeps) {
                records.cells.chunks(self.width).for_each(|cells| found.copy_record(self, cells));
            }
        }
        found.copy_unreadable(self);
        found
    }

    /// Adds the people of another table whose ids are not in this one.
    pub fn add_missing(&mut self, other: &PeopleTable) {
        for row in other.rows() {
            if self.row(other.id(row)).is_none() {
                self.copy_record(other, other.cells(row));
            }
        }
        self.copy_unreadable(other);
    }

    fn copy_record(&mut self, other: &PeopleTable, cells: &[Symbol]) {
        let cells: Vec<Symbol> = cells
            .iter()
            .map(|&cell| {
                let mut texts = other.values.all(cell).map(str::to_owned).collect();
                self.values.intern_all(&mut texts)
            })
            .collect();
        self.push(&cells, String::new);
    }

    /// Makes one record of the different records of an id, for each id for which `merge` returns one. The other ids stay
    /// rejected.
    pub fn merge_repeated(&mut self, merge: impl Fn(&mut Interner, &[&[Symbol]]) -> Option<Vec<Symbol>>) {
        let mut ids: Vec<Symbol> = self.set_aside.repeated.keys().copied().collect();
        // The order of the rows does not depend on the map.
        ids.sort_unstable_by(|one, other| self.values.text(*one).cmp(self.values.text(*other)));
        for id in ids {
            let Some(records) = self.set_aside.repeated.remove(&id) else { continue };
            let different: Vec<&[Symbol]> = records.cells.chunks(self.width).collect();
            match merge(&mut self.values, &different) {
                Some(cells) => {
                    self.push(&cells, String::new);
                    self.merged.insert(id);
                }
                None => {
                    self.set_aside.repeated.insert(id, records);
                }
            }
        }
    }

    fn copy_unreadable(&mut self, other: &PeopleTable) {
        for (row, attribute) in other.unreadable() {
            if let Some(id) = self.values.find(other.id(row)).filter(|id| self.rows.contains_key(id)) {
                self.unreadable.push((id, attribute));
            }
        }
    }

    fn remove_row(&mut self, row: RowIndex) {
        let last = self.len() - 1;
        let (from, to) = (last * self.width, row as usize * self.width);
        self.cells.copy_within(from..from + self.width, to);
        self.cells.truncate(from);
        if row as usize != last {
            let moved = self.cells[to + Attribute::ID.index()];
            self.rows.insert(moved, row);
        }
    }

    /// The number of people.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len() / self.width
    }

    /// Returns true if there are no people.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Removes rows, given in ascending order, as if the source did not contain them.
    pub fn leave_out(&mut self, rows: &[RowIndex]) {
        self.drop_rows(rows, &mut vec![(); self.len()]);
        self.left_out += rows.len() as u64;
    }

    /// Removes rows, given in ascending order, and the elements of `beside` that belong to them.
    pub fn drop_rows<T>(&mut self, rows: &[RowIndex], beside: &mut Vec<T>) {
        // From the end, so that the row that moves into a gap is one that is kept.
        for &row in rows.iter().rev() {
            self.rows.remove(&self.cells[row as usize * self.width + Attribute::ID.index()]);
            self.remove_row(row);
            beside.swap_remove(row as usize);
        }
    }

    /// The rejected records.
    pub fn set_aside_problems(&self) -> impl Iterator<Item = RunWarning> {
        self.set_aside.problems(&self.values)
    }

    /// Returns true if a record of this id was rejected: its person is neither read nor absent.
    #[must_use]
    pub fn is_set_aside(&self, id: &str) -> bool {
        self.values.find(id).is_some_and(|id| self.set_aside.contains(id))
    }

    /// The cells of the records without an id, and of those of repeated ids. A known person whose address or name one of
    /// them has is not absent.
    pub fn set_aside_records(&self) -> impl Iterator<Item = &[Symbol]> {
        self.set_aside.records(self.width)
    }

    /// The row of an external id.
    #[must_use]
    pub fn row(&self, id: &str) -> Option<RowIndex> {
        self.rows.get(&self.values.find(id)?).copied()
    }

    /// The cells of a row.
    #[must_use]
    pub fn cells(&self, row: RowIndex) -> &[Symbol] {
        let start = row as usize * self.width;
        &self.cells[start..start + self.width]
    }

    /// One cell.
    #[must_use]
    pub fn cell(&self, row: RowIndex, attribute: Attribute) -> Symbol {
        self.cells[row as usize * self.width + attribute.index()]
    }

    /// Replaces a value and returns the previous one.
    pub fn replace(&mut self, row: RowIndex, attribute: Attribute, cell: Symbol) -> Symbol {
        std::mem::replace(&mut self.cells[row as usize * self.width + attribute.index()], cell)
    }

    /// The first value of an attribute, or "".
    #[must_use]
    pub fn first(&self, row: RowIndex, attribute: Attribute) -> &str {
        self.values.first(self.cell(row, attribute))
    }

    /// The external id of a row.
    #[must_use]
    pub fn id(&self, row: RowIndex) -> &str {
        self.values.text(self.cell(row, Attribute::ID))
    }

    /// All rows.
    ///
    /// # Panics
    /// Never: [`PeopleTable::push`] bounds the number of rows.
    pub fn rows(&self) -> impl Iterator<Item = RowIndex> + use<> {
        0..RowIndex::try_from(self.len()).expect("`push` lets no more in")
    }
}

/// The order of attributes in a digest: by name, so that it does not depend on the order in the file.
#[must_use]
pub fn digest_order(attributes: &AttributeSet) -> Vec<Attribute> {
    let mut order: Vec<Attribute> = attributes.iter().collect();
    order.sort_unstable_by_key(|&attribute| attributes.name(attribute));
    order
}

/// A digest of a record's values (XXH3, 64 bits, the same on every machine): two readings of one person with equal
/// digests are considered equal.
#[must_use]
pub fn digest(
    attributes: &AttributeSet,
    order: &[Attribute],
    values: &Interner,
    cells: &[Symbol],
    scratch: &mut Vec<u8>,
) -> i64 {
    scratch.clear();
    for &attribute in order {
        let cell = cells[attribute.index()];
        if cell.is_empty() {
            continue;
        }
        scratch.extend_from_slice(attributes.name(attribute).as_bytes());
        scratch.push(0x1e);
        scratch.extend_from_slice(values.text(cell).as_bytes());
        scratch.push(0x1d);
    }
    xxh3_64(scratch).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(ids: &[&str]) -> PeopleTable {
        let attributes = AttributeSet::default();
        let mut people = PeopleTable::new(&attributes);
        for id in ids {
            let mut cells = vec![Symbol::EMPTY; attributes.len()];
            cells[0] = people.values.intern(id);
            people.push(&cells, || format!("record {id}"));
        }
        people
    }

    #[test]
    fn a_repeated_id_sets_all_its_records_aside_and_disturbs_nobody_else() {
        let mut people = people(&["a", "b", "c", "c"]);
        for department in ["Sales", "Ops"] {
            let mut cells = vec![Symbol::EMPTY; people.width];
            cells[0] = people.values.intern("a");
            cells[Attribute::DEPARTMENT.index()] = people.values.intern(department);
            people.push(&cells, || "record a".to_owned());
        }
        let nameless = vec![Symbol::EMPTY; people.width];
        people.push(&nameless, || "the last record".to_owned());
        let ids: Vec<_> = people.rows().map(|row| people.id(row)).collect();
        assert_eq!(ids, ["c", "b"]);
        assert_eq!(people.row("c"), Some(0));
        assert_eq!((people.set_aside(), people.identical()), (4, 1));
        assert!(people.is_set_aside("a") && !people.is_set_aside("b"));
        let kinds: Vec<_> = people.set_aside_problems().map(|problem| problem.kind).collect();
        assert_eq!(kinds, [RunWarningKind::NoId, RunWarningKind::RepeatedId]);
    }
}
