//! Accounts that sign in with an OpenID Connect provider.

use serde_json::{Value, json};
use tracing::warn;

use crate::accounts::account::end_access;
use crate::accounts::{AccountError, Result};
use crate::enrollment::change::{ChangeTime, ChangeTransaction};
use rollcall_model::ids::AccountId;
use rollcall_model::names::{clean, is_address};
use rollcall_model::role::Role;
use rollcall_store::accounts::{self, Account};
use rollcall_store::runs::NewRun;
use rollcall_store::{Store, Tx, sessions};

/// Identity that the sign-in provider reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcIdentity {
    /// Issuer and subject: who it is, whatever address and name become.
    pub subject: String,
    /// The address.
    pub email: String,
    /// True if the provider has proved that the address is theirs.
    pub is_verified: bool,
    /// The name.
    pub name: String,
    /// The role that the provider's groups give here.
    pub role: Option<Role>,
    /// The account that the browser is signed in to.
    pub signed_in: Option<AccountId>,
}

/// Returns true if the person may have a local account because of its address alone. An account with a role above
/// viewer must be signed in for this; a revoked one is refused by the caller.
fn may_link(account: &Account, provided: &OidcIdentity) -> bool {
    account.role == Role::Viewer || !account.is_active() || provided.signed_in == Some(account.id)
}

/// The account that is meant: by subject, else by a proven address that no other subject has.
async fn find_known_account(tx: &mut Tx, provided: &OidcIdentity) -> Result<Option<Account>> {
    if let Some(account) = accounts::get_by_subject(tx, &provided.subject).await? {
        return Ok(Some(account));
    }
    let by_email = accounts::get_by_email(tx, &provided.email).await?;
    match by_email {
        Some(account) if account.subject.is_none() && provided.is_verified => {
            if may_link(&account, provided) {
                Ok(Some(account))
            } else {
                Err(AccountError::PrivilegedAccount { email: account.email })
            }
        }
        // The address belongs to another identity at the provider.
        Some(account) => Err(AccountError::IdentityMismatch { email: account.email }),
        None => Ok(None),
    }
}

/// Ends everything by which an account gets in whose identity has no role at the provider any more, and its tokens. The
/// account stays: it may sign in when the provider gives a role again, and makes its tokens anew.
async fn end_access_without_role(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    provided: &OidcIdentity,
) -> Result<()> {
    let mut read = store.begin_read().await?;
    let Some(account) = accounts::get_by_subject(&mut read, &provided.subject).await? else { return Ok(()) };
    if !accounts::has_access(&mut read, account.id).await? {
        return Ok(());
    }
    drop(read);
    let description = format!("end the access of `{}`: the sign-in provider gives no role", account.email);
    let mut change = ChangeTransaction::begin(store, &NewRun { description, ..about.clone() }, when).await?;
    let run = change.run;
    let ended = end_access(&mut change.tx, &account, run).await?;
    let found = json!({"account": account.id, "email": account.email, "tokens": ended});
    let made = json!({"account": account.id, "email": account.email, "tokens": 0, "sessions": 0});
    change.record_before_after(&found, &made).await?;
    change.commit().await?;
    warn!(account = account.id.0, "the sign-in provider gives no role: the access of the account is ended");
    Ok(())
}

/// Returns the account of an identity that the provider has authenticated. It is created if there is none. Its role
/// becomes the one that the provider's groups give. A local account that is linked loses its password and its sessions.
///
/// # Errors
/// If no group is mapped to a role (then the sessions and tokens of the account are ended), the account is revoked, the address belongs to another account, or to a local account
/// with a role above viewer that is not signed in.
pub async fn find_or_create_oidc_account(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    provided: &OidcIdentity,
) -> Result<AccountId> {
    let Some(role) = provided.role else {
        end_access_without_role(store, about, when, provided).await?;
        return Err(AccountError::NoRole { email: provided.email.clone() });
    };
    let email = clean(&provided.email);
    if !is_address(&email) {
        return Err(AccountError::BadAddress { text: email.into_owned() });
    }
    {
        let mut tx = store.begin_read().await?;
        if let Some(account) = find_known_account(&mut tx, provided).await? {
            if !account.is_active() {
                return Err(AccountError::Revoked { email: account.email });
            }
            if account.role == role && account.subject.as_deref() == Some(&provided.subject) {
                return Ok(account.id);
            }
        }
    }
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let run = change.run;
    let (id, found, role) = match find_known_account(&mut change.tx, provided).await? {
        Some(account) if !account.is_active() => return Err(AccountError::Revoked { email: account.email }),
        Some(account) => {
            if account.subject.is_none() {
                accounts::clear_password(&mut change.tx, account.id).await?;
                accounts::delete_invitations(&mut change.tx, account.id).await?;
                sessions::delete_all(&mut change.tx, account.id).await?;
            }
            let found = json!({"account": account.id, "email": account.email, "role": account.role});
            let is_last = account.role == Role::LicenseHolder
                && role != Role::LicenseHolder
                && accounts::count_other_license_holders(&mut change.tx, account.id).await? == 0;
            if is_last {
                warn!("the last license holder keeps the role, although the sign-in provider gives another");
            }
            (account.id, found, if is_last { Role::LicenseHolder } else { role })
        }
        None => {
            let name = clean(&provided.name).into_owned();
            (accounts::create(&mut change.tx, &email, &name, role, run).await?, Value::Null, role)
        }
    };
    accounts::set_role(&mut change.tx, id, role).await?;
    accounts::set_subject(&mut change.tx, id, &provided.subject, clean(&provided.name).as_ref()).await?;
    change.record_before_after(&found, &json!({"account": id, "email": email, "role": role})).await?;
    change.commit().await?;
    Ok(id)
}
