//! A record of a source before it is mapped.

use std::ops::Range;

use rollcall_model::names::clean;

/// The normalized values of a record by column of the mapping, without empty values. Reused for each record.
#[derive(Debug, Default)]
pub(crate) struct RecordValues {
    text: String,
    values: Vec<(usize, Range<usize>)>,
}

impl RecordValues {
    /// Removes all values.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.values.clear();
    }

    /// Adds a value to a column; a column can have several.
    pub(crate) fn add(&mut self, column: usize, value: &str) {
        let value = clean(value);
        if !value.is_empty() {
            self.put(column, &value);
        }
    }

    /// Adds normalized values of another record to a column.
    pub(crate) fn add_all<'v>(&mut self, column: usize, values: impl Iterator<Item = &'v str>) {
        values.for_each(|value| self.put(column, value));
    }

    fn put(&mut self, column: usize, value: &str) {
        let start = self.text.len();
        self.text.push_str(value);
        self.values.push((column, start..self.text.len()));
    }

    /// The text of all values, concatenated.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The values of a column.
    pub(crate) fn values_of(&self, column: usize) -> impl Iterator<Item = &str> {
        self.values.iter().filter(move |(of, _)| *of == column).map(|(_, range)| &self.text[range.clone()])
    }
}
