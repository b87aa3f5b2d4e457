//! Commits a plan: people, run, memberships and jobs in one transaction.

use chrono::Utc;
use rustc_hash::FxHashMap;

use crate::enrollment::ChangeTransaction;
use crate::enrollment::change::ChangeTime;
use crate::sync::catalogue;
use crate::sync::learner_row::{MergedLearner, learner_row};
use crate::sync::limit_totals::to_limit_usage;
use crate::sync::managers::write_managers;
use rollcall_model::attributes::AttributeSet;
use rollcall_model::guard::{ChangeKey, ChangeKind, ChangeSubject, HeldGroup, HoldBaseline, PlannedChange};
use rollcall_model::ids::{ConnectorId, GroupId, LearnerId, RuleId, RunId};
use rollcall_model::people::RowIndex;
use rollcall_model::source_file::SourceFile;
use rollcall_model::status::LearnerStatus;
use rollcall_planner::email_assignment::LearnerUpdate;
use rollcall_planner::membership_plan::{MembershipEntry, MembershipPlan};
use rollcall_planner::population::{LearnerIndex, PersonChange, to_json};
use rollcall_planner::{ChangeSet, HeldRecord, PlanContext, RunBaseline, Snapshot};
use rollcall_store::leases::Lease;
use rollcall_store::memberships::MembershipReason;
use rollcall_store::runs::{self, RunCounts};
use rollcall_store::{Result, Tx, connectors, groups, holds, learners, leases, persons};

/// The result of a commit.
#[derive(Debug)]
pub enum CommitResult {
    /// The plan was committed.
    Done(RunCounts),
    /// Another change was committed since the snapshot: nothing was written.
    Moved,
    /// Another process holds the lease: nothing was written.
    LeaseLost,
}

/// Returns the counts of a plan, before or after its commit.
#[must_use]
pub fn counts(change_set: &ChangeSet) -> RunCounts {
    let population = &change_set.population;
    let fates = |fate: PersonChange| {
        population.learners.iter().filter(|learner| learner.change == fate).count() as u64
    };
    let left = population.learners.iter().filter(|learner| {
        learner.status == LearnerStatus::Left
            && learner.status_before.is_some_and(|was| was != LearnerStatus::Left)
    });
    RunCounts {
        people_read: population.people.len() as u64,
        people_new: fates(PersonChange::New),
        people_changed: fates(PersonChange::Changed),
        people_left: left.count() as u64,
        people_set_aside: population.people.set_aside(),
        people_left_out: population.people.left_out(),
        groups_created: change_set.plan.new_groups() as u64,
        memberships_added: change_set.plan.add.len() as u64,
        memberships_removed: change_set.plan.removals().len() as u64,
        jobs_enqueued: 0,
        people_held: change_set.held.people(),
        groups_held: change_set.held.count(&[ChangeKind::Group]),
        memberships_held: change_set.held.count(&[ChangeKind::Give, ChangeKind::End]),
        enrollments_held: change_set.held.enrollments,
        limit_usage: to_limit_usage(change_set.charge, change_set.charged_people),
    }
}

/// The number of changed rows from which on the statistics of the tables are updated, if it is a large part of them.
const MANY: u64 = 10_000;

/// The run and the lease of a commit.
#[derive(Debug)]
pub struct CommitContext<'a> {
    /// The lease.
    pub lease: &'a Lease,
    /// The number of the run.
    pub run: RunId,
    /// The time.
    pub when: ChangeTime,
    /// The input of the plan.
    pub context: PlanContext<'a>,
    /// The keys of the changes that an approval decides on; `None` for other runs.
    pub approved: Option<Vec<String>>,
    /// The file that was read as a whole, if the source is one.
    pub source_file: Option<&'a SourceFile>,
}

