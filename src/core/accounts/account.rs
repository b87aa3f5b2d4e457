//! Creation, roles, invitations and revocation of accounts.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::accounts::{AccountError, AccountRef, Result, find_account, password, random_token};
use crate::enrollment::change::{ChangeTime, ChangeTransaction, CommittedChange};
use rollcall_model::ids::{AccountId, RunId};
use rollcall_model::names::{clean, is_address};
use rollcall_model::role::Role;
use rollcall_model::secret::SecretText;
use rollcall_store::accounts::{self, Account};
use rollcall_store::runs::NewRun;
use rollcall_store::{Store, Tx, second_factors, sessions, sign_in_devices, tokens};

/// Lifetime of a link.
const INVITATION_LIFETIME: TimeDelta = TimeDelta::days(1);

/// A link to set a password, valid once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Secret part of the link, after `/welcome/`. It is not stored.
    pub key: String,
    /// Time of expiry.
    pub until: DateTime<Utc>,
}

impl Invitation {
    fn new(when: ChangeTime) -> Result<Self> {
        Ok(Self { key: random_token::generate_token()?, until: when.now + INVITATION_LIFETIME })
    }

    /// Returns the path of the link, without the address of the service.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/welcome/{}", self.key)
    }
}

/// An account to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewUserAccount<'a> {
    /// The address that signs in.
    pub email: &'a str,
    /// The name; may be empty.
    pub name: &'a str,
    /// Role of the account.
    pub role: Role,
    /// How its holder signs in for the first time.
    pub first_sign_in: FirstSignIn<'a>,
}

/// How the holder of a new account signs in for the first time.
#[derive(Debug, Clone, Copy)]
pub enum FirstSignIn<'a> {
    /// With a password that is known.
    Password(&'a SecretText),
    /// With a password that its holder sets by a link.
    Link,
    /// Through the sign-in provider.
    Provider,
}

impl<'a> FirstSignIn<'a> {
    /// The sign-in of an account with a password or without. Where passwords are switched off, the provider signs in.
    ///
    /// # Errors
    /// [`AccountError::PasswordsOff`] if there is a password and passwords are switched off.
    pub fn new(passwords: bool, password: Option<&'a SecretText>) -> Result<Self> {
        match password {
            Some(password) => check_passwords_allowed(passwords).map(|()| Self::Password(password)),
            None if passwords => Ok(Self::Link),
            None => Ok(Self::Provider),
        }
    }

    /// A word for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password(_) => "password",
            Self::Link => "link",
            Self::Provider => "provider",
        }
    }
}

/// Refuses what needs passwords where they are switched off.
///
/// # Errors
/// [`AccountError::PasswordsOff`].
pub fn check_passwords_allowed(passwords: bool) -> Result<()> {
    if passwords { Ok(()) } else { Err(AccountError::PasswordsOff) }
}

/// An account that was made.
#[derive(Debug)]
pub struct CreatedAccount {
    /// The change.
    pub done: CommittedChange,
    /// The account.
    pub account: AccountId,
    /// The link with which its holder sets a password, if there is one.
    pub invitation: Option<Invitation>,
}

/// Makes an account, with a password, with a link that lets its holder set one, or for the sign-in provider. An account
/// that was revoked is given back with the new role; its earlier password, links and identity at the provider do not come back.
///
/// # Errors
/// If the address is not valid or has an account, or the password is too weak.
pub async fn create_account(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    new: NewUserAccount<'_>,
) -> Result<CreatedAccount> {
    let (email, name, role) = (clean(new.email), clean(new.name), new.role);
    check_role(role)?;
    if !is_address(&email) {
        return Err(AccountError::BadAddress { text: email.into_owned() });
    }
    let hash = match new.first_sign_in {
        FirstSignIn::Password(secret) => {
            password::check_password(secret.reveal(), &email)?;
            Some(password::hash_password(secret.reveal()).await?)
        }
        FirstSignIn::Link | FirstSignIn::Provider => None,
    };
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let run = change.run;
    let account = match accounts::get_by_email(&mut change.tx, &email).await? {
        Some(there) if there.is_active() => return Err(AccountError::AccountExists { email: there.email }),
        Some(there) => {
            end_access(&mut change.tx, &there, run).await?;
            accounts::clear_subject(&mut change.tx, there.id).await?;
            accounts::set_deactivated(&mut change.tx, there.id, None).await?;
            accounts::set_role(&mut change.tx, there.id, role).await?;
            there.id
        }
        None => accounts::create(&mut change.tx, &email, &name, role, run).await?,
    };
    let mut made = json!({"account": account, "email": email, "role": role});
    if let Some(hash) = hash {
        accounts::set_password(&mut change.tx, account, &hash).await?;
    }
    let invitation = match new.first_sign_in {
        FirstSignIn::Link => {
            let invitation = Invitation::new(when)?;
            store_invitation(&mut change, account, &invitation).await?;
            made["link_until"] = json!(invitation.until);
            Some(invitation)
        }
        FirstSignIn::Password(_) | FirstSignIn::Provider => None,
    };
    change.record_before_after(&Value::Null, &made).await?;
    Ok(CreatedAccount { done: change.commit().await?, account, invitation })
}

