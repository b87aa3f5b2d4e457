//! Change of one's own password.

use serde_json::{Value, json};

use crate::accounts::principal::SessionOfPrincipal;
use crate::accounts::throttle::{self, SignInClient};
use crate::accounts::{AccountError, Result, password, password_sign_in, random_token};
use crate::enrollment::change::{ChangeTime, ChangeTransaction, CommittedChange};
use rollcall_store::accounts;
use rollcall_store::runs::NewRun;
use rollcall_store::{Store, sessions, sign_in_devices};

/// Entries of the form for a new password.
#[derive(Debug, Clone, Copy)]
pub struct PasswordChange<'a> {
    /// The present password.
    pub present: &'a str,
    /// The new one.
    pub new: &'a str,
    /// A code, if the account has a second factor.
    pub code: &'a str,
}

/// Sets the password of the user after the present one, and a code if there is a second factor, were verified. Ends their
/// other sessions and links; other browsers are no longer known.
///
/// # Errors
/// [`AccountError::WrongPassword`] if it is not the present password; [`AccountError::WrongCode`];
/// [`AccountError::TooManyAttempts`], also after many changes; if the new password is too weak.
pub async fn change_own_password(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    session: &SessionOfPrincipal,
    client: SignInClient<'_>,
    given: PasswordChange<'_>,
) -> Result<CommittedChange> {
    let (email, now) = (about.actor.as_str(), when.now);
    password::check_password(given.new, email)?;
    let checked = password_sign_in::check_account_password(store, email, given.present, client, now).await;
    let (account, attempt) = checked.map_err(|error| match error {
        AccountError::WrongCredentials => AccountError::WrongPassword,
        other => other,
    })?;
    let code_attempt =
        password_sign_in::count_required_code(store, session, email, given.code, client, now).await?;
    throttle::count_account_change(store, account.id, now).await?;
    let hash = password::hash_password(given.new).await?;
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    throttle::give_attempt_back(&mut change.tx, &attempt).await?;
    password_sign_in::lock_unchanged_account(&mut change.tx, &account).await?;
    password_sign_in::use_required_code(&mut change.tx, session, given.code, code_attempt, now).await?;
    accounts::set_password(&mut change.tx, account.id, &hash).await?;
    accounts::delete_invitations(&mut change.tx, account.id).await?;
    sessions::delete_others(&mut change.tx, account.id, &session.digest).await?;
    let device = client.browser.device.map(random_token::digest_token).unwrap_or_default();
    sign_in_devices::delete_others(&mut change.tx, account.id, &device).await?;
    let made = json!({"account": account.id, "email": account.email, "password": "set"});
    change.record_before_after(&Value::Null, &made).await?;
    Ok(change.commit().await?)
}
