//! Endpoints of accounts.

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::api_query::{ApiPage, ApiQuery, PathId};
use super::problem::ApiProblem;
use super::request_body::JsonBody;
use super::{ApiResult, ChangeResponse};
use crate::WebContext;
use crate::list_cursor::ListCursor;
use rollcall_core::accounts::{self, FirstSignIn, Invitation, NewUserAccount, Principal};
use rollcall_model::ids::{AccountId, RunId};
use rollcall_model::names::clean;
use rollcall_model::role::Role;
use rollcall_model::secret::SecretText;
use rollcall_store::listing::accounts as listing;
use rollcall_store::{self as store, accounts as table};
use rollcall_views::AccountView;

/// Role of an account.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum AccountRole {
    /// All permissions, including the management of accounts.
    LicenseHolder,
    /// Manages connectors, runs, holds and jobs.
    Operator,
    /// Manages groups, members, assignments and learners.
    Manager,
    /// Read access.
    Viewer,
}

impl From<AccountRole> for Role {
    fn from(role: AccountRole) -> Self {
        match role {
            AccountRole::LicenseHolder => Self::LicenseHolder,
            AccountRole::Operator => Self::Operator,
            AccountRole::Manager => Self::Manager,
            AccountRole::Viewer => Self::Viewer,
        }
    }
}

/// Request to create an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[serde(expecting = "a JSON object")]
#[schema(as = NewAccount)]
pub(super) struct CreateAccountRequest {
    /// E-mail address used to sign in.
    #[schema(max_length = 254, pattern = r"^[^@\s\x00-\x1f\x7f-\x9f]+@[^@\s\x00-\x1f\x7f-\x9f]+$")]
    email: String,
    /// Display name.
    #[serde(default)]
    #[schema(max_length = 500)]
    name: String,
    /// Role.
    role: AccountRole,
    /// Password. If it is omitted, the response contains a link with which the account's holder sets one, or no link if
    /// passwords are switched off and the sign-in provider signs in.
    #[schema(value_type = Option<String>, format = Password, min_length = 12, max_length = 256)]
    password: Option<SecretText>,
}

/// Request to change the role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[serde(expecting = "a JSON object")]
#[schema(as = NewRole)]
pub(super) struct ChangeRoleRequest {
    /// Role.
    role: AccountRole,
}

/// Single-use link to set a password.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(super) struct InvitationLink {
    /// Path of the link, relative to the base URL. Shown only in this response.
    path: String,
    /// Time of expiry.
    until: DateTime<Utc>,
}

impl From<&Invitation> for InvitationLink {
    fn from(invitation: &Invitation) -> Self {
        Self { path: invitation.path(), until: invitation.until }
    }
}

/// Created account, or account with a new link.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invited)]
pub(super) struct InvitationResponse {
    /// Id of the change.
    run: i64,
    /// Id of the account.
    id: i64,
    /// E-mail address used to sign in.
    email: String,
    /// How the account's holder signs in: `password`, `link` (with the password that the link sets) or `provider` (through
    /// the sign-in provider, because passwords are switched off).
    sign_in: &'static str,
    /// Link to set the password; null if the request contained a password, or the provider signs in.
    invitation: Option<InvitationLink>,
}

impl InvitationResponse {
    fn new(
        run: RunId,
        id: AccountId,
        email: String,
        sign_in: FirstSignIn<'_>,
        invitation: Option<&Invitation>,
    ) -> Self {
        let invitation = invitation.map(InvitationLink::from);
        Self { run: run.0, id: id.0, email, sign_in: sign_in.as_str(), invitation }
    }
}

/// Loads the active account with this id.
async fn find(web: &WebContext, id: i64) -> Result<table::Account, ApiProblem> {
    let mut tx = web.store.begin_read().await?;
    Ok(accounts::find_account(&mut tx, AccountId(id)).await?)
}

pub(super) async fn list(
    State(web): State<WebContext>,
    query: ApiQuery,
    _: Extension<Principal>,
) -> ApiResult<ApiPage<AccountView>> {
    let place = query.allow_only(&["after", "limit"])?.page_request()?;
    let mut tx = web.store.begin_read().await?;
    let mut rows = listing::list(&mut tx, place.to_store_page()).await?;
    let next = place.split_next_page(&mut rows, |row| ListCursor {
        text: row.email_folded.clone(),
        id: row.account.id.0,
    });
    Ok(Json(ApiPage { items: rows.iter().map(|row| AccountView::from(&row.account)).collect(), next }))
}

