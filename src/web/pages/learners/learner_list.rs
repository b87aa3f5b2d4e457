//! Learner list page.

use askama::Template;
use axum::Extension;
use axum::extract::State;

use crate::WebContext;
use crate::csv_export;
use crate::form_data::{FormData, UrlQuery};
use crate::layout::{Layout, MenuItem};
use crate::list_cursor::{ListCursor, ListPageRequest, split_next_page};
use crate::pages::{PageResult, load_notice, render_page};
use rollcall_core::accounts::Principal;
use rollcall_store::listing::PageRequest;
use rollcall_store::listing::learners::{self, LearnerListRow, LearnerSearch};

#[derive(Template)]
#[template(path = "learners/learner_list.html")]
struct LearnerOverviewPage<'a> {
    frame: Layout,
    text: &'a str,
    which: &'static str,
    rows: Vec<LearnerListRow>,
    next: Option<String>,
    is_first: bool,
}

fn parse_filter(query: &FormData) -> (LearnerSearch<'_>, &'static str) {
    let all = LearnerSearch { text: query.text("q"), ..LearnerSearch::default() };
    match query.text("which") {
        "left" => (LearnerSearch { left: true, ..all }, "left"),
        "conflicting" => (LearnerSearch { contested: true, left: true, ..all }, "conflicting"),
        "linked" => (LearnerSearch { linked: true, left: true, ..all }, "linked"),
        _ => (all, "all"),
    }
}

fn row_cursor(row: &LearnerListRow) -> ListCursor {
    ListCursor { text: row.name_folded.clone(), id: row.id }
}

pub(in crate::pages) async fn show(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let (find, which) = parse_filter(&query);
    let shown = ListPageRequest::from_query(&query);
    let mut tx = web.store.begin_read().await?;
    let mut rows = learners::list(&mut tx, find, shown.to_store_page()).await?;
    let next = split_next_page(&mut rows, row_cursor);
    let frame = Layout::new(&who, MenuItem::Learners, "Learners").notice(load_notice(&mut tx, &query).await?);
    render_page(&LearnerOverviewPage {
        frame,
        text: find.text,
        which,
        rows,
        next,
        is_first: shown.is_first(),
    })
}

pub(in crate::pages) async fn export_csv(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    _: Extension<Principal>,
) -> PageResult {
    let (find, _) = parse_filter(&query);
    let mut tx = web.store.begin_read().await?;
    let mut sheet =
        csv_export::CsvWriter::new(["name", "e-mail", "status", "department", "location", "role"]);
    let mut after = ListCursor { text: String::new(), id: 0 };
    loop {
        let from = PageRequest { text: &after.text, id: after.id, limit: csv_export::BATCH_ROWS };
        let rows = learners::list(&mut tx, find, from).await?;
        let Some(last) = rows.last() else { break };
        after = row_cursor(last);
        for row in rows {
            sheet.write_row([
                &row.name,
                &row.email,
                row.status.as_str(),
                &row.department,
                &row.location,
                &row.role,
            ]);
        }
    }
    Ok(sheet.into_download("learners.csv"))
}
