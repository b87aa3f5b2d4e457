//! What the entries of a search become.
//!
//! A [`EntryCollector`] takes entries apart, passes over one that lies below two bases, and asks for the values that came in
//! parts only; whoever wants the records is its [`RecordSink`].

use rustc_hash::FxHashSet;
use xxhash_rust::xxh3::xxh3_128;

use crate::ConnectorError;
use crate::ldap::entry::{self, EntryParser};
use crate::ldap::search::{LdapSearch, LdapSearchPage};
use crate::ldap::session::LdapSession;
use crate::ldap::value_range::{self, ValuePart};
use crate::mapper::{RecordMapper, RecordValues};
use crate::proof::SearchBaseEnd;
use rollcall_model::names::clean;
use rollcall_model::progress::ReadProgress;

/// Who takes the records.
pub(crate) trait RecordSink {
    /// Takes the record of an entry, all of its values.
    fn accept_record(&mut self, record: &mut RecordValues, dn: &[u8]);
}

/// Entries on their way to a sink.
#[derive(Debug)]
pub(crate) struct EntryCollector<S> {
    entries: EntryParser,
    record: RecordValues,
    bases: BaseDeduplicator,
    partial: Vec<PartialEntry>,
    /// Where the records go.
    pub sink: S,
}

/// An entry of which some values are still to come.
#[derive(Debug)]
struct PartialEntry {
    dn: String,
    record: RecordValues,
    parts: Vec<ValuePart>,
}

impl<S: RecordSink> EntryCollector<S> {
    /// Prepares to read columns: the attribute of each, or nothing for one that no attribute fills. `bases` is how many
    /// searches there will be.
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

    /// Reads everything below a base.
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

    fn entry(&mut self, entry: &[u8]) -> Option<()> {
        self.entries.read(entry, &mut self.record)?;
        let dn = entry::dn(entry)?;
        if !self.bases.is_new(dn) {
            return Some(());
        }
        if self.entries.parts().is_empty() {
            self.sink.accept_record(&mut self.record, dn);
        } else {
            let (dn, record) = (std::str::from_utf8(dn).ok()?.to_owned(), std::mem::take(&mut self.record));
            self.partial.push(PartialEntry { dn, record, parts: self.entries.parts().to_vec() });
        }
        Some(())
    }

    /// Asks for the values that are still to come: between the pages of a search there is no room for questions.
    async fn fetch_missing_values(&mut self, session: &mut LdapSession<'_>) -> Result<(), ConnectorError> {
        for PartialEntry { dn, mut record, parts } in std::mem::take(&mut self.partial) {
            value_range::fetch_missing_values(session, &mut self.entries, &dn, &parts, &mut record).await?;
            self.sink.accept_record(&mut record, dn.as_bytes());
        }
        Ok(())
    }
}

/// Tells an entry that lies below two bases from one that comes for the first time.
#[derive(Debug)]
struct BaseDeduplicator {
    /// Digests of the DNs so far (XXH3, 128 bits: a collision would lose somebody); none where there is one base only.
    seen: Option<FxHashSet<u128>>,
}

impl BaseDeduplicator {
    fn new(count: usize) -> Self {
        Self { seen: (count > 1).then(FxHashSet::default) }
    }

    fn is_new(&mut self, dn: &[u8]) -> bool {
        self.seen.as_mut().is_none_or(|seen| seen.insert(xxh3_128(dn)))
    }
}

/// Records that are mapped as they came.
#[derive(Debug)]
pub(crate) struct MappingSink<'a> {
    pub mapper: RecordMapper<'a>,
    pub progress: ReadProgress,
}

/// Progress moves in steps of this many records: often enough to be seen, seldom enough to cost nothing.
const PROGRESS_STEP: u64 = 256;

impl RecordSink for MappingSink<'_> {
    fn accept_record(&mut self, record: &mut RecordValues, dn: &[u8]) {
        self.mapper.push(record, || clean(&String::from_utf8_lossy(dn)).into_owned());
        if self.mapper.records().is_multiple_of(PROGRESS_STEP) {
            self.progress.set(self.mapper.records());
        }
    }
}
