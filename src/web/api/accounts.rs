//! Who may sign in.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::Body;
use super::problem::Problem;
use super::query::{Number, Page, Query};
use super::{Answer, Change};
use crate::accounts::{self, Invitation, New, Principal};
use crate::model::ids::{AccountId, RunId};
use crate::model::names::clean;
use crate::model::role::Role;
use crate::model::secret::Secret;
use crate::report::Account;
use crate::store::listing::accounts as listing;
use crate::store::{self, accounts as table};
use crate::web::Web;
use crate::web::cursor::Cursor;

/// An account to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAccount {
    /// The address that signs in.
    #[schema(max_length = 254, pattern = r"^[^@\s\x00-\x1f\x7f-\x9f]+@[^@\s\x00-\x1f\x7f-\x9f]+$")]
    email: String,
    /// The name.
    #[serde(default)]
    #[schema(max_length = 500)]
    name: String,
    /// What it may do.
    role: Role,
    /// The password; left out, the answer has a link with which its holder sets one.
    #[schema(value_type = Option<String>, format = Password, min_length = 12, max_length = 256)]
    password: Option<Secret>,
}

/// Another role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRole {
    /// What it may do.
    role: Role,
}

/// A link with which somebody sets a password, once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(super) struct Link {
    /// Where it leads, behind the address of these pages. It is shown this once.
    path: String,
    /// When it ends.
    until: DateTime<Utc>,
}

impl From<&Invitation> for Link {
    fn from(invitation: &Invitation) -> Self {
        Self { path: invitation.path(), until: invitation.until }
    }
}

/// An account that was made, or has a new link.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Invited {
    /// The number of the change.
    run: i64,
    /// The account's number.
    id: i64,
    /// The address that signs in.
    email: String,
    /// With what a password is set; null where one was given.
    invitation: Option<Link>,
}

impl Invited {
    fn new(run: RunId, id: AccountId, email: String, invitation: Option<&Invitation>) -> Self {
        Self { run: run.0, id: id.0, email, invitation: invitation.map(Link::from) }
    }
}

/// The account of an address that may sign in.
async fn find(web: &Web, id: i64) -> Result<table::Account, Problem> {
    let mut tx = web.store.read().await?;
    Ok(accounts::find(&mut tx, AccountId(id)).await?)
}

pub(super) async fn list(State(web): State<Web>, query: Query, _: Principal) -> Answer<Page<Account>> {
    let place = query.only(&["after", "limit"])?.place()?;
    let mut tx = web.store.read().await?;
    let mut rows = listing::page(&mut tx, place.from()).await?;
    let next = place.cut(&mut rows, |row| Cursor { text: row.email_folded.clone(), id: row.account.id.0 });
    Ok(Json(Page { items: rows.iter().map(|row| Account::from(&row.account)).collect(), next }))
}

pub(super) async fn create(
    State(web): State<Web>,
    who: Principal,
    Body(new): Body<NewAccount>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Invited>), Problem> {
    let (email, role) = (clean(&new.email).into_owned(), new.role);
    let about = web.about(&who, format!("make account `{email}` as {role}"));
    let asked = New { email: &email, name: &new.name, role, password: new.password.as_ref() };
    let made = accounts::create(&web.store, &about, web.when(), asked).await?;
    let place = [(header::LOCATION, format!("/api/v1/accounts/{}", made.account))];
    let invited = Invited::new(made.done.run, made.account, email, made.invitation.as_ref());
    Ok((StatusCode::CREATED, place, Json(invited)))
}

/// One that was revoked is shown too: the list has it.
pub(super) async fn show(State(web): State<Web>, Number(id): Number, _: Principal) -> Answer<Account> {
    let mut tx = web.store.read().await?;
    let account = store::accounts::by_number(&mut tx, AccountId(id)).await?;
    let account = account.ok_or_else(|| Problem::missing("no such account"))?;
    Ok(Json(Account::from(&account)))
}

pub(super) async fn change(
    State(web): State<Web>,
    Number(id): Number,
    who: Principal,
    Body(NewRole { role }): Body<NewRole>,
) -> Answer<Change> {
    let email = find(&web, id).await?.email;
    let about = web.about(&who, format!("make account `{email}` {role}"));
    let done = accounts::role(&web.store, &about, web.when(), AccountId(id), role).await?;
    Ok(Json(Change::new(Some(&done), format!("`{email}` is {} now", role.in_words()))))
}

pub(super) async fn invite(State(web): State<Web>, Number(id): Number, who: Principal) -> Answer<Invited> {
    let email = find(&web, id).await?.email;
    let about = web.about(&who, format!("make a link for account `{email}`"));
    let (done, link) = accounts::invite(&web.store, &about, web.when(), AccountId(id)).await?;
    Ok(Json(Invited::new(done.run, AccountId(id), email, Some(&link))))
}

pub(super) async fn revoke(State(web): State<Web>, Number(id): Number, who: Principal) -> Answer<Change> {
    let email = find(&web, id).await?.email;
    let about = web.about(&who, format!("revoke account `{email}`"));
    let done = accounts::revoke(&web.store, &about, web.when(), AccountId(id)).await?;
    Ok(Json(Change::new(Some(&done), format!("`{email}` may no longer sign in"))))
}
