//! One visit at a domain controller: groups, people, and who their managers are.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::connectors::Error;
use crate::connectors::active_directory::Asker;
use crate::connectors::active_directory::columns::Columns;
use crate::connectors::active_directory::dn;
use crate::connectors::active_directory::groups::{self, Groups};
use crate::connectors::active_directory::managers::Managers;
use crate::connectors::ldap::{
    Gathering, Plain, Search, Session, Settings, Sink, TOGETHER, Way, any_of, can_search, narrowed,
};
use crate::connectors::mapper::{Mapper, Record};
use crate::connectors::proof::{EndedBase, References};
use crate::model::names::fold;
use crate::model::people::People;
use crate::model::progress::Progress;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'q> {
    /// Who is wanted.
    pub filter: &'q str,
    /// Only whoever has this address; a filter may find more, where the address is one of several attributes.
    pub address: Option<&'q str>,
    /// Whether it asks for everybody.
    pub whole: bool,
}

/// Where and when it is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a> {
    pub controller: &'a Settings,
    pub now: DateTime<Utc>,
    pub zone: Tz,
}

/// What a visit brought.
#[derive(Debug)]
pub(super) struct Gathered<'a> {
    pub mapper: Mapper<'a>,
    pub managers: Managers,
    /// Where was searched.
    pub bases: Vec<String>,
    /// Which of these searches came to a proven end.
    pub ended: Vec<EndedBase>,
}

impl Gathered<'_> {
    /// Whoever came.
    pub fn into_people(self, columns: &Columns) -> People {
        let mut people = self.mapper.into_people();
        self.managers.name(&mut people, columns);
        people
    }
}

/// Connects, and searches for groups and for people.
pub(super) async fn visit<'a>(
    asker: Asker<'a>,
    at: At<'_>,
    columns: &Columns,
    question: Question<'_>,
    progress: &Progress,
) -> Result<Gathered<'a>, Error> {
    let Asker { connector, attributes, .. } = asker;
    let controller = at.controller;
    can_search(&connector.name, controller, question.filter)?;
    let mut session = Way::new(&connector.name, controller)?.walk().await?;
    let (mut bases, mut ended, mut groups) = (Vec::new(), Vec::new(), Groups::default());
    if columns.want_groups() {
        bases = domains(controller);
        (groups, ended) = read_groups(&mut session, &bases).await?;
    }
    let mapper = Mapper::new(&connector.name, &connector.mapping, attributes);
    let plain = Plain { mapper, progress: progress.clone() };
    let mut people = gathering(columns, at, groups, plain);
    people.sink.only = question.address.map(fold);
    people.sink.notes = !question.whole;
    let search = searching(columns.attributes(), question.filter);
    for base in &controller.base_dns {
        ended.push(people.search(&mut session, &search, base).await?);
        bases.push(base.clone());
    }
    let Persons { plain, mut managers, .. } = people.sink;
    find_managers(&mut session, columns, controller, &mut managers).await?;
    session.close().await;
    Ok(Gathered { mapper: plain.mapper, managers, bases, ended })
}

/// What to search for. References to other naming contexts are passed over.
pub(super) fn searching<'a>(attributes: Vec<&'a str>, filter: &'a str) -> Search<'a> {
    Search { filter, attributes, references: References::OtherDirectories }
}

/// Prepares to read people.
pub(super) fn gathering<'a, 'c>(
    columns: &'c Columns,
    at: At<'_>,
    groups: Groups,
    plain: Plain<'a>,
) -> Gathering<Persons<'a, 'c>> {
    let (managers, now, zone) = (Managers::default(), at.now, at.zone);
    let sink = Persons { columns, groups, managers, plain, now, zone, only: None, notes: false };
    Gathering::new(columns.names(), at.controller.base_dns.len(), sink)
}

/// The domains in which people are looked for: groups may lie anywhere in them.
pub(super) fn domains(controller: &Settings) -> Vec<String> {
    let mut domains: Vec<String> = Vec::new();
    for base in &controller.base_dns {
        let domain = dn::domain(base);
        if !domains.iter().any(|known| dn::key(known) == dn::key(domain)) {
            domains.push(domain.to_owned());
        }
    }
    domains
}

/// Reads the groups of some domains, without their members.
pub(super) async fn read_groups(
    session: &mut Session<'_>,
    domains: &[String],
) -> Result<(Groups, Vec<EndedBase>), Error> {
    let mut gathering = Gathering::new(groups::COLUMNS, domains.len(), Groups::default());
    let search = searching(groups::COLUMNS.to_vec(), groups::FILTER);
    let mut ended = Vec::new();
    for domain in domains {
        ended.push(gathering.search(session, &search, domain).await?);
    }
    Ok((gathering.sink, ended))
}

/// Looks for managers who are people of this connector and did not come with those who were asked for.
pub(super) async fn find_managers(
    session: &mut Session<'_>,
    columns: &Columns,
    controller: &Settings,
    managers: &mut Managers,
) -> Result<(), Error> {
    for some in managers.unknown().chunks(TOGETHER) {
        let filter = narrowed(&controller.filter, &any_of("distinguishedName", some));
        let search = searching(columns.attributes_of_id(), &filter);
        let sink = Ids { columns, managers: &mut *managers };
        let mut gathering = Gathering::new(columns.names(), controller.base_dns.len(), sink);
        for base in &controller.base_dns {
            gathering.search(session, &search, base).await?;
        }
    }
    Ok(())
}

/// Takes people.
#[derive(Debug)]
pub(super) struct Persons<'a, 'c> {
    columns: &'c Columns,
    groups: Groups,
    pub managers: Managers,
    pub plain: Plain<'a>,
    now: DateTime<Utc>,
    zone: Tz,
    /// The address, folded, of the only ones who are wanted.
    only: Option<String>,
    /// Whether it is noted who is a manager: needless where everybody comes.
    pub notes: bool,
}

impl Sink for Persons<'_, '_> {
    fn take(&mut self, record: &mut Record, dn: &[u8]) {
        let Self { columns, groups, managers, plain, .. } = self;
        columns.derive(record, groups, self.now, self.zone);
        let address = columns.address;
        let has =
            |only: &String| address.is_some_and(|address| record.of(address).any(|one| fold(one) == *only));
        if self.only.as_ref().is_some_and(|only| !has(only)) {
            return;
        }
        if !columns.people.is_empty() {
            if let Some(id) = columns.id_of(record) {
                managers.learn(dn, &id);
            }
            for (_, column) in columns.people.iter().filter(|_| self.notes) {
                record.of(*column).for_each(|dn| managers.note(dn));
            }
        }
        plain.take(record, dn);
    }
}

/// Takes ids only.
struct Ids<'m> {
    columns: &'m Columns,
    managers: &'m mut Managers,
}

impl Sink for Ids<'_> {
    fn take(&mut self, record: &mut Record, dn: &[u8]) {
        if let Some(id) = self.columns.id_of(record) {
            self.managers.learn(dn, &id);
        }
    }
}
