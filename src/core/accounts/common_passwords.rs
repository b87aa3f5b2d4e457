//! Passwords that many people choose.
//!
//! The list holds usual words, runs of keys and digits with usual endings, in lower case and sorted. It is written after
//! common patterns; passwords that are too short are left out. Words of the context are added: the name of the product,
//! and the parts of the address.

use rollcall_model::names::fold;

/// One password a line.
const LIST: &str = include_str!("common_passwords.txt");

const PRODUCT: &str = "rollcall";

/// Returns true if a password is in the list, has a single character, or consists of a word of the context with digits
/// and punctuation.
pub(super) fn is_common_password(password: &str, email: &str) -> bool {
    let folded = fold(password);
    let lower = password.to_lowercase();
    let mut letters = lower.chars();
    let has_one_character = letters.next().is_some_and(|first| letters.all(|letter| letter == first));
    has_one_character || is_listed(&lower) || is_listed(&folded) || is_of_context(&lower, email)
}

fn is_listed(password: &str) -> bool {
    LIST.lines().any(|line| line == password)
}

/// Compares letters only: `Rollcall-2026!` is `rollcall`.
fn is_of_context(password: &str, email: &str) -> bool {
    let letters: String = password.chars().filter(|letter| letter.is_alphabetic()).collect();
    let email = fold(email);
    let parts = email.split(['@', '.', '-', '_', '+']).chain([PRODUCT]);
    let mut words: Vec<String> = parts
        .map(|part| part.chars().filter(|letter| letter.is_alphabetic()).collect::<String>())
        .filter(|word| word.chars().count() > 2)
        .collect();
    words.push(email.chars().filter(|letter| letter.is_alphabetic()).collect());
    words.iter().any(|word| !word.is_empty() && letters.replace(word.as_str(), "").is_empty())
        && !letters.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_passwords_and_words_of_the_context_are_common() {
        for password in [
            "password1234",
            "PASSWORD1234",
            "123456789012",
            "            ",
            "qwertyuiop12",
            "Rollcall-2026!",
            "corp-CORP-2026",
            "ada.corp.example",
        ] {
            assert!(is_common_password(password, "ada@corp.example"), "{password}");
        }
        for password in ["correct horse battery", "zwölf Zeichen", "Kd8!fj2_Lq9z", "849201746352"] {
            assert!(!is_common_password(password, "ada@corp.example"), "{password}");
        }
    }

    #[test]
    fn listed_passwords_are_long_enough_and_sorted() {
        assert!(LIST.lines().count() >= 3_000);
        assert!(LIST.lines().is_sorted());
        assert!(LIST.lines().all(|line| line.chars().count() >= 12 && line == line.to_lowercase()));
    }
}
