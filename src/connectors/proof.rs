//! What a source must have said before its list counts as complete.
//!
//! Each kind of source has one way of earning a [`CompletenessProof`]; there is no other, and none of them can be had without the
//! source's own words.

use crate::file::FileIdentity;

/// The source has said that its list is complete. Nobody outside this room can make one, and it cannot be copied: a
/// proof is good for one reading.
///
/// ```compile_fail,E0451
/// let proof = rollcall_connectors::proof::Complete { seal: () };
/// ```
///
/// ```compile_fail,E0624
/// let proof = rollcall_connectors::proof::Complete::ldap(&[], Vec::new());
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
    /// The evidence is the last page's result code 0 and its paging control with an empty cookie (RFC 4511 4.5.2,
    /// RFC 2696 3), and that no reference came which stands for a part of the answer.
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

/// What it means that a search's answer names other servers (RFC 4511 4.5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReferenceMeaning {
    /// A part of what was asked for lies there.
    MissingParts,
    /// Another directory begins there. Active Directory makes references from its list of naming contexts only
    /// (MS-ADTS 3.1.1.4.6) and sends them with every search from the top of a domain: its configuration, its zones, its
    /// child domains. They lie below the base by name and were never a part of the domain.
    OtherDirectories,
}

/// One list of an API was read to its last page.
#[derive(Debug)]
pub(super) struct ListEnd {
    seal: (),
}

impl ListEnd {
    /// The evidence is that the last page was reached by the rule of the list, which whoever calls this has followed, and
    /// that no fewer different people came than the source ever said there are.
    pub(super) fn prove(told: Option<u64>, came: u64) -> Option<Self> {
        told.is_none_or(|told| came >= told).then_some(Self { seal: () })
    }
}

/// What was seen of a file while it was read.
#[derive(Debug)]
pub(super) struct FileObservation {
    /// The file before reading.
    pub before: FileIdentity,
    /// What stands under its path after reading.
    pub after: FileIdentity,
    /// How many bytes were read.
    pub bytes: u64,
    /// The last of them.
    pub last_byte: Option<u8>,
    /// What shows its end.
    pub ending: FileEnd,
}

/// What shows that a file's content came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileEnd {
    /// A line break behind the last row.
    LineBreak,
    /// The bracket that closes the list was read, and nothing came after it.
    Closed,
}

/// Why a file's end is not proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IncompleteFile {
    /// Size, time or inode differ, or fewer or more bytes came than the file had.
    Changed,
    /// The last line has no end.
    NoLineBreak,
}

impl CompletenessProof {
    /// A query whose rows came to their end within one transaction, as many as it says there are where it says so.
    pub(super) fn sql(told: Option<u64>, came: u64) -> Option<Self> {
        told.is_none_or(|told| told == came).then_some(Self { seal: () })
    }

    /// Spends the proof on a reading.
    pub(super) fn consume(self) {
        let Self { seal: () } = self;
    }

    /// Every base that was to be searched, in this order, was read to its end; there is at least one.
    pub(super) fn ldap(bases: &[String], ended: Vec<SearchBaseEnd>) -> Option<Self> {
        let every = !bases.is_empty() && bases.iter().eq(ended.iter().map(|ended| &ended.base));
        drop(ended);
        every.then_some(Self { seal: () })
    }

    /// Every list of an API was read to its end; there is at least one.
    pub(super) fn api(lists: usize, ended: Vec<ListEnd>) -> Option<Self> {
        let seals = ended.into_iter().map(|ListEnd { seal }| seal);
        let every = lists > 0 && seals.count() == lists;
        every.then_some(Self { seal: () })
    }

    /// A file that shows its end and was the same before and after. That every row has the header's number of fields, and
    /// every record is JSON, has been seen one by one.
    pub(super) fn file(seen: FileObservation) -> Result<Self, IncompleteFile> {
        let FileObservation { before, after, bytes, last_byte, ending } = seen;
        if before != after || before.size() != bytes {
            return Err(IncompleteFile::Changed);
        }
        if ending == FileEnd::LineBreak && last_byte != Some(b'\n') {
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
