//! Operations shared by pages and API that plan changes: syncs, approvals, links between learners, and restorations.

use std::time::Duration;

use crate::error::PageError;
use crate::{WebContext, run_blocking};
use rollcall_connectors::{ReadContext, ReadProgress, retry};
use rollcall_core::accounts::Principal;
use rollcall_core::groups::learner_links::LinkResult;
use rollcall_core::sync::ApprovalRequest;
use rollcall_core::sync::restore_learner::{self, RestorationResult};
use rollcall_core::sync::resync_learner::ResyncContext;
use rollcall_core::sync::{self, RunOptions, RunReport, link_learners};
use rollcall_model::ids::RunId;
use rollcall_model::role::Permission;
use rollcall_store::runs::{self, NewRun, RunRecordKind};

/// Maximum wait for the lease of a connector.
const LEASE_TIMEOUT: Duration = Duration::from_secs(10);

/// Builds the options of a run with default settings.
pub(super) fn build_run_options(web: &WebContext, who: &Principal, what: String) -> RunOptions {
    let reading = ReadContext {
        cancel: web.stop.clone(),
        progress: ReadProgress::default(),
        retry: retry::RetryPolicy::INTERACTIVE,
        limits: web.config().limits.clone(),
        last_file: None,
    };
    RunOptions {
        actor: who.actor.clone(),
        what,
        dry_run: false,
        only: None,
        allow_removals: false,
        patience: LEASE_TIMEOUT,
        reading,
    }
}

/// Builds the request of an approval or retirement.
pub(super) fn build_approval_request(web: &WebContext, who: &Principal, what: String) -> ApprovalRequest {
    ApprovalRequest { actor: who.actor.clone(), what, patience: LEASE_TIMEOUT, stop: web.stop.clone() }
}

/// Checks that a principal may undo a run: operators every run, managers their own changes by hand.
pub(super) async fn check_may_undo(web: &WebContext, who: &Principal, run: i64) -> Result<(), PageError> {
    if who.role.allows(Permission::Operate) {
        return Ok(());
    }
    let found = runs::get(&mut web.store.begin_read().await?, RunId(run)).await?;
    let found = found.ok_or_else(|| PageError::Missing { what: "the run".to_owned() })?;
    if found.kind == RunRecordKind::Hand && found.actor == who.actor {
        return Ok(());
    }
    Err(PageError::Forbidden { role: who.role, may: Permission::Operate })
}

/// Creates the run record of an undo.
pub(super) fn new_undo_run(web: &WebContext, who: &Principal, run: i64) -> NewRun {
    NewRun {
        kind: RunRecordKind::Undo,
        subject: Some(RunId(run)),
        ..web.new_manual_run(who, format!("undo run {run}"))
    }
}

/// Syncs one e-mail address with every connector. Returns one report per connector.
pub(super) async fn resync_learner(
    web: &WebContext,
    who: &Principal,
    email: &str,
) -> Result<Vec<RunReport>, PageError> {
    let options = RunOptions {
        only: Some(email.to_owned()),
        ..build_run_options(web, who, format!("resync `{email}`"))
    };
    let web = web.clone();
    run_blocking(move || async move {
        let config = web.config();
        let mut reports = Vec::new();
        for place in 0..config.connectors.len() {
            reports.push(sync::run(&web.store, config.for_sync(), place, &options).await);
        }
        reports
    })
    .await
}

/// Change of the link between two learners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkAction {
    /// Merge the learners.
    Link,
    /// Split the learners.
    Unlink,
}

/// Links or unlinks two learners, named by e-mail address or id.
pub(super) async fn change_learner_link(
    web: &WebContext,
    who: &Principal,
    two: LinkAction,
    [first, second]: [&str; 2],
) -> Result<Result<LinkResult, link_learners::LinkError>, PageError> {
    let verb = if two == LinkAction::Link { "link" } else { "unlink" };
    let about = web.new_manual_run(who, format!("{verb} `{first}` and `{second}`"));
    let names = [first.to_owned(), second.to_owned()];
    let web = web.clone();
    run_blocking(move || async move {
        let config = web.config();
        let context = build_resync_context(&web, config.for_sync());
        let names = names.each_ref().map(String::as_str);
        match two {
            LinkAction::Link => link_learners::link(context, &about, web.change_time(), names).await,
            LinkAction::Unlink => link_learners::unlink(context, &about, web.change_time(), names).await,
        }
    })
    .await
}

/// Restores a suspended learner, named by e-mail address or id.
pub(super) async fn restore_learner(
    web: &WebContext,
    who: &Principal,
    email: &str,
) -> Result<Result<RestorationResult, link_learners::LinkError>, PageError> {
    let about = web.new_manual_run(who, format!("restore `{email}`"));
    let (web, email) = (web.clone(), email.to_owned());
    run_blocking(move || async move {
        let config = web.config();
        let context = build_resync_context(&web, config.for_sync());
        restore_learner::restore_learner(context, &about, web.change_time(), &email).await
    })
    .await
}

fn build_resync_context<'a>(web: &'a WebContext, file: sync::File<'a>) -> ResyncContext<'a> {
    ResyncContext { store: &web.store, file, patience: LEASE_TIMEOUT, stop: &web.stop }
}
