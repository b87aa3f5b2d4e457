//! Confirmation pages to approve, reject or undo a run.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect};

use super::background_operations::{
    self, BackgroundOperation, OperationOutcome, OperationResult, ResultList,
};
use super::{run_detail, run_lookup};
use crate::WebContext;
use crate::actions;
use crate::error::{PageError, format_sentence};
use crate::form_data::FormData;
use crate::layout::{FieldError, Layout, MenuItem};
use crate::pages::sign_in::confirm;
use crate::pages::{PageResult, render_page_with_status};
use crate::return_path::local_path;
use rollcall_core::accounts::Principal;
use rollcall_core::sync::ApprovalError;
use rollcall_core::sync::approve::{self, ApprovalResult};
use rollcall_core::sync::format;
use rollcall_core::sync::undo::{self, UndoConfirmation, UndoCounts, UndoError};
use rollcall_model::format::count;
use rollcall_model::ids::{GroupId, RunId};
use rollcall_model::role::Permission;
use rollcall_model::run_record::RunRecordKind;
use rollcall_store::holds::HeldChangeRecord;
use rollcall_store::{groups, learners};

/// Maximum number of lines of a list that are shown. The rest is counted.
const MAX_LINES: usize = 200;

/// Decision about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DecisionKind {
    Approve,
    Reject,
    Undo,
}

impl DecisionKind {
    fn of(text: &str) -> Result<Self, PageError> {
        match text {
            "approve" => Ok(Self::Approve),
            "reject" => Ok(Self::Reject),
            "undo" => Ok(Self::Undo),
            _ => Err(PageError::Missing { what: "the page".to_owned() }),
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Undo => "undo",
        }
    }

    fn button(self) -> &'static str {
        match self {
            Self::Approve => "Approve",
            Self::Reject => "Reject",
            Self::Undo => "Undo",
        }
    }
}

#[derive(Template)]
#[template(path = "sync/decision.html")]
struct DecisionPage {
    frame: Layout,
    run: i64,
    deed: DecisionKind,
    /// Path to return to.
    back: String,
    lines: Vec<String>,
    because: Vec<String>,
    touched: Vec<String>,
    /// True if the page asks for the number of the run.
    asks_number: bool,
}

impl ResultList {
    fn of(title: String, mut lines: Vec<String>) -> Self {
        let more = lines.len().saturating_sub(MAX_LINES);
        lines.truncate(MAX_LINES);
        Self { title, lines, more }
    }

    fn changes(title: String, changes: &[HeldChangeRecord]) -> Self {
        Self::of(title, changes.iter().map(format::sentence).collect())
    }
}

pub(super) async fn show_confirmation(
    State(web): State<WebContext>,
    Path((id, deed)): Path<(i64, String)>,
    Extension(who): Extension<Principal>,
) -> PageResult {
    render_confirmation(&web, &who, id, DecisionKind::of(&deed)?, &run_path(id), (Vec::new(), Vec::new()))
        .await
}

fn run_path(run: i64) -> String {
    format!("/sync/runs/{run}")
}

/// The undo page. A manager returns to the page with the notice of the change.
pub(super) async fn show_undo(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    headers: HeaderMap,
    Extension(who): Extension<Principal>,
) -> PageResult {
    actions::check_may_undo(&web, &who, id).await?;
    let from = confirm::referring_path(&headers);
    let path = from.split('?').next().unwrap_or_default();
    let back = if who.role.allows(Permission::Operate) { run_path(id) } else { path.to_owned() };
    render_confirmation(&web, &who, id, DecisionKind::Undo, &back, (Vec::new(), Vec::new())).await
}

async fn render_confirmation(
    web: &WebContext,
    who: &Principal,
    run: i64,
    deed: DecisionKind,
    back: &str,
    (faults, touched): (Vec<FieldError>, Vec<String>),
) -> PageResult {
    let mut tx = web.store.begin_read().await?;
    let record = run_lookup::find_run(&mut tx, run).await?;
    let (because, connector) = run_detail::because(&mut tx, run).await?;
    // A refusal may be one for want of the number: the undo counts more exactly than this page.
    let is_refused = !faults.is_empty() && touched.is_empty();
    let asks_number =
        deed == DecisionKind::Undo && (is_refused || exceeds_limits(web, &mut tx, &record.run).await?);
    let lines = match deed {
        DecisionKind::Approve => run_detail::named_in_words(&mut tx, connector, run, true).await?,
        DecisionKind::Reject => run_detail::named_in_words(&mut tx, connector, run, false).await?,
        DecisionKind::Undo => describe_undo(&record.run),
    };
    let title = format!("{} run {run}", deed.button());
    let frame = Layout::new(who, MenuItem::Sync, title).faults(faults);
    let because = if deed == DecisionKind::Undo { Vec::new() } else { because };
    let back = back.to_owned();
    let page = DecisionPage { frame, run, deed, back, lines, because, touched, asks_number };
    render_page_with_status(page.frame.status(), &page)
}

