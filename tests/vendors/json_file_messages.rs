//! Files of kind `json_file` that hold something else than the list: each is told apart.

use super::files_and_queries::of_file;

/// A list, a missing key, another value and a web page are told apart.
#[test]
fn what_stands_in_place_of_the_list_is_told() {
    for (text, told, hint) in [
        ("[{\"id\": 1}]", "the file is a list, but `list` is \"data.items\"", "remove `list`"),
        (
            "{\"value\": []}",
            "the file has no list at `data.items`; it has the keys `value`",
            "set `list` to the path of the list",
        ),
        (
            "{\"data\": {\"items\": {\"id\": 1}}}",
            "the file has no list at `data.items`: `data.items` is an object",
            "set `list` to the path of the list",
        ),
        (
            "{\"data\": null}",
            "the file has no list at `data.items`: `data` is null",
            "set `list` to the path of the list",
        ),
        ("Access denied", "the file has no list at `data.items`: the file is no JSON", "check the export"),
        ("\n<!DOCTYPE html><html></html>\n", "this is a web page (HTML)", "check how the file is fetched"),
    ] {
        let error = of_file(text.as_bytes(), "list = 'data.items'").expect_err("no list");
        assert_eq!(error.kind(), "bad_file");
        assert!(error.to_string().ends_with(told), "{text}: {error}");
        assert!(error.hint().is_some_and(|said| said.starts_with(hint)), "{text}: {:?}", error.hint());
    }
    let page = of_file(b"<HTML>\n", "").expect_err("a page");
    assert!(page.to_string().ends_with("this is a web page (HTML)"), "{page}");
}
