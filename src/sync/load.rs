//! Loading what a plan needs from the database: the snapshot while a source is read, the lookups after it.
//!
//! This is the only place where rows of the database become values of the planner.

use chrono::TimeDelta;

use crate::enrollment::change::When;
use crate::model::guard::{BeforeHold, Disposition, Had};
use crate::model::identity::{Holder, KnownPerson};
use crate::model::ids::{ConnectorId, LearnerId, RuleId, RunId};
use crate::model::names::{ConnectorName, GroupName, RuleName};
use crate::model::status::Status;
use crate::planner::lookups::{LookupKeys, Lookups};
use crate::planner::rule_set::RuleSet;
use crate::planner::run_baseline::RunBaseline;
use crate::planner::snapshot::{
    AssignmentScope, ManualPerson, Snapshot, StandingDecision, StoredAssignment, StoredCourse, StoredGroup,
    StoredRecord,
};
use crate::store::assignments::{Assignment, Whom};
use crate::store::holds::Standing;
use crate::store::learners::ByHand;
use crate::store::persons::Record;
use crate::store::runs::Charge;
use crate::store::{
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
    when: When,
) -> Result<Snapshot> {
    // First: what is loaded after it may be newer than it says, never older.
    let version = runs::version(tx).await?;
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
    for one in holds::standing(tx).await? {
        snapshot.decisions.entry(one.change_key.clone()).or_default().push(decision(&one));
    }
    snapshot.other_files = nodes::differing(tx, digest).await?;
    snapshot.manual = learners::by_hand(tx).await?.into_iter().map(ManualPerson::from).collect();
    snapshot.has_learners = learners::count(tx).await? > 0;
    load_groups(tx, when, &mut snapshot).await?;
    let all = assignments::in_force(tx, None, None).await?;
    snapshot.assignments = all.into_iter().map(StoredAssignment::from).collect();
    Ok(snapshot)
}

async fn load_people(tx: &mut Tx, id: ConnectorId, has_others: bool, snapshot: &mut Snapshot) -> Result<()> {
    let known = &mut snapshot.known;
    persons::known(tx, id, |one| {
        let status = Status::read(one.status).unwrap_or(Status::Left);
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
        snapshot.others = persons::others(tx, id).await?.into_iter().map(StoredRecord::from).collect();
    }
    Ok(())
}

async fn load_baselines(tx: &mut Tx, id: ConnectorId, when: When, snapshot: &mut Snapshot) -> Result<()> {
    snapshot.baseline = RunBaseline::read(&connectors::baseline(tx, id).await?);
    snapshot.charged = runs::charged(tx, id, when.now - DAY, RunId(0)).await?.into();
    snapshot.hold_baseline = BeforeHold::read(&connectors::before_hold(tx, id).await?);
    if let Some(before) = &snapshot.hold_baseline {
        let first = RunId(before.run);
        snapshot.charged_since = runs::charged(tx, id, when.now - DAY, first).await?.into();
        snapshot.newcomers = persons::new_since(tx, id, first).await?.into_iter().collect();
    }
    snapshot.any_held = holds::any(tx, id).await?;
    Ok(())
}

async fn load_groups(tx: &mut Tx, when: When, snapshot: &mut Snapshot) -> Result<()> {
    let live = groups::live(tx).await?.into_iter();
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
    let rules = groups::rules(tx).await?.into_iter().filter(|(id, _)| *id != RuleId::BY_HAND);
    snapshot.rules = rules.map(|(id, name)| (id, RuleName::new(name))).collect();
    let links = groups::links(tx).await?.into_iter();
    snapshot.links =
        links.map(|link| ((link.rule_id, link.key), (link.group_id, link.name, link.deleted))).collect();
    let members = memberships::all(tx).await?.into_iter();
    snapshot.members = members.map(|(group, rule, ids)| (group, rule, read_ids(&ids))).collect();
    snapshot.dormant = memberships::dormant(tx).await?;
    snapshot.exclusions = memberships::exclusions(tx, when.today).await?;
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

fn decision(standing: &Standing) -> StandingDecision {
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
    let stored = persons::attributes(tx, id, keys.records).await?;
    let mut addresses: Vec<String> = keys.addresses.into_iter().collect();
    addresses.extend(lookups.add_stored(stored));
    add_holders(tx, &mut lookups, addresses, id).await?;
    let holders = lookups.holders_of(&keys.new_addresses);
    let records = persons::of_learners(tx, holders.into_iter().map(|learner| learner.0).collect()).await?;
    let more = lookups.add_records(records.into_iter().map(StoredRecord::from), id);
    add_holders(tx, &mut lookups, more, id).await?;
    let mut merged = keys.merged;
    merged.extend(lookups.joined(id));
    let merged = merged.into_iter().map(|learner| learner.0).collect();
    lookups.attributes = learners::attributes(tx, merged).await?.into_iter().collect();
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
    for row in learners::holders(tx, addresses, connector).await? {
        let holders = lookups.holders.entry(row.email_folded).or_default();
        let known_id = row.external_id.map(|external| (external, row.present.unwrap_or(false)));
        match holders.iter_mut().find(|holder| holder.learner == row.id) {
            Some(holder) => holder.ids.extend(known_id),
            None => holders.push(Holder {
                learner: row.id,
                status: Status::read(&row.status).unwrap_or(Status::Left),
                ids: known_id.into_iter().collect(),
                match_value: None,
            }),
        }
    }
    Ok(())
}

impl From<Record> for StoredRecord {
    fn from(row: Record) -> Self {
        Self {
            connector: row.connector_id,
            learner: row.learner_id,
            present: row.present,
            attributes: row.attributes,
        }
    }
}

impl From<ByHand> for ManualPerson {
    fn from(row: ByHand) -> Self {
        Self { learner: row.id, email: row.email, name: row.name }
    }
}

impl From<Assignment> for StoredAssignment {
    fn from(row: Assignment) -> Self {
        Self {
            id: row.id,
            course: row.course,
            code: row.code,
            scope: match row.whom {
                Whom::Group(group) => AssignmentScope::Group(group),
                Whom::Learner(learner) => AssignmentScope::Learner(learner),
            },
            due: row.due,
            late_days: row.late_days,
            of_file: row.source == "file",
            pattern: row.pattern,
        }
    }
}

impl From<Charge> for Had {
    fn from(charge: Charge) -> Self {
        Self { learners: charge.learners, memberships: charge.memberships, enrollments: charge.enrollments }
    }
}

impl From<Had> for Charge {
    fn from(totals: Had) -> Self {
        Self { learners: totals.learners, memberships: totals.memberships, enrollments: totals.enrollments }
    }
}
