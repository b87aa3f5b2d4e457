//! The encoding of a row that is not UTF-8, for a message.

/// The longest run of letters beyond ASCII in a word of a western language, in bytes. Cyrillic, Greek and Asian encodings
/// write whole words of such bytes.
const LONGEST_RUN: usize = 2;

/// Returns "windows-1252" if all bytes beyond ASCII are letters of it, and stand alone among letters of ASCII; none for
/// any other encoding, such as Shift JIS or code page 850.
pub(super) fn guess_encoding(row: &[u8]) -> Option<&'static str> {
    let is_letter = |byte: &u8| byte.is_ascii() || *byte >= 0xc0;
    let mut runs = row.split(u8::is_ascii);
    let is_western = row.iter().all(is_letter) && runs.all(|run| run.len() <= LONGEST_RUN);
    is_western.then_some("windows-1252")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_western_letters_are_windows_1252() {
        for (row, guess) in [
            (&b"1M\xfcller, K\xf6ln"[..], Some("windows-1252")),
            (b"1\xc9lo\xefse Sales", Some("windows-1252")),
            // Shift JIS, EUC-KR, Windows-1251, code page 850 and Mac Roman.
            (b"1\x8eR\x93c Sales", None),
            (b"1\xb1\xe8\xc3\xb6\xbc\xf6", None),
            (b"1\xc8\xe2\xe0\xed\xee\xe2", None),
            (b"1M\x81ller", None),
            (b"1M\x9fller", None),
        ] {
            assert_eq!(guess_encoding(row), guess, "{row:?}");
        }
    }
}
