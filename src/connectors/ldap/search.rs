//! A search read page by page to its end (RFC 2696).
//!
//! Paging is done by hand so that every page's result code and cookie are looked at: a server that stops at a limit has
//! already sent entries, and says so only in the code of the last message.

use ldap3::controls::{Control, ControlType, MakeCritical, PagedResults};
use ldap3::{LdapResult, Scope};
use rustc_hash::FxHashSet;
use xxhash_rust::xxh3::Xxh3;

use crate::connectors::Error;
use crate::connectors::ldap::answer::Answer;
use crate::connectors::ldap::entry::{self, INTERMEDIATE, REFERENCE};
use crate::connectors::ldap::line::{Fault, Next};
use crate::connectors::ldap::session::Session;
use crate::connectors::proof::EndedBase;

/// What to ask below each base.
#[derive(Debug)]
pub(super) struct Search<'a> {
    pub filter: &'a str,
    pub attributes: Vec<&'a str>,
}

/// The end of one page.
#[derive(Debug)]
pub(super) struct Page {
    result_code: u32,
    next: Vec<u8>,
    references: u64,
    digest: u128,
}

impl Session<'_> {
    /// Reads everything below a base. `each` is given the contents of every entry and answers `None` to one
    /// that is malformed.
    pub async fn search(
        &mut self,
        search: &Search<'_>,
        base: &str,
        mut each: impl FnMut(&[u8]) -> Option<()>,
    ) -> Result<EndedBase, Error> {
        let mut seen = FxHashSet::default();
        let mut cookie = Vec::new();
        let mut number = 0;
        loop {
            number += 1;
            let page = self.page(search, base, cookie, &mut each).await?;
            if let Some(ended) = EndedBase::prove(base, page.result_code, Some(&page.next), page.references) {
                return Ok(ended);
            }
            // The cookie alone proves nothing: 389-ds sends the same one with every page.
            if !seen.insert((page.next.clone(), page.digest)) {
                let (connector, base) = (self.connector.clone(), base.to_owned());
                return Err(Error::PageRepeats { connector, base, page: number });
            }
            cookie = page.next;
        }
    }

    /// Reads one page, from the cookie of the page before; the first has an empty one.
    pub async fn page(
        &mut self,
        search: &Search<'_>,
        base: &str,
        cookie: Vec<u8>,
        mut each: impl FnMut(&[u8]) -> Option<()>,
    ) -> Result<Page, Error> {
        let attempt = format!("the search below `{base}`");
        let size = i32::try_from(self.settings.page_size).unwrap_or(i32::MAX);
        let (wait, attributes) = (self.settings.timeout, &search.attributes);
        self.ldap.with_timeout(wait);
        self.ldap.with_controls(PagedResults { size, cookie }.critical());
        let asked = self.ldap.streaming_search(base, Scope::Subtree, search.filter, attributes);
        let asked = self.line.tell(asked).await;
        let mut stream = asked.map_err(|why| self.fault(why, &attempt))?;
        let number = stream.ldap_handle().last_id();
        let mut digest = Xxh3::new();
        let mut references = (0, String::new());
        loop {
            match self.line.next(number, wait).await {
                Ok(Next::Entry(entry)) => {
                    let Some(dn) = each(entry).and_then(|()| entry::dn(entry)) else {
                        return Err(self.fault(Fault::Malformed, &attempt));
                    };
                    digest.update(dn);
                    digest.update(&[0]);
                    continue;
                }
                Ok(Next::Other) => (),
                Err(why) => return Err(self.fault(why, &attempt)),
            }
            let other = self.line.tell(stream.next()).await;
            let Some(other) = other.map_err(|why| self.fault(why, &attempt))? else { break };
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
                _ => return Err(self.fault(Fault::Malformed, &attempt)),
            }
        }
        let result = stream.finish().await;
        self.succeeded(&result, &attempt)?;
        if references.0 > 0 {
            let (connector, base, (count, first)) = (self.connector.clone(), base.to_owned(), references);
            return Err(Error::References { connector, base, count, first });
        }
        let Some(control) = paging_control(&result.ctrls) else {
            // A critical control that was ignored: whatever came may be a part.
            return Err(Error::NoPaging { connector: self.connector.clone(), base: base.to_owned() });
        };
        let next = entry::cookie(control).ok_or_else(|| self.fault(Fault::Malformed, &attempt))?;
        Ok(Page { result_code: result.rc, next, references: references.0, digest: digest.digest128() })
    }

    fn succeeded(&self, result: &LdapResult, attempt: &str) -> Result<(), Error> {
        if result.rc == 0 {
            return Ok(());
        }
        let answer = Answer::new(result.rc, &result.text);
        Err(Error::Answer { connector: self.connector.clone(), attempt: attempt.to_owned(), answer })
    }
}

/// The value of the paging control in an answer.
fn paging_control(controls: &[Control]) -> Option<&[u8]> {
    controls.iter().find_map(|control| match control {
        Control(Some(ControlType::PagedResults), raw) => Some(raw.val.as_deref().unwrap_or_default()),
        Control(_, _) => None,
    })
}
