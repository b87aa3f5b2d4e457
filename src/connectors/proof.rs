//! Proof that the list of a source is complete.
//!
//! Each kind of source has one way to obtain a [`CompletenessProof`], and each way requires evidence from the
//! source itself.

use crate::file::identity::FileIdentity;

/// Evidence of a source that its list is complete. Only this crate can create a proof, and a proof cannot be copied:
/// it is valid for one reading.
///
/// ```compile_fail,E0451
/// let proof = rollcall_connectors::proof::CompletenessProof { seal: () };
/// ```
///
/// ```compile_fail,E0624
/// let proof = rollcall_connectors::proof::CompletenessProof::ldap(&[], Vec::new());
/// ```
#[derive(Debug)]
pub struct CompletenessProof {
    seal: (),
}

/// One base of an LDAP search was read to its last page.
#[derive(Debug)]
pub(super) struct SearchBaseEnd {
    base: String,
}

impl SearchBaseEnd {
    /// Requires result code 0 of the last page, a paging control with an empty cookie (RFC 4511 4.5.2, RFC 2696
    /// 3), and no reference to a missing part of the result.
    pub(super) fn prove(
        base: &str,
        result_code: u32,
        next_cookie: Option<&[u8]>,
        references: u64,
        meaning: ReferenceMeaning,
    ) -> Option<Self> {
        let whole = match meaning {
            ReferenceMeaning::MissingParts => references == 0,
            ReferenceMeaning::OtherDirectories => true,
        };
        let ended = result_code == 0 && next_cookie.is_some_and(<[u8]>::is_empty) && whole;
        ended.then(|| Self { base: base.to_owned() })
    }
}

/// Meaning of references to other servers in a search result (RFC 4511 4.5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReferenceMeaning {
    /// A part of the result is on the other server.
    MissingParts,
    /// Another directory starts there. Active Directory creates references only from its list of naming contexts
    /// (MS-ADTS 3.1.1.4.6) and returns them with every search from the top of a domain: its configuration, its
    /// DNS zones, its child domains. Their names are below the base, but they are not part of the domain.
    OtherDirectories,
}

/// One list of an API was read to its last page.
#[derive(Debug)]
pub(super) struct ListEnd {
    seal: (),
}

impl ListEnd {
    /// Requires that the last page was reached by the rule of the list, which the caller ensures, and that at
    /// least as many different people were returned as the source reported.
    pub(super) fn prove(told: Option<u64>, came: u64) -> Option<Self> {
        told.is_none_or(|told| came >= told).then_some(Self { seal: () })
    }
}

/// Observations of a file while it was read.
#[derive(Debug)]
pub(super) struct FileObservation {
    /// The file before reading.
    pub before: FileIdentity,
    /// The file at the path after reading.
    pub after: FileIdentity,
    /// Number of bytes read.
    pub bytes: u64,
    /// The last byte of the text.
    pub last_byte: Option<u8>,
    /// The evidence for the end of the file.
    pub ending: FileEnd,
}

/// Evidence that the content of a file is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileEnd {
    /// A line break after the last row.
    LineBreak,
    /// The closing bracket of the list was read and nothing follows.
    Closed,
    /// The export itself proves that the file is whole.
    Proven,
}

/// Reason why the end of a file is not proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IncompleteFile {
    /// Size, time or inode changed, or the number of bytes read differs from the size.
    Changed,
    /// The last line has no line break.
    NoLineBreak,
}

impl CompletenessProof {
    /// Requires that all rows of a query were read in one transaction, and that their number equals the reported
    /// number if there is one.
    pub(super) fn sql(told: Option<u64>, came: u64) -> Option<Self> {
        told.is_none_or(|told| told == came).then_some(Self { seal: () })
    }

    /// Uses the proof for a reading.
    pub(super) fn consume(self) {
        let Self { seal: () } = self;
    }

    /// Requires that every search base, in this order, was read to its end; at least one.
    pub(super) fn ldap(bases: &[String], ended: Vec<SearchBaseEnd>) -> Option<Self> {
        let every = !bases.is_empty() && bases.iter().eq(ended.iter().map(|ended| &ended.base));
        drop(ended);
        every.then_some(Self { seal: () })
    }

    /// Requires that every list of an API was read to its end; at least one.
    pub(super) fn api(lists: usize, ended: Vec<ListEnd>) -> Option<Self> {
        let seals = ended.into_iter().map(|ListEnd { seal }| seal);
        let every = lists > 0 && seals.count() == lists;
        every.then_some(Self { seal: () })
    }

    /// Requires the end of the file and that the file did not change. The reader checks each row and record
    /// separately.
    pub(super) fn file(seen: FileObservation) -> Result<Self, IncompleteFile> {
        let FileObservation { before, after, bytes, last_byte, ending } = seen;
        if before != after || before.size() != bytes {
            return Err(IncompleteFile::Changed);
        }
        let ends_line = matches!(last_byte, Some(b'\n' | b'\r'));
        if ending == FileEnd::LineBreak && !ends_line {
            return Err(IncompleteFile::NoLineBreak);
        }
        Ok(Self { seal: () })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proven_with(meaning: ReferenceMeaning, code: u32, cookie: Option<&[u8]>, references: u64) -> bool {
        SearchBaseEnd::prove("dc=corp", code, cookie, references, meaning).is_some()
    }

    #[test]
    fn references_to_other_directories_prove_nothing_and_harm_nothing() {
        let proven = |code, cookie| proven_with(ReferenceMeaning::OtherDirectories, code, cookie, 3);
        assert!(proven(0, Some(&b""[..])));
        assert!(!proven(10, Some(&b""[..])));
        assert!(!proven(0, Some(&b"next"[..])));
        assert!(!proven(0, None));
    }

    #[test]
    fn a_base_has_ended_only_with_result_0_an_empty_cookie_and_no_reference() {
        let proven =
            |code, cookie, references| proven_with(ReferenceMeaning::MissingParts, code, cookie, references);
        assert!(proven(0, Some(&b""[..]), 0));
        assert!(!proven(4, Some(&b""[..]), 0));
        assert!(!proven(10, Some(&b""[..]), 0));
        assert!(!proven(0, Some(&b"next"[..]), 0));
        assert!(!proven(0, None, 0));
        assert!(!proven(0, Some(&b""[..]), 1));
    }

    #[test]
    fn lists_have_ended_only_all_of_them_and_with_everybody_who_was_told() {
        assert!(ListEnd::prove(Some(3), 2).is_none());
        let ended = |told, came| ListEnd::prove(told, came).expect("evidence");
        assert!(CompletenessProof::api(2, vec![ended(Some(3), 3), ended(None, 0)]).is_some());
        assert!(CompletenessProof::api(2, vec![ended(Some(3), 4)]).is_none());
        assert!(CompletenessProof::api(0, Vec::new()).is_none());
    }

    #[test]
    fn a_search_has_ended_only_with_all_of_its_bases() {
        let ended = |base| {
            SearchBaseEnd::prove(base, 0, Some(b""), 0, ReferenceMeaning::MissingParts).expect("evidence")
        };
        let bases = ["ou=a".to_owned(), "ou=b".to_owned()];
        assert!(CompletenessProof::ldap(&bases, vec![ended("ou=a"), ended("ou=b")]).is_some());
        assert!(CompletenessProof::ldap(&bases, vec![ended("ou=a")]).is_none());
        assert!(CompletenessProof::ldap(&bases, vec![ended("ou=a"), ended("ou=a")]).is_none());
        assert!(CompletenessProof::ldap(&[], Vec::new()).is_none());
    }
}
