//! `rollcall admin`: who may use the pages and the API.

use std::io::BufRead;
use std::net::SocketAddr;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use super::args;
use super::failure::Failure;
use super::groups::say;
use super::output;
use super::session::Session;
use crate::accounts::{self, Invitation, New};
use crate::config::Web;
use crate::enrollment::change::Done;
use crate::model::role::Role;
use crate::model::secret::Secret;
use crate::report;
use crate::store::{accounts as table, tokens};

/// The address of a link, on the machine where the service runs.
#[must_use]
pub fn link(web: &Web, address: SocketAddr, invitation: &Invitation) -> String {
    let scheme = if web.tls.is_some() { "https" } else { "http" };
    format!("{scheme}://{address}{}", invitation.path())
}

/// Runs a command about accounts and tokens.
///
/// # Errors
/// When it cannot be done.
pub async fn admin(session: &Session, command: args::Admin) -> Result<u8, Failure> {
    match command {
        args::Admin::List => list(session).await,
        args::Admin::Create { email, role, name, password_stdin } => {
            create(session, &email, role, &name, password_stdin).await
        }
        args::Admin::Role { email, role } => {
            let about = session.by_hand(format!("make account `{email}` {role}"));
            let done = accounts::role(&session.store, &about, session.when(), &email, role).await?;
            say(session, done.run.0, &format!("`{email}` is {} now", role.in_words()))
        }
        args::Admin::Invite { email } => invite(session, &email).await,
        args::Admin::Revoke { who } => revoke(session, &who).await,
        args::Admin::Token(args::Token::Create { name, role, until }) => {
            token(session, &name, role, until).await
        }
        args::Admin::Token(args::Token::Revoke { name }) => revoke_token(session, &name).await,
    }
}

async fn list(session: &Session) -> Result<u8, Failure> {
    let mut tx = session.store.read().await?;
    let accounts = table::list(&mut tx).await?;
    let tokens = tokens::list(&mut tx).await?;
    if session.json {
        let accounts: Vec<report::Account> = accounts.iter().map(report::Account::from).collect();
        let tokens: Vec<report::Token> = tokens.iter().map(report::Token::from).collect();
        output::json(&json!({"accounts": accounts, "tokens": tokens}))?;
        return Ok(0);
    }
    let rows = accounts
        .iter()
        .map(|one| [one.email.clone(), one.name.clone(), one.role.clone(), one.state().to_owned()]);
    let nothing = "no accounts yet: make one with `rollcall admin create EMAIL --role license_holder`";
    output::table(["account", "name", "role", "state"], rows, nothing)?;
    if !tokens.is_empty() {
        let day = |at: Option<DateTime<Utc>>, none: &str| {
            at.map_or_else(
                || none.to_owned(),
                |at| at.with_timezone(&session.config.timezone).date_naive().to_string(),
            )
        };
        output::facts("")?;
        let rows = tokens.iter().map(|one| {
            [one.name.clone(), one.role.clone(), day(one.expires_at, "never"), day(one.seen_at, "never")]
        });
        output::table(["token", "role", "ends", "last used"], rows, "")?;
    }
    Ok(0)
}

async fn create(
    session: &Session,
    email: &str,
    role: Role,
    name: &str,
    password_stdin: bool,
) -> Result<u8, Failure> {
    let secret = if password_stdin {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        Some(Secret::new(line.trim_end_matches(['\r', '\n'])))
    } else {
        None
    };
    let about = session.by_hand(format!("make account `{email}` as {role}"));
    let new = New { email, name, role, password: secret.as_ref() };
    let made = accounts::create(&session.store, &about, session.when(), new).await?;
    match made.invitation {
        Some(invitation) => say_link(session, email, made.done, &invitation),
        None => say(session, made.done.run.0, &format!("`{email}` may sign in as {}", role.in_words())),
    }
}

async fn invite(session: &Session, email: &str) -> Result<u8, Failure> {
    let about = session.by_hand(format!("make a link for account `{email}`"));
    let (done, invitation) = accounts::invite(&session.store, &about, session.when(), email).await?;
    say_link(session, email, done, &invitation)
}

fn say_link(session: &Session, email: &str, done: Done, invitation: &Invitation) -> Result<u8, Failure> {
    let web = &session.config.web;
    let link = link(web, web.listen, invitation);
    if session.json {
        output::json(&json!({"run": done.run, "email": email, "link": link, "until": invitation.until}))?;
    } else {
        output::facts(&link)?;
        output::talk(&format!(
            "\nhint: with this link `{email}` sets a password, once, within a day; give the service's own address where that is another one"
        ));
    }
    Ok(0)
}

async fn revoke(session: &Session, who: &str) -> Result<u8, Failure> {
    let about = session.by_hand(format!("revoke account `{who}`"));
    match accounts::revoke(&session.store, &about, session.when(), who).await {
        Ok(done) => say(session, done.run.0, &format!("`{who}` may no longer sign in")),
        Err(accounts::Error::NoAccount { .. }) => revoke_token(session, who).await.map_err(|failure| {
            if failure.status == 1 {
                Failure::failed(format!("there is no account and no token `{who}`"))
                    .hint("`rollcall admin list` shows all")
            } else {
                failure
            }
        }),
        Err(error) => Err(error.into()),
    }
}

async fn revoke_token(session: &Session, name: &str) -> Result<u8, Failure> {
    let about = session.by_hand(format!("revoke token `{name}`"));
    let done = accounts::revoke_token(&session.store, &about, session.when(), name).await?;
    say(session, done.run.0, &format!("the token `{name}` is no longer good"))
}

async fn token(session: &Session, name: &str, role: Role, until: Option<NaiveDate>) -> Result<u8, Failure> {
    let expires = until.and_then(|day| accounts::end_of(day, session.config.timezone));
    let about = session.by_hand(format!("make token `{name}` as {role}"));
    let (done, secret) =
        accounts::make_token(&session.store, &about, session.when(), name, role, expires).await?;
    if session.json {
        output::json(
            &json!({"run": done.run, "name": name, "role": role, "token": secret, "expires_at": expires}),
        )?;
    } else {
        output::facts(&secret)?;
        output::talk(
            "\nhint: keep it now, it is shown this once; programs send it as `Authorization: Bearer …`",
        );
    }
    Ok(0)
}
