//! What pages and API ask of the rooms below that plan: syncs, and two learners made one.

use std::time::Duration;

use crate::error::PageError;
use crate::{WebContext, run_blocking};
use rollcall_connectors::{ReadContext, ReadProgress, retry};
use rollcall_core::accounts::Principal;
use rollcall_core::groups::learner_links::LinkResult;
use rollcall_core::sync::resync_learner::ResyncContext;
use rollcall_core::sync::{self, RunOptions, RunReport, approve, link_learners};
use rollcall_model::ids::RunId;
use rollcall_store::runs::{NewRun, RunRecordKind};

/// How long somebody waits for a run that is under way.
const LEASE_TIMEOUT: Duration = Duration::from_secs(10);

/// A run that nothing special is asked of.
pub(super) fn build_run_options(web: &WebContext, who: &Principal, what: String) -> RunOptions {
    let reading = ReadContext {
        cancel: web.stop.clone(),
        progress: ReadProgress::default(),
        retry: retry::RetryPolicy::INTERACTIVE,
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

/// An approval or a retirement, as somebody asks for it here.
pub(super) fn build_approval_request(
    web: &WebContext,
    who: &Principal,
    what: String,
) -> approve::ApprovalRequest {
    approve::ApprovalRequest {
        actor: who.actor.clone(),
        what,
        patience: LEASE_TIMEOUT,
        stop: web.stop.clone(),
    }
}

/// The undo of a run, for the record of changes.
pub(super) fn new_undo_run(web: &WebContext, who: &Principal, run: i64) -> NewRun {
    NewRun {
        kind: RunRecordKind::Undo,
        subject: Some(RunId(run)),
        ..web.new_manual_run(who, format!("undo run {run}"))
    }
}

/// Asks every connector for one address; answers what each came to.
pub(super) async fn resync_learner(
    web: &WebContext,
    who: &Principal,
    email: &str,
) -> Result<Vec<RunReport>, PageError> {
    let asked = RunOptions {
        only: Some(email.to_owned()),
        ..build_run_options(web, who, format!("resync `{email}`"))
    };
    let web = web.clone();
    run_blocking(move || async move {
        let config = web.config();
        let mut reports = Vec::new();
        for place in 0..config.connectors.len() {
            reports.push(sync::run(&web.store, config.for_sync(), place, &asked).await);
        }
        reports
    })
    .await
}

/// What becomes of two learners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkAction {
    /// They are made one.
    Link,
    /// They are parted.
    Unlink,
}

/// Makes the learner of an address and another one into one, or parts them.
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
        let anew = ResyncContext {
            store: &web.store,
            file: config.for_sync(),
            patience: LEASE_TIMEOUT,
            stop: &web.stop,
        };
        let names = names.each_ref().map(String::as_str);
        match two {
            LinkAction::Link => link_learners::link(anew, &about, web.change_time(), names).await,
            LinkAction::Unlink => link_learners::unlink(anew, &about, web.change_time(), names).await,
        }
    })
    .await
}