/// Commits a plan under a lease, in the given transaction.
///
/// # Errors
/// If the database fails. Nothing is changed then.
pub async fn commit(mut tx: Tx, job: CommitContext<'_>, change_set: &ChangeSet) -> Result<CommitResult> {
    let CommitContext { lease, run, when, context, .. } = job;
    let (snapshot, attributes) = (context.snapshot, context.rules.attributes);
    if !leases::renew(&mut tx, lease).await? {
        tx.rollback().await?;
        return Ok(CommitResult::LeaseLost);
    }
    let mut counts = counts(change_set);
    let settles_holds = job.approved.is_some() || (change_set.complete && snapshot.any_held);
    if change_set.is_empty() && change_set.lines.is_empty() && !settles_holds {
        finish(&mut tx, &job, &counts, change_set).await?;
        tx.commit().await?;
        return Ok(CommitResult::Done(counts));
    }
    if runs::lock_head(&mut tx).await? != snapshot.version + 1 {
        tx.rollback().await?;
        return Ok(CommitResult::Moved);
    }
    let (groups, rules) = groups_and_rules(&mut tx, &change_set.plan, run).await?;
    let ids = learner_ids(&mut tx, change_set).await?;
    let reason = |entry: &MembershipEntry| MembershipReason {
        group: groups[entry.group as usize],
        rule: rules[entry.rule as usize],
        learner: ids[entry.who as usize],
    };
    let mut change = ChangeTransaction::from_run(tx, run, when);
    let known = |who: &LearnerIndex| change_set.population.learner(*who).id;
    let moving =
        change_set.population.indices().filter(|&who| change_set.population.learner(who).comes_or_goes());
    change
        .stage_memberships(
            change_set.plan.add.iter().map(reason),
            change_set.plan.remove.iter().map(reason),
            moving.filter_map(|who| known(&who)),
        )
        .await?;
    let leave = change_set.leave.iter().filter_map(known).map(|id| id.0).collect();
    learners::mark_left(&mut change.tx, leave, run).await?;
    let rows = change_set.learners.iter().map(|one| planned_row(one, change_set, attributes, &ids));
    learners::write_rows(&mut change.tx, rows, when.today, run).await?;
    write_persons(&mut change.tx, run, attributes, snapshot, change_set, &ids).await?;
    write_managers(&mut change.tx, change_set, &ids).await?;
    change.apply_memberships().await?;
    catalogue::commit(&mut change, &change_set.catalogue, &groups).await?;
    counts.jobs_enqueued = change.counts().jobs_enqueued;
    let mut tx = change.tx;
    if counts.memberships_added > MANY.max(counts.people_read / 2) {
        runs::analyze(&mut tx).await?;
    }
    if let Some(connector) = snapshot.connector {
        let numbers = AssignedIds { rules: &rules, of_rows: of_rows(change_set, &ids) };
        settle_holds(&mut tx, connector, &job, change_set, &numbers).await?;
    }
    finish(&mut tx, &job, &counts, change_set).await?;
    tx.commit().await?;
    Ok(CommitResult::Done(counts))
}

/// Returns the status of a run.
fn status(change_set: &ChangeSet) -> runs::RunStatus {
    if change_set.held.is_waiting() {
        runs::RunStatus::Held
    } else if change_set.writes_nothing() {
        runs::RunStatus::Unchanged
    } else {
        runs::RunStatus::Applied
    }
}

