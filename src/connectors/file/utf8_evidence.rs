//! Whether the bytes of a file are UTF-8, although the file is read in an encoding with one byte for each character.

/// Number of characters that prove UTF-8: one can be a coincidence of two letters.
const PROOF: u32 = 2;

/// What the bytes so far say. Takes a file in parts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Utf8Evidence {
    /// Bytes of the current character that are missing.
    missing: u8,
    /// The bounds of the next byte of the current character (Unicode, table 3-7).
    next: (u8, u8),
    /// Characters of several bytes.
    characters: u32,
    /// A byte that does not occur in UTF-8 at its place.
    is_refuted: bool,
}

impl Utf8Evidence {
    /// Takes the next bytes into account.
    pub(super) fn weigh(&mut self, bytes: &[u8]) {
        if self.is_refuted || (self.missing == 0 && bytes.is_ascii()) {
            return;
        }
        for &byte in bytes {
            self.push(byte);
        }
    }

    fn push(&mut self, byte: u8) {
        if self.missing > 0 {
            if byte < self.next.0 || byte > self.next.1 {
                self.is_refuted = true;
                return;
            }
            self.missing -= 1;
            self.next = (0x80, 0xbf);
            self.characters += u32::from(self.missing == 0);
            return;
        }
        (self.missing, self.next) = match byte {
            0..=0x7f => return,
            0xc2..=0xdf => (1, (0x80, 0xbf)),
            0xe0 => (2, (0xa0, 0xbf)),
            0xed => (2, (0x80, 0x9f)),
            0xe1..=0xec | 0xee..=0xef => (2, (0x80, 0xbf)),
            0xf0 => (3, (0x90, 0xbf)),
            0xf1..=0xf3 => (3, (0x80, 0xbf)),
            0xf4 => (3, (0x80, 0x8f)),
            0x80..=0xc1 | 0xf5..=0xff => {
                self.is_refuted = true;
                return;
            }
        };
    }

    /// Returns whether all bytes are UTF-8 and enough of them are no ASCII.
    pub(super) fn is_utf8(self) -> bool {
        !self.is_refuted && self.missing == 0 && self.characters >= PROOF
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_utf8(bytes: &[u8]) -> bool {
        let mut evidence = Utf8Evidence::default();
        for part in bytes.chunks(3) {
            evidence.weigh(part);
        }
        evidence.is_utf8()
    }

    #[test]
    fn only_utf_8_is_utf_8() {
        for text in ["äö", "Köln 😀 €", "日本", "\u{800}\u{d7ff}\u{10000}\u{10ffff}"] {
            assert!(is_utf8(text.as_bytes()), "{text}");
        }
        for bytes in [
            &b"M\xfcller \xf6"[..],
            b"M\xc3\xbcller K\xc3\xb6ln Stra\xdfe",
            b"\xc3\xbc\xc3\xb6\xc3",
            b"\xe0\x80\x80\xc3\xbc\xc3\xbc",
            b"\xed\xa0\x80\xc3\xbc\xc3\xbc",
            b"\xf4\x90\x80\x80\xc3\xbc\xc3\xbc",
            b"\xc0\xaf\xc3\xbc\xc3\xbc",
        ] {
            assert!(!is_utf8(bytes), "{bytes:?}");
        }
    }

    #[test]
    fn ascii_and_one_character_prove_nothing() {
        assert!(!is_utf8(b"Muller"));
        assert!(!is_utf8("M\u{fc}ller".as_bytes()));
    }
}
