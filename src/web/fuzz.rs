//! Entry point of the fuzzer: forms and query strings of arbitrary bytes. Built only with `--cfg fuzzing`.

use crate::form_data::FormData;
use crate::list_cursor::{ListCursor, ListPageRequest};
use crate::return_path::local_path;

/// Host of the pages in the checks. It does not exist.
const HOST: &str = "rollcall.invalid";

/// Reads bytes as a form, and each value as a number, as a cursor of a list and as a path to return to.
///
/// # Panics
/// If a path leads to another host, or a cursor is read differently from what was written.
pub fn form(bytes: &[u8]) {
    let Ok(form) = FormData::read(bytes).check() else { return };
    let _ = ListPageRequest::from_query(&form).to_store_page();
    let base = url::Url::parse(&format!("https://{HOST}/")).expect("a URL");
    for (name, value) in form.pairs() {
        let _ = (form.number(name), form.numbers(name));
        let led_to = base.join(local_path(value)).expect("a path");
        assert_eq!((led_to.scheme(), led_to.host_str()), ("https", Some(HOST)), "{value:?}");
        if let Some(cursor) = ListCursor::parse_token(value) {
            assert_eq!(ListCursor::parse_token(&cursor.to_token()), Some(cursor));
        }
    }
}
