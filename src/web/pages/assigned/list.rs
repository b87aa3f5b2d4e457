//! The overview of assigned courses.

use askama::Template;
use axum::extract::State;

use crate::accounts::Principal;
use crate::model::names::fold;
use crate::store::listing::From;
use crate::store::listing::assignments::{self, Row};
use crate::web::Web;
use crate::web::csv;
use crate::web::cursor::{Cursor, Place, cut};
use crate::web::form::Query;
use crate::web::frame::{Frame, Here};
use crate::web::pages::groups::one::{due_in_words, source_in_words};
use crate::web::pages::{Answer, notice, page};

#[derive(Template)]
#[template(path = "assigned/list.html")]
struct Page<'a> {
    frame: Frame,
    text: &'a str,
    rows: Vec<Line>,
    next: Option<String>,
    is_first: bool,
}

pub(super) struct Line {
    pub row: Row,
    pub due: String,
    pub source: &'static str,
}

impl Line {
    pub fn of(row: Row) -> Self {
        Self { due: due_in_words(row.due()), source: source_in_words(&row.source), row }
    }
}

fn place(row: &Row) -> Cursor {
    Cursor { text: row.code_folded.clone(), id: row.id.0 }
}

pub(in crate::web::pages) async fn show(
    State(web): State<Web>,
    Query(query): Query,
    who: Principal,
) -> Answer {
    let text = query.text("q");
    let shown = Place::of(&query);
    let mut tx = web.store.read().await?;
    let mut rows = assignments::page(&mut tx, &fold(text), shown.from()).await?;
    let next = cut(&mut rows, place);
    let frame = Frame::new(&who, Here::Assigned, "Assigned courses").notice(notice(&mut tx, &query).await?);
    let rows = rows.into_iter().map(Line::of).collect();
    page(&Page { frame, text, rows, next, is_first: shown.is_first() })
}

pub(in crate::web::pages) async fn csv(State(web): State<Web>, Query(query): Query, _: Principal) -> Answer {
    let text = fold(query.text("q"));
    let mut tx = web.store.read().await?;
    let mut sheet =
        csv::Sheet::new(["course", "title", "assigned to", "reaches", "due", "assigned by", "since"]);
    let mut after = Cursor { text: String::new(), id: 0 };
    loop {
        let from = From { text: &after.text, id: after.id, limit: csv::ROWS };
        let rows = assignments::page(&mut tx, &text, from).await?;
        let Some(last) = rows.last() else { break };
        after = place(last);
        for Line { row, due, source } in rows.into_iter().map(Line::of) {
            let (reaches, since) = (row.reaches.to_string(), row.assigned_on.to_string());
            sheet.row([&row.code, &row.title, &row.whom, &reaches, &due, source, &since]);
        }
    }
    Ok(sheet.answer("assigned-courses.csv"))
}
