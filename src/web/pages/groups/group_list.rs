//! Group list page.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{format_local_time, format_origin};
use crate::WebContext;
use crate::csv_export;
use crate::error::PageError;
use crate::filters;
use crate::form_data::{FormData, UrlQuery};
use crate::layout::{Layout, MenuItem};
use crate::list_cursor::{ListCursor, ListPageRequest, split_next_page};
use crate::pages::{PageResult, load_notice, render_page};
use rollcall_core::accounts::Principal;
use rollcall_core::groups::RESTORE_PERIOD;
use rollcall_model::ids::GroupId;
use rollcall_model::names::fold;
use rollcall_store::Tx;
use rollcall_store::listing::PageRequest;
use rollcall_store::listing::groups::{self, GroupListRow, GroupListSort};

#[derive(Template)]
#[template(path = "groups/group_list.html")]
struct GroupOverviewPage<'a> {
    frame: Layout,
    text: &'a str,
    sort: &'a str,
    rows: Vec<GroupLine>,
    next: Option<String>,
    is_first: bool,
    deleted: Vec<GroupLine>,
}

struct GroupLine {
    id: GroupId,
    name: String,
    members: i64,
    courses: i64,
    origin: String,
    changed: String,
}

fn parse_sort(query: &FormData) -> (GroupListSort, &'static str) {
    match query.text("sort") {
        "members" => (GroupListSort::Members, "members"),
        "changed" => (GroupListSort::Changed, "changed"),
        _ => (GroupListSort::Name, "name"),
    }
}

fn row_cursor(row: &GroupListRow, sort: GroupListSort) -> ListCursor {
    let text = match sort {
        GroupListSort::Name => row.name_folded.clone(),
        GroupListSort::Members => row.members.to_string(),
        GroupListSort::Changed => row.changed_run_id.to_string(),
    };
    ListCursor { text, id: row.id.0 }
}

async fn load_lines(tx: &mut Tx, rows: Vec<GroupListRow>, zone: Tz) -> Result<Vec<GroupLine>, PageError> {
    let rules = groups::list_rules(tx, rows.iter().map(|row| row.id.0).collect()).await?;
    let line = |row: GroupListRow| {
        let of: Vec<&str> =
            rules.iter().filter(|(group, _)| *group == row.id).map(|(_, rule)| rule.as_str()).collect();
        GroupLine {
            id: row.id,
            origin: format_origin(&of, row.has_by_hand),
            name: row.name,
            members: row.members,
            courses: row.courses,
            changed: format_change_time(row.changed_at, zone),
        }
    };
    Ok(rows.into_iter().map(line).collect())
}

fn format_change_time(at: Option<DateTime<Utc>>, zone: Tz) -> String {
    at.map_or_else(String::new, |at| format_local_time(at, zone))
}

pub(in crate::pages) async fn show(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let (text, (sort, sort_text)) = (query.text("q"), parse_sort(&query));
    let zone = web.config().timezone;
    let shown = ListPageRequest::from_query(&query);
    let mut tx = web.store.begin_read().await?;
    let mut rows = groups::list(&mut tx, &fold(text), sort, shown.to_store_page()).await?;
    let next = split_next_page(&mut rows, |row| row_cursor(row, sort));
    let rows = load_lines(&mut tx, rows, zone).await?;
    let deleted = groups::list_deleted_since(&mut tx, Utc::now() - RESTORE_PERIOD).await?;
    let deleted = load_lines(&mut tx, deleted, zone).await?;
    let frame = Layout::new(&who, MenuItem::Groups, "Groups").notice(load_notice(&mut tx, &query).await?);
    render_page(&GroupOverviewPage {
        frame,
        text,
        sort: sort_text,
        rows,
        next,
        is_first: shown.is_first(),
        deleted,
    })
}

pub(in crate::pages) async fn export_csv(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    _: Extension<Principal>,
) -> PageResult {
    let text = fold(query.text("q"));
    let zone = web.config().timezone;
    let mut tx = web.store.begin_read().await?;
    let mut sheet = csv_export::CsvWriter::new(["name", "members", "members come", "courses", "last change"]);
    let mut after = ListCursor { text: String::new(), id: 0 };
    loop {
        let from = PageRequest { text: &after.text, id: after.id, limit: csv_export::BATCH_ROWS };
        let rows = groups::list(&mut tx, &text, GroupListSort::Name, from).await?;
        let Some(last) = rows.last() else { break };
        after = row_cursor(last, GroupListSort::Name);
        for one in load_lines(&mut tx, rows, zone).await? {
            let (members, courses) = (one.members.to_string(), one.courses.to_string());
            sheet.write_row([&one.name, &members, &one.origin, &courses, &one.changed]);
        }
    }
    Ok(sheet.into_download("groups.csv"))
}
