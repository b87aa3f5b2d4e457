//! A form as a browser sends it: names and values, in order, a name as often as it was ticked.

use url::form_urlencoded;

/// What somebody typed, ticked and pressed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FormData {
    pairs: Vec<(String, String)>,
}

/// The same behind the question mark of an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct UrlQuery(pub FormData);

impl FormData {
    /// Reads a body, or what stands behind the question mark of an address.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        Self { pairs: form_urlencoded::parse(bytes).into_owned().collect() }
    }

    /// The text of a field; empty where it did not come.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The number of a field.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.text(name).parse().ok()
    }

    /// All numbers of a name.
    pub(crate) fn numbers(&self, name: &str) -> Vec<i64> {
        let of = self.pairs.iter().filter(|(key, _)| key == name);
        of.filter_map(|(_, value)| value.parse().ok()).collect()
    }

    /// All pairs.
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
