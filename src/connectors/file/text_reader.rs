//! A file as UTF-8 text.

use std::io::{self, Read};

use crate::file::HashingReader;
use crate::file::text_encoding::{ByteOrder, TextDecoder, TextEncoding};

/// Size of the buffer for encoded bytes.
const BUFFER: usize = 1 << 16;

/// The UTF-8 byte order mark.
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a file as UTF-8 without its byte order mark. UTF-8 is passed through unchecked: the parser of the content
/// checks it. The last byte of the file is that of its text.
#[derive(Debug)]
pub(crate) struct TextReader<'w, 'c, R> {
    inner: &'w mut HashingReader<'c, R>,
    encoding: TextEncoding,
    has_begun: bool,
    /// None for UTF-8.
    decoder: Option<TextDecoder>,
    encoded: Vec<u8>,
    text: String,
    /// The part of the text that was read.
    position: usize,
}

impl<'w, 'c, R: Read> TextReader<'w, 'c, R> {
    pub(crate) fn new(inner: &'w mut HashingReader<'c, R>, encoding: TextEncoding) -> Self {
        let (encoded, text) = (Vec::new(), String::new());
        Self { inner, encoding, has_begun: false, decoder: None, encoded, text, position: 0 }
    }

    /// Reads the first bytes, which tell the encoding.
    fn begin(&mut self) -> io::Result<()> {
        self.has_begun = true;
        let mut first = [0; 3];
        let mut length = 0;
        while length < first.len() {
            match self.inner.read(&mut first[length..])? {
                0 => break,
                read => length += read,
            }
        }
        let first = &first[..length];
        let (decoder, mark) = detect(first, self.encoding);
        self.decoder = decoder;
        self.encoded = first[mark..].to_vec();
        if self.decoder.is_some() {
            self.decode(length - mark)?;
        }
        Ok(())
    }

    /// Decodes the first encoded bytes.
    fn decode(&mut self, length: usize) -> io::Result<()> {
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        self.text.clear();
        self.position = 0;
        let decoded = if length == 0 {
            decoder.finish()
        } else {
            decoder.decode(&self.encoded[..length], &mut self.text)
        };
        decoded.map_err(io::Error::other)?;
        if let Some(&last) = self.text.as_bytes().last() {
            self.inner.last = Some(last);
        }
        Ok(())
    }

    fn read_decoded(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.position == self.text.len() {
            self.encoded.resize(BUFFER, 0);
            let last = self.inner.last;
            let length = self.inner.read(&mut self.encoded)?;
            // Not the last encoded byte, but that of the text.
            self.inner.last = last;
            self.decode(length)?;
            if length == 0 {
                return Ok(0);
            }
        }
        let rest = &self.text.as_bytes()[self.position..];
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.position += length;
        Ok(length)
    }
}

impl<R: Read> Read for TextReader<'_, '_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if !self.has_begun {
            self.begin()?;
        }
        if self.decoder.is_some() {
            return self.read_decoded(buffer);
        }
        if self.position == self.encoded.len() {
            return self.inner.read(buffer);
        }
        let length = (&self.encoded[self.position..]).read(buffer)?;
        self.position += length;
        // More than the first bytes, so that a reader sees the start of the file at once.
        Ok(length + self.inner.read(&mut buffer[length..])?)
    }
}

/// The decoder of a file that starts with these bytes, and the length of its byte order mark.
fn detect(first: &[u8], encoding: TextEncoding) -> (Option<TextDecoder>, usize) {
    let utf16 = |order| Some(TextDecoder::utf16(order));
    match (first, encoding) {
        (&[0xff, 0xfe, ..], _) => (utf16(ByteOrder::LittleEndian), 2),
        (&[0xfe, 0xff, ..], _) => (utf16(ByteOrder::BigEndian), 2),
        (mark, _) if mark.starts_with(UTF8_MARK) => (None, UTF8_MARK.len()),
        // The first character of a table or list is ASCII, so one byte of its unit is zero.
        (&[0, _, ..], _) => (utf16(ByteOrder::BigEndian), 0),
        (&[_, 0, ..], _) | (_, TextEncoding::Utf16) => (utf16(ByteOrder::LittleEndian), 0),
        (_, TextEncoding::Windows1252) => (Some(TextDecoder::windows_1252()), 0),
        (_, TextEncoding::Utf8) => (None, 0),
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::retry::RetryPolicy;
    use crate::{ReadContext, ReadProgress};
    use rollcall_model::resource_limits::ResourceLimits;

    /// The text of bytes, and the last byte that the file counts.
    fn read(bytes: &[u8], encoding: TextEncoding) -> (Vec<u8>, Option<u8>) {
        let context = ReadContext {
            cancel: CancellationToken::new(),
            progress: ReadProgress::default(),
            retry: RetryPolicy::SINGLE_ATTEMPT,
            limits: ResourceLimits::default(),
            last_file: None,
        };
        let mut file = HashingReader::new(bytes, false, &context);
        let mut text = Vec::new();
        TextReader::new(&mut file, encoding).read_to_end(&mut text).expect("text");
        (text, file.last)
    }

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn mark_tells_the_encoding_whatever_the_settings_say() {
        let text = "Zoë,1\n";
        let marked = format!("\u{feff}{text}");
        let files =
            [marked.clone().into_bytes(), utf16(&marked, u16::to_le_bytes), utf16(&marked, u16::to_be_bytes)];
        for file in files {
            for encoding in [TextEncoding::Utf8, TextEncoding::Utf16, TextEncoding::Windows1252] {
                assert_eq!(read(&file, encoding), (text.as_bytes().to_vec(), Some(b'\n')), "{encoding:?}");
            }
        }
    }

    #[test]
    fn file_without_mark_has_the_encoding_of_the_settings() {
        for (bytes, encoding) in [
            ("Zoë\n".as_bytes().to_vec(), TextEncoding::Utf8),
            (b"Zo\xeb\n".to_vec(), TextEncoding::Windows1252),
            (utf16("Zoë\n", u16::to_le_bytes), TextEncoding::Utf16),
            (utf16("Zoë\n", u16::to_be_bytes), TextEncoding::Utf16),
            (utf16("Zoë\n", u16::to_le_bytes), TextEncoding::Utf8),
        ] {
            assert_eq!(read(&bytes, encoding), ("Zoë\n".as_bytes().to_vec(), Some(b'\n')), "{encoding:?}");
        }
    }

    #[test]
    fn files_of_any_length_are_read_to_their_end() {
        for length in 0..9 {
            let text = "abcdefgh"[..length].to_owned();
            let last = text.bytes().last();
            assert_eq!(read(text.as_bytes(), TextEncoding::Utf8), (text.clone().into_bytes(), last));
            assert_eq!(read(text.as_bytes(), TextEncoding::Windows1252), (text.clone().into_bytes(), last));
            let marked = utf16(&format!("\u{feff}{text}"), u16::to_le_bytes);
            assert_eq!(read(&marked, TextEncoding::Utf8).0, text.into_bytes());
        }
        let long = "é".repeat(BUFFER);
        assert_eq!(read(&utf16(&long, u16::to_le_bytes), TextEncoding::Utf16).0, long.into_bytes());
    }
}
