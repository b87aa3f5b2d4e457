//! Views of runs, decisions and undos.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{JobCounts, MembershipCounts};
use rollcall_core::sync::{approve, undo};
use rollcall_model::guard::LimitExceeded;
use rollcall_model::ids::{ConnectorId, RunId};
use rollcall_model::run_warning::RunWarning;
use rollcall_store::holds::{self, HeldChangeRecord};
use rollcall_store::runs::{self as log, MembershipChangeRow, Run, RunCounts, RunHoldState, RunStatus};
use rollcall_store::{Result, Tx};

/// A run with its applied and held changes.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Shown)]
pub struct RunDetails {
    /// The run.
    #[serde(flatten)]
    pub row: Run,
    /// Memberships added and ended.
    pub changes: Vec<MembershipChangeRow>,
    /// The warnings.
    pub problems: Vec<RunWarning>,
    /// Changes since the last good reading; null if nothing was held.
    pub causes: Option<Vec<String>>,
    /// The limits that were reached; null if nothing was held.
    pub reasons: Option<Vec<LimitExceeded>>,
    /// The held changes with their current state.
    pub held: Vec<HeldChangeRecord>,
    /// Approvals, rejections and undos of the run.
    pub decisions: Vec<RelatedRun>,
    /// The newer run that shows what waits now, if this run held changes that were not decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<i64>,
}

/// A run that approves, rejects or undoes another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Decision)]
pub struct RelatedRun {
    /// The number.
    pub run: i64,
    /// The command or action that started the run.
    pub what: String,
}

/// Loads a run; `None` if the number does not exist.
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
    let superseded_by = find_superseding_run(tx, connector, &row).await?;
    Ok(Some(RunDetails {
        row,
        superseded_by,
        changes,
        problems,
        causes: serde_json::from_value(guard["causes"].clone()).ok(),
        reasons: serde_json::from_value(guard["reasons"].clone()).ok(),
        held,
        decisions: decided.into_iter().map(|(run, what)| RelatedRun { run, what }).collect(),
    }))
}

/// Returns the newer run that shows what waits now, if the run held changes that were not decided.
pub async fn find_superseding_run(
    tx: &mut Tx,
    connector: Option<ConnectorId>,
    run: &Run,
) -> Result<Option<i64>> {
    let Some(connector) = connector.filter(|_| run.status == RunStatus::Held) else { return Ok(None) };
    // A newer run of one person leaves the other changes of this run to wait.
    if run.hold == Some(RunHoldState::Waiting) || !log::list_related(tx, RunId(run.run)).await?.is_empty() {
        return Ok(None);
    }
    let newest = holds::find_newest_waiting(tx, connector).await?;
    Ok(newest.filter(|newest| *newest > run.run))
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
    /// The number of the decision.
    pub run: i64,
    /// The connector.
    pub connector: String,
    /// The run that held the changes.
    pub of: i64,
    /// The applied changes of an approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved: Option<Vec<HeldChangeRecord>>,
    /// The rejected changes of a rejection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected: Option<Vec<HeldChangeRecord>>,
    /// Changes that were shown and are no longer required.
    pub dropped: Vec<HeldChangeRecord>,
    /// Changes that wait for approval and that the run did not show.
    pub waiting: Vec<HeldChangeRecord>,
    /// Memberships.
    pub memberships: MembershipCounts,
    /// Jobs.
    pub jobs: JobCounts,
}

impl DecisionResult {
    /// Creates the view of an approval.
    #[must_use]
    pub fn approved(of: RunId, decided: &approve::ApprovalResult) -> Self {
        Self { approved: Some(decided.done.clone()), ..Self::from_approval(of, decided) }
    }

    /// Creates the view of a rejection.
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
    /// The run that was undone.
    pub of: i64,
    /// Memberships restored and ended.
    pub memberships: MembershipCounts,
    /// Learners whose status is as before the run.
    pub learners: u64,
    /// Those of them who lose access.
    pub learners_out: u64,
    /// Assignments that are as before the run.
    pub assignments: u64,
    /// Those of them that ended.
    pub assignments_ended: u64,
    /// Groups that were restored or deleted.
    pub groups: u64,
    /// Completions that were removed.
    pub completions: u64,
    /// Exclusions that were lifted or restored.
    pub exclusions: u64,
    /// Changes that were changed again later and are kept, a sentence each.
    pub touched: Vec<String>,
    /// Jobs.
    pub jobs: JobCounts,
}

impl UndoResultView {
    /// Creates the view of an undo.
    #[must_use]
    pub fn new(of: RunId, undone: &undo::UndoCounts) -> Self {
        Self {
            run: undone.run,
            of: of.0,
            memberships: MembershipCounts::from(&undone.counts),
            learners: undone.learners,
            learners_out: undone.learners_out,
            assignments: undone.assignments,
            assignments_ended: undone.assignments_ended,
            groups: undone.groups,
            completions: undone.completions,
            exclusions: undone.exclusions,
            touched: undone.touched.clone(),
            jobs: JobCounts::from(&undone.counts),
        }
    }
}
