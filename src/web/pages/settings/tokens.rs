//! Keys for programs.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use chrono::NaiveDate;

use crate::accounts::{self, Error, Principal};
use crate::model::role::Role;
use crate::store::listing::From;
use crate::store::listing::tokens::{self as listed, Row};
use crate::store::tokens::Token;
use crate::web::Web;
use crate::web::csv;
use crate::web::cursor::{Cursor, Place, cut};
use crate::web::form::{Form, Query};
use crate::web::frame::{Fault, Frame, Here};
use crate::web::pages::groups::local;
use crate::web::pages::{Answer, answer, notice};
use crate::web::trouble::sentence;

#[derive(Template)]
#[template(path = "settings/tokens.html")]
struct Page<'a> {
    frame: Frame,
    tab: &'static str,
    rows: Vec<Line>,
    next: Option<String>,
    is_first: bool,
    roles: [Role; 4],
    name: &'a str,
    role: &'a str,
    until: &'a str,
    fresh: Option<(&'a str, String)>,
}

struct Line {
    name: String,
    role: &'static str,
    made: String,
    ends: String,
    used: String,
}

fn place(row: &Row) -> Cursor {
    Cursor { text: row.name_folded.clone(), id: row.token.id.0 }
}

pub(super) async fn show(State(web): State<Web>, Query(query): Query, who: Principal) -> Answer {
    shown(&web, &who, &query, &Form::default(), None, Vec::new()).await
}

fn line(web: &Web, token: Token) -> Line {
    let zone = web.config().timezone;
    let role = token.role().in_words();
    Line {
        role,
        made: local(token.created_at, zone),
        ends: token.expires_at.map_or_else(|| "never".to_owned(), |at| local(at, zone)),
        used: token.seen_at.map_or_else(|| "never".to_owned(), |at| local(at, zone)),
        name: token.name,
    }
}

async fn shown(
    web: &Web,
    who: &Principal,
    query: &Form,
    typed: &Form,
    key: Option<(&str, String)>,
    faults: Vec<Fault>,
) -> Answer {
    let here = Place::of(query);
    let mut tx = web.store.read().await?;
    let mut rows = listed::page(&mut tx, here.from()).await?;
    let next = cut(&mut rows, place);
    let frame =
        Frame::new(who, Here::Settings, "Tokens").notice(notice(&mut tx, query).await?).faults(faults);
    let page = Page {
        frame,
        tab: "tokens",
        rows: rows.into_iter().map(|row| line(web, row.token)).collect(),
        next,
        is_first: here.is_first(),
        roles: Role::ALL,
        name: typed.text("name"),
        role: typed.text("role"),
        until: typed.text("until"),
        fresh: key,
    };
    answer(page.frame.status(), &page)
}

pub(super) async fn csv(State(web): State<Web>, _: Principal) -> Answer {
    let mut sheet = csv::Sheet::new(["token", "role", "made", "ends", "last used"]);
    let mut tx = web.store.read().await?;
    let mut after = Cursor { text: String::new(), id: 0 };
    loop {
        let from = From { text: &after.text, id: after.id, limit: csv::ROWS };
        let rows = listed::page(&mut tx, from).await?;
        let Some(last) = rows.last() else { break };
        after = place(last);
        for row in rows {
            let one = line(&web, row.token);
            sheet.row([&one.name, one.role, &one.made, &one.ends, &one.used]);
        }
    }
    Ok(sheet.answer("tokens.csv"))
}

pub(super) async fn make(State(web): State<Web>, who: Principal, form: Form) -> Answer {
    let name = form.text("name").trim();
    let mut faults = Vec::new();
    let role = form.text("role").parse::<Role>().ok();
    if role.is_none() {
        faults.push(Fault::new("role", "Choose what the token may do."));
    }
    let day = form.text("until").trim();
    let until = day.parse::<NaiveDate>().ok();
    if !day.is_empty() && until.is_none() {
        faults.push(Fault::new("until", "The day is written as 2026-12-31."));
    }
    let (Some(role), true) = (role, faults.is_empty()) else {
        return shown(&web, &who, &Form::default(), &form, None, faults).await;
    };
    let ends = until.and_then(|day| accounts::end_of(day, web.config().timezone));
    let about = web.about(&who, format!("make token `{name}` as {role}"));
    match accounts::make_token(&web.store, &about, web.when(), name, role, ends).await {
        Ok((_, key)) => {
            let none = Form::default();
            shown(&web, &who, &none, &none, Some((name, key)), Vec::new()).await
        }
        Err(Error::Store(error)) => Err(error.into()),
        Err(error) => {
            let field = if matches!(error, Error::TokenOver) { "until" } else { "name" };
            let fault = Fault::new(field, sentence(&error.to_string()));
            shown(&web, &who, &Form::default(), &form, None, vec![fault]).await
        }
    }
}

pub(super) async fn revoke(State(web): State<Web>, who: Principal, form: Form) -> Answer {
    let name = form.text("name");
    let about = web.about(&who, format!("revoke token `{name}`"));
    match accounts::revoke_token(&web.store, &about, web.when(), name).await {
        Ok(done) => Ok(Redirect::to(&format!("/settings/tokens?run={}", done.run)).into_response()),
        Err(Error::Store(error)) => Err(error.into()),
        Err(error) => {
            let fault = Fault::new("", sentence(&error.to_string()));
            let none = Form::default();
            shown(&web, &who, &none, &none, None, vec![fault]).await
        }
    }
}
