//! A line of totals below a table, such as `Total: 320`.

use ::csv::ByteRecord;

use rollcall_model::names::{clean, fold};

/// Words that begin or end a line of totals.
const WORDS: [&str; 16] = [
    "total",
    "totals",
    "totale",
    "sum",
    "summe",
    "suma",
    "somme",
    "gesamt",
    "gesamtsumme",
    "insgesamt",
    "anzahl",
    "count",
    "records",
    "rows",
    "datensätze",
    "zeilen",
];

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
    let mut words =
        folded.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    let (first, last) = (words.clone().next()?, words.next_back()?);
    let is_total = WORDS.contains(&first) || WORDS.contains(&last);
    let has_number = folded.chars().any(|character| character.is_ascii_digit());
    (is_total && has_number && text.chars().count() <= LONGEST).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_told_from_people() {
        let find = |fields: &[&str]| find_total(&ByteRecord::from(fields.to_vec()));
        for fields in [
            &["Total: 320"][..],
            &["Summe", "320"],
            &["320 rows"],
            &["Gesamt 1.234,50 EUR"],
            &["Anzahl=3", ""],
        ] {
            assert!(find(fields).is_some(), "{fields:?}");
        }
        for fields in [&["4711"][..], &["Ada Total"], &["total", "1", "2"], &["", ""], &["Sumner 3"]] {
            assert!(find(fields).is_none(), "{fields:?}");
        }
    }
}
