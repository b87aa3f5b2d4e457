//! `rollcall admin`: accounts and API tokens.

use std::io::BufRead;
use std::net::SocketAddr;

use chrono::{DateTime, Utc};
use ipnet::IpNet;
use serde_json::json;

use super::args::{self, TokenEnd};
use super::command_context::CommandContext;
use super::error::CliError;
use super::groups::print_change;
use super::output;
use rollcall_config::WebSettings;
use rollcall_core::accounts::{self, FirstSignIn, Invitation, NewToken, NewUserAccount, TokenLifetime};
use rollcall_core::enrollment::change::CommittedChange;
use rollcall_model::role::Role;
use rollcall_model::secret::SecretText;
use rollcall_store::{accounts as table, tokens};
use rollcall_views as views;

/// Returns the URL of a link on the machine where the service runs.
#[must_use]
pub(crate) fn invitation_url(web: &WebSettings, address: SocketAddr, invitation: &Invitation) -> String {
    let scheme = if web.tls.is_some() { "https" } else { "http" };
    format!("{scheme}://{address}{}", invitation.path())
}

/// Runs a command about accounts and tokens.
pub(crate) async fn admin(session: &CommandContext, command: args::AdminCommand) -> Result<u8, CliError> {
    match command {
        args::AdminCommand::List => list(session).await,
        args::AdminCommand::Create { email, role, name, password_stdin } => {
            create(session, &email, role, &name, password_stdin).await
        }
        args::AdminCommand::Role { email, role } => {
            let about = session.new_manual_run(format!("change account `{email}` to {role}"));
            let done =
                accounts::change_role(&session.store, &about, session.change_time(), &email, role).await?;
            print_change(session, done.run.0, &format!("`{email}` is now {}", role.in_words()))
        }
        args::AdminCommand::Invite { email } => invite(session, &email).await,
        args::AdminCommand::EndSessions { email } => {
            let about = session.new_manual_run(format!("end the sessions of account `{email}`"));
            let done = accounts::end_sessions(&session.store, &about, session.change_time(), &email).await?;
            print_change(session, done.run.0, &format!("`{email}` is signed out everywhere"))
        }
        args::AdminCommand::RemoveSecondFactor { email } => {
            let about = session.new_manual_run(format!("remove the second factor of account `{email}`"));
            let removed =
                accounts::remove_second_factor(&session.store, &about, session.change_time(), &email).await?;
            print_change(session, removed.run.0, &format!("`{email}` signs in without a second factor"))
        }
        args::AdminCommand::Revoke { who } => revoke(session, &who).await,
        args::AdminCommand::Token(args::TokenCommand::Create { name, role, until, from }) => {
            create_token(session, &name, role, until, from).await
        }
        args::AdminCommand::Token(args::TokenCommand::Revoke { name }) => revoke_token(session, &name).await,
    }
}

async fn list(session: &CommandContext) -> Result<u8, CliError> {
    let mut tx = session.store.begin_read().await?;
    let accounts = table::list(&mut tx).await?;
    let tokens = tokens::list(&mut tx).await?;
    if session.json {
        let accounts: Vec<views::AccountView> = accounts.iter().map(views::AccountView::from).collect();
        let tokens: Vec<views::TokenView> = tokens.iter().map(views::TokenView::from).collect();
        output::print_json(&json!({"accounts": accounts, "tokens": tokens}))?;
        return Ok(0);
    }
    let rows = accounts
        .iter()
        .map(|one| [one.email.clone(), one.name.clone(), one.role.to_string(), one.state().to_owned()]);
    let nothing = "no accounts yet: create one with `rollcall admin create EMAIL --role license_holder`";
    output::print_table(["account", "name", "role", "state"], rows, nothing)?;
    if !tokens.is_empty() {
        let day = |at: Option<DateTime<Utc>>, none: &str| {
            at.map_or_else(
                || none.to_owned(),
                |at| at.with_timezone(&session.config.timezone).date_naive().to_string(),
            )
        };
        output::print_result("")?;
        let now = Utc::now();
        let rows = tokens.iter().map(|one| {
            let soon = if accounts::ends_soon(one.expires_at, now) { " (soon)" } else { "" };
            let last = one.expires_at.map(|end| accounts::last_day(end, session.config.timezone));
            let ends = last.map_or_else(|| "never".to_owned(), |day| format!("after {day}{soon}"));
            let owner = one.owner.clone().unwrap_or_default();
            let networks = one.networks.clone();
            [one.name.clone(), one.role.to_string(), ends, day(one.seen_at, "never"), owner, networks]
        });
        output::print_table(["token", "role", "ends", "last used", "account", "from"], rows, "")?;
    }
    Ok(0)
}