async fn finish(
    tx: &mut Tx,
    job: &CommitContext<'_>,
    counts: &RunCounts,
    change_set: &ChangeSet,
) -> Result<()> {
    let held = &change_set.held;
    let finished = runs::FinishedRun { status: status(change_set), counts, file: job.source_file };
    runs::finish(tx, job.run, finished, &change_set.problems, Utc::now()).await?;
    if held.is_waiting() {
        let json = serde_json::json!({ "causes": held.causes, "reasons": held.reasons });
        runs::record_guard(tx, job.run, &json.to_string()).await?;
    }
    let Some(connector) = job.context.snapshot.connector else { return Ok(()) };
    if job.approved.is_some() {
        return connectors::promote_held_run(tx, connector).await;
    }
    if !change_set.complete {
        return Ok(());
    }
    let people = change_set.population.people.len() as u64;
    let baseline = RunBaseline::of(job.context.rules, people).json();
    if held.is_waiting() {
        let before =
            change_set.hold_baseline.clone().map(|before| HoldBaseline { run: job.run.0, ..before }.json());
        connectors::record_held_run(tx, connector, job.run, &baseline, before.as_deref()).await
    } else {
        connectors::record_good_run(tx, connector, job.run, &baseline).await
    }
}

/// The numbers of the rules and learners of a plan in the database.
struct AssignedIds<'a> {
    rules: &'a [RuleId],
    /// The learners of the rows of the reading.
    of_rows: FxHashMap<RowIndex, LearnerId>,
}

fn of_rows(change_set: &ChangeSet, ids: &[LearnerId]) -> FxHashMap<RowIndex, LearnerId> {
    if change_set.held.changes.is_empty() {
        return FxHashMap::default();
    }
    let learners = change_set.population.learners.iter().zip(ids);
    learners.filter_map(|(learner, id)| Some((learner.row?, *id))).collect()
}

/// Stores held changes, and deletes approved ones.
async fn settle_holds(
    tx: &mut Tx,
    connector: ConnectorId,
    job: &CommitContext<'_>,
    change_set: &ChangeSet,
    numbers: &AssignedIds<'_>,
) -> Result<()> {
    if let Some(keys) = &job.approved {
        holds::forget(tx, keys.clone()).await?;
        let people = &change_set.population.people;
        let mut written: Vec<String> =
            change_set.records.iter().map(|(row, _)| people.id(*row).to_owned()).collect();
        written.extend(change_set.absent.iter().cloned());
        return holds::delete_pinned_records(tx, connector, written).await;
    }
    if change_set.held.changes.is_empty() && !(change_set.complete && job.context.snapshot.any_held) {
        return Ok(());
    }
    let writes = change_set
        .held
        .changes
        .iter()
        .filter_map(|change| held_write(connector, change, change_set, numbers));
    holds::save_changes(tx, connector, job.run, writes, change_set.complete).await?;
    let records: Vec<holds::PinnedRecord> = change_set.held_records.iter().map(held_record).collect();
    holds::save_pinned_records(tx, connector, job.run, &records, change_set.complete).await
}

fn held_record(record: &HeldRecord) -> holds::PinnedRecord {
    holds::PinnedRecord {
        external_id: record.external_id.clone(),
        present: record.present,
        attributes: record.attributes.clone(),
    }
}

fn held_write(
    connector: ConnectorId,
    change: &PlannedChange,
    change_set: &ChangeSet,
    numbers: &AssignedIds<'_>,
) -> Option<holds::NewHeldChange> {
    let learner = match change.who {
        Some(ChangeSubject::Known(id)) => Some(id),
        // A new person whose record is held is not a learner yet.
        Some(ChangeSubject::New(row)) => match (numbers.of_rows.get(&row), change.kind) {
            (Some(id), _) => Some(*id),
            (None, ChangeKind::Give | ChangeKind::End) => return None,
            (None, _) => None,
        },
        None => None,
    };
    let plan = &change_set.plan;
    let rule = match (&change.rule, change.kind) {
        (Some(name), _) => {
            let at = plan.rules.iter().skip(1).position(|rule| rule.name == *name)? + 1;
            Some(numbers.rules[at])
        }
        (None, ChangeKind::Give | ChangeKind::End) => Some(RuleId::BY_HAND),
        (None, _) => None,
    };
    let (group, group_name) = match &change.group {
        Some(HeldGroup::Known(id)) => (Some(*id), None),
        Some(HeldGroup::New(name)) => (None, Some(name.clone())),
        None => (None, None),
    };
    let named = ChangeKey {
        connector: connector.0,
        who: learner,
        external_id: change.external_id.as_deref(),
        group: change.group.as_ref(),
        rule,
        assignment: change.assignment,
    };
    Some(holds::NewHeldChange {
        key: named.key(change.kind),
        kind: change.kind,
        learner,
        external_id: change.external_id.clone(),
        group,
        group_name,
        rule,
        assignment: change.assignment,
        state: change.disposition.state()?,
        reason: change.disposition.cause()?.as_str(),
        fingerprint: change.fingerprint,
        decision: change.disposition.decision(),
    })
}

