//! Records and values that keep their stored state, because their changes must wait.

use rustc_hash::FxHashMap;

use rollcall_model::attributes::Attribute;
use rollcall_model::guard::Disposition;
use rollcall_model::interner::Symbol;
use rollcall_model::people::{PeopleTable, RowIndex};

/// Records and values that a plan does not change, each with its disposition.
#[derive(Debug, Clone, Default)]
pub(crate) struct PinnedRecords {
    rows: FxHashMap<RowIndex, Disposition>,
    ids: FxHashMap<String, Disposition>,
    values: Vec<(RowIndex, Attribute, Symbol)>,
}

impl PinnedRecords {
    /// Pins the record of a row of the reading.
    pub(crate) fn row(&mut self, row: RowIndex, disposition: Disposition) {
        self.rows.entry(row).or_insert(disposition);
    }

    /// Pins an id that is missing from the reading.
    pub(crate) fn id(&mut self, id: &str, disposition: Disposition) {
        self.ids.entry(id.to_owned()).or_insert(disposition);
    }

    /// Replaces a value of a record of the reading by an older one.
    pub(crate) fn value(&mut self, row: RowIndex, attribute: Attribute, older: Symbol) {
        self.values.push((row, attribute, older));
    }

    pub(crate) fn has_row(&self, row: RowIndex) -> bool {
        self.rows.contains_key(&row)
    }

    pub(crate) fn has_id(&self, id: &str) -> bool {
        self.ids.contains_key(id)
    }

    /// Returns true if the record of a row is pinned.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (RowIndex, Disposition)> {
        self.rows.iter().map(|(row, disposition)| (*row, *disposition))
    }

    /// Returns true if a missing id is pinned.
    pub(crate) fn ids(&self) -> impl Iterator<Item = (&str, Disposition)> {
        self.ids.iter().map(|(id, disposition)| (id.as_str(), *disposition))
    }

    /// The records with older values, each once, sorted.
    pub(crate) fn rows_with_values(&self) -> Vec<RowIndex> {
        let mut rows: Vec<RowIndex> = self.values.iter().map(|(row, _, _)| *row).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.ids.is_empty() && self.values.is_empty()
    }

    /// Puts the older values in their places; answers what stood there.
    pub(crate) fn replace(&self, people: &mut PeopleTable) -> Vec<(RowIndex, Attribute, Symbol)> {
        let values = self.values.iter();
        values
            .map(|&(row, attribute, older)| (row, attribute, people.replace(row, attribute, older)))
            .collect()
    }
}
