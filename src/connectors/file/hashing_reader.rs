//! A reader that hashes and counts the bytes of a file.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

/// Counts the bytes, keeps the last one, and computes a SHA-256 digest if required.
#[derive(Debug)]
pub(crate) struct HashingReader<R> {
    inner: R,
    digest: Option<Sha256>,
    /// Bytes read so far.
    pub bytes: u64,
    /// The last byte read.
    pub last: Option<u8>,
}

impl<R> HashingReader<R> {
    pub(crate) fn new(inner: R, digests: bool) -> Self {
        Self { inner, digest: digests.then(Sha256::new), bytes: 0, last: None }
    }

    /// The SHA-256 digest of the bytes so far, in lower-case hexadecimal.
    pub(crate) fn digest(&self) -> Option<String> {
        let digest = self.digest.clone()?.finalize();
        Some(format!("{digest:x}"))
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        let read = &buffer[..length];
        if let Some(digest) = &mut self.digest {
            digest.update(read);
        }
        self.bytes += length as u64;
        self.last = read.last().copied().or(self.last);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_knows_the_digest_of_what_went_by() {
        let mut witness = HashingReader::new(&b"abc"[..], true);
        io::copy(&mut witness, &mut io::sink()).expect("memory can be read");
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((witness.bytes, witness.last, witness.digest().as_deref()), (3, Some(b'c'), Some(known)));
    }
}
