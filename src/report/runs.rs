//! Runs, what was decided about them, and what was taken back.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Jobs, Memberships};
use crate::model::guard::Reason;
use crate::model::ids::RunId;
use crate::model::problem::Problem;
use crate::store::holds::{self, Change};
use crate::store::runs::{self as log, Changed, Counts, Run};
use crate::store::{Result, Tx};
use crate::sync::{approve, undo};

/// A run with everything that it did and held.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Shown {
    /// The run.
    #[serde(flatten)]
    pub row: Run,
    /// Memberships given and ended.
    pub changes: Vec<Changed>,
    /// What it noticed and went on without.
    pub problems: Vec<Problem>,
    /// What changed since the last good reading; none where nothing was held.
    pub causes: Option<Vec<String>>,
    /// The limits that were reached; none where nothing was held.
    pub reasons: Option<Vec<Reason>>,
    /// What it held, and what became of that.
    pub held: Vec<Change>,
    /// Runs that are about it.
    pub decisions: Vec<Decision>,
}

/// A run that is about another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Decision {
    /// Its number.
    pub run: i64,
    /// What it was.
    pub what: String,
}

/// A run; nothing where there is none of that number.
///
/// # Errors
/// When the database refuses.
pub async fn shown(tx: &mut Tx, run: RunId) -> Result<Option<Shown>> {
    let Some(row) = log::show(tx, run).await? else { return Ok(None) };
    let changes = log::changes(tx, run).await?;
    let problems = log::problems(tx, run).await?;
    let (guard, connector) = log::guard(tx, run).await?;
    let guard: Value = serde_json::from_str(&guard).unwrap_or_default();
    let held = match connector {
        Some(connector) => holds::shown(tx, connector, run).await?,
        None => Vec::new(),
    };
    let decided = log::about(tx, run).await?;
    Ok(Some(Shown {
        row,
        changes,
        problems,
        causes: serde_json::from_value(guard["causes"].clone()).ok(),
        reasons: serde_json::from_value(guard["reasons"].clone()).ok(),
        held,
        decisions: decided.into_iter().map(|(run, what)| Decision { run, what }).collect(),
    }))
}

impl From<&Counts> for Memberships {
    fn from(counts: &Counts) -> Self {
        Self { add: counts.memberships_added, remove: counts.memberships_removed }
    }
}

impl From<&Counts> for Jobs {
    fn from(counts: &Counts) -> Self {
        Self { enqueued: counts.jobs_enqueued }
    }
}

/// What came of an approval or a rejection.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Decided {
    /// Its own number.
    pub run: i64,
    /// The connector.
    pub connector: String,
    /// The run that held.
    pub of: i64,
    /// What was done, of an approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved: Option<Vec<Change>>,
    /// What will not be done, of a rejection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected: Option<Vec<Change>>,
    /// What was shown and nobody wants any longer.
    pub dropped: Vec<Change>,
    /// What waits and was not shown by that run.
    pub waiting: Vec<Change>,
    /// Memberships.
    pub memberships: Memberships,
    /// Jobs.
    pub jobs: Jobs,
}

impl Decided {
    /// An approval of what a run held.
    #[must_use]
    pub fn approved(of: RunId, decided: &approve::Decided) -> Self {
        Self { approved: Some(decided.done.clone()), ..Self::of(of, decided) }
    }

    /// A rejection of what a run held.
    #[must_use]
    pub fn rejected(of: RunId, decided: &approve::Decided) -> Self {
        Self { rejected: Some(decided.done.clone()), ..Self::of(of, decided) }
    }

    fn of(of: RunId, decided: &approve::Decided) -> Self {
        Self {
            run: decided.run.0,
            connector: decided.connector.clone(),
            of: of.0,
            approved: None,
            rejected: None,
            dropped: decided.dropped.clone(),
            waiting: decided.waiting.clone(),
            memberships: Memberships::from(&decided.counts),
            jobs: Jobs::from(&decided.counts),
        }
    }
}

/// What was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Undone {
    /// The number of the undo.
    pub run: i64,
    /// The run that was taken back.
    pub of: i64,
    /// Memberships given back and ended.
    pub memberships: Memberships,
    /// Learners who are back.
    pub learners: u64,
    /// Assignments that are as before.
    pub assignments: u64,
    /// Groups that are there again, or gone again.
    pub groups: u64,
    /// Completions taken back.
    pub completions: u64,
    /// Exclusions lifted, or in force again.
    pub exclusions: u64,
    /// What was touched since and stays, a sentence each.
    pub touched: Vec<String>,
    /// Jobs.
    pub jobs: Jobs,
}

impl Undone {
    /// An undo of a run.
    #[must_use]
    pub fn new(of: RunId, undone: &undo::Undone) -> Self {
        Self {
            run: undone.run,
            of: of.0,
            memberships: Memberships::from(&undone.counts),
            learners: undone.learners,
            assignments: undone.assignments,
            groups: undone.groups,
            completions: undone.completions,
            exclusions: undone.exclusions,
            touched: undone.touched.clone(),
            jobs: Jobs::from(&undone.counts),
        }
    }
}
