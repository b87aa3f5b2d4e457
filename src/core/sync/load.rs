//! Loads the data of a plan from the database: the snapshot while a source is read, the lookups after it.
//!
//! Only this module and `managers` convert rows of the database into values of the planner.

use chrono::TimeDelta;

use crate::enrollment::change::ChangeTime;
use crate::sync::lease::holder_name;
use crate::sync::managers::{load_all_managers, load_managers_above};
use rollcall_model::attributes::Attribute;
use rollcall_model::definition_source::DefinitionSource;
use rollcall_model::guard::{AccessTotals, Disposition, HeldChangeState, HoldBaseline, SafetyLimits};
use rollcall_model::ids::{ConnectorId, GroupId, LearnerId, RuleId, RunId};
use rollcall_model::names::{ConnectorName, GroupName, RuleName, fold};
use rollcall_model::other_config::OtherConfigService;
use rollcall_planner::GroupKeys;
use rollcall_planner::correlation::{EmailHolder, KnownPerson};
use rollcall_planner::lookups::{LookupKeys, Lookups};
use rollcall_planner::rule_set::RuleSet;
use rollcall_planner::run_baseline::RunBaseline;
use rollcall_planner::snapshot::{
    AssignmentScope, ManualPerson, Snapshot, SnapshotExtent, StandingDecision, StoredAssignment,
    StoredCourse, StoredGroup, StoredRecord,
};
use rollcall_planner::source_data::{KnownAbsence, SourceData};
use rollcall_store::assignments::{Assignment, AssignmentTarget};
use rollcall_store::groups::{Group, RuleGroupRow};
use rollcall_store::holds::HoldDecision;
use rollcall_store::learners::ManualLearner;
use rollcall_store::persons::{PersonRecord, PersonSummary};
use rollcall_store::runs::LimitUsage;
use rollcall_store::{
    Result, Tx, assignments, connectors, courses, groups, holds, learners, memberships, nodes, persons, runs,
    suspensions,
};

/// The period in which removals are counted together.
const DAY: TimeDelta = TimeDelta::hours(24);

/// The people whom a snapshot contains.
#[derive(Debug, Clone)]
pub(super) enum SnapshotScope {
    /// All learners.
    All,
    /// The people of these ids, and the learners who hold these folded addresses.
    People { ids: Vec<String>, addresses: Vec<String> },
}

/// The number of people who are counted for the limits on a set of people: 5 % of them are more than the set has.
const COUNTED_PEOPLE: u64 = 1_000;

impl SnapshotScope {
    /// Returns the scope of some records, and of the ids that are known to be absent.
    pub(super) fn of(source: &SourceData) -> Self {
        let people = &source.people;
        let address = |row| fold(people.first(row, Attribute::EMAIL));
        let mut ids: Vec<String> = people.rows().map(|row| people.id(row).to_owned()).collect();
        match source.absence() {
            KnownAbsence::All => {}
            KnownAbsence::Ids(gone) => ids.extend(gone.iter().cloned()),
        }
        Self::People {
            ids,
            addresses: people.rows().map(address).filter(|address| !address.is_empty()).collect(),
        }
    }
}

/// Loads the state of the database for a plan of `connector`; `file` are the connectors of the file.
///
/// # Errors
/// If the database fails.
pub(super) async fn load_snapshot(
    tx: &mut Tx,
    connector: &ConnectorName,
    file: &[ConnectorName],
    digest: &str,
    when: ChangeTime,
    scope: &SnapshotScope,
) -> Result<Snapshot> {
    // The version comes first: data that is loaded after it may be newer than the version, but not older.
    let version = runs::get_plan_version(tx).await?;
    let rows = connectors::list(tx).await?;
    let number = |name: &ConnectorName| {
        rows.iter().find(|row| row.name == name.as_str()).map(|row| ConnectorId(row.id))
    };
    let places = file.iter().enumerate().filter_map(|(place, name)| Some((number(name)?, place))).collect();
    let mut snapshot = Snapshot { version, connector: number(connector), places, ..Snapshot::default() };
    if let Some(row) = rows.iter().find(|row| row.name == connector.as_str()) {
        snapshot.has_good_run = row.good_run_id.is_some();
        load_baselines(tx, ConnectorId(row.id), when, &mut snapshot).await?;
    }
    let standing = holds::list_decisions(tx, snapshot.connector).await?;
    for one in standing {
        snapshot.decisions.entry(one.change_key.clone()).or_default().push(decision(&one));
    }
    let others = nodes::list_with_other_config(tx, digest).await?;
    snapshot.other_files = to_other_config_services(&others, &holder_name());
    snapshot.has_learners = learners::has_learners(tx).await?;
    load_rules(tx, &mut snapshot).await?;
    snapshot.suspended = suspensions::list_suspended_learners(tx).await?.into_iter().collect();
    match scope {
        SnapshotScope::All => load_all(tx, rows.len() > 1, when, &mut snapshot).await?,
        SnapshotScope::People { ids, addresses } => {
            load_touched(tx, (ids.clone(), addresses.clone()), when, &mut snapshot).await?;
        }
    }
    Ok(snapshot)
}

