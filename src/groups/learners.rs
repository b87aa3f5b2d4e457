//! Learners whom somebody adds by hand, and how learners are found.

use serde_json::{Value, json};

use crate::enrollment::change::{Change, Done, When};
use crate::groups::{Error, Result};
use crate::model::ids::LearnerId;
use crate::model::names::{fold, is_address};
use crate::model::status::Status;
use crate::store::learners::{self, Learner};
use crate::store::runs::About;
use crate::store::{Store, Tx};

/// Finds a learner by address, former address, or `CONNECTOR:ID`.
///
/// # Errors
/// When nobody is called so.
pub async fn find_learner(tx: &mut Tx, text: &str) -> Result<Learner> {
    learners::find(tx, text).await?.ok_or_else(|| Error::NoLearner { text: text.to_owned() })
}

/// Adds a learner whom no directory has.
///
/// # Errors
/// When the address is none, or an active learner holds it, or there is no name.
pub async fn add_learner(
    store: &Store,
    about: &About,
    when: When,
    email: &str,
    name: &str,
) -> Result<(LearnerId, Done)> {
    if !is_address(email) {
        return Err(Error::BadAddress { text: email.to_owned() });
    }
    if name.trim().is_empty() {
        return Err(Error::NoName { email: email.to_owned() });
    }
    let mut change = Change::begin(store, about, when).await?;
    let holder = learners::find(&mut change.tx, email).await?;
    let holds = |learner: &Learner| fold(&learner.email) == fold(email) && learner.status() != Status::Left;
    if let Some(holder) = holder.filter(holds) {
        return Err(Error::AddressTaken { email: holder.email, name: holder.name });
    }
    let run = change.run;
    let id = learners::add(&mut change.tx, email.trim(), name.trim(), when.today, run).await?;
    change.note(&Value::Null, &json!({"learner": id, "email": email.trim(), "name": name.trim()})).await?;
    Ok((id, change.commit().await?))
}
