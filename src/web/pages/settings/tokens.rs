//! API token page.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use chrono::{NaiveDate, Utc};

use crate::WebContext;
use crate::csv_export;
use crate::error::format_sentence;
use crate::form_data::{FormData, UrlQuery};
use crate::layout::{FieldError, Layout, MenuItem};
use crate::list_cursor::{ListCursor, ListPageRequest, split_next_page};
use crate::pages::groups::format_local_time;
use crate::pages::{PageResult, load_notice, render_page_with_status};
use rollcall_core::accounts::{self, AccountError, NewToken, Principal, TokenLifetime};
use rollcall_model::role::Role;
use rollcall_store::listing::PageRequest;
use rollcall_store::listing::tokens::{self as listed, TokenListRow};
use rollcall_store::tokens::ApiToken;

#[derive(Template)]
#[template(path = "settings/tokens.html")]
struct TokenSettingsPage<'a> {
    frame: Layout,
    tab: &'static str,
    rows: Vec<TokenLine>,
    next: Option<String>,
    is_first: bool,
    roles: [Role; 5],
    name: &'a str,
    role: &'a str,
    until: &'a str,
    never: bool,
    fresh: Option<(&'a str, String)>,
}

struct TokenLine {
    name: String,
    role: String,
    made: String,
    ends: String,
    ends_soon: bool,
    used: String,
}

fn row_cursor(row: &TokenListRow) -> ListCursor {
    ListCursor { text: row.name_folded.clone(), id: row.token.id.0 }
}

pub(super) async fn show(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    render_tokens(&web, &who, &query, &FormData::default(), None, Vec::new()).await
}

fn token_line(web: &WebContext, token: ApiToken) -> TokenLine {
    let zone = web.config().timezone;
    let role = match token.effective_role() {
        Some(role) if role == token.role => role.in_words().to_owned(),
        Some(role) => format!("{}, acts as {}", token.role.in_words(), role.in_words()),
        None => format!("{}, may do nothing", token.role.in_words()),
    };
    TokenLine {
        role,
        made: format_local_time(token.created_at, zone),
        ends: token
            .expires_at
            .map_or_else(|| "never".to_owned(), |end| format!("after {}", accounts::last_day(end, zone))),
        ends_soon: accounts::ends_soon(token.expires_at, Utc::now()),
        used: token.seen_at.map_or_else(|| "never".to_owned(), |at| format_local_time(at, zone)),
        name: token.name,
    }
}

async fn render_tokens(
    web: &WebContext,
    who: &Principal,
    query: &FormData,
    typed: &FormData,
    key: Option<(&str, String)>,
    faults: Vec<FieldError>,
) -> PageResult {
    let here = ListPageRequest::from_query(query);
    let mut tx = web.store.begin_read().await?;
    let mut rows = listed::list(&mut tx, here.to_store_page()).await?;
    let next = split_next_page(&mut rows, row_cursor);
    let frame = Layout::new(who, MenuItem::Settings, "Tokens")
        .notice(load_notice(&mut tx, query).await?)
        .faults(faults);
    let page = TokenSettingsPage {
        frame,
        tab: "tokens",
        rows: rows.into_iter().map(|row| token_line(web, row.token)).collect(),
        next,
        is_first: here.is_first(),
        roles: Role::ALL,
        name: typed.text("name"),
        role: typed.text("role"),
        until: typed.text("until"),
        never: !typed.text("never").is_empty(),
        fresh: key,
    };
    render_page_with_status(page.frame.status(), &page)
}

pub(super) async fn export_csv(State(web): State<WebContext>, _: Extension<Principal>) -> PageResult {
    let mut sheet = csv_export::CsvWriter::new(["token", "role", "made", "ends", "last used"]);
    let mut tx = web.store.begin_read().await?;
    let mut after = ListCursor { text: String::new(), id: 0 };
    loop {
        let from = PageRequest { text: &after.text, id: after.id, limit: csv_export::BATCH_ROWS };
        let rows = listed::list(&mut tx, from).await?;
        let Some(last) = rows.last() else { break };
        after = row_cursor(last);
        for row in rows {
            let one = token_line(&web, row.token);
            sheet.write_row([&one.name, &one.role, &one.made, &one.ends, &one.used]);
        }
    }
    Ok(sheet.into_download("tokens.csv"))
}

pub(super) async fn submit_token(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let name = form.text("name").trim();
    let mut faults = Vec::new();
    let role = form.text("role").parse::<Role>().ok();
    if role.is_none() {
        faults.push(FieldError::new("role", "Select a role for the token."));
    }
    let day = form.text("until").trim();
    let until = day.parse::<NaiveDate>().ok();
    if !day.is_empty() && until.is_none() {
        faults.push(FieldError::new("until", "Enter a date such as 2026-12-31."));
    }
    let is_unlimited = !form.text("never").is_empty();
    if is_unlimited && !day.is_empty() {
        faults.push(FieldError::new("until", "Enter a last day, or select that the key never ends."));
    }
    let (Some(role), true) = (role, faults.is_empty()) else {
        return render_tokens(&web, &who, &FormData::default(), &form, None, faults).await;
    };
    let lifetime = match until.and_then(|day| accounts::end_of_day(day, web.config().timezone)) {
        Some(end) => TokenLifetime::Until(end),
        None if is_unlimited => TokenLifetime::Unlimited,
        None => TokenLifetime::Default,
    };
    let about = web.new_manual_run(&who, format!("create token `{name}` as {role}"));
    let new = NewToken { name, role, lifetime, owner: who.owner(), networks: Vec::new() };
    match accounts::create_token(&web.store, &about, web.change_time(), new).await {
        Ok(made) => {
            let none = FormData::default();
            render_tokens(&web, &who, &none, &none, Some((name, made.key)), Vec::new()).await
        }
        Err(AccountError::Store(error)) => Err(error.into()),
        Err(error) => {
            let field = if matches!(error, AccountError::ExpiryInPast) { "until" } else { "name" };
            let fault = FieldError::new(field, format_sentence(&error.to_string()));
            render_tokens(&web, &who, &FormData::default(), &form, None, vec![fault]).await
        }
    }
}

pub(super) async fn submit_revocation(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let name = form.text("name");
    let about = web.new_manual_run(&who, format!("revoke token `{name}`"));
    match accounts::revoke_token(&web.store, &about, web.change_time(), name).await {
        Ok(done) => Ok(Redirect::to(&format!("/settings/tokens?run={}", done.run)).into_response()),
        Err(AccountError::Store(error)) => Err(error.into()),
        Err(error) => {
            let fault = FieldError::new("", format_sentence(&error.to_string()));
            let none = FormData::default();
            render_tokens(&web, &who, &none, &none, None, vec![fault]).await
        }
    }
}
