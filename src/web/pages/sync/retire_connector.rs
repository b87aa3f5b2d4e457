//! Retirement of a connector that is no longer configured: confirmation page, then removal within the limits.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};

use super::background_operations::{self, BackgroundOperation, OperationOutcome};
use crate::actions;
use crate::error::{PageError, format_sentence};
use crate::layout::{FieldError, Layout, MenuItem};
use crate::pages::{PageResult, render_page_with_status};
use crate::{WebContext, run_blocking};
use rollcall_core::accounts::Principal;
use rollcall_core::sync::retire_connector::{self, RetireError};
use rollcall_core::sync::{RunReport, SyncError, format};
use rollcall_model::format::count;

#[derive(Template)]
#[template(path = "sync/retire_connector.html")]
struct RetireConnectorPage {
    frame: Layout,
    name: String,
    /// Removed objects with their counts.
    goes: Vec<String>,
    lines: Vec<String>,
    held: Option<String>,
    because: Vec<String>,
}

/// Converts a refusal to a message. Database errors and unknown names become page errors.
fn refusal_text(error: RetireError) -> Result<String, PageError> {
    match error {
        RetireError::Sync(SyncError::Store(error)) => Err(error.into()),
        RetireError::Unknown { name, .. } => {
            Err(PageError::Missing { what: format!("the connector {name}") })
        }
        RetireError::InFile { .. } | RetireError::Sync(_) => Ok(format_sentence(&error.to_string())),
    }
}

pub(super) async fn show_confirmation(
    State(web): State<WebContext>,
    Path(name): Path<String>,
    Extension(who): Extension<Principal>,
) -> PageResult {
    render_confirmation(&web, &who, name, Vec::new()).await
}

async fn render_confirmation(
    web: &WebContext,
    who: &Principal,
    name: String,
    mut faults: Vec<FieldError>,
) -> PageResult {
    let (doing, struck) = (web.clone(), name.clone());
    let planned = run_blocking(move || async move {
        let config = doing.config();
        let report = match retire_connector::plan_retirement(&doing.store, config.for_sync(), &struck).await {
            Ok(report) => report,
            Err(error) => return refusal_text(error).map(Err),
        };
        let lines = match &report.change_set {
            Some(change_set) => {
                let labels = format::load_labels(&doing.store, &report.connector, change_set).await?;
                format::lines(change_set, &labels)
            }
            None => Vec::new(),
        };
        Ok::<_, PageError>(Ok((report, lines)))
    });
    let frame = Layout::new(who, MenuItem::Sync, format!("Retire {name}"));
    let page = match planned.await?? {
        Ok((report, lines)) => build_page(frame, name, &report, lines),
        Err(text) => {
            faults.push(FieldError::new("", text));
            RetireConnectorPage {
                frame,
                name,
                goes: Vec::new(),
                lines: Vec::new(),
                held: None,
                because: Vec::new(),
            }
        }
    };
    let page = RetireConnectorPage { frame: page.frame.faults(faults), ..page };
    render_page_with_status(page.frame.status(), &page)
}

fn build_page(frame: Layout, name: String, report: &RunReport, lines: Vec<String>) -> RetireConnectorPage {
    let counts = &report.counts;
    let all = [
        (counts.people_left, "learner leaves", "learners leave"),
        (counts.memberships_removed, "membership ends", "memberships end"),
        (counts.limit_usage.enrollments, "enrollment ends", "enrollments end"),
    ];
    let goes = all.into_iter().filter(|(number, _, _)| *number > 0);
    let held = report.change_set.as_ref().filter(|_| report.is_held()).map(|change_set| &change_set.held);
    let because = held.map_or_else(Vec::new, |held| {
        let reasons = held.reasons.iter().map(|reason| reason.message.clone());
        held.causes.iter().cloned().chain(reasons).collect()
    });
    RetireConnectorPage {
        frame,
        name,
        goes: goes.map(|(number, one, many)| count(number, one, many)).collect(),
        lines,
        held: held.map(|_| format::held(counts)),
        because,
    }
}

pub(super) async fn submit_retirement(
    State(web): State<WebContext>,
    Path(name): Path<String>,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let what = format!("retire connector {name}");
    let order = BackgroundOperation {
        title: format!("Retire {name}"),
        what: what.clone(),
        back: format!("/sync/connectors/{}/retire", encode_url(&name)),
    };
    let asked_for = actions::build_approval_request(&web, &who, what);
    let (doing, struck) = (web.clone(), name.clone());
    let begun = background_operations::start_operation(&web, &who, order, move || async move {
        let config = doing.config();
        match retire_connector::retire(&doing.store, config.for_sync(), &struck, &asked_for, false).await {
            Ok(report) => Ok(OperationOutcome::Run(report.run.map_or(0, |run| run.0))),
            Err(error) => Ok(OperationOutcome::Refused { text: refusal_text(error)?, touched: Vec::new() }),
        }
    });
    match begun.await? {
        Ok(OperationOutcome::Run(run)) => Ok(Redirect::to(&format!("/sync/runs/{run}")).into_response()),
        Ok(OperationOutcome::Completed(came)) => background_operations::show_result(&who, came),
        Ok(OperationOutcome::Refused { text, .. }) => {
            render_confirmation(&web, &who, name, vec![FieldError::new("", text)]).await
        }
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// Encodes a name as a path segment.
fn encode_url(name: &str) -> String {
    url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20")
}
