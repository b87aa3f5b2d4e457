//! One record of a source before it is mapped.

use std::ops::Range;

use rollcall_model::names::clean;

/// The values of one record, cleaned, without the empty ones, by column of the mapping. Reused from record to record.
#[derive(Debug, Default)]
pub(crate) struct RecordValues {
    text: String,
    values: Vec<(usize, Range<usize>)>,
}

impl RecordValues {
    /// Forgets the values.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.values.clear();
    }

    /// Adds a value of a column; a column may have several.
    pub(crate) fn add(&mut self, column: usize, value: &str) {
        let value = clean(value);
        if !value.is_empty() {
            self.put(column, &value);
        }
    }

    /// Adds to a column values of another record, which are clean.
    pub(crate) fn add_all<'v>(&mut self, column: usize, values: impl Iterator<Item = &'v str>) {
        values.for_each(|value| self.put(column, value));
    }

    fn put(&mut self, column: usize, value: &str) {
        let start = self.text.len();
        self.text.push_str(value);
        self.values.push((column, start..self.text.len()));
    }

    /// All values, one behind the other.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The values of a column.
    pub(crate) fn values_of(&self, column: usize) -> impl Iterator<Item = &str> {
        self.values.iter().filter(move |(of, _)| *of == column).map(|(_, range)| &self.text[range.clone()])
    }
}