/// Returns true if the undo of a run can exceed the safety limits.
async fn exceeds_limits(
    web: &WebContext,
    tx: &mut rollcall_store::Tx,
    run: &rollcall_store::runs::Run,
) -> Result<bool, PageError> {
    let learners = learners::count_with_access(tx).await?.unsigned_abs();
    let given = run.memberships_added.max(run.jobs_enqueued).unsigned_abs();
    Ok(web.config().safety.needs_confirmation(given, learners))
}

/// Lists the effects of an undo, as far as they are known in advance.
fn describe_undo(run: &rollcall_store::runs::Run) -> Vec<String> {
    let number = |number: i64, one, many| count(number.unsigned_abs(), one, many);
    let mut lines = Vec::new();
    if run.memberships_added > 0 {
        lines.push(format!(
            "{} that it added end, as far as they are unchanged",
            number(run.memberships_added, "membership", "memberships")
        ));
    }
    if run.memberships_removed > 0 {
        let removed = number(run.memberships_removed, "membership", "memberships");
        lines.push(format!("{removed} that it removed come back, with joining and due dates"));
    }
    if run.people_left > 0 {
        lines.push(format!("{} who left are back", number(run.people_left, "learner", "learners")));
    }
    if run.groups_created > 0 {
        lines.push(format!("{} that it made go", number(run.groups_created, "group", "groups")));
    }
    if run.kind == RunRecordKind::Hand {
        lines.push(format!("What this change did is as before: {}", run.what));
    }
    lines
}

pub(super) async fn submit_decision(
    State(web): State<WebContext>,
    Path((id, deed)): Path<(i64, String)>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    submit(&web, &who, id, DecisionKind::of(&deed)?, &form).await
}

pub(super) async fn submit_undo(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    actions::check_may_undo(&web, &who, id).await?;
    submit(&web, &who, id, DecisionKind::Undo, &form).await
}

async fn submit(
    web: &WebContext,
    who: &Principal,
    id: i64,
    deed: DecisionKind,
    form: &FormData,
) -> PageResult {
    let back = match form.text("back") {
        "" => run_path(id),
        text => local_path(text).to_owned(),
    };
    let typed = Some(form.text("typed").trim().to_owned()).filter(|text| !text.is_empty());
    let ended = match deed {
        DecisionKind::Approve | DecisionKind::Undo => {
            let order = BackgroundOperation {
                title: format!("{} run {id}", deed.button()),
                what: format!("{} run {id}", deed.as_str()),
                back: back.clone(),
            };
            let (doing, by) = (web.clone(), who.clone());
            let begun = background_operations::start_operation(web, who, order, move || async move {
                if deed == DecisionKind::Approve {
                    approve_run(&doing, &by, id).await
                } else {
                    undo_run(&doing, &by, id, typed.as_deref()).await
                }
            });
            match begun.await? {
                Ok(ended) => ended,
                Err(elsewhere) => return Ok(elsewhere),
            }
        }
        DecisionKind::Reject => {
            let mut about = web.new_manual_run(who, format!("reject run {id}"));
            about.subject = Some(RunId(id));
            summarize_decision(
                id,
                deed,
                approve::reject(&web.store, &about, web.change_time(), RunId(id)).await,
            )?
        }
    };
    match ended {
        OperationOutcome::Completed(came) if back != run_path(id) && came.lists.is_empty() => {
            Ok(Redirect::to(&path_after_undo(web, &back, came.number).await?).into_response())
        }
        OperationOutcome::Completed(came) => background_operations::show_result(who, came),
        OperationOutcome::Run(run) => Ok(Redirect::to(&run_path(run)).into_response()),
        OperationOutcome::Refused { text, touched } => {
            let faults = vec![FieldError::new("", text)];
            render_confirmation(web, who, id, deed, &back, (faults, touched)).await
        }
    }
}

