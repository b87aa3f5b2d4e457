//! Loading what a plan needs from the database: the snapshot while a source is read, the lookups after it.
//!
//! This is the only place where rows of the database become values of the planner.

use chrono::TimeDelta;

use crate::enrollment::change::ChangeTime;
use rollcall_model::guard::{AccessTotals, Disposition, HoldBaseline};
use rollcall_model::ids::{ConnectorId, LearnerId, RuleId, RunId};
use rollcall_model::names::{ConnectorName, GroupName, RuleName};
use rollcall_model::status::LearnerStatus;
use rollcall_planner::correlation::{EmailHolder, KnownPerson};
use rollcall_planner::lookups::{LookupKeys, Lookups};
use rollcall_planner::rule_set::RuleSet;
use rollcall_planner::run_baseline::RunBaseline;
use rollcall_planner::snapshot::{
    AssignmentScope, ManualPerson, Snapshot, StandingDecision, StoredAssignment, StoredCourse, StoredGroup,
    StoredRecord,
};
use rollcall_store::assignments::{Assignment, AssignmentTarget};
use rollcall_store::holds::HoldDecision;
use rollcall_store::learners::ManualLearner;
use rollcall_store::persons::PersonRecord;
use rollcall_store::runs::LimitUsage;
use rollcall_store::{
    Result, Tx, assignments, connectors, courses, groups, holds, learners, memberships, nodes, persons, runs,
};

/// The time over which removals are counted together.
const DAY: TimeDelta = TimeDelta::hours(24);

/// Loads the state that a plan for `connector` starts from; `file` are the connectors of the file.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn load_snapshot(
    tx: &mut Tx,
    connector: &ConnectorName,
    file: &[ConnectorName],
    digest: &str,
    when: ChangeTime,
) -> Result<Snapshot> {
    // First: what is loaded after it may be newer than it says, never older.
    let version = runs::get_plan_version(tx).await?;
    let rows = connectors::list(tx).await?;
    let number = |name: &ConnectorName| {
        rows.iter().find(|row| row.name == name.as_str()).map(|row| ConnectorId(row.id))
    };
    let places = file.iter().enumerate().filter_map(|(place, name)| Some((number(name)?, place))).collect();
    let mut snapshot = Snapshot { version, connector: number(connector), places, ..Snapshot::default() };
    if let Some(row) = rows.iter().find(|row| row.name == connector.as_str()) {
        let id = ConnectorId(row.id);
        snapshot.has_good_run = row.good_run_id.is_some();
        load_people(tx, id, rows.len() > 1, &mut snapshot).await?;
        load_baselines(tx, id, when, &mut snapshot).await?;
    }
    for one in holds::list_decisions(tx).await? {
        snapshot.decisions.entry(one.change_key.clone()).or_default().push(decision(&one));
    }
    snapshot.other_files = nodes::list_hosts_with_other_config(tx, digest).await?;
    snapshot.manual = learners::list_manual(tx).await?.into_iter().map(to_manual_person).collect();
    snapshot.has_learners = learners::count(tx).await? > 0;
    load_groups(tx, when, &mut snapshot).await?;
    let all = assignments::list_active(tx, None, None).await?;
    snapshot.assignments = all.into_iter().map(to_stored_assignment).collect();
    Ok(snapshot)
}

async fn load_people(tx: &mut Tx, id: ConnectorId, has_others: bool, snapshot: &mut Snapshot) -> Result<()> {
    let known = &mut snapshot.known;
    persons::for_each_summary(tx, id, |one| {
        let status = LearnerStatus::read(one.status).unwrap_or(LearnerStatus::Left);
        let person = KnownPerson {
            learner: one.learner_id,
            digest: one.digest,
            present: one.present,
            status,
            contested: one.contested,
        };
        known.push(one.external_id, person);
    })
    .await?;
    if has_others {
        snapshot.others =
            persons::list_of_other_connectors(tx, id).await?.into_iter().map(to_stored_record).collect();
    }
    Ok(())
}

async fn load_baselines(
    tx: &mut Tx,
    id: ConnectorId,
    when: ChangeTime,
    snapshot: &mut Snapshot,
) -> Result<()> {
    snapshot.baseline = RunBaseline::read(&connectors::get_baseline(tx, id).await?);
    snapshot.charged = to_access_totals(runs::get_limit_usage(tx, id, when.now - DAY, RunId(0)).await?);
    snapshot.hold_baseline = HoldBaseline::read(&connectors::get_hold_baseline(tx, id).await?);
    if let Some(before) = &snapshot.hold_baseline {
        let first = RunId(before.run);
        snapshot.charged_since =
            to_access_totals(runs::get_limit_usage(tx, id, when.now - DAY, first).await?);
        snapshot.newcomers = persons::list_new_since(tx, id, first).await?.into_iter().collect();
    }
    snapshot.any_held = holds::has_changes(tx, id).await?;
    Ok(())
}

