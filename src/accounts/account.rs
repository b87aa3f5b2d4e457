//! Accounts: made, given roles, invited, revoked.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::accounts::{Error, Result, Whose, find, key, password};
use crate::enrollment::change::{Change, Done, When};
use crate::model::ids::AccountId;
use crate::model::names::{clean, is_address};
use crate::model::role::Role;
use crate::model::secret::Secret;
use crate::store::accounts::{self, Account};
use crate::store::runs::About;
use crate::store::{Store, Tx, sessions};

/// How long a link is good.
const GOOD: TimeDelta = TimeDelta::days(1);

/// A link that lets somebody set a password, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The end of the link, behind `/welcome/`; nobody else knows it.
    pub key: String,
    /// When it ends.
    pub until: DateTime<Utc>,
}

impl Invitation {
    fn new(when: When) -> Result<Self> {
        Ok(Self { key: key::fresh()?, until: when.now + GOOD })
    }

    /// Where the link leads, on whatever address the service has.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/welcome/{}", self.key)
    }
}

/// An account to be made.
#[derive(Debug, Clone, Copy)]
pub struct New<'a> {
    /// The address that signs in.
    pub email: &'a str,
    /// The name; may be empty.
    pub name: &'a str,
    /// What it may do.
    pub role: Role,
    /// The password; without one a link lets its holder set it.
    pub password: Option<&'a Secret>,
}

/// An account that was made.
#[derive(Debug)]
pub struct Made {
    /// The change.
    pub done: Done,
    /// The account.
    pub account: AccountId,
    /// The link, where it has no password yet.
    pub invitation: Option<Invitation>,
}

/// Makes an account, with a password or with a link that lets its holder set one. An account that was revoked is given
/// back with the new role.
///
/// # Errors
/// When the address is none or has an account, or the password is too weak.
pub async fn create(store: &Store, about: &About, when: When, new: New<'_>) -> Result<Made> {
    let (email, name, role) = (clean(new.email), clean(new.name), new.role);
    if !is_address(&email) {
        return Err(Error::BadAddress { text: email.into_owned() });
    }
    let hash = match new.password.map(Secret::reveal) {
        Some(secret) => {
            password::check(secret, &email)?;
            Some(password::hash(secret).await?)
        }
        None => None,
    };
    let mut change = Change::begin(store, about, when).await?;
    let run = change.run;
    let account = match accounts::by_email(&mut change.tx, &email).await? {
        Some(there) if there.is_active() => return Err(Error::Exists { email: there.email }),
        Some(there) => {
            accounts::deactivate(&mut change.tx, there.id, None).await?;
            accounts::set_role(&mut change.tx, there.id, role).await?;
            there.id
        }
        None => accounts::add(&mut change.tx, &email, &name, role, run).await?,
    };
    let mut made = json!({"account": account, "email": email, "role": role});
    let invitation = match hash {
        Some(hash) => {
            accounts::set_password(&mut change.tx, account, &hash).await?;
            None
        }
        None => {
            let invitation = Invitation::new(when)?;
            keep(&mut change, account, &invitation).await?;
            made["link_until"] = json!(invitation.until);
            Some(invitation)
        }
    };
    change.note(&Value::Null, &made).await?;
    Ok(Made { done: change.commit().await?, account, invitation })
}

async fn keep(change: &mut Change, account: AccountId, invitation: &Invitation) -> Result<()> {
    let (digest, now) = (key::digest(&invitation.key), change.when.now);
    Ok(accounts::invite(&mut change.tx, &digest, Some(account), now, invitation.until).await?)
}

async fn spare_the_last(tx: &mut Tx, account: &Account) -> Result<()> {
    let is_holder = account.role() == Role::LicenseHolder;
    if is_holder && accounts::other_license_holders(tx, account.id).await? == 0 {
        return Err(Error::LastLicenseHolder { email: account.email.clone() });
    }
    Ok(())
}

/// Gives an account another role; it counts from the next request on.
///
/// # Errors
/// When there is no such account, or nobody would be left who may do everything.
pub async fn role(
    store: &Store,
    about: &About,
    when: When,
    whose: impl Into<Whose<'_>>,
    new: Role,
) -> Result<Done> {
    let mut change = Change::begin(store, about, when).await?;
    let account = find(&mut change.tx, whose).await?;
    if new != Role::LicenseHolder {
        spare_the_last(&mut change.tx, &account).await?;
    }
    accounts::set_role(&mut change.tx, account.id, new).await?;
    let found = json!({"account": account.id, "email": account.email, "role": account.role});
    let made = json!({"account": account.id, "email": account.email, "role": new});
    change.note(&found, &made).await?;
    Ok(change.commit().await?)
}

