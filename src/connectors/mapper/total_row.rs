//! Rows that are no records: totals below a table, and second headers (`second_header`).

use super::{RecordMapper, RecordValues};
use rollcall_model::attributes::Attribute;
use rollcall_model::names::fold;

/// Attributes that tell who a person is.
const ADDRESS_AND_NAMES: [Attribute; 4] =
    [Attribute::EMAIL, Attribute::NAME, Attribute::GIVEN_NAME, Attribute::FAMILY_NAME];

/// Attributes that a row of totals does not have, whatever its columns contain.
const PERSONAL: [Attribute; 4] =
    [Attribute::EMAIL, Attribute::STATUS, Attribute::START_DATE, Attribute::END_DATE];

/// Mapped columns from which on a row with an id alone is not a record.
const FEWEST_COLUMNS: usize = 3;

/// Words for a total, folded, in the languages of common exports.
const TOTAL_WORDS: [&str; 24] = [
    "summe",
    "gesamt",
    "gesamtsumme",
    "gesamtanzahl",
    "insgesamt",
    "anzahl",
    "total",
    "totals",
    "sum",
    "count",
    "records",
    "rows",
    "somme",
    "nombre",
    "totale",
    "somma",
    "totaal",
    "aantal",
    "suma",
    "soma",
    "razem",
    "celkem",
    "summa",
    "antal",
];

/// The longest text of a total, in bytes. Longer ids are not compared.
const LONGEST_TOTAL: usize = 40;

impl RecordMapper<'_> {
    /// Maps one row of a table. A row with an id but without an address and a name, such as `312`, and a row of totals,
    /// such as `Total: 312`, are set aside; a person with this id stays as last read.
    pub(crate) fn push_row(&mut self, row: &RecordValues, place: impl FnOnce() -> String) {
        // Header rows are the first rows below the header.
        let is_header = self.header_rows == self.records && self.is_second_header(row);
        let is_nameless = self.has_one_id(row) && self.is_nameless(row);
        let is_total = || self.has_one_id(row) && self.is_total(row);
        if row.excess().is_some() || !(is_header || is_nameless || is_total()) {
            self.push(row, place);
            return;
        }
        self.count_record(row);
        let id = self.id(0, row);
        if is_header {
            self.set_aside_header(id, place());
        } else if is_nameless {
            self.people.set_aside_without_name(id, place);
        } else {
            self.people.set_aside_total(id, place);
        }
    }

    /// The id is the first column.
    fn has_one_id(&self, row: &RecordValues) -> bool {
        let mut ids = row.values_of(self.columns[0].number);
        ids.next().is_some() && ids.next().is_none()
    }

    /// Returns whether the id is a word for a total, and nothing in the row is of a person: neither an address, a status or
    /// a date, nor a name with letters where none of these is mapped.
    fn is_total(&self, row: &RecordValues) -> bool {
        let mut personal =
            self.columns.iter().filter(|column| PERSONAL.contains(&column.attribute)).peekable();
        let has_letters =
            |number: usize| row.values_of(number).any(|name| name.contains(char::is_alphabetic));
        let is_impersonal = if personal.peek().is_some() {
            personal.all(|column| row.values_of(column.number).next().is_none())
        } else {
            self.columns[1..].iter().all(|column| !has_letters(column.number))
        };
        // The text of the id comes last, because it is compared slowly.
        let mut ids = row.values_of(self.columns[0].number);
        is_impersonal && ids.next().is_some_and(is_total_word)
    }

    fn is_nameless(&self, row: &RecordValues) -> bool {
        let mut has_address = false;
        let mut has_name = false;
        for column in &self.columns {
            if !ADDRESS_AND_NAMES.contains(&column.attribute) {
                continue;
            }
            if row.values_of(column.number).next().is_some() {
                return false;
            }
            let is_address = column.attribute == Attribute::EMAIL;
            has_address |= is_address;
            has_name |= !is_address;
        }
        let others = self.columns[1..].iter();
        let is_bare = || {
            self.columns.len() >= FEWEST_COLUMNS
                && others.clone().all(|column| row.values_of(column.number).next().is_none())
        };
        (has_address && has_name) || is_bare()
    }
}

/// Returns whether a text consists of words for a total and of numbers, such as `Total: 312` or `312 records`.
fn is_total_word(text: &str) -> bool {
    if text.len() > LONGEST_TOTAL {
        return false;
    }
    let folded = fold(text);
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut words = words.filter(|word| !word.bytes().all(|byte| byte.is_ascii_digit())).peekable();
    words.peek().is_some() && words.all(|word| TOTAL_WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_totals_are_known_beside_numbers() {
        for text in
            ["Summe", "SUMME:", "Total: 312", "Anzahl 400", "1,204 records", "Gesamt (Summe)", "Totale"]
        {
            assert!(is_total_word(text), "{text}");
        }
        for text in ["", "312", "1", "Total Quality", "S-4711", "Sumner", "countess", "e4b1-sum-x"] {
            assert!(!is_total_word(text), "{text}");
        }
    }
}
