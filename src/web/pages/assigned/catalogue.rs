//! The catalogue: which courses there are, a new one, and a sheet of them.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};

use crate::accounts::Principal;
use crate::groups::{self, Error, Imported};
use crate::model::names::fold;
use crate::store::listing::From;
use crate::store::listing::courses::{self, Row};
use crate::web::Web;
use crate::web::csv;
use crate::web::cursor::{Cursor, Place, cut};
use crate::web::form::{Form, Query};
use crate::web::frame::{Fault, Frame, Here};
use crate::web::pages::{Answer, answer, notice};
use crate::web::trouble::sentence;

/// Mistakes of a sheet that are named at once.
const MOST_FAULTS: usize = 20;

#[derive(Template)]
#[template(path = "assigned/catalogue.html")]
struct Page<'a> {
    frame: Frame,
    text: &'a str,
    rows: Vec<Row>,
    next: Option<String>,
    is_first: bool,
    typed: Typed<'a>,
}

/// What stands in the forms.
#[derive(Default)]
struct Typed<'a> {
    code: &'a str,
    title: &'a str,
    sheet: &'a str,
}

fn cursor(row: &Row) -> Cursor {
    Cursor { text: row.code_folded.clone(), id: row.id.0 }
}

pub(in crate::web::pages) async fn show(
    State(web): State<Web>,
    Query(query): Query,
    who: Principal,
) -> Answer {
    shown(&web, &who, &query, Typed::default(), Vec::new()).await
}

async fn shown(web: &Web, who: &Principal, query: &Form, typed: Typed<'_>, faults: Vec<Fault>) -> Answer {
    let text = query.text("q");
    let place = Place::of(query);
    let mut tx = web.store.read().await?;
    let mut rows = courses::page(&mut tx, &fold(text), place.from()).await?;
    let next = cut(&mut rows, cursor);
    let frame =
        Frame::new(who, Here::Assigned, "Courses").notice(notice(&mut tx, query).await?).faults(faults);
    let page = Page { frame, text, rows, next, is_first: place.is_first(), typed };
    answer(page.frame.status(), &page)
}

pub(in crate::web::pages) async fn csv(State(web): State<Web>, Query(query): Query, _: Principal) -> Answer {
    let text = fold(query.text("q"));
    let mut sheet = csv::Sheet::new(["title", "code", "from", "assigned"]);
    let mut tx = web.store.read().await?;
    let mut after = Cursor { text: String::new(), id: 0 };
    loop {
        let from = From { text: &after.text, id: after.id, limit: csv::ROWS };
        let rows = courses::page(&mut tx, &text, from).await?;
        let Some(last) = rows.last() else { break };
        after = cursor(last);
        for one in rows {
            sheet.row([&one.title, &one.code, &one.source, &one.assignments.to_string()]);
        }
    }
    Ok(sheet.answer("courses.csv"))
}

pub(in crate::web::pages) async fn add(State(web): State<Web>, who: Principal, form: Form) -> Answer {
    let (code, title) = (form.text("code").trim(), form.text("title").trim());
    let typed = Typed { code, title, sheet: "" };
    let mut faults = Vec::new();
    if code.is_empty() {
        faults.push(Fault::new("code", "Give the course a code, such as GDPR-101."));
    }
    if title.is_empty() {
        faults.push(Fault::new("title", "Give the course the title that learners see."));
    }
    if !faults.is_empty() {
        return shown(&web, &who, &Form::default(), typed, faults).await;
    }
    let about = web.about(&who, format!("add course `{code}`"));
    match groups::add_course(&web.store, &about, web.when(), code, title).await {
        Ok(done) => Ok(Redirect::to(&format!("/courses?run={}", done.run)).into_response()),
        Err(Error::Store(error)) => Err(error.into()),
        Err(error) => {
            let fault = Fault::new("code", sentence(&error.to_string()));
            shown(&web, &who, &Form::default(), typed, vec![fault]).await
        }
    }
}

/// Adds the courses of a sheet, or names each line that keeps it out.
pub(in crate::web::pages) async fn import(State(web): State<Web>, who: Principal, form: Form) -> Answer {
    let sheet = form.text("sheet");
    let about = web.about(&who, "import courses");
    let faults = match groups::import_courses(&web.store, &about, web.when(), sheet.as_bytes()).await {
        Ok(Imported { done: Some(done), .. }) => {
            return Ok(Redirect::to(&format!("/courses?run={}", done.run)).into_response());
        }
        Ok(Imported { done: None, .. }) => {
            vec![Fault::new("sheet", "There is no course below the first line.")]
        }
        Err(Error::BadSheet { mistakes }) => {
            let named = mistakes.iter().take(MOST_FAULTS);
            named.map(|one| Fault::new("sheet", sentence(&one.to_string()))).collect()
        }
        Err(error) => return Err(error.into()),
    };
    shown(&web, &who, &Form::default(), Typed { sheet, ..Typed::default() }, faults).await
}
