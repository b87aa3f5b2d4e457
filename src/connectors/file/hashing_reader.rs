//! A reader that hashes and counts the bytes of a file, and ends with the reading.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

use crate::{ExceededLimit, ReadContext, ReadingError};
use rollcall_model::resource_limits::ResourceLimit;

/// Counts the bytes, keeps the last one, and computes a SHA-256 digest if required. Fails if the reading is cancelled
/// or the bytes exceed their bound.
#[derive(Debug)]
pub(crate) struct HashingReader<'c, R> {
    inner: R,
    context: &'c ReadContext,
    digest: Option<Sha256>,
    /// Bytes read so far.
    pub bytes: u64,
    /// The last byte read, or of the text that a decoder made of it.
    pub last: Option<u8>,
    /// The reason that the reader failed, unless the file itself could not be read.
    pub end: Option<ReadingError>,
}

impl<'c, R> HashingReader<'c, R> {
    pub(crate) fn new(inner: R, digests: bool, context: &'c ReadContext) -> Self {
        Self { inner, context, digest: digests.then(Sha256::new), bytes: 0, last: None, end: None }
    }

    fn check(&self) -> Result<(), ReadingError> {
        if self.context.cancel.is_cancelled() {
            return Err(ReadingError::Cancelled);
        }
        ExceededLimit::check(ResourceLimit::ReadingBytes, &self.context.limits, self.bytes)
            .map_err(ReadingError::LimitExceeded)
    }

    /// The SHA-256 digest of the bytes so far, in lower-case hexadecimal.
    pub(crate) fn digest(&self) -> Option<String> {
        let digest = self.digest.clone()?.finalize();
        Some(format!("{digest:x}"))
    }
}

impl<R: Read> Read for HashingReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        let read = &buffer[..length];
        if let Some(digest) = &mut self.digest {
            digest.update(read);
        }
        self.bytes += length as u64;
        self.last = read.last().copied().or(self.last);
        self.check().map_err(|end| {
            let error = io::Error::other(end.clone());
            self.end = Some(end);
            error
        })?;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::ReadProgress;
    use crate::retry::RetryPolicy;
    use rollcall_model::resource_limits::ResourceLimits;

    fn context(limits: ResourceLimits) -> ReadContext {
        let (cancel, progress) = (CancellationToken::new(), ReadProgress::default());
        ReadContext { cancel, progress, retry: RetryPolicy::SINGLE_ATTEMPT, limits, last_file: None }
    }

    /// A file that grows beyond the bound, or is read so slowly that the reading is over, ends the reader.
    #[test]
    fn reader_ends_with_its_bytes_and_with_the_reading() {
        let context = context(ResourceLimits::default().with(ResourceLimit::ReadingBytes, 3));
        let mut witness = HashingReader::new(&b"abc"[..], false, &context);
        io::copy(&mut witness, &mut io::sink()).expect("as many as allowed");
        let mut witness = HashingReader::new(&b"abcd"[..], false, &context);
        io::copy(&mut witness, &mut io::sink()).expect_err("one more");
        assert!(matches!(witness.end, Some(ReadingError::LimitExceeded(_))), "{witness:?}");
        context.cancel.cancel();
        let mut witness = HashingReader::new(&b"a"[..], false, &context);
        io::copy(&mut witness, &mut io::sink()).expect_err("cancelled");
        assert_eq!(witness.end, Some(ReadingError::Cancelled));
    }

    #[test]
    fn a_witness_knows_the_digest_of_what_went_by() {
        let context = context(ResourceLimits::default());
        let mut witness = HashingReader::new(&b"abc"[..], true, &context);
        io::copy(&mut witness, &mut io::sink()).expect("memory can be read");
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((witness.bytes, witness.last, witness.digest().as_deref()), (3, Some(b'c'), Some(known)));
    }
}
