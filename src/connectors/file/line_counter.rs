//! Line numbers as an editor counts them.

/// Counts lines that end with LF, CRLF or CR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LineCounter {
    line: u64,
    is_after_return: bool,
}

impl LineCounter {
    /// Starts at a line, from 1.
    pub(crate) fn from_line(line: u64) -> Self {
        Self { line, is_after_return: false }
    }

    /// The line of the next byte.
    pub(crate) fn line(self) -> u64 {
        self.line
    }

    /// Counts one byte of text.
    pub(crate) fn count(&mut self, byte: u8) {
        match byte {
            b'\n' if self.is_after_return => {}
            b'\n' | b'\r' => self.line += 1,
            _ => {}
        }
        self.is_after_return = byte == b'\r';
    }

    /// Counts several bytes of text.
    pub(crate) fn count_all(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.count(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_break_is_counted_once() {
        for (text, expected) in
            [("", 1), ("a", 1), ("a\nb\n", 3), ("a\r\nb\r\n", 3), ("a\rb\r", 3), ("\r\r\n\n", 4)]
        {
            let mut lines = LineCounter::from_line(1);
            lines.count_all(text.as_bytes());
            assert_eq!(lines.line(), expected, "{text:?}");
        }
    }
}