async fn store_invitation(
    change: &mut ChangeTransaction,
    account: AccountId,
    invitation: &Invitation,
) -> Result<()> {
    let (digest, now) = (random_token::digest_token(&invitation.key), change.time.now);
    Ok(accounts::create_invitation(&mut change.tx, &digest, Some(account), now, invitation.until).await?)
}

async fn check_not_last_license_holder(tx: &mut Tx, account: &Account) -> Result<()> {
    let is_holder = account.role == Role::LicenseHolder;
    if is_holder && accounts::count_other_license_holders(tx, account.id).await? == 0 {
        return Err(AccountError::LastLicenseHolder { email: account.email.clone() });
    }
    Ok(())
}

/// Refuses a role that accounts cannot have.
fn check_role(role: Role) -> Result<()> {
    if Role::OF_ACCOUNTS.contains(&role) { Ok(()) } else { Err(AccountError::RoleOfTokens { role }) }
}

/// Gives an account another role; it counts from the next request on.
///
/// # Errors
/// If there is no such account, or it is the last license holder.
pub async fn change_role(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    whose: impl Into<AccountRef<'_>>,
    new: Role,
) -> Result<CommittedChange> {
    check_role(new)?;
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let account = find_account(&mut change.tx, whose).await?;
    if new != Role::LicenseHolder {
        check_not_last_license_holder(&mut change.tx, &account).await?;
    }
    accounts::set_role(&mut change.tx, account.id, new).await?;
    let found = json!({"account": account.id, "email": account.email, "role": account.role});
    let made = json!({"account": account.id, "email": account.email, "role": new});
    change.record_before_after(&found, &made).await?;
    Ok(change.commit().await?)
}

/// Ends everything by which an account or what it made gets in: password, second factor, links, sessions, known browsers
/// and the tokens that it made. Returns the number of tokens.
pub(super) async fn end_access(tx: &mut Tx, account: &Account, run: RunId) -> Result<u64> {
    accounts::clear_password(tx, account.id).await?;
    accounts::delete_invitations(tx, account.id).await?;
    sessions::delete_all(tx, account.id).await?;
    sign_in_devices::delete_all(tx, account.id).await?;
    second_factors::delete(tx, account.id).await?;
    Ok(tokens::revoke_all_of(tx, account.id, run).await?)
}

/// Takes the right to sign in away and ends everything that the account could get in by. The subject at the provider
/// stays as long as the account is revoked, so that the provider cannot make a new account for the same person.
///
/// # Errors
/// If there is no such account, or it is the last license holder.
pub async fn revoke_account(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    whose: impl Into<AccountRef<'_>>,
) -> Result<CommittedChange> {
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let account = find_account(&mut change.tx, whose).await?;
    check_not_last_license_holder(&mut change.tx, &account).await?;
    let run = change.run;
    accounts::set_deactivated(&mut change.tx, account.id, Some(run)).await?;
    end_access(&mut change.tx, &account, run).await?;
    let found = json!({"account": account.id, "email": account.email, "role": account.role});
    change.record_before_after(&found, &Value::Null).await?;
    Ok(change.commit().await?)
}

