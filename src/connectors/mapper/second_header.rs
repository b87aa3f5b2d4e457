//! Rows below the header of a table that are headers too: translations, or technical names.

use super::{RecordMapper, RecordValues};
use rollcall_model::attributes::Attribute;
use rollcall_model::interner::Symbol;
use rollcall_model::names::fold;
use rollcall_model::run_warning::{RunWarning, RunWarningKind};

/// Fewest columns with text from which on capital letters alone are a sign of technical names.
const FEWEST_TECHNICAL_NAMES: usize = 3;

impl RecordMapper<'_> {
    /// Whether a row names its columns: the cell of an address or of a date is the name of one.
    pub(super) fn is_second_header(&self, row: &RecordValues) -> bool {
        let texts = || self.columns.iter().flat_map(|column| row.values_of(column.number));
        // The id is the first column.
        let id = || row.values_of(self.columns[0].number);
        if id().next().is_none() || texts().any(|text| text.contains('@')) {
            return false;
        }
        let has_number = id().any(has_digit);
        let names_column = self.columns.iter().any(|column| {
            let mut values = row.values_of(column.number);
            match (column.attribute, &column.date_format) {
                (Attribute::EMAIL, _) => values.any(|text| fold(text).contains("mail")),
                // An end may be a word, such as "permanent".
                (Attribute::END_DATE, _) | (_, None) => false,
                (_, Some(_)) => values.any(|text| has_letter(text) && !has_digit(text)),
            }
        });
        let maps_address = self.columns.iter().any(|column| {
            column.attribute == Attribute::EMAIL && row.values_of(column.number).next().is_some()
        });
        let is_technical = || {
            maps_address
                && texts().count() >= FEWEST_TECHNICAL_NAMES
                && texts().all(is_technical_name)
                && texts().any(|text| text.contains('_'))
        };
        (names_column && !has_number) || is_technical()
    }

    /// Sets a header row aside, and says how it is skipped.
    pub(super) fn set_aside_header(&mut self, id: Symbol, place: String) {
        self.header_rows += 1;
        let message = format!(
            "the row `{}` looks like another header: set aside; `skip_rows_after_header = {}` skips it",
            self.people.values.text(id),
            self.header_rows
        );
        self.people.set_aside_no_person(id, RunWarning::new(RunWarningKind::SecondHeader, place, message));
    }
}

fn has_digit(text: &str) -> bool {
    text.chars().any(|character| character.is_ascii_digit())
}

fn has_letter(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
}

/// Whether a text is such as `USRID_LONG` or `P0001-PERNR`.
fn is_technical_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"_-/.".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_uppercase() || first == '_') && text.bytes().all(is_part)
}
