//! Applies an [`AttributeMapping`]: converts records of a source to rows of people.
//!
//! One mapper is built per reading. A source fills a [`RecordValues`] with raw values by column of the mapping;
//! [`RecordMapper::push`] normalizes and translates them and adds the row to [`PeopleTable`]. Invalid values are
//! reported as warnings and treated as empty. [`RecordMapper::finish`] fails only if so many records have no
//! usable id that the mapping must be wrong.

mod column;
mod record;

use chrono::NaiveDate;
use rustc_hash::FxHashMap;

use crate::{AttributeMapping, ConnectorAttempt, ConnectorError, ExceededLimit, ReadingError};
use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::interner::Symbol;
use rollcall_model::names::{ConnectorName, fold, is_address};
use rollcall_model::people::PeopleTable;
use rollcall_model::resource_limits::{ResourceLimit, ResourceLimits};
use rollcall_model::run_warning::{RunWarning, RunWarningKind};
use rollcall_model::source_date::SourceDate;
use rollcall_model::status::EmploymentStatus;

pub(super) use record::RecordValues;

use column::MappedColumn;

/// Fewer unusable records than this never fail a reading: dirty data, not a wrong mapping.
const FEW_SET_ASIDE: u64 = 10;

/// More than one unusable record in this many (5 %) means a wrong mapping.
const SET_ASIDE_SHARE: u64 = 20;

