//! Change of one's own password.

use serde_json::{Value, json};

use crate::accounts::principal::SessionOfPrincipal;
use crate::accounts::throttle::{self, SignInClient};
use crate::accounts::{AccountError, Result, password, password_sign_in};
use crate::enrollment::change::{ChangeTime, ChangeTransaction, CommittedChange};
use rollcall_store::accounts;
use rollcall_store::runs::NewRun;
use rollcall_store::{Store, sessions};

/// Sets the password of the user after the present one was verified. Ends their other sessions and links.
///
/// # Errors
/// [`AccountError::WrongPassword`] if `present` is not the password; [`AccountError::TooManyAttempts`]; if the new
/// password is too weak.
pub async fn change_own_password(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    session: &SessionOfPrincipal,
    client: SignInClient<'_>,
    (present, new): (&str, &str),
) -> Result<CommittedChange> {
    let email = about.actor.as_str();
    password::check_password(new, email)?;
    let checked = password_sign_in::check_account_password(store, email, present, client, when.now).await;
    let (account, attempt) = checked.map_err(|error| match error {
        AccountError::WrongCredentials => AccountError::WrongPassword,
        other => other,
    })?;
    let hash = password::hash_password(new).await?;
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    throttle::give_attempt_back(&mut change.tx, &attempt).await?;
    password_sign_in::lock_unchanged_account(&mut change.tx, &account).await?;
    accounts::set_password(&mut change.tx, account.id, &hash).await?;
    accounts::delete_invitations(&mut change.tx, account.id).await?;
    sessions::delete_others(&mut change.tx, account.id, &session.digest).await?;
    let made = json!({"account": account.id, "email": account.email, "password": "set"});
    change.record_before_after(&Value::Null, &made).await?;
    Ok(change.commit().await?)
}
