//! What became of the changes that runs held.

use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::Result;
use crate::param::params;
use crate::runs::{Run, RunRecordKind, RunStatus};
use crate::sql::{Sql, list_statements};
use crate::transaction::Tx;

/// What became of the changes that a run held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = HoldState)]
pub enum RunHoldState {
    /// Changes wait for approval, and no newer run shows them.
    Waiting,
    /// Changes wait for approval, and a newer run shows them.
    Superseded,
    /// The run was approved.
    Approved,
    /// The run was rejected.
    Rejected,
    /// The latest reading no longer requires the changes.
    Dropped,
}

/// The connectors and runs that show changes which wait.
const WAITING: &str = "
    SELECT c.name, h.first_run_id, h.last_run_id
    FROM held_changes h JOIN connectors c ON c.id = h.connector_id
    WHERE h.state = 'held' GROUP BY c.name, h.first_run_id, h.last_run_id";

/// Decisions on some runs, the latest last. A rejection is a change by hand.
const DECISIONS: Sql = Sql::per_engine(
    "SELECT subject_run_id, kind FROM runs WHERE subject_run_id IN (SELECT value FROM json_each($1))
        AND kind IN ('approval', 'hand') AND status <> 'failed' ORDER BY id",
    "SELECT subject_run_id, kind FROM runs WHERE subject_run_id = ANY($1)
        AND kind IN ('approval', 'hand') AND status <> 'failed' ORDER BY id",
);

/// Sets what became of the changes that each of these runs held.
pub(crate) async fn fill_hold_states(tx: &mut Tx, runs: &mut [Run]) -> Result<()> {
    let held: Vec<i64> = runs.iter().filter(|run| run.status == RunStatus::Held).map(|run| run.run).collect();
    if held.is_empty() {
        return Ok(());
    }
    let waiting: Vec<(String, i64, i64)> = tx.fetch_all("look for what waits", WAITING, params![]).await?;
    let decisions: Vec<(i64, RunRecordKind)> =
        tx.fetch_all("read decisions on runs", DECISIONS, params![held]).await?;
    let decisions: FxHashMap<i64, RunRecordKind> = decisions.into_iter().collect();
    for run in runs.iter_mut().filter(|run| run.status == RunStatus::Held) {
        let shown = waiting
            .iter()
            .filter(|(connector, ..)| run.connector.as_ref() == Some(connector))
            .filter(|(_, first, last)| (*first..=*last).contains(&run.run));
        let newest = shown.map(|(.., last)| *last).min();
        run.hold = Some(match (newest, decisions.get(&run.run)) {
            (Some(last), _) if last == run.run => RunHoldState::Waiting,
            (Some(_), _) => RunHoldState::Superseded,
            (None, Some(RunRecordKind::Approval)) => RunHoldState::Approved,
            (None, Some(RunRecordKind::Hand)) => RunHoldState::Rejected,
            (None, None | Some(RunRecordKind::Sync | RunRecordKind::Clock | RunRecordKind::Undo)) => {
                RunHoldState::Dropped
            }
        });
    }
    Ok(())
}

list_statements!(WAITING, DECISIONS);
