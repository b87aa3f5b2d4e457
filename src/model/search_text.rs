//! Bounds on the text of a search.

use crate::resource_limits::ResourceLimit;

/// Why a text is not a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSearchText {
    /// The text has too many characters.
    #[error("a search text has at most {} characters", ResourceLimit::SearchCharacters.default_value())]
    TooLong,
    /// The text has too many words.
    #[error("a search text has at most {} words", ResourceLimit::SearchWords.default_value())]
    TooManyWords,
}

/// Checks the length of a search text. Words are counted as the search finds them: they end at any character that is
/// not a letter or a digit.
///
/// # Errors
/// When the text has too many characters or words.
pub fn check_search_text(text: &str) -> Result<(), BadSearchText> {
    let exceeds = |count: usize, limit: ResourceLimit| {
        let is_more = count as u64 > limit.default_value();
        if is_more {
            limit.record_reached();
        }
        is_more
    };
    let most = usize::try_from(ResourceLimit::SearchCharacters.default_value()).unwrap_or(usize::MAX);
    if exceeds(text.chars().take(most.saturating_add(1)).count(), ResourceLimit::SearchCharacters) {
        return Err(BadSearchText::TooLong);
    }
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).count();
    if exceeds(words, ResourceLimit::SearchWords) {
        return Err(BadSearchText::TooManyWords);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_or_word_more_than_the_bound_is_refused() {
        assert_eq!(check_search_text(&"ä".repeat(200)), Ok(()));
        assert_eq!(check_search_text(&"ä".repeat(201)), Err(BadSearchText::TooLong));
        assert_eq!(check_search_text(&"a-".repeat(20)), Ok(()));
        assert_eq!(check_search_text(&"a-".repeat(21)), Err(BadSearchText::TooManyWords));
    }
}
