//! A record of a source before it is mapped.

use std::ops::Range;

use rollcall_model::names::clean;
use rollcall_model::resource_limits::ResourceLimit;

use crate::ExceededLimit;

/// The normalized values of a record by column of the mapping, without empty values. Reused for each record.
///
/// A value beyond a bound is not kept, and neither is any later one: [`RecordValues::excess`] must be checked before
/// the values are used.
#[derive(Debug, Default)]
pub(crate) struct RecordValues {
    text: String,
    values: Vec<(usize, Range<usize>)>,
    /// The number of values of each column.
    counts: Vec<u32>,
    excess: Option<ValueExcess>,
}

/// A bound that the values of a record exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExcessKind {
    /// The number of values of one attribute.
    AttributeValues,
    /// The number of parts of the record.
    RecordParts,
    /// The size of one value.
    ValueBytes,
}

/// A bound that the values of a record exceed, and the column of the value that exceeds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ValueExcess {
    /// The bound.
    pub kind: ExcessKind,
    /// The column.
    pub column: usize,
}

impl ExcessKind {
    fn limit(self) -> ResourceLimit {
        match self {
            Self::AttributeValues => ResourceLimit::AttributeValues,
            Self::RecordParts => ResourceLimit::RecordParts,
            Self::ValueBytes => ResourceLimit::SourceValueBytes,
        }
    }
}

impl ValueExcess {
    /// The exceeded bound. `attribute` is the attribute of the column, `place` the record.
    pub(crate) fn describe(self, attribute: &str, place: &str) -> ExceededLimit {
        let limit = self.kind.limit();
        ExceededLimit::reached(limit, limit.default_value()).of(|| match self.kind {
            ExcessKind::AttributeValues => format!("the list of values of {attribute} in {place}"),
            ExcessKind::RecordParts => format!("the record, read as far as {attribute}, in {place}"),
            ExcessKind::ValueBytes => format!("a value of {attribute} in {place}"),
        })
    }
}

impl RecordValues {
    /// Removes all values.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.values.clear();
        self.counts.fill(0);
        self.excess = None;
    }

    /// Adds a value to a column; a column can have several.
    pub(crate) fn add(&mut self, column: usize, value: &str) {
        if value.len() > ResourceLimit::SourceValueBytes.default_size() {
            self.exceed(ExcessKind::ValueBytes, column);
            return;
        }
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
        if self.excess.is_some() {
            return;
        }
        if column >= self.counts.len() {
            self.counts.resize(column + 1, 0);
        }
        if self.counts[column] as usize >= ResourceLimit::AttributeValues.default_size() {
            return self.exceed(ExcessKind::AttributeValues, column);
        }
        if self.values.len() >= ResourceLimit::RecordParts.default_size() {
            return self.exceed(ExcessKind::RecordParts, column);
        }
        self.counts[column] += 1;
        let start = self.text.len();
        self.text.push_str(value);
        self.values.push((column, start..self.text.len()));
    }

    /// Notes that a bound is exceeded. The record then takes no further values.
    pub(crate) fn exceed(&mut self, kind: ExcessKind, column: usize) {
        self.excess.get_or_insert(ValueExcess { kind, column });
    }

    /// The bound that the values exceed.
    pub(crate) fn excess(&self) -> Option<ValueExcess> {
        self.excess
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
