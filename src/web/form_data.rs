//! URL-encoded form data: names and values in order; a name can occur several times.

use url::form_urlencoded;

use crate::error::PageError;
use rollcall_model::resource_limits::ResourceLimit;
use rollcall_model::search_text::check_search_text;

/// Message about a text that cannot be stored.
pub(super) const ZERO_CHARACTER_MESSAGE: &str = "a text cannot contain the character U+0000";

/// Name of the field that contains the text of a search.
pub(super) const SEARCH_FIELD: &str = "q";

/// Fields of a submitted form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FormData {
    pairs: Vec<(String, String)>,
}

/// Parameters of a query string.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct UrlQuery(pub FormData);

fn most_fields() -> usize {
    ResourceLimit::FormFields.default_size()
}

impl FormData {
    /// Parses a request body or a query string. Of too many fields one more than the bound is read.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        Self { pairs: form_urlencoded::parse(bytes).into_owned().take(most_fields() + 1).collect() }
    }

    /// Checks what a handler of a page may receive: texts that can be stored, and a search text within its bounds.
    ///
    /// # Errors
    /// If there are too many fields, a text contains U+0000, which PostgreSQL cannot store, or a search text is too long.
    pub(crate) fn check(self) -> Result<Self, PageError> {
        if self.pairs.len() > most_fields() {
            ResourceLimit::FormFields.record_reached();
            return Err(PageError::Bad { what: format!("a form has at most {} fields", most_fields()) });
        }
        if self.pairs.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
            return Err(PageError::Bad { what: ZERO_CHARACTER_MESSAGE.to_owned() });
        }
        let checked = check_search_text(self.text(SEARCH_FIELD));
        checked.map_err(|error| PageError::Bad { what: error.to_string() })?;
        Ok(self)
    }

    /// Returns the first value of a field, or an empty text if the field is missing.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Returns the first value of a field as a number.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.text(name).parse().ok()
    }

    /// Returns all values of a field that are numbers.
    pub(crate) fn numbers(&self, name: &str) -> Vec<i64> {
        let of = self.pairs.iter().filter(|(key, _)| key == name);
        of.filter_map(|(_, value)| value.parse().ok()).collect()
    }

    /// Returns all names and values.
    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_come_several_times_and_bad_numbers_do_not_count() {
        let form = FormData::read(b"name=R%26D+Berlin&member=3&member=x&member=12&save=");
        assert_eq!(form.text("name"), "R&D Berlin");
        assert_eq!(form.numbers("member"), [3, 12]);
        assert_eq!(form.text("missing"), "");
    }
}
