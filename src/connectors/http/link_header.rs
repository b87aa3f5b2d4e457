//! The `Link` header (RFC 8288), limited to paging.

use reqwest::header::{HeaderMap, LINK};

/// The target of the link with the relation `next`. There can be several headers with several links each.
pub(crate) fn next(headers: &HeaderMap) -> Option<String> {
    headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok()).find_map(next_of)
}

fn next_of(header: &str) -> Option<String> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>')?;
        // Up to the next link; a quoted comma belongs to a parameter.
        let mut quoted = false;
        let end = after.find(|c| {
            quoted ^= c == '"';
            c == ',' && !quoted
        });
        let (parameters, next) = after.split_at(end.unwrap_or(after.len()));
        let is_next = parameters.split(';').filter_map(|one| one.split_once('=')).any(|(name, value)| {
            name.trim().eq_ignore_ascii_case("rel")
                && value
                    .trim()
                    .trim_matches('"')
                    .split_whitespace()
                    .any(|rel| rel.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(target.trim().to_owned());
        }
        rest = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(LINK, line.parse().expect("a header"));
        }
        next(&headers)
    }

    #[test]
    fn the_next_page_is_found_in_any_header_and_in_any_place_of_it() {
        let next = Some("https://a.example/x?after=1,2".to_owned());
        assert_eq!(
            of(&["<https://a.example/x>; rel=\"self\"", "<https://a.example/x?after=1,2>; rel=\"next\""]),
            next
        );
        assert_eq!(
            of(&[
                "<https://a.example/x>; title=\"a, b\"; rel=prev, <https://a.example/x?after=1,2>; rel=next"
            ]),
            next
        );
        assert_eq!(of(&["<https://a.example/x?after=1,2>; REL=\"last Next\""]), next);
        assert_eq!(of(&["<https://a.example/next>; rel=\"prev\""]), None);
        assert_eq!(of(&["next", "<unended; rel=next"]), None);
        assert_eq!(of(&[]), None);
    }
}
