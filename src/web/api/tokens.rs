//! Endpoints of API tokens.

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::{Extension, Json};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::api_query::{ApiPage, ApiQuery, INVALID_DATE_MESSAGE, PathId, parse_date};
use super::problem::ApiProblem;
use super::request_body::JsonBody;
use super::{ApiResult, ChangeResponse};
use crate::WebContext;
use crate::list_cursor::ListCursor;
use rollcall_core::accounts::{self, NewToken, Principal, TokenLifetime};
use rollcall_model::ids::TokenId;
use rollcall_model::names::clean;
use rollcall_model::role::Role;
use rollcall_store::listing::tokens as listing;
use rollcall_views::TokenView;

/// Request to create a token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[serde(expecting = "a JSON object")]
#[schema(as = NewToken)]
pub(super) struct CreateTokenRequest {
    /// Name. Unique, ignoring case.
    #[schema(max_length = 100, pattern = r"\S")]
    name: String,
    /// Role.
    role: Role,
    /// Last day of validity, or `never`. If omitted, the token is valid for a year.
    #[schema(pattern = r"^(\d{4}-\d{2}-\d{2}|never)$")]
    until: Option<String>,
    /// Networks in CIDR notation, or addresses, that the token may be used from. If omitted or empty, all.
    #[serde(default)]
    #[schema(max_items = 20)]
    from: Vec<String>,
}

/// Created token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MadeToken)]
pub(super) struct CreateTokenResponse {
    /// Id of the change.
    run: i64,
    /// Key for `Authorization: Bearer KEY`. Shown only in this response.
    key: String,
    /// Token.
    #[serde(flatten)]
    token: TokenView,
}

pub(super) async fn list(
    State(web): State<WebContext>,
    query: ApiQuery,
    _: Extension<Principal>,
) -> ApiResult<ApiPage<TokenView>> {
    let place = query.allow_only(&["after", "limit"])?.page_request()?;
    let mut tx = web.store.begin_read().await?;
    let mut rows = listing::list(&mut tx, place.to_store_page()).await?;
    let next = place
        .split_next_page(&mut rows, |row| ListCursor { text: row.name_folded.clone(), id: row.token.id.0 });
    Ok(Json(ApiPage { items: rows.iter().map(|row| TokenView::from(&row.token)).collect(), next }))
}

pub(super) async fn create(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    JsonBody(new): JsonBody<CreateTokenRequest>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<CreateTokenResponse>), ApiProblem> {
    let (name, role, zone) = (clean(&new.name).into_owned(), new.role, web.config().timezone);
    let lifetime = match new.until.as_deref() {
        None => TokenLifetime::Default,
        Some("never") => TokenLifetime::Unlimited,
        Some(text) => {
            let end = parse_date(text).and_then(|day| accounts::end_of_day(day, zone));
            let end = end.ok_or_else(|| ApiProblem::invalid_field("until", INVALID_DATE_MESSAGE))?;
            TokenLifetime::Until(end)
        }
    };
    let networks = parse_networks(&new.from)?;
    let about = web.new_manual_run(&who, format!("create token `{name}` as {role}"));
    let new = NewToken { name: &name, role, lifetime, owner: who.owner(), networks };
    let made = accounts::create_token(&web.store, &about, web.change_time(), new).await?;
    let mut tx = web.store.begin_read().await?;
    let token = TokenView::from(&accounts::find_token(&mut tx, name.as_str()).await?);
    let place = [(header::LOCATION, format!("/api/v1/tokens/{}", token.id))];
    Ok((StatusCode::CREATED, place, Json(CreateTokenResponse { run: made.done.run.0, key: made.key, token })))
}

/// The longest list of networks of a token.
const MAX_NETWORKS: usize = 20;

fn parse_networks(texts: &[String]) -> Result<Vec<IpNet>, ApiProblem> {
    if texts.len() > MAX_NETWORKS {
        let text = format!("a token has at most {MAX_NETWORKS} networks");
        return Err(ApiProblem::invalid_field("from", text));
    }
    let parse = |text: &String| {
        let refused = || ApiProblem::invalid_field("from", format!("`{text}` is not a network"));
        accounts::parse_network(text).ok_or_else(refused)
    };
    texts.iter().map(parse).collect()
}

pub(super) async fn show(
    State(web): State<WebContext>,
    PathId(id): PathId,
    _: Extension<Principal>,
) -> ApiResult<TokenView> {
    let mut tx = web.store.begin_read().await?;
    Ok(Json(TokenView::from(&accounts::find_token(&mut tx, TokenId(id)).await?)))
}

pub(super) async fn revoke(
    State(web): State<WebContext>,
    PathId(id): PathId,
    Extension(who): Extension<Principal>,
) -> ApiResult<ChangeResponse> {
    let name = {
        let mut tx = web.store.begin_read().await?;
        accounts::find_token(&mut tx, TokenId(id)).await?.name
    };
    let about = web.new_manual_run(&who, format!("revoke token `{name}`"));
    let done = accounts::revoke_token(&web.store, &about, web.change_time(), TokenId(id)).await?;
    Ok(Json(ChangeResponse::new(Some(&done), format!("token `{name}` is revoked"))))
}
