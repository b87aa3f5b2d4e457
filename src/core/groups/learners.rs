//! Manually added learners, and lookup of learners.

use serde_json::{Value, json};

use crate::enrollment::change::{ChangeTime, ChangeTransaction, CommittedChange};
use crate::groups::{GroupError, Result};
use rollcall_model::ids::LearnerId;
use rollcall_model::names::{fold, is_address};
use rollcall_model::status::LearnerStatus;
use rollcall_store::learners::{self, Learner};
use rollcall_store::runs::NewRun;
use rollcall_store::{Store, Tx};

/// Finds a learner by address, former address, or `CONNECTOR:ID`.
///
/// # Errors
/// If there is no such learner.
pub async fn find_learner(tx: &mut Tx, text: &str) -> Result<Learner> {
    learners::find(tx, text).await?.ok_or_else(|| GroupError::NoLearner { text: text.to_owned() })
}

/// Number of learners that an error names.
const NAMED_LEARNERS: usize = 5;

/// Finds a learner to show: as [`find_learner`], or by the id at any connector, or by the name. A change must name its
/// learner, because a name can be that of several people.
///
/// # Errors
/// If there is no such learner, or several.
pub async fn find_shown_learner(tx: &mut Tx, text: &str) -> Result<Learner> {
    if let Some(learner) = learners::find(tx, text).await? {
        return Ok(learner);
    }
    let most = i64::try_from(NAMED_LEARNERS).unwrap_or(i64::MAX);
    let mut found = learners::find_by_id_or_name(tx, text, most).await?;
    match (found.pop(), found.is_empty()) {
        (None, _) => Err(GroupError::NoLearner { text: text.to_owned() }),
        (Some(only), true) => Ok(only),
        (Some(last), false) => {
            found.push(last);
            let learners = found.into_iter().map(|one| one.email).collect();
            Err(GroupError::SeveralLearners { text: text.to_owned(), learners })
        }
    }
}

/// Adds a learner that is in no directory.
///
/// # Errors
/// If the address is not valid or an active learner holds it, or the name is empty.
pub async fn add_learner(
    store: &Store,
    about: &NewRun,
    when: ChangeTime,
    email: &str,
    name: &str,
) -> Result<(LearnerId, CommittedChange)> {
    if !is_address(email) {
        return Err(GroupError::BadAddress { text: email.to_owned() });
    }
    if name.trim().is_empty() {
        return Err(GroupError::NoName { email: email.to_owned() });
    }
    let mut change = ChangeTransaction::begin(store, about, when).await?;
    let holder = learners::find(&mut change.tx, email).await?;
    let holds =
        |learner: &Learner| fold(&learner.email) == fold(email) && learner.status != LearnerStatus::Left;
    if let Some(holder) = holder.filter(holds) {
        return Err(GroupError::AddressTaken { email: holder.email, name: holder.name });
    }
    let run = change.run;
    let id = learners::create_manual(&mut change.tx, email.trim(), name.trim(), when.today, run).await?;
    change
        .record_before_after(
            &Value::Null,
            &json!({"learner": id, "email": email.trim(), "name": name.trim()}),
        )
        .await?;
    Ok((id, change.commit().await?))
}
