//! Keyset pagination of lists. The next page begins after the last row of the current one, in sort order.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::form_data::FormData;
use rollcall_store::listing::PageRequest;

/// Rows of a page.
const PAGE_SIZE: usize = 50;

/// Rows read for a page: one more than shown, to detect a following page.
const FETCH_LIMIT: i64 = 51;

/// Sort key of the last row of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ListCursor {
    /// Value of the sort column.
    pub text: String,
    /// Id of the row, for rows with the same text.
    pub id: i64,
}

impl ListCursor {
    /// Parses a token of [`ListCursor::to_token`]. Returns `None`, the first page, for any other text.
    pub(crate) fn parse_token(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (text, id): (String, i64) = serde_json::from_slice(&bytes).ok()?;
        // PostgreSQL cannot compare a text with U+0000.
        (!text.contains('\0')).then_some(Self { text, id })
    }

    /// Encodes the cursor as a URL-safe token.
    pub(crate) fn to_token(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::json!([self.text, self.id]).to_string())
    }
}

/// Requested page of a list.
#[derive(Debug, Clone, Default)]
pub(super) struct ListPageRequest {
    after: Option<ListCursor>,
}

impl ListPageRequest {
    /// Reads the cursor from the query string.
    pub(crate) fn from_query(query: &FormData) -> Self {
        Self { after: ListCursor::parse_token(query.text("after")) }
    }

    /// Returns whether the first page is requested.
    pub(crate) fn is_first(&self) -> bool {
        self.after.is_none()
    }

    /// Builds the page request of the store.
    pub(crate) fn to_store_page(&self) -> PageRequest<'_> {
        let (text, id) = self.after.as_ref().map_or(("", 0), |after| (after.text.as_str(), after.id));
        PageRequest { text, id, limit: FETCH_LIMIT }
    }
}

/// Truncates the rows to one page. Returns the token of the next page if there is one.
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
        let zero = ListCursor { text: "\0".to_owned(), id: 7 }.to_token();
        for text in ["", "%%%", "e30", "WzFd", &zero] {
            assert_eq!(ListCursor::parse_token(text), None, "{text}");
        }
    }
}
