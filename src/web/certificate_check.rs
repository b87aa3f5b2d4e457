//! Check of the certificate and the key of `[web]` before the service uses them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use rollcall_config::TlsSettings;
use rollcall_connectors::file::read_regular_file;
use rollcall_model::resource_limits::ResourceLimit;

/// The reason why the certificate or the key cannot be used.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum CertificateError {
    #[error("the certificate `{}` cannot be read: {cause}", path.display())]
    Certificate { path: PathBuf, cause: io::Error },
    #[error("the key `{}` cannot be read: {cause}", path.display())]
    Key { path: PathBuf, cause: io::Error },
    #[error("the key `{}` does not belong to the certificate `{}`", key.display(), cert.display())]
    OtherKey { cert: PathBuf, key: PathBuf },
    #[error("the certificate `{}` expired on {day}", path.display())]
    Expired { path: PathBuf, day: NaiveDate },
    #[error("the certificate `{}` is not valid before {day}", path.display())]
    NotYetValid { path: PathBuf, day: NaiveDate },
}

impl CertificateError {
    /// The key of `[web]` that names the file.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::Certificate { .. } | Self::Expired { .. } | Self::NotYetValid { .. } => "cert",
            Self::Key { .. } | Self::OtherKey { .. } => "key",
        }
    }
}

/// Checks that the files can be read, belong together and are valid at `now`. Returns the end of the validity.
///
/// # Errors
/// If the service could not use the files, or browsers would refuse the certificate for its dates.
pub fn check_certificate(files: &TlsSettings, now: DateTime<Utc>) -> Result<DateTime<Utc>, CertificateError> {
    let (cert, key) = (&files.cert, &files.key);
    let chain = read_certificates(cert)
        .map_err(|cause| CertificateError::Certificate { path: cert.clone(), cause })?;
    let private = read_regular_file(key, ResourceLimit::CertificateBytes)
        .map_err(io::Error::from)
        .and_then(|pem| PrivateKeyDer::from_pem_slice(&pem).map_err(io::Error::other))
        .and_then(|private| {
            default_provider().key_provider.load_private_key(private).map_err(io::Error::other)
        })
        .map_err(|cause| CertificateError::Key { path: key.clone(), cause })?;
    let (begin, end) = read_validity(&chain[0]).ok_or_else(|| CertificateError::Certificate {
        path: cert.clone(),
        cause: io::Error::other("it is not an X.509 certificate"),
    })?;
    if CertifiedKey::new(chain, Arc::clone(&private)).keys_match().is_err() {
        return Err(CertificateError::OtherKey { cert: cert.clone(), key: key.clone() });
    }
    if end <= now {
        return Err(CertificateError::Expired { path: cert.clone(), day: end.date_naive() });
    }
    if begin > now {
        return Err(CertificateError::NotYetValid { path: cert.clone(), day: begin.date_naive() });
    }
    Ok(end)
}

/// Reads the certificates of a file, at least one.
fn read_certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let pem = read_regular_file(path, ResourceLimit::CertificateBytes)?;
    let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(io::Error::other)?;
    if chain.is_empty() { Err(io::Error::other("it contains no certificate")) } else { Ok(chain) }
}

/// Reads the validity of a certificate (RFC 5280, 4.1).
fn read_validity(certificate: &[u8]) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let (_, certificate, _) = read_element(certificate)?;
    let (_, mut fields, _) = read_element(certificate)?;
    // The version is optional; serial number, algorithm and issuer come before the validity.
    if fields.first() == Some(&0xa0) {
        (_, _, fields) = read_element(fields)?;
    }
    for _ in 0..3 {
        (_, _, fields) = read_element(fields)?;
    }
    let (_, validity, _) = read_element(fields)?;
    let (tag, begin, rest) = read_element(validity)?;
    let begin = read_time(tag, begin)?;
    let (tag, end, _) = read_element(rest)?;
    Some((begin, read_time(tag, end)?))
}

/// Splits the first element of DER data into tag and content; returns the rest, too.
fn read_element(data: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = data.split_first_chunk::<2>()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) =
            rest.split_at_checked(usize::from(first & 0x7f)).filter(|(bytes, _)| bytes.len() <= 4)?;
        (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// Reads a `UTCTime`, whose years are 1950 to 2049, or a `GeneralizedTime`.
fn read_time(tag: u8, content: &[u8]) -> Option<DateTime<Utc>> {
    let text = std::str::from_utf8(content).ok()?;
    let text = match (tag, text.get(..2)?) {
        (0x17, year) if year < "50" => format!("20{text}"),
        (0x17, _) => format!("19{text}"),
        (_, _) => text.to_owned(),
    };
    NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%SZ").ok().map(|time| time.and_utc())
}
