//! Applies an [`AttributeMapping`]: converts records of a source to rows of people.
//!
//! One mapper is built per reading. A source fills a [`RecordValues`] with raw values by column of the mapping;
//! [`RecordMapper::push`] normalizes and translates them and adds the row to [`PeopleTable`]. Invalid values are
//! reported as warnings and treated as empty. [`RecordMapper::finish`] fails only if so many records have no
//! usable id that the mapping must be wrong.

mod address;
mod column;
mod dates;
#[cfg(test)]
mod mapper_tests;
mod record;
mod second_header;
mod spreadsheet_error;
mod total_row;

use rustc_hash::FxHashMap;

use self::spreadsheet_error::is_spreadsheet_error;
use crate::active_directory::is_optional;
use crate::protocol_error::ProtocolError;
use crate::{AttributeMapping, ConnectorAttempt, ConnectorError, ExceededLimit, ReadingError};
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::date_suggestion::suggest_formats;
use rollcall_model::interner::Symbol;
use rollcall_model::names::{ConnectorName, fold};
use rollcall_model::people::PeopleTable;
use rollcall_model::resource_limits::{ResourceLimit, ResourceLimits};
use rollcall_model::run_warning::{RunWarning, RunWarningKind};
use rollcall_model::source_date::DateFormat;
use rollcall_model::status::EmploymentStatus;

pub(super) use address::{find_address, spell_address};
pub(super) use record::{ExcessKind, RecordValues, ValueExcess};

use address::is_primary;
use column::{DateCounts, MappedColumn};

/// Fewer unusable records than this never fail a reading: dirty data, not a wrong mapping.
const FEW_SET_ASIDE: u64 = 10;

/// More than one unusable record in this many (5 %) means a wrong mapping.
const SET_ASIDE_SHARE: u64 = 20;

/// The first people of a source, for `check`.
#[derive(Debug)]
pub(super) struct PeopleSample {
    /// The people.
    pub people: PeopleTable,
    /// Whether they are all people of the source.
    pub is_whole: bool,
    /// Attributes with dates that cannot be read, and a warning with an example of each.
    pub unreadable_dates: Vec<(Attribute, String)>,
    /// The warnings about values.
    pub problems: Vec<RunWarning>,
}

/// Converts records to people.
#[derive(Debug)]
pub(super) struct RecordMapper<'a> {
    connector: &'a ConnectorName,
    attributes: &'a AttributeSet,
    mapping: &'a AttributeMapping,
    columns: Vec<MappedColumn<'a>>,
    statuses: FxHashMap<String, Option<EmploymentStatus>>,
    people: PeopleTable,
    cells: Vec<Symbol>,
    texts: Vec<String>,
    records: u64,
    /// Number of first records that are header rows.
    header_rows: u64,
    /// The size of all records, and of the largest one, in bytes.
    bytes: u64,
    largest: u64,
    /// A bound that a record exceeds. The person is not mapped, so the reading must fail.
    exceeded: Option<ExceededLimit>,
    problems: Vec<RunWarning>,
}

impl<'a> RecordMapper<'a> {
    /// Creates the mapper of a reading.
    pub(crate) fn new(
        connector: &'a ConnectorName,
        mapping: &'a AttributeMapping,
        attributes: &'a AttributeSet,
    ) -> Self {
        let attributes_of = mapping.columns.iter().enumerate();
        let mut columns: Vec<MappedColumn<'_>> = attributes_of
            .map(|(number, &(attribute, _))| MappedColumn::new(number, attribute, mapping))
            .collect();
        // The id is first, because warnings about the other columns refer to it.
        columns.sort_by_key(|column| column.attribute != Attribute::ID);
        Self {
            connector,
            attributes,
            mapping,
            columns,
            statuses: FxHashMap::default(),
            people: PeopleTable::new(attributes),
            cells: vec![Symbol::EMPTY; attributes.len()],
            texts: Vec::new(),
            records: 0,
            header_rows: 0,
            bytes: 0,
            largest: 0,
            exceeded: None,
            problems: Vec::new(),
        }
    }

    /// Number of records so far.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// Fails if the records so far, or one of them, exceed a bound. `attempt` returns what reads them.
    pub(crate) fn check_limits(
        &self,
        limits: &ResourceLimits,
        attempt: impl FnOnce() -> ConnectorAttempt,
    ) -> Result<(), ConnectorError> {
        let check = |limit, number| ExceededLimit::check(limit, limits, number);
        self.exceeded
            .clone()
            .map_or(Ok(()), Err)
            .and_then(|()| check(ResourceLimit::ReadingRecords, self.records))
            .and_then(|()| check(ResourceLimit::ReadingBytes, self.bytes))
            .and_then(|()| {
                check(ResourceLimit::RecordBytes, self.largest)
                    .map_err(|limit| limit.of(|| "a record".to_owned()))
            })
            .map_err(|limit| {
                ConnectorError::new(self.connector, attempt(), ReadingError::LimitExceeded(limit))
            })
    }