/// Creates new groups and rules; returns the numbers of all groups and rules of the plan, in its order.
async fn groups_and_rules(
    tx: &mut Tx,
    plan: &MembershipPlan,
    run: RunId,
) -> Result<(Vec<GroupId>, Vec<RuleId>)> {
    let new = plan.groups.iter().filter(|group| group.is_made()).map(|group| &group.name);
    let made: FxHashMap<String, GroupId> = if plan.new_groups() > 0 {
        groups::create_all(tx, new, run).await?.into_iter().map(|(id, folded)| (folded, id)).collect()
    } else {
        FxHashMap::default()
    };
    let groups: Vec<GroupId> = plan
        .groups
        .iter()
        // A held group has no number, and no committed change refers to it.
        .map(|group| group.id.or_else(|| made.get(group.name.folded()).copied()).unwrap_or(GroupId(0)))
        .collect();
    let mut rules = Vec::with_capacity(plan.rules.len());
    for rule in &plan.rules {
        rules.push(match rule.id {
            Some(id) => id,
            None => groups::create_rule(tx, rule.name.as_str()).await?,
        });
    }
    if !plan.meetings.is_empty() {
        let links = plan.meetings.iter().map(|one| {
            (rules[one.rule as usize], one.key.clone(), groups[one.group as usize], one.name.clone())
        });
        groups::create_rule_groups(tx, links).await?;
    }
    Ok((groups, rules))
}

/// Returns the numbers of all learners of the population; new learners get the next free numbers.
async fn learner_ids(tx: &mut Tx, change_set: &ChangeSet) -> Result<Vec<LearnerId>> {
    let mut next = learners::next_id(tx).await?;
    let ids = change_set.population.learners.iter().map(|learner| {
        learner.id.unwrap_or_else(|| {
            let id = LearnerId(next);
            next += 1;
            id
        })
    });
    Ok(ids.collect())
}

/// Returns the row of a learner of a plan.
fn planned_row<'a>(
    one: &'a LearnerUpdate,
    change_set: &'a ChangeSet,
    attributes: &AttributeSet,
    ids: &[LearnerId],
) -> learners::LearnerRowUpdate<'a> {
    let population = &change_set.population;
    let learner = population.learner(one.who);
    let merged = MergedLearner {
        id: ids[one.who as usize],
        fresh: learner.id.is_none(),
        cells: population.cells(one.who).unwrap_or(&[]),
        status: learner.status,
        address: &one.address,
    };
    learner_row(&merged, attributes, &population.people.values)
}

async fn write_persons(
    tx: &mut Tx,
    run: RunId,
    attributes: &AttributeSet,
    snapshot: &Snapshot,
    change_set: &ChangeSet,
    ids: &[LearnerId],
) -> Result<()> {
    let Some(connector) = snapshot.connector else { return Ok(()) };
    let people = &change_set.population.people;
    let rows = change_set.records.iter().map(|&(row, who)| persons::PersonUpdate {
        external_id: people.id(row),
        learner: ids[who as usize],
        digest: change_set.digests[row as usize],
        attributes: to_json(attributes, &people.values, people.cells(row)),
    });
    persons::write_records(tx, connector, rows, change_set.absent.iter().map(String::as_str), run).await
}
