//! Suspensions by hand: learners without access, whatever the sources say, until they are restored.

use chrono::{DateTime, NaiveDate, Utc};

use crate::Result;
use crate::learners::{self, who};
use crate::param::params;
use crate::sql::list_statements;
use crate::transaction::Tx;
use rollcall_model::ids::{LearnerId, RunId};
use rollcall_model::status::LearnerStatus;

const SUSPENDED: &str = "SELECT learner_id FROM suspensions WHERE lifted_run_id IS NULL ORDER BY learner_id";

/// The learners who are suspended.
pub async fn list_suspended_learners(tx: &mut Tx) -> Result<Vec<LearnerId>> {
    let rows: Vec<(LearnerId,)> = tx.fetch_all("read suspensions", SUSPENDED, params![]).await?;
    Ok(rows.into_iter().map(|(learner,)| learner).collect())
}

/// A suspension in force.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct Suspension {
    /// The run that suspended the learner.
    pub run_id: RunId,
    /// The actor of that run.
    pub actor: String,
    /// Its time.
    pub started_at: DateTime<Utc>,
}

const IN_FORCE: &str = "
    SELECT s.run_id, r.actor, r.started_at FROM suspensions s JOIN runs r ON r.id = s.run_id
    WHERE s.learner_id = $1 AND s.lifted_run_id IS NULL";

/// The suspension of a learner that is in force.
pub async fn find_in_force(tx: &mut Tx, learner: LearnerId) -> Result<Option<Suspension>> {
    tx.fetch_optional("read the suspension of a learner", IN_FORCE, params![learner]).await
}

/// The runs that suspended and restored a learner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct SuspensionPeriod {
    /// The run that suspended the learner.
    pub run_id: i64,
    /// The run that restored the learner.
    pub lifted_run_id: Option<i64>,
}

const PERIODS: &str =
    "SELECT run_id, lifted_run_id FROM suspensions WHERE learner_id = $1 ORDER BY run_id DESC";

/// All suspensions of a learner, the newest first.
pub async fn list_periods(tx: &mut Tx, learner: LearnerId) -> Result<Vec<SuspensionPeriod>> {
    tx.fetch_all("read the suspensions of a learner", PERIODS, params![learner]).await
}

/// The learner whom a run suspended or restored.
#[derive(Debug, Clone, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct SuspensionChange {
    /// The address, or what stands for it.
    pub email: String,
    /// True if the run suspended the learner, false if it restored the learner.
    pub suspended: bool,
}

const OF_RUN: &str = concat!(
    "SELECT ",
    who!(),
    " AS email, s.run_id = $1 AS suspended FROM suspensions s JOIN learners l ON l.id = s.learner_id
     WHERE s.run_id = $1 OR s.lifted_run_id = $1"
);

/// The suspension or restoration that a run made.
pub async fn find_by_run(tx: &mut Tx, run: RunId) -> Result<Option<SuspensionChange>> {
    tx.fetch_optional("look for a suspension", OF_RUN, params![run]).await
}

const CREATE: &str = "INSERT INTO suspensions (learner_id, run_id) VALUES ($1, $2)";

/// Records a suspension.
pub async fn create(tx: &mut Tx, learner: LearnerId, run: RunId) -> Result<()> {
    tx.execute("suspend a learner", CREATE, params![learner, run]).await.map(|_| ())
}

const LIFT: &str =
    "UPDATE suspensions SET lifted_run_id = $2 WHERE learner_id = $1 AND lifted_run_id IS NULL";

/// Ends the suspension of a learner.
pub async fn lift(tx: &mut Tx, learner: LearnerId, run: RunId) -> Result<()> {
    tx.execute("restore a learner", LIFT, params![learner, run]).await.map(|_| ())
}

const ACTIVE_SINCE: &str = "UPDATE learners SET active_since = $2 WHERE id = $1";

/// Changes the status of a learner. A status with access begins today.
pub async fn change_status(
    tx: &mut Tx,
    learner: LearnerId,
    status: LearnerStatus,
    today: NaiveDate,
    run: RunId,
) -> Result<()> {
    learners::set_statuses(tx, [(learner, status)], run).await?;
    if status.has_access() {
        tx.execute("begin the access of a learner", ACTIVE_SINCE, params![learner, today]).await?;
    }
    Ok(())
}

list_statements!(SUSPENDED, IN_FORCE, PERIODS, OF_RUN, CREATE, LIFT, ACTIVE_SINCE);
