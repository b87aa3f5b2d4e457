//! Who may sign in.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect};

use crate::accounts::{self, Error, Invitation, New, Principal};
use crate::model::role::Role;
use crate::store::listing::From;
use crate::store::listing::accounts::{self as listed, Row};
use crate::web::Web;
use crate::web::client::Client;
use crate::web::csv;
use crate::web::cursor::{Cursor, Place, cut};
use crate::web::form::{Form, Query};
use crate::web::frame::{Fault, Frame, Here};
use crate::web::pages::groups::local;
use crate::web::pages::{Answer, answer, notice};
use crate::web::trouble::{Trouble, sentence};

#[derive(Template)]
#[template(path = "settings/accounts.html")]
struct Page<'a> {
    frame: Frame,
    tab: &'static str,
    rows: Vec<Row>,
    next: Option<String>,
    is_first: bool,
    roles: [Role; 4],
    typed: Typed<'a>,
    fresh: Option<Fresh>,
}

/// What stands in the form for a new account.
#[derive(Default)]
struct Typed<'a> {
    email: &'a str,
    name: &'a str,
    role: &'a str,
}

/// A link that is shown this once.
struct Fresh {
    email: String,
    link: String,
    until: String,
}

fn place(row: &Row) -> Cursor {
    Cursor { text: row.email_folded.clone(), id: row.account.id.0 }
}

pub(super) async fn show(State(web): State<Web>, Query(query): Query, who: Principal) -> Answer {
    shown(&web, &who, &query, Typed::default(), None, Vec::new()).await
}

async fn shown(
    web: &Web,
    who: &Principal,
    query: &Form,
    typed: Typed<'_>,
    fresh: Option<Fresh>,
    faults: Vec<Fault>,
) -> Answer {
    let here = Place::of(query);
    let mut tx = web.store.read().await?;
    let mut rows = listed::page(&mut tx, here.from()).await?;
    let next = cut(&mut rows, place);
    let frame = Frame::new(who, Here::Settings, "Who may sign in")
        .notice(notice(&mut tx, query).await?)
        .faults(faults);
    let is_first = here.is_first();
    let page = Page { frame, tab: "accounts", rows, next, is_first, roles: Role::ALL, typed, fresh };
    answer(page.frame.status(), &page)
}

pub(super) async fn csv(State(web): State<Web>, _: Principal) -> Answer {
    let mut tx = web.store.read().await?;
    let mut sheet = csv::Sheet::new(["e-mail", "name", "role", "state"]);
    let mut after = Cursor { text: String::new(), id: 0 };
    loop {
        let from = From { text: &after.text, id: after.id, limit: csv::ROWS };
        let rows = listed::page(&mut tx, from).await?;
        let Some(last) = rows.last() else { break };
        after = place(last);
        for Row { account, .. } in rows {
            sheet.row([&account.email, &account.name, account.role().in_words(), account.state()]);
        }
    }
    Ok(sheet.answer("accounts.csv"))
}

/// The link as whoever asks reaches these pages: their browser says where it sent the form from.
fn link((client, headers): (Client, &HeaderMap), invitation: &Invitation) -> String {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let base = match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), _) if origin.starts_with("http") => origin.to_owned(),
        (_, Some(host)) if client.is_encrypted => format!("https://{host}"),
        (_, Some(host)) => format!("http://{host}"),
        (_, None) => String::new(),
    };
    format!("{base}{}", invitation.path())
}

async fn invite(web: &Web, who: &Principal, from: (Client, &HeaderMap), email: &str) -> Result<Fresh, Error> {
    let about = web.about(who, format!("make a link for account `{email}`"));
    let (_, invitation) = accounts::invite(&web.store, &about, web.when(), email).await?;
    Ok(fresh(web, from, email, &invitation))
}

fn fresh(web: &Web, from: (Client, &HeaderMap), email: &str, invitation: &Invitation) -> Fresh {
    let until = local(invitation.until, web.config().timezone);
    Fresh { email: email.to_owned(), link: link(from, invitation), until }
}

pub(super) async fn create(
    State(web): State<Web>,
    client: Client,
    headers: HeaderMap,
    who: Principal,
    form: Form,
) -> Answer {
    let (email, name) = (form.text("email").trim(), form.text("name").trim());
    let typed = Typed { email, name, role: form.text("role") };
    let Ok(role) = typed.role.parse::<Role>() else {
        let faults = vec![Fault::new("role", "Choose what the account may do.")];
        return shown(&web, &who, &Form::default(), typed, None, faults).await;
    };
    let about = web.about(&who, format!("make account `{email}` as {role}"));
    let new = New { email, name, role, password: None };
    let fresh = match accounts::create(&web.store, &about, web.when(), new).await {
        Ok(made) => made.invitation.map(|invitation| fresh(&web, (client, &headers), email, &invitation)),
        Err(Error::Store(error)) => return Err(error.into()),
        Err(error) => {
            let faults = vec![Fault::new("email", sentence(&error.to_string()))];
            return shown(&web, &who, &Form::default(), typed, None, faults).await;
        }
    };
    shown(&web, &who, &Form::default(), Typed::default(), fresh, Vec::new()).await
}

/// Another role, a new link, or no longer any right to sign in.
pub(super) async fn change(
    State(web): State<Web>,
    client: Client,
    headers: HeaderMap,
    who: Principal,
    form: Form,
) -> Answer {
    let email = form.text("email");
    let done = match form.text("do") {
        "link" => match invite(&web, &who, (client, &headers), email).await {
            Ok(fresh) => {
                return shown(&web, &who, &Form::default(), Typed::default(), Some(fresh), Vec::new()).await;
            }
            Err(error) => Err(error),
        },
        "revoke" => {
            let about = web.about(&who, format!("revoke account `{email}`"));
            accounts::revoke(&web.store, &about, web.when(), email).await
        }
        "role" => {
            let role: Role = form
                .text("role")
                .parse()
                .map_err(|error: crate::model::role::NoRole| Trouble::Bad { what: error.to_string() })?;
            let about = web.about(&who, format!("make account `{email}` {role}"));
            accounts::role(&web.store, &about, web.when(), email, role).await
        }
        _ => return Err(Trouble::Missing { what: "the button".to_owned() }),
    };
    match done {
        Ok(done) => Ok(Redirect::to(&format!("/settings?run={}", done.run)).into_response()),
        Err(Error::Store(error)) => Err(error.into()),
        Err(error) => {
            let faults = vec![Fault::new("accounts", sentence(&error.to_string()))];
            shown(&web, &who, &Form::default(), Typed::default(), None, faults).await
        }
    }
}