/// Takes the right to sign in away and ends every session.
///
/// # Errors
/// When there is no such account, or nobody would be left who may do everything.
pub async fn revoke(store: &Store, about: &About, when: When, whose: impl Into<Whose<'_>>) -> Result<Done> {
    let mut change = Change::begin(store, about, when).await?;
    let account = find(&mut change.tx, whose).await?;
    spare_the_last(&mut change.tx, &account).await?;
    let run = change.run;
    accounts::deactivate(&mut change.tx, account.id, Some(run)).await?;
    sessions::end_all(&mut change.tx, account.id).await?;
    let found = json!({"account": account.id, "email": account.email, "role": account.role});
    change.note(&found, &Value::Null).await?;
    Ok(change.commit().await?)
}

/// Makes a link for an account to set a new password; older ones are no longer good.
///
/// # Errors
/// When there is no such account.
pub async fn invite(
    store: &Store,
    about: &About,
    when: When,
    whose: impl Into<Whose<'_>>,
) -> Result<(Done, Invitation)> {
    let mut change = Change::begin(store, about, when).await?;
    let account = find(&mut change.tx, whose).await?;
    let invitation = Invitation::new(when)?;
    keep(&mut change, account.id, &invitation).await?;
    let made = json!({"account": account.id, "email": account.email, "link_until": invitation.until});
    change.note(&Value::Null, &made).await?;
    Ok((change.commit().await?, invitation))
}

/// A link for the first account of all, where there is none yet; an older one is no longer good.
///
/// # Errors
/// When the database does not answer.
pub async fn first_invitation(store: &Store, now: DateTime<Utc>) -> Result<Option<Invitation>> {
    {
        let mut tx = store.read().await?;
        if accounts::any(&mut tx).await? {
            return Ok(None);
        }
    }
    let invitation = Invitation { key: key::fresh()?, until: now + GOOD };
    let mut tx = store.write().await?;
    accounts::invite(&mut tx, &key::digest(&invitation.key), None, now, invitation.until).await?;
    tx.commit().await?;
    Ok(Some(invitation))
}

/// For whom a link is: an address, or none where it makes the first account of all.
///
/// # Errors
/// When the link is not good.
pub async fn welcome(store: &Store, link: &str, now: DateTime<Utc>) -> Result<Option<String>> {
    let mut tx = store.read().await?;
    match accounts::invited(&mut tx, &key::digest(link), now).await? {
        None => Err(Error::BadLink),
        Some(None) if accounts::any(&mut tx).await? => Err(Error::BadLink),
        Some(None) => Ok(None),
        Some(Some(id)) => {
            let account = accounts::by_number(&mut tx, id).await?.filter(Account::is_active);
            Ok(Some(account.ok_or(Error::BadLink)?.email))
        }
    }
}

/// Sets the password of the account that a link is for, made with `email` where it is the first of all, and uses the
/// link up. Whoever was signed in to the account no longer is.
///
/// # Errors
/// When the link is not good, the address is none, or the password is too weak.
pub async fn welcomed(
    store: &Store,
    about: &About,
    when: When,
    link: &str,
    email: &str,
    secret: &str,
) -> Result<AccountId> {
    let email = match welcome(store, link, when.now).await? {
        Some(email) => email,
        None => clean(email).into_owned(),
    };
    if !is_address(&email) {
        return Err(Error::BadAddress { text: email });
    }
    password::check(secret, &email)?;
    let hash = password::hash(secret).await?;
    let mut change = Change::begin(store, &About { actor: email.clone(), ..about.clone() }, when).await?;
    let digest = key::digest(link);
    // Looked at again under the lock: of two who use the same link, one comes too late.
    let invited = accounts::invited(&mut change.tx, &digest, when.now).await?.ok_or(Error::BadLink)?;
    let run = change.run;
    let id = match invited {
        Some(id) => id,
        None if accounts::any(&mut change.tx).await? => return Err(Error::BadLink),
        None => accounts::add(&mut change.tx, &email, "", Role::LicenseHolder, run).await?,
    };
    accounts::set_password(&mut change.tx, id, &hash).await?;
    accounts::use_up(&mut change.tx, &digest).await?;
    sessions::end_all(&mut change.tx, id).await?;
    change.note(&Value::Null, &json!({"account": id, "email": email, "password": "set"})).await?;
    change.commit().await?;
    Ok(id)
}
