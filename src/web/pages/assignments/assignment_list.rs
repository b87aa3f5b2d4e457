//! Assignment list page.

use askama::Template;
use axum::Extension;
use axum::extract::State;

use crate::WebContext;
use crate::csv_export;
use crate::filters;
use crate::form_data::UrlQuery;
use crate::layout::{Layout, MenuItem};
use crate::list_cursor::{ListCursor, ListPageRequest, split_next_page};
use crate::pages::groups::group_detail::{format_due_date, format_source};
use crate::pages::{PageResult, load_notice, render_page};
use rollcall_core::accounts::Principal;
use rollcall_model::names::fold;
use rollcall_store::listing::PageRequest;
use rollcall_store::listing::assignments::{self, AssignmentListRow};

#[derive(Template)]
#[template(path = "assignments/assignment_list.html")]
struct AssignmentListPage<'a> {
    frame: Layout,
    text: &'a str,
    rows: Vec<AssignmentLine>,
    next: Option<String>,
    is_first: bool,
}

pub(super) struct AssignmentLine {
    pub row: AssignmentListRow,
    pub due: String,
    pub source: &'static str,
}

impl AssignmentLine {
    pub(super) fn of(row: AssignmentListRow) -> Self {
        Self { due: format_due_date(row.due()), source: format_source(row.source), row }
    }
}

fn row_cursor(row: &AssignmentListRow) -> ListCursor {
    ListCursor { text: row.code_folded.clone(), id: row.id.0 }
}

pub(in crate::pages) async fn show(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let text = query.text("q");
    let shown = ListPageRequest::from_query(&query);
    let mut tx = web.store.begin_read().await?;
    let mut rows = assignments::list(&mut tx, &fold(text), shown.to_store_page()).await?;
    let next = split_next_page(&mut rows, row_cursor);
    let frame =
        Layout::new(&who, MenuItem::Assigned, "Assigned courses").notice(load_notice(&mut tx, &query).await?);
    let rows = rows.into_iter().map(AssignmentLine::of).collect();
    render_page(&AssignmentListPage { frame, text, rows, next, is_first: shown.is_first() })
}

pub(in crate::pages) async fn export_csv(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    _: Extension<Principal>,
) -> PageResult {
    let text = fold(query.text("q"));
    let mut tx = web.store.begin_read().await?;
    let mut sheet = csv_export::CsvWriter::new([
        "course",
        "title",
        "assigned to",
        "reaches",
        "due",
        "assigned by",
        "since",
    ]);
    let mut after = ListCursor { text: String::new(), id: 0 };
    loop {
        let from = PageRequest { text: &after.text, id: after.id, limit: csv_export::BATCH_ROWS };
        let rows = assignments::list(&mut tx, &text, from).await?;
        let Some(last) = rows.last() else { break };
        after = row_cursor(last);
        for AssignmentLine { row, due, source } in rows.into_iter().map(AssignmentLine::of) {
            let (reaches, since) = (row.reaches.to_string(), row.assigned_on.to_string());
            sheet.write_row([&row.code, &row.title, &row.whom, &reaches, &due, source, &since]);
        }
    }
    Ok(sheet.into_download("assigned-courses.csv"))
}