async fn create(
    session: &CommandContext,
    email: &str,
    role: Role,
    name: &str,
    password_stdin: bool,
) -> Result<u8, CliError> {
    let secret = if password_stdin {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        Some(SecretText::new(line.trim_end_matches(['\r', '\n'])))
    } else {
        None
    };
    let about = session.new_manual_run(format!("create account `{email}` as {role}"));
    let first_sign_in = FirstSignIn::new(session.config.web.passwords, secret.as_ref())?;
    let new = NewUserAccount { email, name, role, first_sign_in };
    let made = accounts::create_account(&session.store, &about, session.change_time(), new).await?;
    let how = match first_sign_in {
        FirstSignIn::Password(_) | FirstSignIn::Link => "",
        FirstSignIn::Provider => " through the provider",
    };
    match made.invitation {
        Some(invitation) => print_invitation(session, email, made.done, &invitation),
        None => {
            let text = format!("`{email}` may sign in{how} as {}", role.in_words());
            print_change(session, made.done.run.0, &text)
        }
    }
}

async fn invite(session: &CommandContext, email: &str) -> Result<u8, CliError> {
    accounts::check_passwords_allowed(session.config.web.passwords)?;
    let about = session.new_manual_run(format!("create a link for account `{email}`"));
    let (done, invitation) =
        accounts::create_invitation(&session.store, &about, session.change_time(), email).await?;
    print_invitation(session, email, done, &invitation)
}

fn print_invitation(
    session: &CommandContext,
    email: &str,
    done: CommittedChange,
    invitation: &Invitation,
) -> Result<u8, CliError> {
    let web = &session.config.web;
    let link = invitation_url(web, web.listen, invitation);
    if session.json {
        output::print_json(
            &json!({"run": done.run, "email": email, "link": link, "until": invitation.until}),
        )?;
    } else {
        output::print_result(&link)?;
        output::print_status(&format!(
            "\nhint: `{email}` sets a password with this link, once, within 24 hours; replace its address if the service has another one"
        ));
    }
    Ok(0)
}

async fn revoke(session: &CommandContext, who: &str) -> Result<u8, CliError> {
    let about = session.new_manual_run(format!("revoke account `{who}`"));
    match accounts::revoke_account(&session.store, &about, session.change_time(), who).await {
        Ok(done) => print_change(session, done.run.0, &format!("`{who}` may no longer sign in")),
        Err(accounts::AccountError::NoAccount { .. }) => {
            revoke_token(session, who).await.map_err(|failure| {
                if failure.status == 1 {
                    CliError::failed(format!("account or token `{who}` does not exist"))
                        .hint("`rollcall admin list` shows all")
                } else {
                    failure
                }
            })
        }
        Err(error) => Err(error.into()),
    }
}

async fn revoke_token(session: &CommandContext, name: &str) -> Result<u8, CliError> {
    let about = session.new_manual_run(format!("revoke token `{name}`"));
    let done = accounts::revoke_token(&session.store, &about, session.change_time(), name).await?;
    print_change(session, done.run.0, &format!("token `{name}` is revoked"))
}

async fn create_token(
    session: &CommandContext,
    name: &str,
    role: Role,
    until: Option<TokenEnd>,
    networks: Vec<IpNet>,
) -> Result<u8, CliError> {
    let end_of_day = |day| accounts::end_of_day(day, session.config.timezone);
    let lifetime = match until {
        None => TokenLifetime::Default,
        Some(TokenEnd::Never) => TokenLifetime::Unlimited,
        Some(TokenEnd::Day(day)) => end_of_day(day).map_or(TokenLifetime::Unlimited, TokenLifetime::Until),
    };
    let about = session.new_manual_run(format!("create token `{name}` as {role}"));
    let new = NewToken { lifetime, networks, ..NewToken::new(name, role) };
    let made = accounts::create_token(&session.store, &about, session.change_time(), new).await?;
    if session.json {
        let (run, end) = (made.done.run, made.expires_at);
        output::print_json(
            &json!({"run": run, "name": name, "role": role, "token": made.key, "expires_at": end}),
        )?;
    } else {
        output::print_result(&made.key)?;
        let validity = made.expires_at.map_or_else(
            || "it is valid without end".to_owned(),
            |end| format!("it is valid through {}", accounts::last_day(end, session.config.timezone)),
        );
        output::print_status(&format!(
            "\nhint: save the key now, it is not shown again; programs send it as `Authorization: Bearer …`; {validity}"
        ));
    }
    Ok(0)
}
