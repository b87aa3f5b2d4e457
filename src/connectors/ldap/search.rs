//! Reads a search page by page to its end (RFC 2696).
//!
//! Paging is implemented here so that the result code and cookie of every page are checked: a server that stops
//! at a limit has already sent entries and reports the limit only in the result code.

use ldap3::controls::{Control, ControlType, MakeCritical, PagedResults};
use ldap3::{LdapResult, Scope};
use rustc_hash::FxHashSet;
use xxhash_rust::xxh3::Xxh3;

use crate::ldap::LdapError;
use crate::ldap::entry::{self, EntryError, INTERMEDIATE, REFERENCE};
use crate::ldap::result_code::LdapErrorResult;
use crate::ldap::session::LdapSession;
use crate::ldap::transport::{SearchMessage, TransportError};
use crate::proof::{ReferenceMeaning, SearchBaseEnd};
use crate::{ConnectorAttempt, ConnectorError, ExceededLimit};
use rollcall_model::resource_limits::ResourceLimit;

/// A search that is run below each base.
#[derive(Debug)]
pub(crate) struct LdapSearch<'a> {
    pub filter: &'a str,
    pub attributes: Vec<&'a str>,
    /// The meaning of references to other servers.
    pub references: ReferenceMeaning,
}

/// The end of one page.
#[derive(Debug)]
pub(crate) struct LdapSearchPage {
    result_code: u32,
    next: Vec<u8>,
    /// The number of references, and the first of them.
    pub references: (u64, String),
    digest: u128,
}

/// A filter that matches every entry.
pub(super) const ANYTHING: &str = "(objectClass=*)";

/// The result code for an entry that does not exist (RFC 4511 A.2).
const NO_SUCH_OBJECT: u32 = 32;

/// The result of a search request.
struct SearchOutcome {
    result: LdapResult,
    references: (u64, String),
    digest: u128,
}

impl LdapSearchPage {
    /// Returns whether no page follows.
    pub(crate) fn is_last(&self) -> bool {
        self.next.is_empty()
    }

    fn is_last_of(&self, base: &str, meaning: ReferenceMeaning) -> Option<SearchBaseEnd> {
        SearchBaseEnd::prove(base, self.result_code, Some(&self.next), self.references.0, meaning)
    }
}

