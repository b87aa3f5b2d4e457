//! Views of runs, decisions and undos.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{JobCounts, MembershipCounts};
use rollcall_core::sync::{approve, undo};
use rollcall_model::guard::LimitExceeded;
use rollcall_model::ids::RunId;
use rollcall_model::run_warning::RunWarning;
use rollcall_store::holds::{self, HeldChangeRecord};
use rollcall_store::runs::{self as log, MembershipChangeRow, Run, RunCounts};
use rollcall_store::{Result, Tx};

/// A run with everything that it did and held.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Shown)]
pub struct RunDetails {
    /// The run.
    #[serde(flatten)]
    pub row: Run,
    /// Memberships given and ended.
    pub changes: Vec<MembershipChangeRow>,
    /// What it noticed and went on without.
    pub problems: Vec<RunWarning>,
    /// What changed since the last good reading; none where nothing was held.
    pub causes: Option<Vec<String>>,
    /// The limits that were reached; none where nothing was held.
    pub reasons: Option<Vec<LimitExceeded>>,
    /// What it held, and what became of that.
    pub held: Vec<HeldChangeRecord>,
    /// Runs that are about it.
    pub decisions: Vec<RelatedRun>,
}

/// A run that is about another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Decision)]
pub struct RelatedRun {
    /// Its number.
    pub run: i64,
    /// What it was.
    pub what: String,
}

/// A run; nothing where there is none of that number.
pub async fn load_run_details(tx: &mut Tx, run: RunId) -> Result<Option<RunDetails>> {
    let Some(row) = log::get(tx, run).await? else { return Ok(None) };
    let changes = log::list_membership_changes(tx, run).await?;
    let problems = log::list_warnings(tx, run).await?;
    let (guard, connector) = log::get_guard_report(tx, run).await?;
    let guard: Value = serde_json::from_str(&guard).unwrap_or_default();
    let held = match connector {
        Some(connector) => holds::shown(tx, connector, run).await?,
        None => Vec::new(),
    };
    let decided = log::list_related(tx, run).await?;
    Ok(Some(RunDetails {
        row,
        changes,
        problems,
        causes: serde_json::from_value(guard["causes"].clone()).ok(),
        reasons: serde_json::from_value(guard["reasons"].clone()).ok(),
        held,
        decisions: decided.into_iter().map(|(run, what)| RelatedRun { run, what }).collect(),
    }))
}

impl From<&RunCounts> for MembershipCounts {
    fn from(counts: &RunCounts) -> Self {
        Self { add: counts.memberships_added, remove: counts.memberships_removed }
    }
}

impl From<&RunCounts> for JobCounts {
    fn from(counts: &RunCounts) -> Self {
        Self { enqueued: counts.jobs_enqueued }
    }
}

/// The result of an approval or a rejection.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Decided)]
pub struct DecisionResult {
    /// Its own number.
    pub run: i64,
    /// The connector.
    pub connector: String,
    /// The run that held.
    pub of: i64,
    /// What was done, of an approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved: Option<Vec<HeldChangeRecord>>,
    /// What will not be done, of a rejection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected: Option<Vec<HeldChangeRecord>>,
    /// Changes that were shown and are no longer required.
    pub dropped: Vec<HeldChangeRecord>,
    /// What waits and was not shown by that run.
    pub waiting: Vec<HeldChangeRecord>,
    /// Memberships.
    pub memberships: MembershipCounts,
    /// Jobs.
    pub jobs: JobCounts,
}

impl DecisionResult {
    /// An approval of what a run held.
    #[must_use]
    pub fn approved(of: RunId, decided: &approve::ApprovalResult) -> Self {
        Self { approved: Some(decided.done.clone()), ..Self::from_approval(of, decided) }
    }

    /// A rejection of what a run held.
    #[must_use]
    pub fn rejected(of: RunId, decided: &approve::ApprovalResult) -> Self {
        Self { rejected: Some(decided.done.clone()), ..Self::from_approval(of, decided) }
    }

    fn from_approval(of: RunId, decided: &approve::ApprovalResult) -> Self {
        Self {
            run: decided.run.0,
            connector: decided.connector.clone(),
            of: of.0,
            approved: None,
            rejected: None,
            dropped: decided.dropped.clone(),
            waiting: decided.waiting.clone(),
            memberships: MembershipCounts::from(&decided.counts),
            jobs: JobCounts::from(&decided.counts),
        }
    }
}

/// The result of an undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Undone)]
pub struct UndoResultView {
    /// The number of the undo.
    pub run: i64,
    /// The run that was taken back.
    pub of: i64,
    /// Memberships given back and ended.
    pub memberships: MembershipCounts,
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
    pub jobs: JobCounts,
}

impl UndoResultView {
    /// An undo of a run.
    #[must_use]
    pub fn new(of: RunId, undone: &undo::UndoCounts) -> Self {
        Self {
            run: undone.run,
            of: of.0,
            memberships: MembershipCounts::from(&undone.counts),
            learners: undone.learners,
            assignments: undone.assignments,
            groups: undone.groups,
            completions: undone.completions,
            exclusions: undone.exclusions,
            touched: undone.touched.clone(),
            jobs: JobCounts::from(&undone.counts),
        }
    }
}
