//! Encodings of text files.

use crate::file::line_counter::LineCounter;
use crate::file::utf8_evidence::Utf8Evidence;

/// The encoding of a file. A byte order mark in the file takes precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TextEncoding {
    /// UTF-8.
    #[default]
    Utf8,
    /// UTF-16; little-endian if the file has no byte order mark and does not start with a zero byte.
    Utf16,
    /// Windows-1252, which contains ISO 8859-1.
    Windows1252,
}

impl TextEncoding {
    /// The names of the encodings.
    pub const NAMES: [&'static str; 3] = ["utf-8", "utf-16", "windows-1252"];

    /// The encoding of a name, ignoring case.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Some(Self::Utf8),
            "utf-16" | "utf16" => Some(Self::Utf16),
            "windows-1252" | "cp1252" | "iso-8859-1" | "latin1" => Some(Self::Windows1252),
            _ => None,
        }
    }
}

/// The order of the two bytes of a UTF-16 unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    LittleEndian,
    BigEndian,
}

/// The text at a line is not UTF-16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is not UTF-16")]
pub struct InvalidUtf16 {
    /// The line, from 1.
    pub line: u64,
}

/// A file is not in the encoding of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongEncoding {
    /// A file that is read as UTF-16 has other content.
    #[error(transparent)]
    NotUtf16(#[from] InvalidUtf16),
    /// Every character of a file that is read as Windows-1252 is one of UTF-8.
    #[error("the file is UTF-8, but `encoding` is \"windows-1252\": its names would be garbled")]
    Utf8,
}

/// Decodes a file to UTF-8, in parts.
#[derive(Debug)]
pub(super) enum TextDecoder {
    Utf16(Utf16Decoder),
    Windows1252(Utf8Evidence),
}

/// The state of UTF-16 between two parts.
#[derive(Debug)]
pub(super) struct Utf16Decoder {
    order: ByteOrder,
    /// The first byte of a unit.
    half: Option<u8>,
    /// The first unit of a surrogate pair.
    high: Option<u16>,
    lines: LineCounter,
}

impl TextDecoder {
    pub(super) fn utf16(order: ByteOrder) -> Self {
        Self::Utf16(Utf16Decoder { order, half: None, high: None, lines: LineCounter::from_line(1) })
    }

    pub(super) fn windows_1252() -> Self {
        Self::Windows1252(Utf8Evidence::default())
    }

    /// Appends the text of the next bytes.
    pub(super) fn decode(&mut self, bytes: &[u8], text: &mut String) -> Result<(), WrongEncoding> {
        match self {
            Self::Utf16(decoder) => Ok(bytes.iter().try_for_each(|&byte| decoder.push(byte, text))?),
            Self::Windows1252(evidence) => {
                evidence.weigh(bytes);
                text.extend(bytes.iter().map(|&byte| decode_windows_1252(byte)));
                Ok(())
            }
        }
    }

    /// Fails if the bytes end within a character, or are of another encoding.
    pub(super) fn finish(&self) -> Result<(), WrongEncoding> {
        match self {
            Self::Utf16(Utf16Decoder { half: None, high: None, .. }) => Ok(()),
            Self::Utf16(decoder) => Err(decoder.error().into()),
            Self::Windows1252(evidence) if evidence.is_utf8() => Err(WrongEncoding::Utf8),
            Self::Windows1252(_) => Ok(()),
        }
    }
}

impl Utf16Decoder {
    fn error(&self) -> InvalidUtf16 {
        InvalidUtf16 { line: self.lines.line() }
    }

    fn push(&mut self, byte: u8, text: &mut String) -> Result<(), InvalidUtf16> {
        let Some(first) = self.half.take() else {
            self.half = Some(byte);
            return Ok(());
        };
        let unit = match self.order {
            ByteOrder::LittleEndian => u16::from_le_bytes([first, byte]),
            ByteOrder::BigEndian => u16::from_be_bytes([first, byte]),
        };
        let units = match self.high.take() {
            Some(high) => [high, unit],
            None if (0xd800..0xdc00).contains(&unit) => {
                self.high = Some(unit);
                return Ok(());
            }
            None => [unit, 0],
        };
        let length = if (0xd800..0xdc00).contains(&units[0]) { 2 } else { 1 };
        let decoded = char::decode_utf16(units.into_iter().take(length)).next();
        let Some(Ok(character)) = decoded else { return Err(self.error()) };
        if let Ok(byte) = u8::try_from(character) {
            self.lines.count(byte);
        }
        text.push(character);
        Ok(())
    }
}

/// The characters 0x80 to 0x9F of Windows-1252. The five that it leaves open are control characters, as in the
/// Encoding Standard of WHATWG.
const WINDOWS_1252: [char; 32] = [
    '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}',
    '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}', '\u{90}', '\u{2018}',
    '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}',
    '\u{203a}', '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
];

fn decode_windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// The text whose UTF-8 was read as Windows-1252; none if the text is something else.
pub(crate) fn decode_garbled(text: &str) -> Option<String> {
    let encode = |c: char| {
        let place =
            WINDOWS_1252.iter().position(|other| *other == c).and_then(|place| u8::try_from(place).ok());
        place.map(|place| 0x80 + place).or_else(|| u8::try_from(c).ok())
    };
    String::from_utf8(text.chars().map(encode).collect::<Option<Vec<u8>>>()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(mut decoder: TextDecoder, parts: &[&[u8]]) -> Result<String, WrongEncoding> {
        let mut text = String::new();
        for part in parts {
            decoder.decode(part, &mut text)?;
        }
        decoder.finish().map(|()| text)
    }

    #[test]
    fn utf_16_is_decoded_however_it_is_divided() {
        let text = "Zoë\r\n😀 €\n";
        for (order, bytes) in [
            (ByteOrder::LittleEndian, text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()),
            (ByteOrder::BigEndian, text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ] {
            for at in 0..=bytes.len() {
                let decoded = decode(TextDecoder::utf16(order), &[&bytes[..at], &bytes[at..]]);
                assert_eq!(decoded.as_deref(), Ok(text), "{at}");
            }
        }
    }

    #[test]
    fn broken_utf_16_is_reported_with_its_line() {
        for (bytes, line) in [
            (&b"a\0\n\0b"[..], 2),
            (b"a\0\r\0\n\0\x3d\xd8", 2),
            (b"\x3d\xd8a\0", 1),
            (b"\n\0\r\0\x00\xdc", 3),
        ] {
            let decoded = decode(TextDecoder::utf16(ByteOrder::LittleEndian), &[bytes]);
            assert_eq!(decoded, Err(InvalidUtf16 { line }.into()), "{bytes:?}");
        }
    }

    #[test]
    fn windows_1252_has_letters_quotes_and_the_euro() {
        let decoded = decode(TextDecoder::windows_1252(), &[b"M\xfcller \x80 \x84\x93 \x9f \xff"]);
        assert_eq!(decoded.as_deref(), Ok("Müller € „“ Ÿ ÿ"));
    }

    /// UTF-8 that is read as Windows-1252 would garble every name: it is refused at the end of the file.
    #[test]
    fn utf_8_is_not_windows_1252() {
        let text = "Köln;Müller\n".as_bytes();
        for at in 0..=text.len() {
            let decoded = decode(TextDecoder::windows_1252(), &[&text[..at], &text[at..]]);
            assert_eq!(decoded, Err(WrongEncoding::Utf8), "{at}");
        }
    }
}
