//! Account page.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect};

use crate::WebContext;
use crate::client_addr::ClientInfo;
use crate::csv_export;
use crate::error::{PageError, format_sentence};
use crate::form_data::{FormData, UrlQuery};
use crate::layout::{FieldError, Layout, MenuItem};
use crate::list_cursor::{ListCursor, ListPageRequest, split_next_page};
use crate::pages::groups::format_local_time;
use crate::pages::{PageResult, load_notice, render_page_with_status};
use rollcall_core::accounts::{self, AccountError, FirstSignIn, Invitation, NewUserAccount, Principal};
use rollcall_model::role::Role;
use rollcall_store::listing::PageRequest;
use rollcall_store::listing::accounts::{self as listed, AccountListRow};

#[derive(Template)]
#[template(path = "settings/accounts.html")]
struct AccountSettingsPage<'a> {
    frame: Layout,
    tab: &'static str,
    rows: Vec<AccountListRow>,
    next: Option<String>,
    is_first: bool,
    roles: [Role; 4],
    typed: AccountFormInput<'a>,
    fresh: Option<ShownInvitation>,
    /// Whether accounts may sign in with a password.
    passwords: bool,
}

/// Input of the form for a new account.
#[derive(Default)]
struct AccountFormInput<'a> {
    email: &'a str,
    name: &'a str,
    role: &'a str,
}

/// Single-use link, shown only once.
struct ShownInvitation {
    email: String,
    link: String,
    until: String,
}

fn row_cursor(row: &AccountListRow) -> ListCursor {
    ListCursor { text: row.email_folded.clone(), id: row.account.id.0 }
}

pub(super) async fn show(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    render_accounts(&web, &who, &query, AccountFormInput::default(), None, Vec::new()).await
}

async fn render_accounts(
    web: &WebContext,
    who: &Principal,
    query: &FormData,
    typed: AccountFormInput<'_>,
    fresh: Option<ShownInvitation>,
    faults: Vec<FieldError>,
) -> PageResult {
    let here = ListPageRequest::from_query(query);
    let mut tx = web.store.begin_read().await?;
    let mut rows = listed::list(&mut tx, here.to_store_page()).await?;
    let next = split_next_page(&mut rows, row_cursor);
    let frame = Layout::new(who, MenuItem::Settings, "Who may sign in")
        .notice(load_notice(&mut tx, query).await?)
        .faults(faults);
    let is_first = here.is_first();
    let page = AccountSettingsPage {
        frame,
        tab: "accounts",
        rows,
        next,
        is_first,
        roles: Role::OF_ACCOUNTS,
        typed,
        fresh,
        passwords: web.config().web.passwords,
    };
    render_page_with_status(page.frame.status(), &page)
}

pub(super) async fn export_csv(State(web): State<WebContext>, _: Extension<Principal>) -> PageResult {
    let mut tx = web.store.begin_read().await?;
    let mut sheet = csv_export::CsvWriter::new(["e-mail", "name", "role", "state"]);
    let mut after = ListCursor { text: String::new(), id: 0 };
    loop {
        let from = PageRequest { text: &after.text, id: after.id, limit: csv_export::BATCH_ROWS };
        let rows = listed::list(&mut tx, from).await?;
        let Some(last) = rows.last() else { break };
        after = row_cursor(last);
        for AccountListRow { account, .. } in rows {
            sheet.write_row([&account.email, &account.name, account.role.in_words(), account.state()]);
        }
    }
    Ok(sheet.into_download("accounts.csv"))
}

/// Builds the absolute link from the origin of the request.
fn invitation_url((client, headers): (ClientInfo, &HeaderMap), invitation: &Invitation) -> String {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let base = match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), _) if origin.starts_with("http") => origin.to_owned(),
        (_, Some(host)) if client.is_encrypted => format!("https://{host}"),
        (_, Some(host)) => format!("http://{host}"),
        (_, None) => String::new(),
    };
    format!("{base}{}", invitation.path())
}

