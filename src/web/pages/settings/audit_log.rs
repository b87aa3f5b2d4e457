//! Audit log page: actor, time, action, old and new state of each change.

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
use rollcall_model::run_record::RunRecordKind;
use rollcall_store::listing::audit_log::{self, AuditLogEntry, AuditLogFilter};

/// Kinds of runs with their labels.
const CHANGE_KINDS: [(RunRecordKind, &str); 5] = [
    (RunRecordKind::Hand, "by hand"),
    (RunRecordKind::Sync, "syncs"),
    (RunRecordKind::Approval, "approvals"),
    (RunRecordKind::Undo, "undos"),
    (RunRecordKind::Clock, "by the clock"),
];

#[derive(Template)]
#[template(path = "settings/audit_log.html")]
struct AuditLogPage<'a> {
    frame: Layout,
    tab: &'static str,
    kinds: [(RunRecordKind, &'static str); 5],
    kind: &'a str,
    rows: Vec<AuditLogLine>,
    next: Option<String>,
    is_first: bool,
}

struct AuditLogLine {
    run: i64,
    at: String,
    actor: String,
    what: String,
    status: String,
    before: String,
    after: String,
    given: i64,
    ended: i64,
}

fn parse_kind(query: &FormData) -> &str {
    let wanted = query.text("kind");
    if CHANGE_KINDS.iter().any(|(kind, _)| kind.as_str() == wanted) { wanted } else { "" }
}

fn row_cursor(one: &AuditLogEntry) -> ListCursor {
    ListCursor { text: String::new(), id: one.run.run }
}

fn log_line(web: &WebContext, one: &AuditLogEntry) -> AuditLogLine {
    AuditLogLine {
        run: one.run.run,
        at: format_local_time(one.run.started_at, web.config().timezone),
        actor: one.run.actor.clone(),
        what: one.run.what.clone(),
        status: one.run.status.to_string(),
        before: one.before(),
        after: one.after(),
        given: one.run.memberships_added,
        ended: one.run.memberships_removed,
    }
}

pub(super) async fn show(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let kind = parse_kind(&query);
    let here = ListPageRequest::from_query(&query);
    let from = here.to_store_page();
    let mut tx = web.store.begin_read().await?;
    let mut rows =
        audit_log::list(&mut tx, AuditLogFilter { kind, ..AuditLogFilter::default() }, from.id, from.limit)
            .await?;
    let next = split_next_page(&mut rows, row_cursor);
    let rows = rows.iter().map(|one| log_line(&web, one)).collect();
    let frame = Layout::new(&who, MenuItem::Settings, "Changes");
    render_page(&AuditLogPage {
        frame,
        tab: "changes",
        kinds: CHANGE_KINDS,
        kind,
        rows,
        next,
        is_first: here.is_first(),
    })
}

pub(super) async fn export_csv(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    _: Extension<Principal>,
) -> PageResult {
    let find = AuditLogFilter { kind: parse_kind(&query), ..AuditLogFilter::default() };
    let header = ["run", "when", "who", "what", "status", "memberships added", "removed", "before", "after"];
    let mut sheet = csv_export::CsvWriter::new(header);
    let mut tx = web.store.begin_read().await?;
    let mut before = 0;
    loop {
        let rows = audit_log::list(&mut tx, find, before, csv_export::BATCH_ROWS).await?;
        let Some(last) = rows.last() else { break };
        before = last.run.run;
        for one in &rows {
            let run = &one.run;
            let json = |json: &Option<String>| json.clone().unwrap_or_default();
            sheet.write_row([
                &run.run.to_string(),
                &run.started_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                &run.actor,
                &run.what,
                run.status.as_str(),
                &run.memberships_added.to_string(),
                &run.memberships_removed.to_string(),
                &json(&one.found),
                &json(&one.made),
            ]);
        }
    }
    Ok(sheet.into_download("changes.csv"))
}