    /// Fails if a record exceeds a bound of its values.
    fn check_records(&self) -> Result<(), ConnectorError> {
        match &self.exceeded {
            Some(limit) => {
                let cause = ReadingError::LimitExceeded(limit.clone());
                Err(ConnectorError::new(self.connector, ConnectorAttempt::Reading, cause))
            }
            None => Ok(()),
        }
    }

    fn note_excess(&mut self, excess: ValueExcess, place: &str) {
        let column = self.mapping.columns.get(excess.column);
        let attribute = column.map_or_else(
            || "an attribute".to_owned(),
            |(attribute, source)| {
                format!("`{}` (`{source}` in the source)", self.attributes.name(*attribute))
            },
        );
        self.exceeded.get_or_insert_with(|| excess.describe(&attribute, place));
    }

    /// Maps one record. `place` returns its position in the source. A record that exceeds a bound is not mapped, and the
    /// reading fails.
    pub(crate) fn push(&mut self, record: &RecordValues, place: impl FnOnce() -> String) {
        self.count_record(record);
        if let Some(excess) = record.excess() {
            self.note_excess(excess, &place());
            return;
        }
        self.cells.fill(Symbol::EMPTY);
        for index in 0..self.columns.len() {
            let MappedColumn { number, attribute, date_format, has_values, .. } = self.columns[index];
            if !has_values {
                self.columns[index].has_values = record.values_of(number).next().is_some();
            }
            self.cells[attribute.index()] = match (attribute, date_format) {
                (Attribute::ID, _) => self.id(index, record),
                (Attribute::EMAIL, _) => self.address(index, record),
                (Attribute::STATUS, _) => self.status(index, record),
                (_, Some(format)) => self.date(index, format, record),
                (_, None) => self.plain(index, record),
            };
        }
        self.check_dates();
        self.people.push(&self.cells, place);
    }

    /// Reports something about the source that concerns no record.
    pub(crate) fn report(&mut self, warning: RunWarning) {
        self.problems.push(warning);
    }

    fn count_record(&mut self, record: &RecordValues) {
        self.records += 1;
        let bytes = record.text().len() as u64;
        self.bytes += bytes;
        self.largest = self.largest.max(bytes);
    }

    /// The people and warnings, if enough records are usable.
    ///
    /// # Errors
    ///
    /// [`ReadingError::TooManyRejectedRecords`] if more than 5 % of the records, and at least 10, have an empty
    /// id, or the id of a record with another address. [`ReadingError::UnreadableDates`] if several dates of a column, and
    /// more than 5 %, cannot be read. [`ReadingError::LimitExceeded`] if a record exceeds a bound of its values.
    pub(crate) fn finish(mut self) -> Result<(PeopleTable, Vec<RunWarning>), ConnectorError> {
        self.check_records()?;
        let (set_aside, records) = (self.people.set_aside_by_mapping(), self.records);
        if set_aside >= FEW_SET_ASIDE && set_aside * SET_ASIDE_SHARE > records {
            let cause = ReadingError::TooManyRejectedRecords { set_aside, records };
            return Err(ConnectorError::new(self.connector, ConnectorAttempt::Reading, cause));
        }
        for column in &self.columns {
            if let Some(dates) = column.unreadable_dates() {
                let cause = self.describe_unreadable(column, dates);
                return Err(ConnectorError::new(self.connector, ConnectorAttempt::Reading, cause));
            }
        }
        let problems = self.list_problems();
        Ok((self.people, problems))
    }

    /// All warnings.
    fn list_problems(&mut self) -> Vec<RunWarning> {
        let mut problems = self.list_missing_attributes();
        problems.append(&mut self.problems);
        for column in &self.columns {
            problems.extend(column.problems(self.attributes.name(column.attribute)));
        }
        problems
    }

