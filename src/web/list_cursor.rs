//! Where the next page of a list begins: behind the last row of this one, by what the list is sorted by.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::form_data::FormData;
use rollcall_store::listing::PageRequest;

/// Rows on a page.
const PAGE_SIZE: usize = 50;

/// Rows that are read for a page.
const FETCH_LIMIT: i64 = 51;

/// The last row of a page: the text and the number that it is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ListCursor {
    /// What the list is sorted by.
    pub text: String,
    /// The number of the row, for rows of the same text.
    pub id: i64,
}

impl ListCursor {
    /// Reads what [`ListCursor::to_token`] wrote; nothing where it is anything else: that is the first page.
    pub(crate) fn parse_token(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (text, id) = serde_json::from_slice(&bytes).ok()?;
        Some(Self { text, id })
    }

    /// In letters that an address can hold.
    pub(crate) fn to_token(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::json!([self.text, self.id]).to_string())
    }
}

/// The page of a list that an address asks for.
#[derive(Debug, Clone, Default)]
pub(super) struct ListPageRequest {
    after: Option<ListCursor>,
}

impl ListPageRequest {
    /// What stands in the address.
    pub(crate) fn from_query(query: &FormData) -> Self {
        Self { after: ListCursor::parse_token(query.text("after")) }
    }

    /// Whether it is the first page.
    pub(crate) fn is_first(&self) -> bool {
        self.after.is_none()
    }

    /// What to read: a row more than is shown tells whether another page follows.
    pub(crate) fn to_store_page(&self) -> PageRequest<'_> {
        let (text, id) = self.after.as_ref().map_or(("", 0), |after| (after.text.as_str(), after.id));
        PageRequest { text, id, limit: FETCH_LIMIT }
    }
}

/// Cuts a list that was read with one row more than a page has; answers where the next page begins.
pub(super) fn split_next_page<T>(rows: &mut Vec<T>, place: impl Fn(&T) -> ListCursor) -> Option<String> {
    if rows.len() <= PAGE_SIZE {
        return None;
    }
    rows.truncate(PAGE_SIZE);
    rows.last().map(|last| place(last).to_token())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_anything_else_is_the_first_page() {
        let cursor = ListCursor { text: "łukasz \"x\"".to_owned(), id: 7 };
        assert_eq!(ListCursor::parse_token(&cursor.to_token()), Some(cursor));
        for text in ["", "%%%", "e30", "WzFd"] {
            assert_eq!(ListCursor::parse_token(text), None, "{text}");
        }
    }
}
