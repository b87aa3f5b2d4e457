//! Any directory that speaks LDAP version 3 (RFC 4511).
//!
//! A reading is one bind and one search a base, read by pages to a proven end. [`session`] makes the connection,
//! [`search`] reads pages, [`mod@line`] tells entries from what the crate reads, [`entry`] takes entries apart, [`answer`]
//! knows the result codes, [`mod@check`] shows the way step by step. Whatever a server sends, nothing here panics
//! and nothing short of result code 0 on every last page counts as a whole directory.

mod answer;
mod ber;
mod check;
mod endpoint;
mod entry;
mod line;
mod search;
mod session;

use std::path::PathBuf;
use std::time::Duration;

use ldap3::ldap_escape;
use rustc_hash::FxHashSet;
use tokio_util::task::AbortOnDropHandle;
use xxhash_rust::xxh3::xxh3_128;

use crate::connectors::mapper::{Mapper, Record};
use crate::connectors::proof::{Complete, EndedBase};
use crate::connectors::retry::retry;
use crate::connectors::{Connector, Context, Error, Mapping, Reading};
use crate::model::attributes::{Attribute, Attributes};
use crate::model::names::clean;
use crate::model::people::People;
use crate::model::secret::Secret;

pub use answer::Answer;
pub(super) use check::check;

use entry::Entries;
use search::Search;
use session::Way;

/// Progress moves in steps of this many records: often enough to be seen, seldom enough to cost nothing.
const PROGRESS_STEP: u64 = 256;

/// The settings of a connector of kind `ldap`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `ldap://host:port` or `ldaps://host:port`.
    pub url: String,
    /// Begin with `StartTLS` (RFC 4511 4.14) on an `ldap://` connection.
    pub starttls: bool,
    /// Go without encryption on purpose.
    pub plaintext: bool,
    /// A private CA, PEM, in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// The account, and its password; anonymous without one.
    pub bind: Option<(String, Secret)>,
    /// Where people are.
    pub base_dns: Vec<String>,
    /// Who of them.
    pub filter: String,
    /// Entries a page.
    pub page_size: u32,
    /// The longest wait for the next message of the server.
    pub timeout: Duration,
}

/// Reads everybody below every base.
pub(super) async fn read(
    connector: &Connector,
    settings: &Settings,
    attributes: &Attributes,
    context: &Context,
) -> Result<Reading, Error> {
    // In a task, so that the thread that waits for the network is the one that reads, and wakes no other.
    let (connector, settings) = (connector.clone(), settings.clone());
    let (attributes, context) = (attributes.clone(), context.clone());
    let reading = tokio::spawn(async move { attempts(&connector, &settings, &attributes, &context).await });
    match AbortOnDropHandle::new(reading).await {
        Ok(read) => read,
        Err(ended) => std::panic::resume_unwind(ended.into_panic()),
    }
}

async fn attempts(
    connector: &Connector,
    settings: &Settings,
    attributes: &Attributes,
    context: &Context,
) -> Result<Reading, Error> {
    retry(&connector.name, context, || async {
        let (mapper, ended) = gather(connector, settings, &settings.filter, attributes, context).await?;
        let proof = Complete::ldap(&settings.base_dns, ended)
            .ok_or_else(|| Error::Unproven { connector: connector.name.clone() })?;
        let (people, problems) = mapper.finish()?;
        context.progress.set(people.len() as u64);
        Ok(Reading::complete(people, problems, proof))
    })
    .await
}

/// Finds the people of one address. Nobody has one where no attribute is mapped to it.
pub(super) async fn find(
    connector: &Connector,
    settings: &Settings,
    email: &str,
    attributes: &Attributes,
    context: &Context,
) -> Result<People, Error> {
    let Some(filter) = address_filter(&connector.mapping, &settings.filter, email) else {
        return Ok(People::new(attributes));
    };
    retry(&connector.name, context, || async {
        let (mapper, _) = gather(connector, settings, &filter, attributes, context).await?;
        Ok(mapper.into_people())
    })
    .await
}