async fn load_groups(tx: &mut Tx, when: ChangeTime, snapshot: &mut Snapshot) -> Result<()> {
    let live = groups::list_active(tx).await?.into_iter();
    snapshot.groups = live
        .filter_map(|group| {
            Some(StoredGroup {
                id: group.id,
                // Every name in the table was parsed before it was written.
                name: GroupName::parse(&group.name).ok()?,
                by_hand: group.by_hand,
                members: group.members.unsigned_abs(),
            })
        })
        .collect();
    let rules = groups::list_rules(tx).await?.into_iter().filter(|(id, _)| *id != RuleId::BY_HAND);
    snapshot.rules = rules.map(|(id, name)| (id, RuleName::new(name))).collect();
    let links = groups::list_rule_groups(tx).await?.into_iter();
    snapshot.links =
        links.map(|link| ((link.rule_id, link.key), (link.group_id, link.name, link.deleted))).collect();
    let members = memberships::list_all(tx).await?.into_iter();
    snapshot.members = members.map(|(group, rule, ids)| (group, rule, read_ids(&ids))).collect();
    snapshot.dormant = memberships::list_dormant(tx).await?;
    snapshot.exclusions = memberships::list_active_exclusions(tx, when.today).await?;
    snapshot.courses = courses::list(tx)
        .await?
        .into_iter()
        .map(|course| StoredCourse {
            code: course.code,
            title: course.title,
            of_file: course.source == "file",
        })
        .collect();
    Ok(())
}

fn read_ids(text: &str) -> Vec<LearnerId> {
    text.split(' ').filter_map(|id| id.parse().ok()).map(LearnerId).collect()
}

fn decision(standing: &HoldDecision) -> StandingDecision {
    let run = RunId(standing.decision_run_id);
    let reverted = standing.state == "undone";
    let disposition = if reverted { Disposition::Reverted(run) } else { Disposition::Rejected(run) };
    StandingDecision { disposition, fingerprint: standing.fingerprint }
}

/// Loads the values for lookup keys; `rules` are those of the plan.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn load_lookups(
    tx: &mut Tx,
    rules: RuleSet<'_>,
    connector: Option<ConnectorId>,
    keys: LookupKeys,
) -> Result<Lookups> {
    let id = connector.unwrap_or(ConnectorId(0));
    let mut lookups = Lookups::default();
    let stored = persons::list_attributes(tx, id, keys.records).await?;
    let mut addresses: Vec<String> = keys.addresses.into_iter().collect();
    addresses.extend(lookups.add_stored(stored));
    add_holders(tx, &mut lookups, addresses, id).await?;
    let holders = lookups.holders_of(&keys.new_addresses);
    let records =
        persons::list_by_learners(tx, holders.into_iter().map(|learner| learner.0).collect()).await?;
    let more = lookups.add_records(records.into_iter().map(to_stored_record), id);
    add_holders(tx, &mut lookups, more, id).await?;
    let mut merged = keys.merged;
    merged.extend(lookups.joined(id));
    let merged = merged.into_iter().map(|learner| learner.0).collect();
    lookups.attributes = learners::list_attributes(tx, merged).await?.into_iter().collect();
    if let Some(attribute) = rules.profile().match_attribute {
        lookups.set_match_values(rules.attributes.name(attribute));
    }
    Ok(lookups)
}

async fn add_holders(
    tx: &mut Tx,
    lookups: &mut Lookups,
    mut addresses: Vec<String>,
    connector: ConnectorId,
) -> Result<()> {
    addresses.sort_unstable();
    addresses.dedup();
    for row in learners::list_email_holders(tx, addresses, connector).await? {
        let holders = lookups.holders.entry(row.email_folded).or_default();
        let known_id = row.external_id.map(|external| (external, row.present.unwrap_or(false)));
        match holders.iter_mut().find(|holder| holder.learner == row.id) {
            Some(holder) => holder.ids.extend(known_id),
            None => holders.push(EmailHolder {
                learner: row.id,
                status: LearnerStatus::read(&row.status).unwrap_or(LearnerStatus::Left),
                ids: known_id.into_iter().collect(),
                match_value: None,
            }),
        }
    }
    Ok(())
}

pub(crate) fn to_stored_record(row: PersonRecord) -> StoredRecord {
    StoredRecord {
        connector: row.connector_id,
        learner: row.learner_id,
        present: row.present,
        attributes: row.attributes,
    }
}

pub(crate) fn to_manual_person(row: ManualLearner) -> ManualPerson {
    ManualPerson { learner: row.id, email: row.email, name: row.name }
}

pub(crate) fn to_stored_assignment(row: Assignment) -> StoredAssignment {
    StoredAssignment {
        id: row.id,
        course: row.course,
        code: row.code,
        scope: match row.target {
            AssignmentTarget::Group(group) => AssignmentScope::Group(group),
            AssignmentTarget::Learner(learner) => AssignmentScope::Learner(learner),
        },
        due: row.due,
        late_days: row.late_days,
        of_file: row.source == "file",
        pattern: row.pattern,
    }
}

pub(crate) fn to_access_totals(charge: LimitUsage) -> AccessTotals {
    AccessTotals {
        learners: charge.learners,
        memberships: charge.memberships,
        enrollments: charge.enrollments,
    }
}

pub(crate) fn to_limit_usage(totals: AccessTotals) -> LimitUsage {
    LimitUsage { learners: totals.learners, memberships: totals.memberships, enrollments: totals.enrollments }
}