async fn load_all(tx: &mut Tx, has_others: bool, when: ChangeTime, snapshot: &mut Snapshot) -> Result<()> {
    if let Some(id) = snapshot.connector {
        let known = &mut snapshot.known;
        persons::for_each_summary(tx, id, |one| known.push(one.external_id, person(&one))).await?;
        if has_others {
            snapshot.others =
                persons::list_of_other_connectors(tx, id).await?.into_iter().map(to_stored_record).collect();
        }
        if let Some(before) = &snapshot.hold_baseline {
            let newcomers = persons::list_new_since(tx, id, RunId(before.run)).await?;
            snapshot.newcomers = newcomers.into_iter().collect();
        }
    }
    snapshot.manual = learners::list_manual(tx).await?.into_iter().map(to_manual_person).collect();
    snapshot.groups = groups::list_active(tx).await?.into_iter().filter_map(stored_group).collect();
    add_links(snapshot, groups::list_rule_groups(tx).await?);
    let members = memberships::list_all(tx).await?.into_iter();
    snapshot.members = members.map(|(group, rule, ids)| (group, rule, read_ids(&ids))).collect();
    snapshot.dormant = memberships::list_dormant(tx).await?;
    snapshot.exclusions = memberships::list_active_exclusions(tx, when.today).await?;
    let all = assignments::list_active(tx, None, None).await?;
    snapshot.assignments = all.into_iter().map(to_stored_assignment).collect();
    Ok(())
}

