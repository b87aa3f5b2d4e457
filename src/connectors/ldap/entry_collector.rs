//! Collects the entries of a search.
//!
//! An [`EntryCollector`] parses entries, skips entries that are below two search bases, and requests the
//! remaining values of partial attributes. A [`RecordSink`] receives the records.

use rustc_hash::FxHashSet;

use crate::ldap::distinguished_name::digest;
use crate::ldap::entry::{self, EntryError, EntryParser};
use crate::ldap::range_retrieval;
use crate::ldap::search::{LdapSearch, LdapSearchPage};
use crate::ldap::session::LdapSession;
use crate::ldap::value_range::ValuePart;
use crate::mapper::{RecordMapper, RecordValues};
use crate::proof::SearchBaseEnd;
use crate::{ConnectorAttempt, ConnectorError};
use rollcall_model::names::clean;
use rollcall_model::progress::ReadProgress;

/// Receiver of records.
pub(crate) trait RecordSink {
    /// Receives the record of an entry with all its values.
    fn accept_record(&mut self, record: &mut RecordValues, dn: &[u8]);
}

/// Parses entries and passes their records to a sink.
#[derive(Debug)]
pub(crate) struct EntryCollector<S> {
    entries: EntryParser,
    record: RecordValues,
    bases: BaseDeduplicator,
    partial: Vec<PartialEntry>,
    /// The receiver of the records.
    pub sink: S,
}

/// An entry with values that must still be requested.
#[derive(Debug)]
struct PartialEntry {
    dn: String,
    record: RecordValues,
    parts: Vec<ValuePart>,
}

impl<S: RecordSink> EntryCollector<S> {
    /// Creates a collector for columns: the attribute of each, or "" for a column without one. `bases` is the
    /// number of searches.
    pub(crate) fn new<'n>(columns: impl IntoIterator<Item = &'n str>, bases: usize, sink: S) -> Self {
        let (record, partial) = (RecordValues::default(), Vec::new());
        Self {
            entries: EntryParser::new(columns),
            record,
            bases: BaseDeduplicator::new(bases),
            partial,
            sink,
        }
    }

    /// Reads all entries below a search base.
    pub(crate) async fn search(
        &mut self,
        session: &mut LdapSession<'_>,
        search: &LdapSearch<'_>,
        base: &str,
    ) -> Result<SearchBaseEnd, ConnectorError> {
        let ended = session.search(search, base, |entry| self.entry(entry)).await?;
        self.fetch_missing_values(session).await?;
        Ok(ended)
    }

    /// Reads the first page below a base.
    pub(crate) async fn first_page(
        &mut self,
        session: &mut LdapSession<'_>,
        search: &LdapSearch<'_>,
        base: &str,
    ) -> Result<LdapSearchPage, ConnectorError> {
        let page = session.page(search, base, Vec::new(), |entry| self.entry(entry)).await?;
        self.fetch_missing_values(session).await?;
        Ok(page)
    }

    /// Reads one entry if it exists and matches a filter.
    pub(crate) async fn read_entry(
        &mut self,
        session: &mut LdapSession<'_>,
        attributes: &[&str],
        filter: &str,
        dn: &str,
    ) -> Result<(), ConnectorError> {
        let attempt = ConnectorAttempt::Search { base: dn.to_owned() };
        session.read_entry(dn, (filter, attributes), &attempt, |entry| self.entry(entry)).await?;
        self.fetch_missing_values(session).await
    }

    fn entry(&mut self, entry: &[u8]) -> Result<(), EntryError> {
        self.entries.read(entry, &mut self.record)?;
        let dn = entry::dn(entry).ok_or(EntryError::Malformed)?;
        if !self.bases.is_new(dn) {
            return Ok(());
        }
        if self.entries.parts().is_empty() {
            self.sink.accept_record(&mut self.record, dn);
        } else {
            let dn = std::str::from_utf8(dn).map_err(|_| EntryError::Malformed)?.to_owned();
            let record = std::mem::take(&mut self.record);
            self.partial.push(PartialEntry { dn, record, parts: self.entries.parts().to_vec() });
        }
        Ok(())
    }

    /// Requests the missing values. This must happen after a search, because a session runs one search at a time.
    async fn fetch_missing_values(&mut self, session: &mut LdapSession<'_>) -> Result<(), ConnectorError> {
        for PartialEntry { dn, mut record, parts } in std::mem::take(&mut self.partial) {
            range_retrieval::fetch_missing_values(session, &mut self.entries, &dn, &parts, &mut record)
                .await?;
            self.sink.accept_record(&mut record, dn.as_bytes());
        }
        Ok(())
    }
}

/// Detects entries that are below two search bases.
#[derive(Debug)]
struct BaseDeduplicator {
    /// Digests of the DNs so far (128 bits: a collision would lose a person); `None` if there is only one search
    /// base.
    seen: Option<FxHashSet<u128>>,
}

impl BaseDeduplicator {
    fn new(count: usize) -> Self {
        Self { seen: (count > 1).then(FxHashSet::default) }
    }

    fn is_new(&mut self, dn: &[u8]) -> bool {
        self.seen.as_mut().is_none_or(|seen| seen.insert(digest(&String::from_utf8_lossy(dn))))
    }
}

/// Maps records as they are received.
#[derive(Debug)]
pub(crate) struct MappingSink<'a> {
    pub mapper: RecordMapper<'a>,
    pub progress: ReadProgress,
}

/// Progress is updated every this many records: often enough to be visible, rarely enough to cost nothing.
const PROGRESS_STEP: u64 = 256;

impl RecordSink for MappingSink<'_> {
    fn accept_record(&mut self, record: &mut RecordValues, dn: &[u8]) {
        self.mapper.push(record, || clean(&String::from_utf8_lossy(dn)).into_owned());
        if self.mapper.records().is_multiple_of(PROGRESS_STEP) {
            self.progress.set(self.mapper.records());
        }
    }
}
