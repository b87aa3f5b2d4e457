//! Dates of a record: the days that they mean, and reports of what cannot be one.

use chrono::NaiveDate;

use super::{RecordMapper, RecordValues};
use rollcall_model::attributes::Attribute;
use rollcall_model::interner::Symbol;
use rollcall_model::run_warning::{RunWarning, RunWarningKind};
use rollcall_model::source_date::{DateFormat, SourceDate};

impl RecordMapper<'_> {
    /// The first day of the readable values. If there is none, the person keeps the day that was last read.
    pub(super) fn date(&mut self, index: usize, format: &DateFormat, record: &RecordValues) -> Symbol {
        let zone = self.mapping.dates.zone;
        let column = &mut self.columns[index];
        let (mut first, mut unreadable) = (None, None);
        let mut is_empty = true;
        for value in record.values_of(column.number) {
            is_empty = false;
            // The codes of a date are words such as `unbefristet`, which need not be complete.
            let text = column.name_of(value).unwrap_or(value);
            if text.is_empty() {
                continue;
            }
            match format.read(text, zone) {
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
            self.report_date(id, message);
            self.people.note_unreadable(id, attribute);
        }
        first.map_or(Symbol::EMPTY, |day| self.people.values.intern(&day.to_string()))
    }

    /// Reports an end before the start. A known person keeps the dates that were last read. A new one, and one whose last
    /// end is over, has no end: the end is of a former employment.
    pub(super) fn check_dates(&mut self) {
        let text = |attribute: Attribute| self.people.values.first(self.cells[attribute.index()]);
        let (start, end) = (text(Attribute::START_DATE), text(Attribute::END_DATE));
        let id = self.cells[Attribute::ID.index()];
        if start.is_empty() || end.is_empty() || end >= start || id.is_empty() {
            return;
        }
        let message = format!(
            "`end_date` {end} is before `start_date` {start}: the dates last read are kept; a new person, and one whose last `end_date` is over, starts again without an end"
        );
        self.report_date(id, message);
        self.people.note_unreadable(id, Attribute::START_DATE);
        self.people.note_unreadable(id, Attribute::END_DATE);
        self.cells[Attribute::END_DATE.index()] = Symbol::EMPTY;
    }

    fn report_date(&mut self, id: Symbol, message: String) {
        self.problems.push(RunWarning::new(RunWarningKind::BadDate, self.people.values.text(id), message));
    }
}