/// Converts records to people.
#[derive(Debug)]
pub(super) struct RecordMapper<'a> {
    connector: &'a ConnectorName,
    attributes: &'a AttributeSet,
    mapping: &'a AttributeMapping,
    columns: Vec<MappedColumn>,
    statuses: FxHashMap<String, Option<EmploymentStatus>>,
    people: PeopleTable,
    cells: Vec<Symbol>,
    texts: Vec<String>,
    records: u64,
    /// The size of all records, and of the largest one, in bytes.
    bytes: u64,
    largest: u64,
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
        let mut columns: Vec<MappedColumn> = attributes_of
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
            bytes: 0,
            largest: 0,
            problems: Vec::new(),
        }
    }

    /// Number of records so far.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// Fails if the records so far, or one of them, exceed a bound.
    pub(crate) fn check_limits(&self, limits: &ResourceLimits) -> Result<(), ConnectorError> {
        let check = |limit, number| ExceededLimit::check(limit, limits, number);
        check(ResourceLimit::ReadingRecords, self.records)
            .and_then(|()| check(ResourceLimit::ReadingBytes, self.bytes))
            .and_then(|()| {
                check(ResourceLimit::RecordBytes, self.largest)
                    .map_err(|limit| limit.of(|| "a record".to_owned()))
            })
            .map_err(|limit| {
                let cause = ReadingError::LimitExceeded(limit);
                ConnectorError::new(self.connector, ConnectorAttempt::Reading, cause)
            })
    }

    /// Maps one record. `place` returns its position in the source.
    pub(crate) fn push(&mut self, record: &RecordValues, place: impl FnOnce() -> String) {
        self.records += 1;
        let bytes = record.text().len() as u64;
        self.bytes += bytes;
        self.largest = self.largest.max(bytes);
        self.cells.fill(Symbol::EMPTY);
        for index in 0..self.columns.len() {
            let attribute = self.columns[index].attribute;
            self.cells[attribute.index()] = match attribute {
                Attribute::ID => self.id(index, record),
                Attribute::EMAIL => self.address(index, record),
                Attribute::STATUS => self.status(index, record),
                _ if self.mapping.dates.format_of(attribute).is_some() => self.date(index, record),
                _ => self.plain(index, record),
            };
        }
        self.check_dates();
        self.people.push(&self.cells, place);
    }

    /// The people and warnings, if enough records are usable.
    ///
    /// # Errors
    ///
    /// [`ReadingError::TooManyRejectedRecords`] if more than 5 % of the records, and at least 10, have an empty
    /// or repeated id. [`ReadingError::UnreadableDates`] if several dates of a column, and more than 5 %, cannot be read.
    pub(crate) fn finish(self) -> Result<(PeopleTable, Vec<RunWarning>), ConnectorError> {
        let (set_aside, records) = (self.people.set_aside(), self.records);
        if set_aside >= FEW_SET_ASIDE && set_aside * SET_ASIDE_SHARE > records {
            let cause = ReadingError::TooManyRejectedRecords { set_aside, records };
            return Err(ConnectorError::new(self.connector, ConnectorAttempt::Reading, cause));
        }
        for column in &self.columns {
            if let Some(dates) = column.unreadable_dates() {
                let cause = ReadingError::UnreadableDates {
                    attribute: self.attributes.name(column.attribute).to_owned(),
                    column: self.mapping.columns[column.number].1.clone(),
                    unreadable: dates.unreadable,
                    values: dates.values,
                    sample: dates.sample.clone(),
                };
                return Err(ConnectorError::new(self.connector, ConnectorAttempt::Reading, cause));
            }
        }
        let mut problems = self.problems;
        for column in &self.columns {
            problems.extend(column.problems(self.attributes.name(column.attribute)));
        }
        Ok((self.people, problems))
    }

    /// The people so far, for `check` and look-ups.
    pub(crate) fn into_people(self) -> PeopleTable {
        self.people
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
        let Some(second) = values.next() else {
            let only = column.translate(first);
            return self.people.values.intern(only);
        };
        self.texts.clear();
        for value in [first, second].into_iter().chain(values) {
            self.texts.push(column.translate(value).to_owned());
        }
        self.people.values.intern_all(&mut self.texts)
    }

    /// The first valid value in byte order, so that the order of the server does not matter.
    fn one(
        &mut self,
        index: usize,
        record: &RecordValues,
        will_do: impl Fn(&str) -> bool,
    ) -> Result<Symbol, Option<String>> {
        let column = &mut self.columns[index];
        let mut first: Option<String> = None;
        let mut best: Option<String> = None;
        for value in record.values_of(column.number) {
            let value = column.translate(value);
            let chosen = if will_do(value) { &mut best } else { &mut first };
            if chosen.as_deref().is_none_or(|chosen| value < chosen) {
                *chosen = Some(value.to_owned());
            }
        }
        best.map(|value| self.people.values.intern(&value)).ok_or(first)
    }

    fn address(&mut self, index: usize, record: &RecordValues) -> Symbol {
        let chosen = self.one(index, record, is_address);
        self.report_unusable(chosen, RunWarningKind::BadAddress, |text| {
            format!("`{text}` is not a valid e-mail address: treated as empty")
        })
    }

    /// The first day of the readable values. If there is none, the person keeps the day that was last read.
    fn date(&mut self, index: usize, record: &RecordValues) -> Symbol {
        let mapping = self.mapping;
        let column = &mut self.columns[index];
        let Some(format) = mapping.dates.format_of(column.attribute) else { return Symbol::EMPTY };
        let (mut first, mut unreadable) = (None, None);
        let mut is_empty = true;
        for value in record.values_of(column.number) {
            is_empty = false;
            match format.read(column.translate(value), mapping.dates.zone) {
                SourceDate::Day(day) => {
                    first = Some(first.map_or(day, |earlier: NaiveDate| earlier.min(day)));
                }
                SourceDate::NoDate => {}
                SourceDate::Unreadable => unreadable = unreadable.or_else(|| Some(value.to_owned())),
            }
        }
        if is_empty {
            return Symbol::EMPTY;
        }
        let unreadable = unreadable.filter(|_| first.is_none());
        column.count_date(unreadable.as_deref());
        let (attribute, id) = (column.attribute, self.cells[Attribute::ID.index()]);
        if let Some(text) = unreadable.filter(|_| !id.is_empty()) {
            let name = self.attributes.name(attribute);
            let message = format!("`{text}` in `{name}` is not a valid date: the date last read is kept");
            self.problems.push(RunWarning::new(
                RunWarningKind::BadDate,
                self.people.values.text(id),
                message,
            ));
            self.people.note_unreadable(id, attribute);
        }
        first.map_or(Symbol::EMPTY, |day| self.people.values.intern(&day.to_string()))
    }

    /// Reports an end before the start.
    fn check_dates(&mut self) {
        let text = |attribute: Attribute| self.people.values.first(self.cells[attribute.index()]);
        let (start, end) = (text(Attribute::START_DATE), text(Attribute::END_DATE));
        let id = self.cells[Attribute::ID.index()];
        if !start.is_empty() && !end.is_empty() && end < start && !id.is_empty() {
            let message = format!("`end_date` {end} is before `start_date` {start}");
            self.problems.push(RunWarning::new(
                RunWarningKind::BadDate,
                self.people.values.text(id),
                message,
            ));
        }
    }

    /// The converted value, or an empty one with a warning under the record's id.
    fn report_unusable(
        &mut self,
        chosen: Result<Symbol, Option<String>>,
        kind: RunWarningKind,
        message: impl FnOnce(&str) -> String,
    ) -> Symbol {
        let unusable = match chosen {
            Ok(cell) => return cell,
            Err(unusable) => unusable,
        };
        let id = self.cells[Attribute::ID.index()];
        if let Some(text) = unusable.filter(|_| !id.is_empty()) {
            self.problems.push(RunWarning::new(kind, self.people.values.text(id), message(&text)));
        }
        Symbol::EMPTY
    }

    /// The status for the first value in byte order that is in a status list; a value that is in none is active.
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
            unnamed.for_each(|text| column.unknown(text));
        }
        self.people.values.intern(named.unwrap_or(EmploymentStatus::Active).as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The result of mapping records.
    struct MappedRow {
        people: PeopleTable,
        problems: Vec<RunWarning>,
    }

    fn mapping() -> AttributeMapping {
        let columns = [
            (Attribute::EMAIL, "mail"),
            (Attribute::ID, "uid"),
            (Attribute::DEPARTMENT, "dept"),
            (Attribute::STATUS, "state"),
            (Attribute::START_DATE, "from"),
        ];
        let departments = FxHashMap::from_iter([("4711".to_owned(), "Sales".to_owned())]);
        AttributeMapping {
            columns: columns.map(|(attribute, name)| (attribute, name.to_owned())).to_vec(),
            codes: FxHashMap::from_iter([(Attribute::DEPARTMENT, departments)]),
            statuses: FxHashMap::from_iter([
                ("gone".to_owned(), EmploymentStatus::Left),
                ("away".to_owned(), EmploymentStatus::Leave),
            ]),
            ..AttributeMapping::default()
        }
    }

    fn map(records: &[&[(&str, &str)]]) -> Result<MappedRow, ConnectorError> {
        let (name, mapping, attributes) = (ConnectorName::new("corp"), mapping(), AttributeSet::default());
        let mut mapper = RecordMapper::new(&name, &mapping, &attributes);
        let mut record = RecordValues::default();
        for values in records {
            record.clear();
            for (source, value) in *values {
                let column = mapping.columns.iter().position(|(_, known)| known == source).expect("mapped");
                record.add(column, value);
            }
            mapper.push(&record, || "somewhere".to_owned());
        }
        mapper.finish().map(|(people, problems)| MappedRow { people, problems })
    }

    fn kinds(mapped: &MappedRow) -> Vec<RunWarningKind> {
        mapped.problems.iter().map(|problem| problem.kind).collect()
    }

    #[test]
    fn values_are_trimmed_normalised_and_translated() {
        let mapped =
            map(&[&[("uid", " 7 "), ("mail", " Ada@corp.example"), ("dept", "4711 ")]]).expect("read");
        let row = mapped.people.row("7").expect("read under the trimmed id");
        assert_eq!(mapped.people.first(row, Attribute::EMAIL), "Ada@corp.example");
        assert_eq!(mapped.people.first(row, Attribute::DEPARTMENT), "Sales");
        assert_eq!(mapped.problems, []);
    }

    #[test]
    fn a_code_without_a_name_is_kept_and_reported_once_with_its_count() {
        let records: [&[(&str, &str)]; 3] = [
            &[("uid", "1"), ("dept", "4712")],
            &[("uid", "2"), ("dept", "4712"), ("dept", "4711")],
            &[("uid", "3"), ("dept", "")],
        ];
        let mapped = map(&records).expect("read");
        let all = |id: &str| {
            let cell = mapped.people.cell(mapped.people.row(id).expect("read"), Attribute::DEPARTMENT);
            mapped.people.values.all(cell).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(
            (all("1"), all("2"), all("3")),
            (vec!["4712".into()], vec!["4712".into(), "Sales".into()], vec![])
        );
        assert_eq!(kinds(&mapped), [RunWarningKind::UnknownCode]);
        assert_eq!(mapped.problems[0].subject, "department");
        assert!(
            mapped.problems[0].message.contains("`4712`: kept as it is (2 people)"),
            "{:?}",
            mapped.problems
        );
    }

    #[test]
    fn a_status_that_no_list_names_is_active_and_reported() {
        let status = |value| {
            let mapped = map(&[&[("uid", "1"), ("state", value)]]).expect("read");
            (mapped.people.first(0, Attribute::STATUS).to_owned(), kinds(&mapped))
        };
        assert_eq!(status("GONE"), ("left".to_owned(), vec![]));
        assert_eq!(status("away"), ("leave".to_owned(), vec![]));
        assert_eq!(status("Active"), ("active".to_owned(), vec![]));
        assert_eq!(status("sabbatical"), ("active".to_owned(), vec![RunWarningKind::UnknownStatus]));
        assert_eq!(status(" "), (String::new(), vec![]));
    }

    #[test]
    fn an_address_or_date_that_is_none_is_empty_and_reported_under_the_id() {
        let mapped = map(&[&[("mail", "ada at corp"), ("uid", "7"), ("from", "31.12.2026")]]).expect("read");
        assert_eq!(mapped.people.first(0, Attribute::EMAIL), "");
        assert_eq!(mapped.people.first(0, Attribute::START_DATE), "");
        assert_eq!(kinds(&mapped), [RunWarningKind::BadAddress, RunWarningKind::BadDate]);
        assert!(mapped.problems.iter().all(|problem| problem.subject == "7"));
    }

    /// The cell contains the day that was understood, not the text of the source.
    #[test]
    fn a_date_becomes_its_day() {
        let mapped = map(&[
            &[("uid", "1"), ("from", "20260630223000Z")],
            &[("uid", "2"), ("from", "2026-12-31-07:00")],
            &[("uid", "3"), ("from", "9999-12-31")],
            &[("uid", "4"), ("from", "2027-01-01"), ("from", "2026-01-01"), ("from", "soon")],
        ]);
        let people = mapped.expect("read").people;
        let days: Vec<&str> = people.rows().map(|row| people.first(row, Attribute::START_DATE)).collect();
        assert_eq!(days, ["2026-06-30", "2026-12-31", "", "2026-01-01"]);
        assert_eq!(people.unreadable().count(), 0);
    }

    #[test]
    fn a_single_unreadable_date_is_noted_and_several_fail_the_reading() {
        let outcome = |unreadable: usize, readable: usize| {
            let ids: Vec<String> = (0..unreadable + readable).map(|id| id.to_string()).collect();
            let from = |number| if number < unreadable { "31.12.2026" } else { "2026-12-31" };
            let values: Vec<[(&str, &str); 2]> = ids
                .iter()
                .enumerate()
                .map(|(number, id)| [("uid", id.as_str()), ("from", from(number))])
                .collect();
            let records: Vec<&[(&str, &str)]> = values.iter().map(<[_; 2]>::as_slice).collect();
            map(&records).map(|mapped| mapped.people.unreadable().count())
        };
        assert_eq!(outcome(1, 0).ok(), Some(1));
        assert_eq!(outcome(2, 38).ok(), Some(2));
        let error = outcome(2, 37).expect_err("2 of 39 is more than 5 %");
        assert_eq!(error.kind(), "unreadable_dates");
        assert!(
            error.to_string().contains("2 of 39 values of `start_date` (`from` in the source)"),
            "{error}"
        );
        assert!(error.hint().is_some_and(|hint| hint.contains(r#"`start_date = "%d.%m.%Y"`"#)));
    }

    #[test]
    fn of_several_addresses_the_first_in_byte_order_stands_whatever_the_server_sends_first() {
        for order in [["b@corp", "a@corp", "A"], ["A", "a@corp", "b@corp"]] {
            let mapped = map(&[&[("uid", "7"), ("mail", order[0]), ("mail", order[1]), ("mail", order[2])]])
                .expect("read");
            assert_eq!(mapped.people.first(0, Attribute::EMAIL), "a@corp");
            assert_eq!(mapped.problems, []);
        }
    }

    #[test]
    fn a_record_with_two_ids_is_set_aside() {
        let mapped = map(&[&[("uid", "7"), ("uid", "8")], &[("uid", "9")]]).expect("read");
        assert_eq!((mapped.people.len(), mapped.people.set_aside()), (1, 1));
    }

    #[test]
    fn more_than_a_twentieth_set_aside_is_a_broken_mapping() {
        let outcome = |nameless: usize, named: usize| {
            let ids: Vec<String> = (0..named).map(|id| id.to_string()).collect();
            let values: Vec<[(&str, &str); 1]> = ids
                .iter()
                .map(|id| [("uid", id.as_str())])
                .chain((0..nameless).map(|_| [("uid", "")]))
                .collect();
            let records: Vec<&[(&str, &str)]> = values.iter().map(<[_; 1]>::as_slice).collect();
            map(&records).map(|mapped| mapped.people.len())
        };
        assert_eq!(outcome(9, 1).ok(), Some(1));
        assert_eq!(outcome(10, 190).ok(), Some(190));
        let error = outcome(10, 189).expect_err("10 of 199 is more than 5 %");
        assert_eq!(error.kind(), "set_aside");
        assert!(error.to_string().contains("10 of 199 records"), "{error}");
    }
}
