//! Path to which a browser returns after sign-in.

use url::Url;

/// Address against which paths are resolved. Its host does not exist.
const BASE: &str = "https://rollcall.invalid/";

/// Returns the path if it belongs to this site, else the home page.
///
/// The path is resolved as a browser resolves it (WHATWG URL Standard): browsers drop tabs and line breaks, and take a
/// backslash for a slash. Characters that a `Location` header cannot contain are refused.
pub(crate) fn local_path(to: &str) -> &str {
    let is_plain = to.starts_with('/') && to.bytes().all(|byte| (b' '..0x7f).contains(&byte));
    if is_plain && has_own_origin(to) { to } else { "/" }
}

fn has_own_origin(to: &str) -> bool {
    let base = Url::parse(BASE).expect("the constant is a URL");
    base.join(to).is_ok_and(|url| url.origin() == base.origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_to_no_other_host() {
        for text in ["/groups?q=a", "/groups?q=%C3%BC", "/..//evil.example", "/a b"] {
            assert_eq!(local_path(text), text);
        }
        for text in ["", "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example"] {
            assert_eq!(local_path(text), "/", "{text}");
        }
    }

    #[test]
    fn a_control_character_leads_to_the_home_page() {
        for character in (0..0x20).chain([0x7f, 0x85]).filter_map(char::from_u32) {
            assert_eq!(local_path(&format!("/{character}/evil.example")), "/", "{character:?}");
            assert_eq!(local_path(&format!("/groups?q={character}")), "/", "{character:?}");
        }
    }
}
