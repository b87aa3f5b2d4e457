//! The way to Active Directory, shown step by step.

use chrono::Utc;

use crate::connectors::active_directory::columns::Columns;
use crate::connectors::active_directory::gather::{
    At, domains, find_managers, gathering, read_groups, searching,
};
use crate::connectors::active_directory::groups::Groups;
use crate::connectors::active_directory::{Settings, no_controller};
use crate::connectors::ldap::{Plain, Session, arrive};
use crate::connectors::mapper::Mapper;
use crate::connectors::{Connector, Context, Error, Step, walk};
use crate::model::attributes::Attributes;
use crate::model::people::People;
use crate::model::progress::Progress;

/// Walks towards the first domain controller that has an answer; those before it that have none are warned of. The first
/// step that fails is the last. Nothing is tried again.
pub(in crate::connectors) async fn check(
    connector: &Connector,
    settings: &Settings,
    attributes: &Attributes,
    context: &Context,
) -> Vec<Step> {
    let failed = |name, error| Step { name, outcome: Err(error), warnings: Vec::new() };
    let mut passed_over = Vec::new();
    let mut steps = vec![failed("settings", no_controller(connector))];
    let mut controllers = settings.controllers.iter().peekable();
    while let Some(controller) = controllers.next() {
        steps.clear();
        let at = At { controller, now: Utc::now(), zone: settings.zone };
        let walk = steps_of(connector, at, attributes, &mut steps);
        if context.cancel.run_until_cancelled(walk).await.is_none() {
            steps.push(walk::cancelled(connector));
            break;
        }
        match steps.last().map(|step| &step.outcome) {
            Some(Err(error)) if error.is_transient() && controllers.peek().is_some() => {
                passed_over.push(format!("`{}` is passed over: {error}", controller.url));
            }
            Some(_) | None => break,
        }
    }
    if let Some(first) = steps.first_mut() {
        first.warnings.append(&mut passed_over);
    }
    steps
}

/// Takes the steps; `None` when one failed.
async fn steps_of(
    connector: &Connector,
    at: At<'_>,
    attributes: &Attributes,
    steps: &mut Vec<Step>,
) -> Option<()> {
    let mut session = arrive(connector, at.controller, steps).await?;
    let read = first_page(connector, at, attributes, &mut session).await;
    session.close().await;
    let (people, references) =
        walk::step(steps, "read", read, |(people, _)| format!("{} people on the first page", people.len()))?;
    if let Some(first) = references {
        walk::warn(steps, format!("other directories are not read, such as `{first}`"));
    }
    walk::look(steps, connector, attributes, &people);
    Some(())
}

/// Whoever stands on the first page of each base, and the first reference to another directory.
async fn first_page(
    connector: &Connector,
    at: At<'_>,
    attributes: &Attributes,
    session: &mut Session<'_>,
) -> Result<(People, Option<String>), Error> {
    let columns = Columns::new(&connector.mapping);
    let groups = if columns.want_groups() {
        read_groups(session, &domains(at.controller)).await?.0
    } else {
        Groups::default()
    };
    let mapper = Mapper::new(&connector.name, &connector.mapping, attributes);
    let plain = Plain { mapper, progress: Progress::default() };
    let mut gathering = gathering(&columns, at, groups, plain);
    gathering.sink.notes = true;
    let search = searching(columns.attributes(), &at.controller.filter);
    let mut reference = None;
    for base in &at.controller.base_dns {
        let (count, first) = gathering.first_page(session, &search, base).await?.references;
        reference = reference.or((count > 0).then_some(first));
    }
    let mut managers = std::mem::take(&mut gathering.sink.managers);
    find_managers(session, &columns, at.controller, &mut managers).await?;
    let mut people = gathering.sink.plain.mapper.into_people();
    managers.name(&mut people, &columns);
    Ok((people, reference))
}
