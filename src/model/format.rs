//! Formatting of numbers in messages.

/// A count with its noun: `1 job`, `1,204 people`.
#[must_use]
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number), if number == 1 { one } else { many })
}

/// A number with commas.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Shortens a text to a number of characters, and marks that something is left out.
#[must_use]
pub fn shorten(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_their_nouns_and_commas() {
        assert_eq!(count(1, "person", "people"), "1 person");
        assert_eq!(count(1_204, "person", "people"), "1,204 people");
        assert_eq!(thousands(1_000_000), "1,000,000");
        assert_eq!(thousands(12), "12");
    }

    #[test]
    fn long_texts_are_shortened() {
        assert_eq!(shorten("größer".to_owned(), 4), "größ…");
        assert_eq!(shorten("größer".to_owned(), 6), "größer");
    }
}
