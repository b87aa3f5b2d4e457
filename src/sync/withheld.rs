//! People and values that stay as they were last read, because what the reading says of them must wait.

use rustc_hash::FxHashMap;

use crate::model::attributes::Attribute;
use crate::model::guard::Limit;
use crate::model::people::{People, Row};
use crate::model::values::Cell;

/// What a plan leaves out, and the limit that each part is left out for.
#[derive(Debug, Clone, Default)]
pub(super) struct Withheld {
    rows: FxHashMap<Row, Limit>,
    ids: FxHashMap<String, Limit>,
    values: Vec<(Row, Attribute, Cell)>,
}

impl Withheld {
    /// Leaves a record of the reading out.
    pub(super) fn row(&mut self, row: Row, limit: Limit) {
        self.rows.entry(row).or_insert(limit);
    }

    /// Leaves it out that the reading no longer holds an id.
    pub(super) fn id(&mut self, id: &str, limit: Limit) {
        self.ids.entry(id.to_owned()).or_insert(limit);
    }

    /// Keeps an older value in the place of the one that a record of the reading has.
    pub(super) fn value(&mut self, row: Row, attribute: Attribute, older: Cell) {
        self.values.push((row, attribute, older));
    }

    pub(super) fn has_row(&self, row: Row) -> bool {
        self.rows.contains_key(&row)
    }

    pub(super) fn has_id(&self, id: &str) -> bool {
        self.ids.contains_key(id)
    }

    /// The records that are left out.
    pub(super) fn rows(&self) -> impl Iterator<Item = (Row, Limit)> {
        self.rows.iter().map(|(row, limit)| (*row, *limit))
    }

    /// The ids that count as held.
    pub(super) fn ids(&self) -> impl Iterator<Item = (&str, Limit)> {
        self.ids.iter().map(|(id, limit)| (id.as_str(), *limit))
    }

    /// The records with older values, each once, sorted.
    pub(super) fn rows_with_values(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = self.values.iter().map(|(row, _, _)| *row).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.ids.is_empty() && self.values.is_empty()
    }

    /// Puts the older values in their places; answers what stood there.
    pub(super) fn replace(&self, people: &mut People) -> Vec<(Row, Attribute, Cell)> {
        let values = self.values.iter();
        values
            .map(|&(row, attribute, older)| (row, attribute, people.replace(row, attribute, older)))
            .collect()
    }
}
