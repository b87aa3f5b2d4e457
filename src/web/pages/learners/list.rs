//! The list of learners.

use askama::Template;
use axum::extract::State;

use crate::accounts::Principal;
use crate::store::listing::From;
use crate::store::listing::learners::{self, Find, Row};
use crate::web::Web;
use crate::web::csv;
use crate::web::cursor::{Cursor, Place, cut};
use crate::web::form::{Form, Query};
use crate::web::frame::{Frame, Here};
use crate::web::pages::{Answer, notice, page};

#[derive(Template)]
#[template(path = "learners/list.html")]
struct Page<'a> {
    frame: Frame,
    text: &'a str,
    which: &'static str,
    rows: Vec<Row>,
    next: Option<String>,
    is_first: bool,
}

fn find(query: &Form) -> (Find<'_>, &'static str) {
    let all = Find { text: query.text("q"), ..Find::default() };
    match query.text("which") {
        "left" => (Find { left: true, ..all }, "left"),
        "conflicting" => (Find { contested: true, left: true, ..all }, "conflicting"),
        "linked" => (Find { linked: true, left: true, ..all }, "linked"),
        _ => (all, "all"),
    }
}

fn place(row: &Row) -> Cursor {
    Cursor { text: row.name_folded.clone(), id: row.id }
}

pub(in crate::web::pages) async fn show(
    State(web): State<Web>,
    Query(query): Query,
    who: Principal,
) -> Answer {
    let (find, which) = find(&query);
    let shown = Place::of(&query);
    let mut tx = web.store.read().await?;
    let mut rows = learners::page(&mut tx, find, shown.from()).await?;
    let next = cut(&mut rows, place);
    let frame = Frame::new(&who, Here::Learners, "Learners").notice(notice(&mut tx, &query).await?);
    page(&Page { frame, text: find.text, which, rows, next, is_first: shown.is_first() })
}

pub(in crate::web::pages) async fn csv(State(web): State<Web>, Query(query): Query, _: Principal) -> Answer {
    let (find, _) = find(&query);
    let mut tx = web.store.read().await?;
    let mut sheet = csv::Sheet::new(["name", "e-mail", "status", "department", "location", "role"]);
    let mut after = Cursor { text: String::new(), id: 0 };
    loop {
        let from = From { text: &after.text, id: after.id, limit: csv::ROWS };
        let rows = learners::page(&mut tx, find, from).await?;
        let Some(last) = rows.last() else { break };
        after = place(last);
        for row in rows {
            sheet.row([&row.name, &row.email, &row.status, &row.department, &row.location, &row.role]);
        }
    }
    Ok(sheet.answer("learners.csv"))
}
