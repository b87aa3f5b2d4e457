//! Loads what the limits on removals are measured against.

use chrono::TimeDelta;

use crate::enrollment::change::ChangeTime;
use rollcall_model::guard::{AccessTotals, HoldBaseline, SafetyLimits};
use rollcall_model::ids::{ConnectorId, RunId};
use rollcall_planner::run_baseline::RunBaseline;
use rollcall_planner::snapshot::{Snapshot, SnapshotExtent};
use rollcall_store::runs::LimitUsage;
use rollcall_store::{Result, Tx, connectors, holds, persons, runs};

/// The period in which removals are counted together.
const DAY: TimeDelta = TimeDelta::hours(24);

/// The number of people who are counted for the limits on a set of people: 5 % of them are more than the set has.
const COUNTED_PEOPLE: u64 = 1_000;

/// Loads the baselines of a connector, and what its runs of the last 24 hours removed.
///
/// # Errors
/// If the database fails.
pub(super) async fn load_baselines(
    tx: &mut Tx,
    id: ConnectorId,
    when: ChangeTime,
    snapshot: &mut Snapshot,
) -> Result<()> {
    snapshot.baseline = RunBaseline::read(&connectors::get_baseline(tx, id).await?);
    let usage = runs::get_limit_usage(tx, id, when.now - DAY, RunId(0)).await?;
    snapshot.charged_people = usage.people;
    snapshot.charged = to_access_totals(usage);
    snapshot.hold_baseline = HoldBaseline::read(&connectors::get_hold_baseline(tx, id).await?);
    if let Some(before) = &snapshot.hold_baseline {
        let first = RunId(before.run);
        snapshot.charged_since =
            to_access_totals(runs::get_limit_usage(tx, id, when.now - DAY, first).await?);
    }
    snapshot.any_held = holds::has_changes(tx, id).await?;
    Ok(())
}

/// Loads what limits are measured against: the people who came in the last 24 hours and, for a set of people, what the
/// others of the connector have. The latter is as much as the limits need, so that the cost does not grow with the company.
///
/// # Errors
/// If the database fails.
pub(super) async fn load_totals(
    tx: &mut Tx,
    limits: &SafetyLimits,
    when: ChangeTime,
    snapshot: &mut Snapshot,
) -> Result<()> {
    let Some(connector) = snapshot.connector else { return Ok(()) };
    let first = runs::find_first_change(tx, connector, when.now - DAY).await?;
    if snapshot.extent == SnapshotExtent::All {
        if let Some(first) = first {
            snapshot.recent = persons::list_new_since(tx, connector, first).await?.into_iter().collect();
        }
        return Ok(());
    }
    let AccessTotals { learners, memberships, enrollments } = snapshot.charged;
    let charged = limits.max_removals.whole_of(learners.max(memberships).max(enrollments)).unwrap_or(0);
    let most = i64::try_from(COUNTED_PEOPLE.saturating_add(charged)).unwrap_or(i64::MAX);
    let mut counted = persons::count_access_of_some(tx, connector, most, first).await?;
    if counted.0 == 0 && first.is_some() {
        counted = persons::count_access_of_some(tx, connector, most, None).await?;
    }
    let (learners, memberships, enrollments) = counted;
    snapshot.totals = Some(AccessTotals {
        learners: learners.unsigned_abs(),
        memberships: memberships.unsigned_abs(),
        enrollments: enrollments.unsigned_abs(),
    });
    Ok(())
}

pub(crate) fn to_access_totals(charge: LimitUsage) -> AccessTotals {
    AccessTotals {
        learners: charge.learners,
        memberships: charge.memberships,
        enrollments: charge.enrollments,
    }
}

pub(crate) fn to_limit_usage(totals: AccessTotals, people: u64) -> LimitUsage {
    LimitUsage {
        learners: totals.learners,
        memberships: totals.memberships,
        enrollments: totals.enrollments,
        people,
    }
}