async fn create_invitation(
    web: &WebContext,
    who: &Principal,
    from: (ClientInfo, &HeaderMap),
    email: &str,
) -> Result<ShownInvitation, AccountError> {
    accounts::check_passwords_allowed(web.config().web.passwords)?;
    let about = web.new_manual_run(who, format!("create a link for account `{email}`"));
    let (_, invitation) = accounts::create_invitation(&web.store, &about, web.change_time(), email).await?;
    Ok(shown_invitation(web, from, email, &invitation))
}

fn shown_invitation(
    web: &WebContext,
    from: (ClientInfo, &HeaderMap),
    email: &str,
    invitation: &Invitation,
) -> ShownInvitation {
    let until = format_local_time(invitation.until, web.config().timezone);
    ShownInvitation { email: email.to_owned(), link: invitation_url(from, invitation), until }
}

pub(super) async fn create_account(
    State(web): State<WebContext>,
    client: ClientInfo,
    headers: HeaderMap,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let (email, name) = (form.text("email").trim(), form.text("name").trim());
    let typed = AccountFormInput { email, name, role: form.text("role") };
    let Ok(role) = typed.role.parse::<Role>() else {
        let faults = vec![FieldError::new("role", "Select a role for the account.")];
        return render_accounts(&web, &who, &FormData::default(), typed, None, faults).await;
    };
    let about = web.new_manual_run(&who, format!("create account `{email}` as {role}"));
    let made = match FirstSignIn::new(web.config().web.passwords, None) {
        Ok(first_sign_in) => {
            let new = NewUserAccount { email, name, role, first_sign_in };
            accounts::create_account(&web.store, &about, web.change_time(), new).await
        }
        Err(error) => Err(error),
    };
    let fresh = match made {
        Ok(made) => {
            made.invitation.map(|invitation| shown_invitation(&web, (client, &headers), email, &invitation))
        }
        Err(AccountError::Store(error)) => return Err(error.into()),
        Err(error) => {
            let faults = vec![FieldError::new("email", format_sentence(&error.to_string()))];
            return render_accounts(&web, &who, &FormData::default(), typed, None, faults).await;
        }
    };
    render_accounts(&web, &who, &FormData::default(), AccountFormInput::default(), fresh, Vec::new()).await
}

/// Changes the role of an account, creates a new link, or revokes the account.
pub(super) async fn change_account(
    State(web): State<WebContext>,
    client: ClientInfo,
    headers: HeaderMap,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let email = form.text("email");
    let done = match form.text("do") {
        "link" => match create_invitation(&web, &who, (client, &headers), email).await {
            Ok(fresh) => {
                return render_accounts(
                    &web,
                    &who,
                    &FormData::default(),
                    AccountFormInput::default(),
                    Some(fresh),
                    Vec::new(),
                )
                .await;
            }
            Err(error) => Err(error),
        },
        "revoke" => {
            let about = web.new_manual_run(&who, format!("revoke account `{email}`"));
            accounts::revoke_account(&web.store, &about, web.change_time(), email).await
        }
        "sessions" => {
            let about = web.new_manual_run(&who, format!("end the sessions of account `{email}`"));
            accounts::end_sessions(&web.store, &about, web.change_time(), email).await
        }
        "second_factor" => {
            let about = web.new_manual_run(&who, format!("remove the second factor of account `{email}`"));
            accounts::remove_second_factor(&web.store, &about, web.change_time(), email).await
        }
        "role" => {
            let role: Role =
                form.text("role").parse().map_err(|error: rollcall_model::role::UnknownRole| {
                    PageError::Bad { what: error.to_string() }
                })?;
            let about = web.new_manual_run(&who, format!("change account `{email}` to {role}"));
            accounts::change_role(&web.store, &about, web.change_time(), email, role).await
        }
        _ => return Err(PageError::Missing { what: "the button".to_owned() }),
    };
    match done {
        Ok(done) => Ok(Redirect::to(&format!("/settings?run={}", done.run)).into_response()),
        Err(AccountError::Store(error)) => Err(error.into()),
        Err(error) => {
            let faults = vec![FieldError::new("accounts", format_sentence(&error.to_string()))];
            render_accounts(&web, &who, &FormData::default(), AccountFormInput::default(), None, faults).await
        }
    }
}
