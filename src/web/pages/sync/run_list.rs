//! Run list page.

use askama::Template;
use axum::Extension;
use axum::extract::State;

use crate::WebContext;
use crate::csv_export;
use crate::filters;
use crate::form_data::{FormData, UrlQuery};
use crate::layout::{Layout, MenuItem};
use crate::list_cursor::{ListCursor, ListPageRequest, split_next_page};
use crate::pages::groups::format_local_time;
use crate::pages::{PageResult, render_page};
use rollcall_core::accounts::Principal;
use rollcall_model::run_record::RunStatus;
use rollcall_store::connectors;
use rollcall_store::listing::audit_log::{self, AuditLogEntry, AuditLogFilter};

/// Run states that can be filtered by.
const RUN_STATES: [RunStatus; 5] =
    [RunStatus::Applied, RunStatus::Unchanged, RunStatus::Held, RunStatus::Failed, RunStatus::Running];

#[derive(Template)]
#[template(path = "sync/run_list.html")]
struct RunOverviewPage<'a> {
    frame: Layout,
    tab: &'static str,
    /// Options, each with whether it is selected.
    connectors: Vec<(String, bool)>,
    states: [(RunStatus, bool); 5],
    connector: &'a str,
    status: &'a str,
    rows: Vec<RunLine>,
    next: Option<String>,
    is_first: bool,
}

struct RunLine {
    record: AuditLogEntry,
    started: String,
    connector: String,
    seconds: String,
}

/// Formats the duration of a run in seconds. Empty while the run is in progress.
pub(super) fn format_duration(run: &rollcall_store::runs::Run) -> String {
    let took = run.finished_at.map(|end| (end - run.started_at).num_milliseconds());
    took.map_or_else(String::new, |took| {
        let tenths = (took.max(0) + 50) / 100;
        format!("{}.{}", tenths / 10, tenths % 10)
    })
}

fn row_cursor(one: &AuditLogEntry) -> ListCursor {
    ListCursor { text: String::new(), id: one.run.run }
}

fn parse_filter(query: &FormData) -> AuditLogFilter<'_> {
    let connector = query.text("connector");
    AuditLogFilter {
        connector,
        status: query.text("status"),
        of_connectors: true,
        ..AuditLogFilter::default()
    }
}

pub(super) async fn show(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let find = parse_filter(&query);
    let here = ListPageRequest::from_query(&query);
    let from = here.to_store_page();
    let zone = web.config().timezone;
    let mut tx = web.store.begin_read().await?;
    let mut rows = audit_log::list(&mut tx, find, from.id, from.limit).await?;
    let next = split_next_page(&mut rows, row_cursor);
    let line = |record: AuditLogEntry| RunLine {
        started: format_local_time(record.run.started_at, zone),
        connector: record.run.connector.clone().unwrap_or_default(),
        seconds: format_duration(&record.run),
        record,
    };
    let page_of = RunOverviewPage {
        frame: Layout::new(&who, MenuItem::Sync, "Runs"),
        tab: "runs",
        connectors: connectors::list(&mut tx)
            .await?
            .into_iter()
            .map(|row| (row.name.clone(), row.name == find.connector))
            .collect(),
        states: RUN_STATES.map(|one| (one, one.as_str() == find.status)),
        connector: find.connector,
        status: find.status,
        rows: rows.into_iter().map(line).collect(),
        next,
        is_first: here.is_first(),
    };
    render_page(&page_of)
}

pub(super) async fn export_csv(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    _: Extension<Principal>,
) -> PageResult {
    let find = parse_filter(&query);
    let header = [
        "run",
        "connector",
        "kind",
        "status",
        "started",
        "seconds",
        "people read",
        "new",
        "changed",
        "left",
        "set aside",
        "memberships added",
        "removed",
        "held",
        "jobs",
        "who",
        "what",
        "error",
    ];
    let mut sheet = csv_export::CsvWriter::new(header);
    let mut tx = web.store.begin_read().await?;
    let mut before = 0;
    loop {
        let rows = audit_log::list(&mut tx, find, before, csv_export::BATCH_ROWS).await?;
        let Some(last) = rows.last() else { break };
        before = last.run.run;
        for AuditLogEntry { run, .. } in &rows {
            sheet.write_row([
                &run.run.to_string(),
                run.connector.as_deref().unwrap_or_default(),
                run.kind.as_str(),
                run.status.as_str(),
                &run.started_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                &format_duration(run),
                &run.people_read.to_string(),
                &run.people_new.to_string(),
                &run.people_changed.to_string(),
                &run.people_left.to_string(),
                &run.people_set_aside.to_string(),
                &run.memberships_added.to_string(),
                &run.memberships_removed.to_string(),
                &run.memberships_held.to_string(),
                &run.jobs_enqueued.to_string(),
                &run.actor,
                &run.what,
                run.error.as_deref().unwrap_or_default(),
            ]);
        }
    }
    Ok(sheet.into_download("runs.csv"))
}
