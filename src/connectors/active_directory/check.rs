//! Steps of `rollcall check` for Active Directory.

use chrono::Utc;

use crate::active_directory::columns::AdColumns;
use crate::active_directory::query::{
    QueryContext, build_collector, build_search, find_managers, read_mapped_groups,
};
use crate::active_directory::{ActiveDirectorySettings, no_controller};
use crate::ldap::{LdapSession, MappingSink, connect_with_steps};
use crate::mapper::{PeopleSample, RecordMapper};
use crate::{CheckStep, Connector, ConnectorError, ReadContext, diagnostics};
use rollcall_model::attributes::AttributeSet;
use rollcall_model::progress::ReadProgress;

/// Checks the first domain controller that responds and warns about those before it. Stops at the first step that
/// fails. Does not retry.
pub(crate) async fn check(
    connector: &Connector,
    settings: &ActiveDirectorySettings,
    attributes: &AttributeSet,
    context: &ReadContext,
) -> Vec<CheckStep> {
    let failed = |name, error| CheckStep { name, outcome: Err(error), warnings: Vec::new() };
    let mut passed_over = Vec::new();
    let mut steps = vec![failed("settings", no_controller(connector))];
    let mut controllers = settings.controllers.iter().peekable();
    while let Some(controller) = controllers.next() {
        steps.clear();
        let at = QueryContext { controller, now: Utc::now(), zone: settings.zone };
        let walk = steps_of(connector, at, attributes, context, &mut steps);
        if context.cancel.run_until_cancelled(walk).await.is_none() {
            steps.push(diagnostics::cancelled_step(connector));
            break;
        }
        match steps.last().map(|step| &step.outcome) {
            Some(Err(error)) if error.is_transient() && controllers.peek().is_some() => {
                passed_over.push(format!("skipped `{}`: {error}", controller.url));
            }
            Some(_) | None => break,
        }
    }
    if let Some(first) = steps.first_mut() {
        first.warnings.append(&mut passed_over);
    }
    steps
}

/// Runs the steps; `None` if one failed.
async fn steps_of(
    connector: &Connector,
    at: QueryContext<'_>,
    attributes: &AttributeSet,
    context: &ReadContext,
    steps: &mut Vec<CheckStep>,
) -> Option<()> {
    let mut session = connect_with_steps(connector, at.controller, &context.limits, steps).await?;
    let read = first_page(connector, at, attributes, &mut session).await;
    session.close().await;
    let (sample, references) = diagnostics::record_step(steps, "read", read, |(sample, _)| {
        format!("{} people on the first page", sample.people.len())
    })?;
    if let Some(first) = references {
        diagnostics::add_warning(steps, format!("other directories are not read, for example `{first}`"));
    }
    diagnostics::add_sample_step(steps, connector, attributes, &sample);
    Some(())
}

/// Reads the first page of each search base, and the first reference to another directory.
async fn first_page(
    connector: &Connector,
    at: QueryContext<'_>,
    attributes: &AttributeSet,
    session: &mut LdapSession<'_>,
) -> Result<(PeopleSample, Option<String>), ConnectorError> {
    let columns = AdColumns::new(&connector.mapping);
    let groups = read_mapped_groups(session, &columns).await?.groups;
    let mapper = RecordMapper::new(&connector.name, &connector.mapping, attributes);
    let plain = MappingSink { mapper, progress: ReadProgress::default() };
    let mut collector = build_collector(&columns, at, groups, plain);
    collector.sink.notes = true;
    let search = build_search(columns.attributes(), &at.controller.filter);
    let (mut reference, mut is_whole) = (None, true);
    for base in &at.controller.base_dns {
        let page = collector.first_page(session, &search, base).await?;
        is_whole &= page.is_last();
        let (count, first) = page.references;
        reference = reference.or((count > 0).then_some(first));
    }
    let mut managers = std::mem::take(&mut collector.sink.managers);
    find_managers(session, &columns, at.controller, &mut managers).await?;
    let mut sample = collector.sink.plain.mapper.into_sample(is_whole)?;
    managers.replace_dns(&mut sample.people, &columns.people);
    Ok((sample, reference))
}
