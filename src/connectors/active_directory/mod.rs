//! Active Directory: LDAP with habits of its own, and several servers that hold the same.
//!
//! Stands on [`crate::connectors::ldap`] and adds what the attributes of Active Directory do not say by themselves:
//! [`account`] makes a status and a last day of two numbers, [`groups`] finds all groups of somebody, directly, by
//! nesting and by the primary group, [`managers`] turns DNs into ids; [`columns`] knows which of these a mapping wants.
//!
//! A reading is whole when every search came to its proven end at one domain controller. When that one cannot be reached
//! or has no time, all begins anew at the next: pages of two controllers, which may not be equally far in replication,
//! are never put together. References to other naming contexts are passed over: they are no part of the domain.

pub mod account;
mod check;
mod columns;
mod dn;
mod gather;
mod groups;
mod managers;

use chrono::Utc;
use chrono_tz::Tz;

use crate::connectors::ldap::{self, TOGETHER, in_a_task, narrowed};
use crate::connectors::mapping::Usual;
use crate::connectors::proof::Complete;
use crate::connectors::retry::retry;
use crate::connectors::{Connector, Context, Error, Reading};
use crate::model::attributes::Attributes;
use crate::model::names::clean;
use crate::model::people::People;

pub(super) use check::check;
pub use columns::is_source;

use columns::Columns;
use gather::{Gathered, Question};

/// Who is a person: no computer, and no contact without an account.
pub const FILTER: &str = "(&(objectCategory=person)(objectClass=user))";

/// Entries a page: half of what a domain controller sends at most (`MaxPageSize`).
pub const PAGE_SIZE: u32 = 500;

/// What is mapped where the file says nothing.
pub static USUAL: Usual = Usual {
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
    standings: [&[account::ACTIVE], &[], &[account::DISABLED, account::EXPIRED]],
};

/// The settings of a connector of kind `active_directory`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The domain controllers in the order in which they are tried, at least one: alike but for their URLs.
    pub controllers: Vec<ldap::Settings>,
    /// Where days begin and end.
    pub zone: Tz,
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
    in_a_task(async move {
        let columns = Columns::new(&connector.mapping);
        let asker = Asker { connector: &connector, settings: &settings, attributes: &attributes };
        let question = Question { filter: &settings.first(&connector)?.filter, address: None, whole: true };
        let Gathered { mapper, managers, bases, ended } = asker.ask(&columns, question, &context).await?;
        let proof = Complete::ldap(&bases, ended)
            .ok_or_else(|| Error::Unproven { connector: connector.name.clone() })?;
        let (mut people, problems) = mapper.finish()?;
        managers.name(&mut people, &columns);
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
    let columns = Columns::new(&connector.mapping);
    let email = clean(email);
    let any = columns.equals(columns.address, &[&email]);
    let Some(any) = any else { return Ok(People::new(attributes)) };
    let filter = narrowed(&settings.first(connector)?.filter, &any);
    let question = Question { filter: &filter, address: Some(&email), whole: false };
    let asker = Asker { connector, settings, attributes };
    Ok(asker.ask(&columns, question, context).await?.into_people(&columns))
}

/// Finds the people of some ids.
pub(super) async fn look_up(
    connector: &Connector,
    settings: &Settings,
    ids: &[String],
    attributes: &Attributes,
    context: &Context,
) -> Result<Vec<People>, Error> {
    let columns = Columns::new(&connector.mapping);
    let asker = Asker { connector, settings, attributes };
    let mut found = Vec::new();
    for some in ids.chunks(TOGETHER) {
        let Some(any) = columns.equals(columns.id, some) else { break };
        let filter = narrowed(&settings.first(connector)?.filter, &any);
        let question = Question { filter: &filter, address: None, whole: false };
        found.push(asker.ask(&columns, question, context).await?.into_people(&columns));
    }
    Ok(found)
}

impl Settings {
    /// The first domain controller.
    fn first(&self, connector: &Connector) -> Result<&ldap::Settings, Error> {
        self.controllers.first().ok_or_else(|| no_controller(connector))
    }
}

fn no_controller(connector: &Connector) -> Error {
    let fault = "names no domain controller".to_owned();
    Error::Setting { connector: connector.name.clone(), setting: "url", fault }
}

/// Who asks domain controllers, one after the other.
#[derive(Debug, Clone, Copy)]
struct Asker<'a> {
    connector: &'a Connector,
    settings: &'a Settings,
    attributes: &'a Attributes,
}

impl<'a> Asker<'a> {
    /// Puts the question to the first domain controller that has an answer.
    async fn ask(
        self,
        columns: &Columns,
        question: Question<'_>,
        context: &Context,
    ) -> Result<Gathered<'a>, Error> {
        let name = &self.connector.name;
        retry(name, context, || async move {
            let mut outcome = Err(no_controller(self.connector));
            let mut controllers = self.settings.controllers.iter().peekable();
            while let Some(controller) = controllers.next() {
                context.progress.set(0);
                let at = gather::At { controller, now: Utc::now(), zone: self.settings.zone };
                outcome = gather::visit(self, at, columns, question, &context.progress).await;
                match &outcome {
                    Err(error) if error.is_transient() && controllers.peek().is_some() => {
                        let (kind, controller) = (error.kind(), &controller.url);
                        tracing::warn!(connector = %name, %controller, kind, "asking the next domain controller");
                    }
                    Ok(_) | Err(_) => break,
                }
            }
            outcome
        })
        .await
    }
}