pub(super) async fn create(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    JsonBody(new): JsonBody<CreateAccountRequest>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<InvitationResponse>), ApiProblem> {
    let (email, role) = (clean(&new.email).into_owned(), Role::from(new.role));
    let about = web.new_manual_run(&who, format!("create account `{email}` as {role}"));
    let first_sign_in = FirstSignIn::new(web.config().web.passwords, new.password.as_ref())?;
    let request = NewUserAccount { email: &email, name: &new.name, role, first_sign_in };
    let made = accounts::create_account(&web.store, &about, web.change_time(), request).await?;
    let place = [(header::LOCATION, format!("/api/v1/accounts/{}", made.account))];
    let link = made.invitation.as_ref();
    let invited = InvitationResponse::new(made.done.run, made.account, email, first_sign_in, link);
    Ok((StatusCode::CREATED, place, Json(invited)))
}

/// Revoked accounts are included, as in the list.
pub(super) async fn show(
    State(web): State<WebContext>,
    PathId(id): PathId,
    _: Extension<Principal>,
) -> ApiResult<AccountView> {
    let mut tx = web.store.begin_read().await?;
    let account = store::accounts::get(&mut tx, AccountId(id)).await?;
    let account = account.ok_or_else(|| ApiProblem::not_found("no such account"))?;
    Ok(Json(AccountView::from(&account)))
}

pub(super) async fn change(
    State(web): State<WebContext>,
    PathId(id): PathId,
    Extension(who): Extension<Principal>,
    JsonBody(ChangeRoleRequest { role }): JsonBody<ChangeRoleRequest>,
) -> ApiResult<ChangeResponse> {
    let email = find(&web, id).await?.email;
    let role = Role::from(role);
    let about = web.new_manual_run(&who, format!("change account `{email}` to {role}"));
    let done = accounts::change_role(&web.store, &about, web.change_time(), AccountId(id), role).await?;
    Ok(Json(ChangeResponse::new(Some(&done), format!("`{email}` is now {}", role.in_words()))))
}

pub(super) async fn invite(
    State(web): State<WebContext>,
    PathId(id): PathId,
    Extension(who): Extension<Principal>,
) -> ApiResult<InvitationResponse> {
    accounts::check_passwords_allowed(web.config().web.passwords)?;
    let email = find(&web, id).await?.email;
    let about = web.new_manual_run(&who, format!("create a link for account `{email}`"));
    let (done, link) =
        accounts::create_invitation(&web.store, &about, web.change_time(), AccountId(id)).await?;
    let sign_in = FirstSignIn::Link;
    Ok(Json(InvitationResponse::new(done.run, AccountId(id), email, sign_in, Some(&link))))
}

pub(super) async fn revoke(
    State(web): State<WebContext>,
    PathId(id): PathId,
    Extension(who): Extension<Principal>,
) -> ApiResult<ChangeResponse> {
    let email = find(&web, id).await?.email;
    let about = web.new_manual_run(&who, format!("revoke account `{email}`"));
    let done = accounts::revoke_account(&web.store, &about, web.change_time(), AccountId(id)).await?;
    Ok(Json(ChangeResponse::new(Some(&done), format!("`{email}` may no longer sign in"))))
}

/// Ends all sessions of an account.
pub(super) async fn end_sessions(
    State(web): State<WebContext>,
    PathId(id): PathId,
    Extension(who): Extension<Principal>,
) -> ApiResult<ChangeResponse> {
    let email = find(&web, id).await?.email;
    let about = web.new_manual_run(&who, format!("end the sessions of account `{email}`"));
    let done = accounts::end_sessions(&web.store, &about, web.change_time(), AccountId(id)).await?;
    Ok(Json(ChangeResponse::new(Some(&done), format!("`{email}` is signed out everywhere"))))
}

/// Removes the second factor of an account.
pub(super) async fn remove_second_factor(
    State(web): State<WebContext>,
    PathId(id): PathId,
    Extension(who): Extension<Principal>,
) -> ApiResult<ChangeResponse> {
    let email = find(&web, id).await?.email;
    let about = web.new_manual_run(&who, format!("remove the second factor of account `{email}`"));
    let done = accounts::remove_second_factor(&web.store, &about, web.change_time(), AccountId(id)).await?;
    Ok(Json(ChangeResponse::new(Some(&done), format!("`{email}` signs in without a second factor"))))
}
