//! Active Directory: LDAP with its own attribute semantics and several equivalent servers.
//!
//! Builds on [`crate::ldap`], which finds all groups of a person (direct, nested and primary) and replaces DNs by
//! ids. [`account`] derives a status and a last day; [`columns`] determines which of these a mapping needs.
//!
//! A reading is complete if every search was read to its proven end at one domain controller. If that controller
//! is unreachable or busy, the reading starts again at the next one: pages of two controllers, which may be at
//! different replication states, are never combined. References to other naming contexts are ignored, because
//! they are not part of the domain.

pub mod account;
mod check;
mod columns;
mod query;

use chrono::Utc;
use chrono_tz::Tz;

use crate::ldap::{self, IDS_PER_SEARCH, narrow_filter, run_in_task};
use crate::mapper::spell_address;
use crate::mapping::DefaultMapping;
use crate::proof::CompletenessProof;
use crate::retry::retry;
use crate::{Connector, ConnectorError, DirectoryReading, ReadContext};
use rollcall_model::attributes::AttributeSet;
use rollcall_model::names::clean;
use rollcall_model::people::PeopleTable;

pub(super) use check::check;
pub(crate) use columns::is_optional;
pub use columns::is_source;

use columns::AdColumns;
use query::{AdQuery, AdQueryResult};

/// Default filter: user accounts; excludes computers, and contacts without an account.
pub const FILTER: &str = "(&(objectCategory=person)(objectClass=user))";

/// Default filter for groups.
pub const GROUP_FILTER: &str = "(objectClass=group)";

/// Entries per page: half of the maximum of a domain controller (`MaxPageSize`).
pub const PAGE_SIZE: u32 = 500;

/// The default mapping.
pub static DEFAULT_MAPPING: DefaultMapping = DefaultMapping {
    columns: &[
        ("id", "objectGUID"),
        ("email", "mail | userPrincipalName"),
        ("name", "displayName | cn"),
        ("given_name", "givenName"),
        ("family_name", "sn"),
        ("department", "department"),
        ("location", "l | physicalDeliveryOfficeName"),
        ("role", "title"),
        ("manager", "manager"),
        ("status", "@account"),
    ],
    statuses: [&[account::ACTIVE], &[], &[account::DISABLED, account::EXPIRED]],
};

/// The settings of a connector of kind `active_directory`.
#[derive(Debug, Clone)]
pub struct ActiveDirectorySettings {
    /// The domain controllers in the order in which they are tried, at least one. They differ only in their URLs.
    pub controllers: Vec<ldap::LdapSettings>,
    /// The time zone in which days start and end.
    pub zone: Tz,
}

/// Reads all people below every search base.
pub(super) async fn read(
    connector: &Connector,
    settings: &ActiveDirectorySettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<DirectoryReading, ConnectorError> {
    let (connector, settings) = (connector.clone(), settings.clone());
    let (attributes, context) = (attributes.clone(), context.clone());
    run_in_task(async move {
        let columns = AdColumns::new(&connector.mapping);
        let asker =
            DomainControllerPool { connector: &connector, settings: &settings, attributes: &attributes };
        let question = AdQuery { filter: &settings.first(&connector)?.filter, address: None, whole: true };
        let AdQueryResult { mapper, managers, bases, ended } =
            asker.query(&columns, question, &context).await?;
        let proof = CompletenessProof::ldap(&bases, ended)
            .ok_or_else(|| ConnectorError::unproven(&connector.name))?;
        let (mut people, problems) = mapper.finish()?;
        managers.replace_dns(&mut people, &columns.people);
        context.progress.set(people.len() as u64);
        Ok(DirectoryReading::complete(people, problems, proof))
    })
    .await
}

/// Finds the people with an e-mail address; empty if no attribute is mapped to it.
pub(super) async fn find(
    connector: &Connector,
    settings: &ActiveDirectorySettings,
    email: &str,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<PeopleTable, ConnectorError> {
    let columns = AdColumns::new(&connector.mapping);
    let email = clean(email);
    let any = columns.equals(columns.address, &spell_address(&email));
    let Some(any) = any else { return Ok(PeopleTable::new(attributes)) };
    let filter = narrow_filter(&settings.first(connector)?.filter, &any);
    let question = AdQuery { filter: &filter, address: Some(&email), whole: false };
    let asker = DomainControllerPool { connector, settings, attributes };
    asker.query(&columns, question, context).await?.into_people(&columns)
}

/// Finds people by id.
pub(super) async fn look_up(
    connector: &Connector,
    settings: &ActiveDirectorySettings,
    ids: &[String],
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Result<Vec<PeopleTable>, ConnectorError> {
    let columns = AdColumns::new(&connector.mapping);
    let asker = DomainControllerPool { connector, settings, attributes };
    let mut found = Vec::new();
    for some in ids.chunks(IDS_PER_SEARCH) {
        let Some(any) = columns.equals(columns.id, some) else { break };
        let filter = narrow_filter(&settings.first(connector)?.filter, &any);
        let question = AdQuery { filter: &filter, address: None, whole: false };
        found.push(asker.query(&columns, question, context).await?.into_people(&columns)?);
    }
    Ok(found)
}

impl ActiveDirectorySettings {
    /// The first domain controller.
    fn first(&self, connector: &Connector) -> Result<&ldap::LdapSettings, ConnectorError> {
        self.controllers.first().ok_or_else(|| no_controller(connector))
    }
}

fn no_controller(connector: &Connector) -> ConnectorError {
    ConnectorError::invalid_setting(&connector.name, "url", "lists no domain controllers")
}

/// Sends a query to the domain controllers, one after the other.
#[derive(Debug, Clone, Copy)]
struct DomainControllerPool<'a> {
    connector: &'a Connector,
    settings: &'a ActiveDirectorySettings,
    attributes: &'a AttributeSet,
}

impl<'a> DomainControllerPool<'a> {
    /// Sends the query to the first domain controller that responds.
    async fn query(
        self,
        columns: &AdColumns,
        question: AdQuery<'_>,
        context: &ReadContext,
    ) -> Result<AdQueryResult<'a>, ConnectorError> {
        let name = &self.connector.name;
        retry(name, context, || async move {
            let mut outcome = Err(no_controller(self.connector));
            let mut controllers = self.settings.controllers.iter().peekable();
            while let Some(controller) = controllers.next() {
                context.progress.set(0);
                let at = query::QueryContext { controller, now: Utc::now(), zone: self.settings.zone };
                outcome = query::query_controller(self, at, columns, question, context).await;
                match &outcome {
                    Err(error) if error.is_transient() && controllers.peek().is_some() => {
                        let (kind, controller) = (error.kind(), &controller.url);
                        tracing::warn!(connector = %name, %controller, kind, "domain controller failed; trying the next one");
                    }
                    Ok(_) | Err(_) => break,
                }
            }
            outcome
        })
        .await
    }
}
