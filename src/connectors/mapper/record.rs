//! One record of a source before it is mapped.

use std::borrow::Cow;
use std::ops::Range;

use crate::model::names::clean;

/// The values of one record as they came, by column of the mapping. Reused from record to record.
#[derive(Debug, Default)]
pub(in crate::connectors) struct Record {
    text: String,
    values: Vec<(usize, Range<usize>)>,
}

impl Record {
    /// Forgets the values.
    pub fn clear(&mut self) {
        self.text.clear();
        self.values.clear();
    }

    /// Adds a value of a column; a column may have several.
    pub fn add(&mut self, column: usize, value: &str) {
        let start = self.text.len();
        self.text.push_str(value);
        self.values.push((column, start..self.text.len()));
    }

    /// All values, one behind the other.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The values of a column, cleaned, without the empty ones.
    pub fn of(&self, column: usize) -> impl Iterator<Item = Cow<'_, str>> {
        self.values
            .iter()
            .filter(move |(of, _)| *of == column)
            .map(|(_, range)| clean(&self.text[range.clone()]))
            .filter(|value| !value.is_empty())
    }
}
