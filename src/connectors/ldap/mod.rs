//! Any directory that speaks LDAP version 3 (RFC 4511).
//!
//! A reading is one bind and one search a base, read by pages to a proven end. [`session`] makes the connection,
//! [`search`] reads pages, [`mod@line`] tells entries from what the crate reads, [`entry`] takes entries apart, [`range`]
//! asks for the rest of values that come in parts, [`mod@gather`] puts these together, [`answer`] knows the result codes,
//! [`mod@check`] shows the way step by step. Whatever a server sends, nothing here panics and nothing short of result
//! code 0 on every last page counts as a whole directory.

mod answer;
mod ber;
mod check;
mod endpoint;
mod entry;
mod form;
mod gather;
mod line;
mod range;
mod search;
mod session;

use std::path::PathBuf;
use std::time::Duration;

use tokio_util::task::AbortOnDropHandle;

use crate::connectors::mapper::Mapper;
use crate::connectors::proof::{Complete, EndedBase, References};
use crate::connectors::retry::retry;
use crate::connectors::{Connector, Context, Error, Mapping, Progress, Reading};
use crate::model::attributes::{Attribute, Attributes};
use crate::model::names::{ConnectorName, clean};
use crate::model::people::People;
use crate::model::secret::Secret;

pub use answer::Answer;
pub(super) use check::{arrive, check};
pub(super) use gather::{Gathering, Plain, Sink};
pub(super) use search::Search;
pub(super) use session::{Session, Way};

use form::equals;

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
    let (connector, settings) = (connector.clone(), settings.clone());
    let (attributes, context) = (attributes.clone(), context.clone());
    in_a_task(async move { attempts(&connector, &settings, &attributes, &context).await }).await
}

/// Does it in a task, so that the thread that waits for the network is the one that reads, and wakes no other.
pub(super) async fn in_a_task<T: Send + 'static>(reading: impl Future<Output = T> + Send + 'static) -> T {
    match AbortOnDropHandle::new(tokio::spawn(reading)).await {
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
    let mapper = Mapper::new(&connector.name, &connector.mapping, attributes);
    let mut gathering = gathering(connector, settings, mapper, context.progress.clone());
    let mut ended = Vec::new();
    for base in &settings.base_dns {
        ended.push(gathering.search(&mut session, &search, base).await?);
    }
    session.close().await;
    Ok((gathering.sink.mapper, ended))
}

/// Prepares to map what the searches of the settings will bring.
fn gathering<'a>(
    connector: &Connector,
    settings: &Settings,
    mapper: Mapper<'a>,
    progress: Progress,
) -> Gathering<Plain<'a>> {
    let columns = connector.mapping.columns.iter().map(|(_, name)| name.as_str());
    Gathering::new(columns, settings.base_dns.len(), Plain { mapper, progress })
}

/// What to search for, when it can be searched for at all.
fn searching<'a>(
    connector: &'a Connector,
    settings: &Settings,
    filter: &'a str,
) -> Result<Search<'a>, Error> {
    can_search(&connector.name, settings, filter)?;
    let mut attributes: Vec<&str> = connector.mapping.columns.iter().map(|(_, name)| name.as_str()).collect();
    attributes.sort_unstable();
    attributes.dedup();
    Ok(Search { filter, attributes, references: References::MissingParts })
}

/// Whether there is somewhere to search, and something to search for.
pub(super) fn can_search(connector: &ConnectorName, settings: &Settings, filter: &str) -> Result<(), Error> {
    let wrong = |setting, fault: &str| {
        Err(Error::Setting { connector: connector.clone(), setting, fault: fault.to_owned() })
    };
    if settings.base_dns.is_empty() {
        return wrong("base_dn", "is missing");
    }
    if ldap3::parse_filter(filter).is_err() {
        return wrong("filter", "is no LDAP filter (RFC 4515)");
    }
    Ok(())
}

/// Ids that one question asks for: a filter of some 6 kB, far below what servers take.
pub(super) const TOGETHER: usize = 100;

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
        let filter = narrowed(&settings.filter, &any_of(source, some));
        let people = retry(&connector.name, context, || async {
            let (mapper, _) = gather(connector, settings, &filter, attributes, context).await?;
            Ok(mapper.into_people())
        });
        found.push(people.await?);
    }
    Ok(found)
}

/// A filter that asks for any of several values of an attribute.
pub(super) fn any_of(attribute: &str, texts: &[impl AsRef<str>]) -> String {
    let any: String = texts.iter().map(|text| equals(attribute, text.as_ref())).collect();
    format!("(|{any})")
}

/// A filter that asks for more than the settings do.
pub(super) fn narrowed(filter: &str, more: &str) -> String {
    let filter = filter.trim();
    let (open, close) = if filter.starts_with('(') { ("", "") } else { ("(", ")") };
    format!("(&{open}{filter}{close}{more})")
}

/// The filter of the settings, narrowed to one address.
fn address_filter(mapping: &Mapping, filter: &str, email: &str) -> Option<String> {
    let (_, source) = mapping.columns.iter().find(|(attribute, _)| *attribute == Attribute::EMAIL)?;
    Some(narrowed(filter, &equals(source, &clean(email))))
}

/// An entry of any bytes, for the fuzzer.
#[cfg(fuzzing)]
pub(super) fn fuzz(
    bytes: &[u8],
    mapping: &Mapping,
    mut take: impl FnMut(&crate::connectors::mapper::Record),
) {
    let columns = mapping.columns.iter().map(|(_, name)| name.as_str());
    let mut record = crate::connectors::mapper::Record::default();
    if entry::Entries::new(columns).read(bytes, &mut record).is_some() {
        take(&record);
    }
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