    /// Warnings about the attributes of the file that no record has.
    fn list_missing_attributes(&self) -> Vec<RunWarning> {
        let missing = |column: &&MappedColumn<'_>| {
            let source = &self.mapping.columns[column.number].1;
            !column.has_values && column.number < self.mapping.expected_columns && !is_optional(source)
        };
        let warning = |column: &MappedColumn<'_>| {
            let (name, source) =
                (self.attributes.name(column.attribute), &self.mapping.columns[column.number].1);
            let message = format!("no record has a value for `{source}`, which is mapped to `{name}`");
            RunWarning::new(RunWarningKind::AttributeEmpty, name, message)
        };
        if self.records == 0 {
            Vec::new()
        } else {
            self.columns.iter().filter(missing).map(warning).collect()
        }
    }

    /// The people so far, for `check` and look-ups. Fails if a record exceeds a bound of its values.
    pub(crate) fn into_people(self) -> Result<PeopleTable, ConnectorError> {
        self.check_records()?;
        Ok(self.people)
    }

    /// The people so far and their unreadable dates, for `check`. Fails if a record exceeds a bound of its values.
    pub(crate) fn into_sample(mut self, is_whole: bool) -> Result<PeopleSample, ConnectorError> {
        self.check_records()?;
        let warning = |column: &MappedColumn<'_>| {
            let cause = self.describe_unreadable(column, column.any_unreadable_dates()?);
            let hint = cause.hint(&ConnectorAttempt::Reading).unwrap_or_default();
            Some((column.attribute, format!("{cause}; {hint}")))
        };
        let unreadable_dates = self.columns.iter().filter_map(warning).collect();
        let problems = self.list_problems();
        Ok(PeopleSample { people: self.people, is_whole, unreadable_dates, problems })
    }

    fn describe_unreadable(&self, column: &MappedColumn<'_>, dates: &DateCounts) -> ReadingError {
        ReadingError::UnreadableDates {
            attribute: self.attributes.name(column.attribute).to_owned(),
            column: self.mapping.columns[column.number].1.clone(),
            unreadable: dates.unreadable,
            values: dates.values,
            sample: dates.samples.first().cloned().unwrap_or_default(),
            formats: suggest_formats(&dates.samples, column.date_format.unwrap_or(&DateFormat::Standard)),
        }
    }

    /// The only value of the id; a record with no value or several values cannot be identified.
    fn id(&mut self, index: usize, record: &RecordValues) -> Symbol {
        let mut values = record.values_of(self.columns[index].number);
        match (values.next(), values.next()) {
            (Some(id), None) => self.people.values.intern(id),
            (Some(_), Some(_)) | (None, _) => Symbol::EMPTY,
        }
    }

    /// All values.
    fn plain(&mut self, index: usize, record: &RecordValues) -> Symbol {
        let column = &mut self.columns[index];
        let mut values = record.values_of(column.number);
        let Some(first) = values.next() else { return Symbol::EMPTY };
        let attribute = column.attribute;
        if is_spreadsheet_error(first) {
            return self.report_spreadsheet_error(attribute, first);
        }
        let Some(second) = values.next() else {
            let only = strip_manager(attribute, column.translate(first));
            return self.people.values.intern(only);
        };
        self.texts.clear();
        for value in [first, second].into_iter().chain(values) {
            self.texts.push(strip_manager(attribute, column.translate(value)).to_owned());
        }
        self.people.values.intern_all(&mut self.texts)
    }

    /// The primary address, or the first one in byte order, so that the order of the server does not matter.
    fn address(&mut self, index: usize, record: &RecordValues) -> Symbol {
        let column = &mut self.columns[index];
        let mut first: Option<String> = None;
        let mut best: Option<(bool, String)> = None;
        for value in record.values_of(column.number) {
            let value = column.translate(value);
            match find_address(value) {
                Some(address) => {
                    let rank = (!is_primary(value), address);
                    if best.as_ref().is_none_or(|(other, text)| rank < (*other, text)) {
                        best = Some((rank.0, address.to_owned()));
                    }
                }
                None if first.as_deref().is_none_or(|first| value < first) => first = Some(value.to_owned()),
                None => {}
            }
        }
        let chosen = best.map(|(_, address)| self.people.values.intern(&address)).ok_or(first);
        self.report_unusable(chosen)
    }

    /// The address, or an empty one with a warning under the record's id: the person keeps the one that was last read.
    fn report_unusable(&mut self, chosen: Result<Symbol, Option<String>>) -> Symbol {
        let unusable = match chosen {
            Ok(cell) => return cell,
            Err(unusable) => unusable,
        };
        let id = self.cells[Attribute::ID.index()];
        if let Some(text) = unusable.filter(|_| !id.is_empty()) {
            let message = format!("`{text}` is not a valid e-mail address: the address last read is kept");
            let subject = self.people.values.text(id);
            self.problems.push(RunWarning::new(RunWarningKind::BadAddress, subject, message));
            self.people.note_unreadable(id, Attribute::EMAIL);
        }
        Symbol::EMPTY
    }

    /// The status for the first value in byte order that is in a status list. A value that is in none is active for a new
    /// person, and a known person keeps the status that was last read.
    fn status(&mut self, index: usize, record: &RecordValues) -> Symbol {
        let column = &mut self.columns[index];
        self.texts.clear();
        for value in record.values_of(column.number) {
            self.texts.push(column.name_of(value).unwrap_or(value).to_owned());
        }
        if self.texts.is_empty() {
            return Symbol::EMPTY;
        }
        self.texts.sort_unstable();
        let statuses = &mut self.statuses;
        let named = self.texts.iter().find_map(|text| {
            if let Some(known) = statuses.get(text) {
                return *known;
            }
            let status = self.mapping.statuses.get(&fold(text)).copied();
            statuses.insert(text.clone(), status);
            status
        });
        if named.is_none() {
            let unnamed = self.texts.iter().filter(|text| fold(text) != EmploymentStatus::Active.as_str());
            let mut is_unknown = false;
            for text in unnamed {
                column.unknown(text);
                is_unknown = true;
            }
            if is_unknown {
                self.people.note_unreadable(self.cells[Attribute::ID.index()], Attribute::STATUS);
            }
        }
        self.people.values.intern(named.unwrap_or(EmploymentStatus::Active).as_str())
    }
}

/// Takes the address of a manager out of what is around it, so that it is compared with those of people.
fn strip_manager(attribute: Attribute, text: &str) -> &str {
    if attribute == Attribute::MANAGER { find_address(text).unwrap_or(text) } else { text }
}
