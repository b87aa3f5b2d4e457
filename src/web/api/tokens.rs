//! Keys for programs.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::Body;
use super::problem::Problem;
use super::query::{NO_DAY, Number, Page, Query, day};
use super::{Answer, Change};
use crate::accounts::{self, Principal};
use crate::model::ids::TokenId;
use crate::model::names::clean;
use crate::model::role::Role;
use crate::report::Token;
use crate::store::listing::tokens as listing;
use crate::web::Web;
use crate::web::cursor::Cursor;

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    /// What it is for; unique whatever the case.
    #[schema(max_length = 100, pattern = r"\S")]
    name: String,
    /// What it may do.
    role: Role,
    /// The last day on which it is good; without it, for as long as nobody revokes it.
    #[schema(format = Date)]
    until: Option<String>,
}

/// A token that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeToken {
    /// The number of the change.
    run: i64,
    /// The key, for `Authorization: Bearer KEY`. It is shown this once.
    key: String,
    /// The token.
    #[serde(flatten)]
    token: Token,
}

pub(super) async fn list(State(web): State<Web>, query: Query, _: Principal) -> Answer<Page<Token>> {
    let place = query.only(&["after", "limit"])?.place()?;
    let mut tx = web.store.read().await?;
    let mut rows = listing::page(&mut tx, place.from()).await?;
    let next = place.cut(&mut rows, |row| Cursor { text: row.name_folded.clone(), id: row.token.id.0 });
    Ok(Json(Page { items: rows.iter().map(|row| Token::from(&row.token)).collect(), next }))
}

pub(super) async fn create(
    State(web): State<Web>,
    who: Principal,
    Body(new): Body<NewToken>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<MadeToken>), Problem> {
    let (name, role, zone) = (clean(&new.name).into_owned(), new.role, web.config().timezone);
    let ends = match new.until.as_deref() {
        None => None,
        Some(text) => {
            let end = day(text).and_then(|day| accounts::end_of(day, zone));
            Some(end.ok_or_else(|| Problem::invalid("until", NO_DAY))?)
        }
    };
    let about = web.about(&who, format!("make token `{name}` as {role}"));
    let (done, key) = accounts::make_token(&web.store, &about, web.when(), &name, role, ends).await?;
    let mut tx = web.store.read().await?;
    let token = Token::from(&accounts::find_token(&mut tx, name.as_str()).await?);
    let place = [(header::LOCATION, format!("/api/v1/tokens/{}", token.id))];
    Ok((StatusCode::CREATED, place, Json(MadeToken { run: done.run.0, key, token })))
}

pub(super) async fn show(State(web): State<Web>, Number(id): Number, _: Principal) -> Answer<Token> {
    let mut tx = web.store.read().await?;
    Ok(Json(Token::from(&accounts::find_token(&mut tx, TokenId(id)).await?)))
}

pub(super) async fn revoke(State(web): State<Web>, Number(id): Number, who: Principal) -> Answer<Change> {
    let name = {
        let mut tx = web.store.read().await?;
        accounts::find_token(&mut tx, TokenId(id)).await?.name
    };
    let about = web.about(&who, format!("revoke token `{name}`"));
    let done = accounts::revoke_token(&web.store, &about, web.when(), TokenId(id)).await?;
    Ok(Json(Change::new(Some(&done), format!("the token `{name}` is no longer good"))))
}