/// The page that the user came from, with the notice of an undo; the list of groups if it was the page of a group that is
/// gone.
async fn path_after_undo(web: &WebContext, back: &str, run: i64) -> Result<String, PageError> {
    let group = back.strip_prefix("/groups/").and_then(|id| id.parse().ok());
    let is_gone = match group {
        Some(id) => {
            let mut tx = web.store.begin_read().await?;
            groups::get(&mut tx, GroupId(id)).await?.is_none_or(|group| group.deleted_run_id.is_some())
        }
        None => false,
    };
    let path = if is_gone { "/groups" } else { back };
    Ok(format!("{path}?run={run}"))
}

async fn approve_run(web: &WebContext, who: &Principal, id: i64) -> Result<OperationOutcome, PageError> {
    let asked_for = actions::build_approval_request(web, who, format!("approve run {id}"));
    let config = web.config();
    let done = approve::approve(&web.store, config.for_sync(), RunId(id), &asked_for).await;
    summarize_decision(id, DecisionKind::Approve, done)
}

async fn undo_run(
    web: &WebContext,
    who: &Principal,
    id: i64,
    typed: Option<&str>,
) -> Result<OperationOutcome, PageError> {
    let about = actions::new_undo_run(web, who, id);
    let config = web.config();
    let confirmation = UndoConfirmation::ByNumber(typed, &config.safety);
    let (file, when) = (config.for_sync(), web.change_time());
    match undo::undo_run(&web.store, file, &about, when, RunId(id), confirmation).await {
        Ok(undone) => Ok(OperationOutcome::Completed(summarize_undo(id, undone))),
        Err(UndoError::Store(error)) => Err(error.into()),
        Err(error) => {
            let text = format_sentence(&error.to_string());
            let touched = match error {
                UndoError::Nothing { touched, .. } => touched,
                UndoError::Store(_)
                | UndoError::NoRun { .. }
                | UndoError::Running { .. }
                | UndoError::Suspension { .. }
                | UndoError::Restoration { .. }
                | UndoError::NumberNeeded { .. }
                | UndoError::OtherNumber { .. } => Vec::new(),
            };
            Ok(OperationOutcome::Refused { text, touched })
        }
    }
}

fn summarize_decision(
    run: i64,
    deed: DecisionKind,
    decided: Result<ApprovalResult, ApprovalError>,
) -> Result<OperationOutcome, PageError> {
    let decided = match decided {
        Ok(decided) => decided,
        Err(ApprovalError::Sync(rollcall_core::sync::SyncError::Store(error))) => {
            return Err(error.into());
        }
        Err(error) => {
            let mut text = format_sentence(&error.to_string());
            if let ApprovalError::NothingHeld { newer: Some(newer), .. } = &error {
                text.push_str(&format!(" The pending changes belong to run {newer}."));
            }
            if let ApprovalError::Rejected { rejection, .. } = &error {
                text.push_str(&format!(" To apply them after all, approve run {rejection}."));
            }
            return Ok(OperationOutcome::Refused { text, touched: Vec::new() });
        }
    };
    let changes = |number: usize| count(number as u64, "change", "changes");
    let verb = if deed == DecisionKind::Approve { "Approved" } else { "Rejected" };
    let mut lists = Vec::new();
    if !decided.done.is_empty() {
        lists.push(ResultList::changes(verb.to_owned(), &decided.done));
    }
    if !decided.dropped.is_empty() {
        let title = format!("No longer required, and not applied: {}", changes(decided.dropped.len()));
        lists.push(ResultList::changes(title, &decided.dropped));
    }
    if !decided.waiting.is_empty() {
        let title =
            format!("Waiting for approval, not shown by run {run}: {}", changes(decided.waiting.len()));
        lists.push(ResultList::changes(title, &decided.waiting));
    }
    Ok(OperationOutcome::Completed(OperationResult {
        title: format!("{verb} run {run}"),
        run,
        number: decided.run.0,
        summary: format!("{verb} {} that run {run} held", changes(decided.done.len())),
        lists,
        newer: decided.waiting.iter().map(|change| change.last_run_id).max(),
    }))
}

fn summarize_undo(run: i64, undone: UndoCounts) -> OperationResult {
    let summary = format!("Undid run {run}: {}", undone.in_words());
    let mut lists = Vec::new();
    if !undone.touched.is_empty() {
        let touched = count(undone.touched.len() as u64, "change was", "changes were");
        lists.push(ResultList::of(format!("{touched} changed again later, and not undone"), undone.touched));
    }
    OperationResult {
        title: format!("Undid run {run}"),
        run,
        number: undone.run,
        summary,
        lists,
        newer: None,
    }
}