/// One attempt: connects, and searches base after base.
async fn gather<'a>(
    connector: &'a Connector,
    settings: &Settings,
    filter: &str,
    attributes: &'a Attributes,
    context: &Context,
) -> Result<(Mapper<'a>, Vec<EndedBase>), Error> {
    context.progress.set(0);
    let search = searching(connector, settings, filter)?;
    let mut session = Way::new(&connector.name, settings)?.walk().await?;
    let mut mapper = Mapper::new(&connector.name, &connector.mapping, attributes);
    let mut entries = Entries::new(&connector.mapping);
    let mut record = Record::default();
    let mut bases = Bases::new(settings);
    let mut ended = Vec::new();
    for base in &settings.base_dns {
        let each = |entry: &[u8]| {
            entries.read(entry, &mut record)?;
            let dn = entry::dn(entry)?;
            if bases.is_new(dn) {
                mapper.push(&record, || clean(&String::from_utf8_lossy(dn)).into_owned());
                if mapper.records().is_multiple_of(PROGRESS_STEP) {
                    context.progress.set(mapper.records());
                }
            }
            Some(())
        };
        ended.push(session.search(&search, base, each).await?);
    }
    session.close().await;
    Ok((mapper, ended))
}

/// What to search for, when it can be searched for at all.
fn searching<'a>(
    connector: &'a Connector,
    settings: &Settings,
    filter: &'a str,
) -> Result<Search<'a>, Error> {
    let wrong = |setting, fault: &str| Error::Setting {
        connector: connector.name.clone(),
        setting,
        fault: fault.to_owned(),
    };
    if settings.base_dns.is_empty() {
        return Err(wrong("base_dn", "is missing"));
    }
    if ldap3::parse_filter(filter).is_err() {
        return Err(wrong("filter", "is no LDAP filter (RFC 4515)"));
    }
    let mut attributes: Vec<&str> = connector.mapping.columns.iter().map(|(_, name)| name.as_str()).collect();
    attributes.sort_unstable();
    attributes.dedup();
    Ok(Search { filter, attributes })
}

/// Ids that one question asks for: a filter of some 6 kB, far below what servers take.
const TOGETHER: usize = 100;

/// Finds the people of some ids.
pub(super) async fn look_up(
    connector: &Connector,
    settings: &Settings,
    ids: &[String],
    attributes: &Attributes,
    context: &Context,
) -> Result<Vec<People>, Error> {
    let source = connector.mapping.columns.iter().find(|(attribute, _)| *attribute == Attribute::ID);
    let Some((_, source)) = source else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for some in ids.chunks(TOGETHER) {
        let any: String = some.iter().map(|id| format!("({source}={})", ldap_escape(id.as_str()))).collect();
        let filter = narrowed(&settings.filter, &format!("(|{any})"));
        let people = retry(&connector.name, context, || async {
            let (mapper, _) = gather(connector, settings, &filter, attributes, context).await?;
            Ok(mapper.into_people())
        });
        found.push(people.await?);
    }
    Ok(found)
}

/// A filter that asks for more than the settings do.
fn narrowed(filter: &str, more: &str) -> String {
    let filter = filter.trim();
    let (open, close) = if filter.starts_with('(') { ("", "") } else { ("(", ")") };
    format!("(&{open}{filter}{close}{more})")
}

/// The filter of the settings, narrowed to one address.
fn address_filter(mapping: &Mapping, filter: &str, email: &str) -> Option<String> {
    let (_, source) = mapping.columns.iter().find(|(attribute, _)| *attribute == Attribute::EMAIL)?;
    Some(narrowed(filter, &format!("({source}={})", ldap_escape(clean(email)))))
}

/// Tells an entry that lies below two bases from one that comes for the first time.
struct Bases {
    /// Digests of the DNs so far (XXH3, 128 bits: a collision would lose somebody); none where there is one base only.
    seen: Option<FxHashSet<u128>>,
}

impl Bases {
    fn new(settings: &Settings) -> Self {
        Self { seen: (settings.base_dns.len() > 1).then(FxHashSet::default) }
    }

    fn is_new(&mut self, dn: &[u8]) -> bool {
        self.seen.as_mut().is_none_or(|seen| seen.insert(xxh3_128(dn)))
    }
}

/// An entry of any bytes, for the fuzzer.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8], mapping: &Mapping) {
    let (mut entries, mut record) = (Entries::new(mapping), Record::default());
    let _ = entries.read(bytes, &mut record);
    let _ = entry::dn(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_escaped_in_the_filter() {
        let columns = vec![(Attribute::EMAIL, "mail".to_owned())];
        let mapping = Mapping { columns, ..Mapping::default() };
        let narrowed = |filter, email| address_filter(&mapping, filter, email);
        assert_eq!(narrowed("(uid=*)", "a@b"), Some("(&(uid=*)(mail=a@b))".to_owned()));
        assert_eq!(narrowed("uid=*", "*)(x=\\@b"), Some("(&(uid=*)(mail=\\2a\\29\\28x=\\5c@b))".to_owned()));
        assert_eq!(address_filter(&Mapping::default(), "(uid=*)", "a@b"), None);
    }
}