impl LdapSession<'_> {
    /// Reads all entries below a base. `each` receives the contents of every entry.
    pub(crate) async fn search(
        &mut self,
        search: &LdapSearch<'_>,
        base: &str,
        mut each: impl FnMut(&[u8]) -> Result<(), EntryError>,
    ) -> Result<SearchBaseEnd, ConnectorError> {
        let mut seen = FxHashSet::default();
        let mut cookie = Vec::new();
        let mut number = 0;
        loop {
            number += 1;
            let attempt = ConnectorAttempt::Search { base: base.to_owned() };
            self.check_limit(ResourceLimit::ReadingPages, number, &attempt)?;
            let page = self.page(search, base, cookie, &mut each).await?;
            if let Some(ended) = page.is_last_of(base, search.references) {
                return Ok(ended);
            }
            // An equal cookie alone is not a loop: 389-ds sends the same cookie with every page.
            let mut step = Xxh3::new();
            step.update(&page.next);
            step.update(&page.digest.to_ne_bytes());
            if !seen.insert(step.digest128()) {
                return Err(self.error(&attempt, LdapError::PageRepeats { page: number }));
            }
            cookie = page.next;
        }
    }

    /// Reads one page. `cookie` is the cookie of the previous page, empty for the first.
    pub(crate) async fn page(
        &mut self,
        search: &LdapSearch<'_>,
        base: &str,
        cookie: Vec<u8>,
        each: impl FnMut(&[u8]) -> Result<(), EntryError>,
    ) -> Result<LdapSearchPage, ConnectorError> {
        let attempt = ConnectorAttempt::Search { base: base.to_owned() };
        let size = i32::try_from(self.settings.page_size).unwrap_or(i32::MAX);
        self.ldap.with_controls(PagedResults { size, cookie }.critical());
        let request = (base, Scope::Subtree, search.filter, &search.attributes[..]);
        let SearchOutcome { result, references, digest } = self.run_search(request, &attempt, each).await?;
        self.check_success(&result, &attempt)?;
        if references.0 > 0 && search.references == ReferenceMeaning::MissingParts {
            let (count, first) = references;
            return Err(self.error(&attempt, LdapError::References { count, first }));
        }
        let Some(control) = paging_control(&result.ctrls) else {
            // A critical control was ignored, so the result may be incomplete.
            return Err(self.error(&attempt, LdapError::NoPaging));
        };
        let next = entry::cookie(control)
            .ok_or_else(|| self.transport_error(TransportError::Malformed, &attempt))?;
        ExceededLimit::check_size(ResourceLimit::PagingCookieBytes, next.len())
            .map_err(|limit| self.exceeded(limit.of(|| "the paging cookie".to_owned()), &attempt))?;
        Ok(LdapSearchPage { result_code: result.rc, next, references, digest })
    }

    /// Reads some attributes of one entry. Returns no entry if it no longer exists or does not match the filter.
    pub(crate) async fn read_entry(
        &mut self,
        dn: &str,
        (filter, attributes): (&str, &[&str]),
        attempt: &ConnectorAttempt,
        each: impl FnMut(&[u8]) -> Result<(), EntryError>,
    ) -> Result<(), ConnectorError> {
        let outcome = self.run_search((dn, Scope::Base, filter, attributes), attempt, each).await?;
        if outcome.result.rc == NO_SUCH_OBJECT {
            Ok(())
        } else {
            self.check_success(&outcome.result, attempt)
        }
    }

    /// Sends a search request and processes messages until the result.
    async fn run_search(
        &mut self,
        (base, scope, filter, attributes): (&str, Scope, &str, &[&str]),
        attempt: &ConnectorAttempt,
        mut each: impl FnMut(&[u8]) -> Result<(), EntryError>,
    ) -> Result<SearchOutcome, ConnectorError> {
        let wait = self.settings.timeout;
        self.ldap.with_timeout(wait);
        let request = self.ldap.streaming_search(base, scope, filter, attributes);
        let request = self.transport.send_only(request).await;
        let mut stream = request.map_err(|why| self.transport_error(why, attempt))?;
        let number = stream.ldap_handle().last_id();
        let mut digest = Xxh3::new();
        let mut references = (0, String::new());
        loop {
            match self.transport.next(number, wait).await {
                Ok(SearchMessage::Entry(entry)) => {
                    match each(entry).and_then(|()| entry::dn(entry).ok_or(EntryError::Malformed)) {
                        Ok(dn) => digest.update(dn),
                        Err(problem) => return Err(self.transport_error(problem.into(), attempt)),
                    }
                    digest.update(&[0]);
                    self.entries += 1;
                    self.check_limit(ResourceLimit::ReadingRecords, self.entries, attempt)?;
                    continue;
                }
                Ok(SearchMessage::Other) => (),
                Err(why) => return Err(self.transport_error(why, attempt)),
            }
            let other = self.transport.send_only(stream.next()).await;
            let Some(other) = other.map_err(|why| self.transport_error(why, attempt))? else { break };
            match other.0.id {
                REFERENCE => {
                    references.0 += 1;
                    if references.1.is_empty() {
                        references.1 = entry::reference(&other.0);
                    }
                }
                // It contains no information about people.
                INTERMEDIATE => (),
                // Skipping this message could make the result incomplete.
                _ => return Err(self.transport_error(TransportError::Malformed, attempt)),
            }
        }
        let result = stream.finish().await;
        Ok(SearchOutcome { result, references, digest: digest.digest128() })
    }

    fn check_success(&self, result: &LdapResult, attempt: &ConnectorAttempt) -> Result<(), ConnectorError> {
        if result.rc == 0 {
            return Ok(());
        }
        let answer = LdapErrorResult::new(result.rc, &result.text);
        Err(self.error(attempt, LdapError::Result(answer)))
    }
}

/// The value of the paging control in a result.
fn paging_control(controls: &[Control]) -> Option<&[u8]> {
    controls.iter().find_map(|control| match control {
        Control(Some(ControlType::PagedResults), raw) => Some(raw.val.as_deref().unwrap_or_default()),
        Control(_, _) => None,
    })
}
