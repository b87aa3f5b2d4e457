//! Formats of files that are no table and no list, known by their first bytes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// A format that is not a table or list in text form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryFormat {
    /// ZIP, the container of `.xlsx` and `.ods`.
    Zip,
    /// The container of `.xls`.
    CompoundFile,
    /// gzip.
    Gzip,
    /// PDF.
    Pdf,
}

/// The first bytes of a web page, in lower case, behind white space and a byte order mark.
const WEB_PAGE: [&[u8]; 2] = [b"<!doctype html", b"<html"];

/// Returns whether a file is a web page. The position in the file does not change.
pub(super) fn is_web_page(file: &File) -> io::Result<bool> {
    let mut first = [0; 64];
    let length = file.read_at(&mut first, 0)?;
    let first = first[..length].to_ascii_lowercase();
    let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&first).trim_ascii_start();
    Ok(WEB_PAGE.iter().any(|start| text.starts_with(start)))
}

impl BinaryFormat {
    /// The formats and their first bytes.
    const SIGNATURES: [(&'static [u8], Self); 4] = [
        (b"PK\x03\x04", Self::Zip),
        (b"\xd0\xcf\x11\xe0", Self::CompoundFile),
        (b"\x1f\x8b", Self::Gzip),
        (b"%PDF", Self::Pdf),
    ];

    /// The format of a file. The position in the file does not change.
    pub(super) fn detect(file: &File) -> io::Result<Option<Self>> {
        let mut first = [0; 4];
        let length = file.read_at(&mut first, 0)?;
        let first = &first[..length];
        let found = Self::SIGNATURES.iter().find(|(signature, _)| first.starts_with(signature));
        Ok(found.map(|&(_, format)| format))
    }

    /// The description in a message.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Zip => "an Excel workbook (.xlsx) or another ZIP archive",
            Self::CompoundFile => "an Excel workbook (.xls)",
            Self::Gzip => "a gzip archive",
            Self::Pdf => "a PDF document",
        }
    }
}
