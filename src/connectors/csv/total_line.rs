//! A line of totals below a table, such as `Total: 320`.

use ::csv::ByteRecord;

use rollcall_model::names::{clean, fold};

/// Words that begin or end a line of totals.
const WORDS: [&str; 10] =
    ["total", "totals", "totale", "sum", "summe", "suma", "somme", "gesamt", "gesamtsumme", "insgesamt"];

/// Words that do so in a line whose number counts rows.
const COUNTING_WORDS: [&str; 10] =
    ["trailer", "trl", "footer", "record", "records", "rows", "count", "anzahl", "datensätze", "zeilen"];

/// Longest line of totals, in characters.
const LONGEST: usize = 80;

/// The text of a row that counts the rows above: a word for a total and a number in one or two fields.
pub(super) fn find_total(row: &ByteRecord) -> Option<String> {
    let fields: Vec<&str> = row.iter().map(std::str::from_utf8).collect::<Result<_, _>>().ok()?;
    let texts: Vec<_> = fields.into_iter().map(clean).filter(|text| !text.is_empty()).collect();
    if texts.is_empty() || texts.len() > 2 {
        return None;
    }
    let text = texts.join(" ");
    let folded = fold(&text);
    let is_total = begins_or_ends_with(&folded, &WORDS) || begins_or_ends_with(&folded, &COUNTING_WORDS);
    let has_number = folded.chars().any(|character| character.is_ascii_digit());
    (is_total && has_number && text.chars().count() <= LONGEST).then_some(text)
}

fn begins_or_ends_with(folded: &str, words: &[&str]) -> bool {
    let mut parts =
        folded.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    let first = parts.clone().next();
    [first, parts.next_back()].into_iter().flatten().any(|part| words.contains(&part))
}

/// The number of rows that a line of totals says: a whole number in the only field, such as `Total: 1,234`, or beside a
/// word such as `rows`. A number in a field of its own beside another word can be the sum of a column.
pub(super) fn declared_rows(row: &ByteRecord) -> Option<u64> {
    let texts = row.iter().filter_map(|field| std::str::from_utf8(field).ok()).map(clean);
    let texts: Vec<_> = texts.filter(|text| !text.is_empty()).collect();
    let text = texts.join(" ");
    if texts.len() > 1 && !begins_or_ends_with(&fold(&text), &COUNTING_WORDS) {
        return None;
    }
    let number = text.trim_matches(|character: char| !character.is_ascii_digit());
    let mut groups = number.split([',', '.', '\'', ' ']);
    let first = groups.next()?;
    let is_whole =
        groups.clone().all(|group| group.len() == 3) && (first.len() <= 3 || groups.next().is_none());
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let has_only_separators = number.chars().all(|one| one.is_ascii_digit() || ",.' ".contains(one));
    digits.parse().ok().filter(|_| is_whole && has_only_separators)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_rows_are_whole_numbers_of_one_field() {
        let declared = |fields: &[&str]| declared_rows(&ByteRecord::from(fields.to_vec()));
        assert_eq!(declared(&["Total: 320"]), Some(320));
        assert_eq!(declared(&["", "1,234 rows", ""]), Some(1234));
        assert_eq!(declared(&["Summe: 1.234.567"]), Some(1_234_567));
        assert_eq!(declared(&["TRAILER", "600"]), Some(600));
        for fields in
            [&["Total", "320"][..], &["Total: 1234,50"], &["Total 3 of 4"], &["Total: 12.5"], &["Total"]]
        {
            assert_eq!(declared(fields), None, "{fields:?}");
        }
    }

    #[test]
    fn totals_are_told_from_people() {
        let find = |fields: &[&str]| find_total(&ByteRecord::from(fields.to_vec()));
        for fields in [
            &["Total: 320"][..],
            &["Summe", "320"],
            &["320 rows"],
            &["Gesamt 1.234,50 EUR"],
            &["Anzahl=3", ""],
            &["TRAILER", "600"],
            &["Record Count: 600"],
        ] {
            assert!(find(fields).is_some(), "{fields:?}");
        }
        for fields in [&["4711"][..], &["Ada Total"], &["total", "1", "2"], &["", ""], &["Sumner 3"]] {
            assert!(find(fields).is_none(), "{fields:?}");
        }
    }
}
