//! Records that cannot be used: those without an id, those of an id that has different ones, and those that are not
//! people.
//!
//! They change no person. A known person to whom one of them may belong is not absent, see
//! [`crate::people::PeopleTable::set_aside_records`].

use rustc_hash::{FxHashMap, FxHashSet};

use crate::attributes::Attribute;
use crate::interner::{Interner, Symbol};
use crate::names::fold;
use crate::run_warning::{RunWarning, RunWarningKind};

/// Records that were rejected.
#[derive(Debug, Clone, Default)]
pub(crate) struct RejectedRecords {
    /// The cells of the records without an id, one record after the other.
    without_id: Vec<Symbol>,
    pub(crate) repeated: FxHashMap<Symbol, RepeatedRecords>,
    /// The number of records that are not people, such as those without an address and a name.
    without_name: u64,
    /// Their ids.
    nameless: FxHashSet<Symbol>,
    problems: Vec<RunWarning>,
}

/// The records of an id that has several different ones.
#[derive(Debug, Clone)]
pub(crate) struct RepeatedRecords {
    /// The number of records, including those that are equal to another one.
    pub(crate) times: u64,
    /// The cells of the different records.
    pub(crate) cells: Vec<Symbol>,
}

impl RejectedRecords {
    /// Adds a record without an id. `place` is its position in the source.
    pub(crate) fn add_without_id(&mut self, cells: &[Symbol], place: String) {
        self.without_id.extend_from_slice(cells);
        let message = "the record has no id: set aside".to_owned();
        self.problems.push(RunWarning::new(RunWarningKind::NoId, place, message));
    }

    /// Adds a record that is not a person, with the reason.
    pub(crate) fn add_no_person(&mut self, id: Symbol, reason: RunWarning) {
        self.problems.push(reason);
        self.nameless.insert(id);
        self.without_name += 1;
    }

    /// The number of records; `width` is that of a record.
    pub(crate) fn count(&self, width: usize) -> u64 {
        self.count_without_id(width)
            + self.without_name
            + self.repeated.values().map(|records| records.times).sum::<u64>()
    }

    /// The number of records that are a sign of a wrong mapping.
    pub(crate) fn count_by_mapping(&self, values: &Interner, width: usize) -> u64 {
        let is_one_person = |records: &&RepeatedRecords| {
            let mut addresses =
                records.cells.chunks(width).map(|cells| fold(values.first(cells[Attribute::EMAIL.index()])));
            let first = addresses.next().unwrap_or_default();
            !first.is_empty() && addresses.all(|address| address == first)
        };
        let repeated = self.repeated.values().filter(|records| !is_one_person(records));
        self.count_without_id(width) + self.without_name + repeated.map(|records| records.times).sum::<u64>()
    }

    fn count_without_id(&self, width: usize) -> u64 {
        (self.without_id.len() / width) as u64
    }

    /// Returns true if a record of this id was rejected.
    pub(crate) fn contains(&self, id: Symbol) -> bool {
        self.repeated.contains_key(&id) || self.nameless.contains(&id)
    }

    /// The cells of the records without an id, and of those of repeated ids.
    pub(crate) fn records(&self, width: usize) -> impl Iterator<Item = &[Symbol]> {
        let repeated = self.repeated.values().flat_map(move |records| records.cells.chunks(width));
        self.without_id.chunks(width).chain(repeated)
    }

    /// A warning about each record, or about each repeated id.
    pub(crate) fn problems(&self, values: &Interner) -> impl Iterator<Item = RunWarning> {
        let mut repeated: Vec<_> = self.repeated.iter().collect();
        repeated.sort_unstable_by_key(|(id, _)| values.text(**id));
        let repeated = repeated.into_iter().map(|(id, records)| {
            let (id, times) = (values.text(*id), records.times);
            RunWarning::new(
                RunWarningKind::RepeatedId,
                id,
                format!("the id occurs {times} times: all its records are set aside, and their people stay as last read"),
            )
        });
        self.problems.iter().cloned().chain(repeated)
    }
}