/// Ends all sessions of an account. Its browsers are no longer known.
///
/// # Errors
/// If there is no such account.
pub async fn end_sessions(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    whose: impl Into<AccountRef<'_>>,
) -> Result<CommittedChange> {
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let account = find_account(&mut change.tx, whose).await?;
    let ended = sessions::delete_all(&mut change.tx, account.id).await?;
    sign_in_devices::delete_all(&mut change.tx, account.id).await?;
    let found = json!({"account": account.id, "email": account.email, "sessions": ended});
    let made = json!({"account": account.id, "email": account.email, "sessions": 0});
    change.record_before_after(&found, &made).await?;
    Ok(change.commit().await?)
}

/// Makes a link for an account to set a new password; older ones are no longer good.
///
/// # Errors
/// When there is no such account.
pub async fn create_invitation(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    whose: impl Into<AccountRef<'_>>,
) -> Result<(CommittedChange, Invitation)> {
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let account = find_account(&mut change.tx, whose).await?;
    let invitation = Invitation::new(when)?;
    store_invitation(&mut change, account.id, &invitation).await?;
    let made = json!({"account": account.id, "email": account.email, "link_until": invitation.until});
    change.record_before_after(&Value::Null, &made).await?;
    Ok((change.commit().await?, invitation))
}

/// Creates a link for the first account, if there is no account yet. It invalidates older links.
pub async fn create_first_invitation(store: &Store, now: DateTime<Utc>) -> Result<Option<Invitation>> {
    {
        let mut tx = store.begin_read().await?;
        if accounts::has_accounts(&mut tx).await? {
            return Ok(None);
        }
    }
    let invitation = Invitation { key: random_token::generate_token()?, until: now + INVITATION_LIFETIME };
    let mut tx = store.begin_write().await?;
    accounts::create_invitation(
        &mut tx,
        &random_token::digest_token(&invitation.key),
        None,
        now,
        invitation.until,
    )
    .await?;
    tx.commit().await?;
    Ok(Some(invitation))
}

/// Returns the address that a link is for; none if it creates the first account.
///
/// # Errors
/// If the link is not valid.
pub async fn check_invitation(store: &Store, link: &str, now: DateTime<Utc>) -> Result<Option<String>> {
    let mut tx = store.begin_read().await?;
    match accounts::find_invitation(&mut tx, &random_token::digest_token(link), now).await? {
        None => Err(AccountError::InvalidInvitation),
        Some(None) if accounts::has_accounts(&mut tx).await? => Err(AccountError::InvalidInvitation),
        Some(None) => Ok(None),
        Some(Some(id)) => {
            let account = accounts::get(&mut tx, id).await?.filter(Account::is_active);
            Ok(Some(account.ok_or(AccountError::InvalidInvitation)?.email))
        }
    }
}

/// Sets the password of the account that a link is for, and ends the link and all sessions of the account. The first
/// account is created with `email`.
///
/// # Errors
/// If the link or the address is not valid, or the password is too weak.
pub async fn accept_invitation(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    link: &str,
    email: &str,
    secret: &str,
) -> Result<AccountId> {
    let email = match check_invitation(store, link, when.now).await? {
        Some(email) => email,
        None => clean(email).into_owned(),
    };
    if !is_address(&email) {
        return Err(AccountError::BadAddress { text: email });
    }
    password::check_password(secret, &email)?;
    let hash = password::hash_password(secret).await?;
    let mut change =
        ChangeTransaction::begin(store, &NewRun { actor: email.clone(), ..about.clone() }, when).await?;
    let digest = random_token::digest_token(link);
    // Looked at again under the lock: of two who use the same link, one comes too late.
    let invited = accounts::find_invitation(&mut change.tx, &digest, when.now)
        .await?
        .ok_or(AccountError::InvalidInvitation)?;
    let run = change.run;
    let id = match invited {
        Some(id) => id,
        None if accounts::has_accounts(&mut change.tx).await? => return Err(AccountError::InvalidInvitation),
        None => accounts::create(&mut change.tx, &email, "", Role::LicenseHolder, run).await?,
    };
    accounts::set_password(&mut change.tx, id, &hash).await?;
    accounts::delete_invitation(&mut change.tx, &digest).await?;
    sessions::delete_all(&mut change.tx, id).await?;
    sign_in_devices::delete_all(&mut change.tx, id).await?;
    change
        .record_before_after(&Value::Null, &json!({"account": id, "email": email, "password": "set"}))
        .await?;
    change.commit().await?;
    Ok(id)
}