/// Loads the people of some ids, and the learners who hold some addresses: the cost does not grow with the company.
async fn load_touched(
    tx: &mut Tx,
    (ids, addresses): (Vec<String>, Vec<String>),
    when: ChangeTime,
    snapshot: &mut Snapshot,
) -> Result<()> {
    snapshot.extent = SnapshotExtent::Touched;
    let id = snapshot.connector.unwrap_or(ConnectorId(0));
    let known = &mut snapshot.known;
    persons::for_each_summary_of(tx, id, ids, |one| known.push(one.external_id, person(&one))).await?;
    let mut touched: Vec<i64> = known.iter().map(|(_, person)| person.learner.0).collect();
    let holders = learners::list_email_holders(tx, addresses, id).await?.into_iter();
    snapshot.holders = holders.map(|holder| (holder.email_folded, holder.id)).collect();
    touched.extend(snapshot.holders.iter().map(|(_, learner)| learner.0));
    touched.sort_unstable();
    touched.dedup();
    let others = persons::list_by_learners(tx, touched.clone()).await?.into_iter();
    snapshot.others = others.filter(|row| row.connector_id != id).map(to_stored_record).collect();
    let mut members: Vec<(GroupId, RuleId, Vec<LearnerId>)> = Vec::new();
    for (group, rule, learner) in memberships::list_by_learners(tx, touched.clone()).await? {
        match members.last_mut() {
            Some((last, by, learners)) if (*last, *by) == (group, rule) => learners.push(learner),
            Some(_) | None => members.push((group, rule, vec![learner])),
        }
    }
    snapshot.members = members;
    snapshot.dormant = memberships::list_dormant_of(tx, touched.clone()).await?;
    snapshot.exclusions = memberships::list_active_exclusions_of(tx, when.today, touched.clone()).await?;
    snapshot.touched = touched.into_iter().map(LearnerId).collect();
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

/// Converts the ids and hosts of services with another configuration. A service of this process reads the file again; it
/// is no other one.
fn to_other_config_services(rows: &[(String, String)], own: &str) -> Vec<OtherConfigService> {
    let own_host = own.split(':').next().unwrap_or_default();
    let mut services: Vec<OtherConfigService> = rows
        .iter()
        .filter(|(id, _)| id.split('/').next() != Some(own))
        .map(|(id, host)| {
            let process = id.split('/').next().and_then(|holder| holder.split_once(':'));
            match process.filter(|_| host == own_host) {
                Some((_, process)) => OtherConfigService::ThisMachine { process: process.to_owned() },
                None => OtherConfigService::OtherMachine { host: host.clone() },
            }
        })
        .collect();
    services.sort();
    services.dedup();
    services
}

fn person(row: &PersonSummary<'_>) -> KnownPerson {
    KnownPerson {
        learner: row.learner_id,
        digest: row.digest,
        present: row.present,
        status: row.status,
        contested: row.contested,
    }
}

async fn load_baselines(
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

async fn load_rules(tx: &mut Tx, snapshot: &mut Snapshot) -> Result<()> {
    let rules = groups::list_rules(tx).await?.into_iter().filter(|(id, _)| *id != RuleId::BY_HAND);
    snapshot.rules = rules.map(|(id, name)| (id, RuleName::new(name))).collect();
    snapshot.courses = courses::list(tx)
        .await?
        .into_iter()
        .map(|course| StoredCourse {
            code: course.code,
            title: course.title,
            of_file: course.source == DefinitionSource::File,
        })
        .collect();
    Ok(())
}

fn stored_group(group: Group) -> Option<StoredGroup> {
    Some(StoredGroup {
        id: group.id,
        // Each name was checked before it was stored.
        name: GroupName::parse(&group.name).ok()?,
        by_hand: group.by_hand,
        members: group.members.unsigned_abs(),
    })
}

fn add_links(snapshot: &mut Snapshot, links: Vec<RuleGroupRow>) {
    let links = links.into_iter();
    snapshot.links =
        links.map(|link| ((link.rule_id, link.key), (link.group_id, link.name, link.deleted))).collect();
}

fn read_ids(text: &str) -> Vec<LearnerId> {
    text.split(' ').filter_map(|id| id.parse().ok()).map(LearnerId).collect()
}

fn decision(standing: &HoldDecision) -> StandingDecision {
    let run = RunId(standing.decision_run_id);
    let reverted = standing.state == HeldChangeState::Undone;
    let disposition = if reverted { Disposition::Reverted(run) } else { Disposition::Rejected(run) };
    StandingDecision { disposition, fingerprint: standing.fingerprint }
}

/// Loads the values for lookup keys; `rules` are those of the plan. Groups of a set of people are added to the snapshot.
///
/// # Errors
/// If the database fails.
pub(super) async fn load_lookups(
    tx: &mut Tx,
    rules: RuleSet<'_>,
    snapshot: &mut Snapshot,
    keys: LookupKeys,
) -> Result<Lookups> {
    let id = snapshot.connector.unwrap_or(ConnectorId(0));
    if snapshot.extent == SnapshotExtent::Touched {
        load_groups_of(tx, keys.groups, snapshot).await?;
    }
    if rules.reads_managers() {
        match snapshot.extent {
            SnapshotExtent::All => load_all_managers(tx, snapshot).await?,
            SnapshotExtent::Touched => {
                let learners = snapshot.touched.clone();
                snapshot.managers =
                    load_managers_above(tx, learners, keys.managers, &snapshot.places).await?;
            }
        }
    }
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
    let match_attribute = rules.profile().match_attribute;
    lookups.describe_holders(match_attribute.map(|attribute| rules.attributes.name(attribute)), id);
    Ok(lookups)
}

/// Loads the groups that rules may name for a set of people, with their links and assignments.
async fn load_groups_of(tx: &mut Tx, keys: GroupKeys, snapshot: &mut Snapshot) -> Result<()> {
    let rules = snapshot.rules.iter().map(|(id, _)| id.0).collect();
    let links = groups::list_rule_groups_of(tx, rules, keys.values).await?;
    let mut ids: Vec<i64> = keys.ids.into_iter().map(|group| group.0).collect();
    ids.extend(links.iter().map(|link| link.group_id.0));
    add_links(snapshot, links);
    let found = groups::list_active_of(tx, ids, keys.names).await?;
    snapshot.groups = found.into_iter().filter_map(stored_group).collect();
    let groups = snapshot.groups.iter().map(|group| group.id.0).collect();
    let learners = snapshot.touched.iter().map(|learner| learner.0).collect();
    let all = assignments::list_active_for(tx, groups, learners).await?;
    snapshot.assignments = all.into_iter().map(to_stored_assignment).collect();
    Ok(())
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
                status: row.status,
                ids: known_id.into_iter().collect(),
                match_value: None,
                names: Vec::new(),
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
        of_file: row.source == DefinitionSource::File,
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

pub(crate) fn to_limit_usage(totals: AccessTotals, people: u64) -> LimitUsage {
    LimitUsage {
        learners: totals.learners,
        memberships: totals.memberships,
        enrollments: totals.enrollments,
        people,
    }
}
