//! Overview page of all connectors and pending changes.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use chrono::Utc;
use chrono_tz::Tz;

use crate::WebContext;
use crate::filters;
use crate::layout::{FieldError, Layout, MenuItem};
use crate::pages::groups::format_local_time;
use crate::pages::{PageResult, render_page_with_status};
use rollcall_core::accounts::Principal;
use rollcall_core::sync::connector_status::{ConnectorStatus, overview};
use rollcall_model::run_record::RunStatus;
use rollcall_store::listing::runs;

#[derive(Template)]
#[template(path = "sync/connector_overview.html")]
struct ConnectorOverviewPage {
    frame: Layout,
    tab: &'static str,
    rows: Vec<ConnectorLine>,
    waiting: Vec<(String, i64, i64)>,
    struck: Vec<String>,
}

/// A connector in a list.
pub(in crate::pages) struct ConnectorLine {
    pub glance: ConnectorStatus,
    pub last: String,
    pub state: String,
    pub next: String,
}

impl ConnectorLine {
    pub(in crate::pages) fn new(glance: ConnectorStatus, zone: Tz) -> Self {
        Self {
            last: glance.last_started_at.map_or_else(String::new, |at| format_local_time(at, zone)),
            state: match (&glance.holder, glance.last_status) {
                (Some(_), _) => "running now".to_owned(),
                (None, Some(RunStatus::Running)) => "interrupted".to_owned(),
                (None, Some(status)) => status.to_string(),
                (None, None) => "never run".to_owned(),
            },
            next: glance
                .next_run_at
                .map_or_else(|| "by hand only".to_owned(), |at| format_local_time(at, zone)),
            glance,
        }
    }
}

pub(super) async fn show_connectors(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
) -> PageResult {
    render_connectors(&web, &who, Vec::new()).await
}

/// Renders the page with the error of an action.
pub(super) async fn render_connectors(
    web: &WebContext,
    who: &Principal,
    faults: Vec<FieldError>,
) -> PageResult {
    let config = web.config();
    let zone = config.timezone;
    let mut tx = web.store.begin_read().await?;
    let all = overview(&mut tx, &config.connectors, Utc::now()).await?;
    let waiting = runs::list_pending(&mut tx).await?;
    let page = ConnectorOverviewPage {
        frame: Layout::new(who, MenuItem::Sync, "Sync").faults(faults),
        tab: "overview",
        rows: all.connectors.into_iter().map(|one| ConnectorLine::new(one, zone)).collect(),
        waiting,
        struck: all.struck,
    };
    render_page_with_status(page.frame.status(), &page)
}
