//! The overview.

use askama::Template;
use axum::extract::State;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{local, origin};
use crate::accounts::Principal;
use crate::groups::RESTORABLE;
use crate::model::ids::GroupId;
use crate::model::names::fold;
use crate::store::Tx;
use crate::store::listing::From;
use crate::store::listing::groups::{self, Row, Sort};
use crate::web::Web;
use crate::web::csv;
use crate::web::cursor::{Cursor, Place, cut};
use crate::web::filters;
use crate::web::form::{Form, Query};
use crate::web::frame::{Frame, Here};
use crate::web::pages::{Answer, notice, page};
use crate::web::trouble::Trouble;

#[derive(Template)]
#[template(path = "groups/list.html")]
struct Page<'a> {
    frame: Frame,
    text: &'a str,
    sort: &'a str,
    rows: Vec<Line>,
    next: Option<String>,
    is_first: bool,
    deleted: Vec<Line>,
}

struct Line {
    id: GroupId,
    name: String,
    members: i64,
    courses: i64,
    origin: String,
    changed: String,
}

fn sorted(query: &Form) -> (Sort, &'static str) {
    match query.text("sort") {
        "members" => (Sort::Members, "members"),
        "changed" => (Sort::Changed, "changed"),
        _ => (Sort::Name, "name"),
    }
}

fn place(row: &Row, sort: Sort) -> Cursor {
    let text = match sort {
        Sort::Name => row.name_folded.clone(),
        Sort::Members => row.members.to_string(),
        Sort::Changed => row.changed_run_id.to_string(),
    };
    Cursor { text, id: row.id.0 }
}

async fn lines(tx: &mut Tx, rows: Vec<Row>, zone: Tz) -> Result<Vec<Line>, Trouble> {
    let rules = groups::rules(tx, rows.iter().map(|row| row.id.0).collect()).await?;
    let line = |row: Row| {
        let of: Vec<&str> =
            rules.iter().filter(|(group, _)| *group == row.id).map(|(_, rule)| rule.as_str()).collect();
        Line {
            id: row.id,
            origin: origin(&of, row.has_by_hand),
            name: row.name,
            members: row.members,
            courses: row.courses,
            changed: changed(row.changed_at, zone),
        }
    };
    Ok(rows.into_iter().map(line).collect())
}

fn changed(at: Option<DateTime<Utc>>, zone: Tz) -> String {
    at.map_or_else(String::new, |at| local(at, zone))
}

pub(in crate::web::pages) async fn show(
    State(web): State<Web>,
    Query(query): Query,
    who: Principal,
) -> Answer {
    let (text, (sort, sort_text)) = (query.text("q"), sorted(&query));
    let zone = web.config().timezone;
    let shown = Place::of(&query);
    let mut tx = web.store.read().await?;
    let mut rows = groups::page(&mut tx, &fold(text), sort, shown.from()).await?;
    let next = cut(&mut rows, |row| place(row, sort));
    let rows = lines(&mut tx, rows, zone).await?;
    let deleted = groups::deleted_since(&mut tx, Utc::now() - RESTORABLE).await?;
    let deleted = lines(&mut tx, deleted, zone).await?;
    let frame = Frame::new(&who, Here::Groups, "Groups").notice(notice(&mut tx, &query).await?);
    page(&Page { frame, text, sort: sort_text, rows, next, is_first: shown.is_first(), deleted })
}

pub(in crate::web::pages) async fn csv(State(web): State<Web>, Query(query): Query, _: Principal) -> Answer {
    let text = fold(query.text("q"));
    let zone = web.config().timezone;
    let mut tx = web.store.read().await?;
    let mut sheet = csv::Sheet::new(["name", "members", "members come", "courses", "last change"]);
    let mut after = Cursor { text: String::new(), id: 0 };
    loop {
        let from = From { text: &after.text, id: after.id, limit: csv::ROWS };
        let rows = groups::page(&mut tx, &text, Sort::Name, from).await?;
        let Some(last) = rows.last() else { break };
        after = place(last, Sort::Name);
        for one in lines(&mut tx, rows, zone).await? {
            let (members, courses) = (one.members.to_string(), one.courses.to_string());
            sheet.row([&one.name, &members, &one.origin, &courses, &one.changed]);
        }
    }
    Ok(sheet.answer("groups.csv"))
}
