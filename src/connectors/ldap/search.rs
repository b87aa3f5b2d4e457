//! A search read page by page to its end (RFC 2696).
//!
//! Paging is done by hand so that every page's result code and cookie are looked at: a server that stops at a limit has
//! already sent entries, and says so only in the code of the last message.

use ldap3::controls::{Control, ControlType, MakeCritical, PagedResults};
use ldap3::{LdapResult, Scope};
use rustc_hash::FxHashSet;
use xxhash_rust::xxh3::Xxh3;

use crate::ConnectorError;
use crate::ldap::entry::{self, INTERMEDIATE, REFERENCE};
use crate::ldap::result_code::LdapErrorResult;
use crate::ldap::session::LdapSession;
use crate::ldap::transport::{SearchMessage, TransportError};
use crate::proof::{ReferenceMeaning, SearchBaseEnd};

/// What to ask below each base.
#[derive(Debug)]
pub(crate) struct LdapSearch<'a> {
    pub filter: &'a str,
    pub attributes: Vec<&'a str>,
    /// What references to other servers mean.
    pub references: ReferenceMeaning,
}

/// The end of one page.
#[derive(Debug)]
pub(crate) struct LdapSearchPage {
    result_code: u32,
    next: Vec<u8>,
    /// How many references came, and the first of them.
    pub references: (u64, String),
    digest: u128,
}

/// The filter that every entry meets.
const ANYTHING: &str = "(objectClass=*)";

/// The result code for a name that nothing has (RFC 4511 A.2).
const NO_SUCH_OBJECT: u32 = 32;

/// All that was said in answer to one question.
struct SearchOutcome {
    result: LdapResult,
    references: (u64, String),
    digest: u128,
}

impl LdapSearchPage {
    fn is_last_of(&self, base: &str, meaning: ReferenceMeaning) -> Option<SearchBaseEnd> {
        SearchBaseEnd::prove(base, self.result_code, Some(&self.next), self.references.0, meaning)
    }
}

impl LdapSession<'_> {
    /// Reads everything below a base. `each` is given the contents of every entry and answers `None` to one
    /// that is malformed.
    pub(crate) async fn search(
        &mut self,
        search: &LdapSearch<'_>,
        base: &str,
        mut each: impl FnMut(&[u8]) -> Option<()>,
    ) -> Result<SearchBaseEnd, ConnectorError> {
        let mut seen = FxHashSet::default();
        let mut cookie = Vec::new();
        let mut number = 0;
        loop {
            number += 1;
            let page = self.page(search, base, cookie, &mut each).await?;
            if let Some(ended) = page.is_last_of(base, search.references) {
                return Ok(ended);
            }
            // The cookie alone proves nothing: 389-ds sends the same one with every page.
            if !seen.insert((page.next.clone(), page.digest)) {
                let (connector, base) = (self.connector.clone(), base.to_owned());
                return Err(ConnectorError::PageRepeats { connector, base, page: number });
            }
            cookie = page.next;
        }
    }

    /// Reads one page, from the cookie of the page before; the first has an empty one.
    pub(crate) async fn page(
        &mut self,
        search: &LdapSearch<'_>,
        base: &str,
        cookie: Vec<u8>,
        each: impl FnMut(&[u8]) -> Option<()>,
    ) -> Result<LdapSearchPage, ConnectorError> {
        let attempt = format!("the search below `{base}`");
        let size = i32::try_from(self.settings.page_size).unwrap_or(i32::MAX);
        self.ldap.with_controls(PagedResults { size, cookie }.critical());
        let asked = (base, Scope::Subtree, search.filter, &search.attributes[..]);
        let SearchOutcome { result, references, digest } = self.run_search(asked, &attempt, each).await?;
        self.check_success(&result, &attempt)?;
        if references.0 > 0 && search.references == ReferenceMeaning::MissingParts {
            let (connector, base, (count, first)) = (self.connector.clone(), base.to_owned(), references);
            return Err(ConnectorError::References { connector, base, count, first });
        }
        let Some(control) = paging_control(&result.ctrls) else {
            // A critical control that was ignored: whatever came may be a part.
            return Err(ConnectorError::NoPaging {
                connector: self.connector.clone(),
                base: base.to_owned(),
            });
        };
        let next = entry::cookie(control)
            .ok_or_else(|| self.transport_error(TransportError::Malformed, &attempt))?;
        Ok(LdapSearchPage { result_code: result.rc, next, references, digest })
    }

    /// Asks for some attributes of one entry. No entry may come where there is none of this name any more.
    pub(crate) async fn read_entry(
        &mut self,
        dn: &str,
        attributes: &[&str],
        each: impl FnMut(&[u8]) -> Option<()>,
    ) -> Result<(), ConnectorError> {
        let attempt = "the reading of one entry";
        let heard = self.run_search((dn, Scope::Base, ANYTHING, attributes), attempt, each).await?;
        if heard.result.rc == NO_SUCH_OBJECT { Ok(()) } else { self.check_success(&heard.result, attempt) }
    }

    /// Asks, and listens until the server has said its result.
    async fn run_search(
        &mut self,
        (base, scope, filter, attributes): (&str, Scope, &str, &[&str]),
        attempt: &str,
        mut each: impl FnMut(&[u8]) -> Option<()>,
    ) -> Result<SearchOutcome, ConnectorError> {
        let wait = self.settings.timeout;
        self.ldap.with_timeout(wait);
        let asked = self.ldap.streaming_search(base, scope, filter, attributes);
        let asked = self.transport.send_only(asked).await;
        let mut stream = asked.map_err(|why| self.transport_error(why, attempt))?;
        let number = stream.ldap_handle().last_id();
        let mut digest = Xxh3::new();
        let mut references = (0, String::new());
        loop {
            match self.transport.next(number, wait).await {
                Ok(SearchMessage::Entry(entry)) => {
                    let Some(dn) = each(entry).and_then(|()| entry::dn(entry)) else {
                        return Err(self.transport_error(TransportError::Malformed, attempt));
                    };
                    digest.update(dn);
                    digest.update(&[0]);
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
                // It says nothing about people.
                INTERMEDIATE => (),
                // Somebody would be missed.
                _ => return Err(self.transport_error(TransportError::Malformed, attempt)),
            }
        }
        let result = stream.finish().await;
        Ok(SearchOutcome { result, references, digest: digest.digest128() })
    }

    fn check_success(&self, result: &LdapResult, attempt: &str) -> Result<(), ConnectorError> {
        if result.rc == 0 {
            return Ok(());
        }
        let answer = LdapErrorResult::new(result.rc, &result.text);
        Err(ConnectorError::Answer { connector: self.connector.clone(), attempt: attempt.to_owned(), answer })
    }
}

/// The value of the paging control in an answer.
fn paging_control(controls: &[Control]) -> Option<&[u8]> {
    controls.iter().find_map(|control| match control {
        Control(Some(ControlType::PagedResults), raw) => Some(raw.val.as_deref().unwrap_or_default()),
        Control(_, _) => None,
    })
}
