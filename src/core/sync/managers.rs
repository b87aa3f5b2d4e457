//! Loads and writes who reports to whom, for plans and explanations whose rules read managers.
//!
//! A plan for all people loads all stored lines and the people of other connectors. A plan for a set of people, and an
//! explanation, load the managers above these people only: one query for each level.

use rustc_hash::{FxHashMap, FxHashSet};

use rollcall_model::ids::{ConnectorId, LearnerId};
use rollcall_model::names::fold;
use rollcall_model::status::LearnerStatus;
use rollcall_planner::managers::{LineManager, MAX_LEVELS, OrgPerson, StoredLine, StoredManagers};
use rollcall_planner::{ChangeSet, Snapshot};
use rollcall_store::reporting_lines::{self, PossibleManager, ReportingLine};
use rollcall_store::{Result, Tx};

/// The positions in the file of the connectors.
type Places = FxHashMap<ConnectorId, usize>;

/// Loads the managers for a plan of all people.
pub(super) async fn load_all_managers(tx: &mut Tx, snapshot: &mut Snapshot) -> Result<()> {
    let id = snapshot.connector.unwrap_or(ConnectorId(0));
    let people = reporting_lines::list_people_of_others(tx, id).await?;
    snapshot.managers = StoredManagers {
        people: to_people(people, &snapshot.places),
        lines: reporting_lines::list(tx).await?.into_iter().map(to_stored_line).collect(),
    };
    Ok(())
}

/// Loads the managers above some learners, and above the people whom `written` names.
pub(crate) async fn load_managers_above(
    tx: &mut Tx,
    learners: Vec<LearnerId>,
    written: Vec<String>,
    places: &Places,
) -> Result<StoredManagers> {
    let addresses = written.iter().map(|text| fold(text)).collect();
    let mut level: Vec<LearnerId> = reporting_lines::list_named(tx, written, addresses).await?;
    level.extend(learners);
    let mut lines: FxHashMap<LearnerId, StoredLine> = FxHashMap::default();
    let mut seen: FxHashSet<LearnerId> = FxHashSet::default();
    // A circle has no top.
    for _ in 0..MAX_LEVELS {
        level.retain(|learner| seen.insert(*learner));
        if level.is_empty() {
            break;
        }
        let found = reporting_lines::list_of(tx, level.iter().map(|learner| learner.0).collect()).await?;
        level = found.iter().filter_map(|line| line.manager_id).collect();
        lines.extend(found.into_iter().map(to_stored_line));
    }
    let people = reporting_lines::list_people(tx, seen.iter().map(|learner| learner.0).collect()).await?;
    Ok(StoredManagers { people: to_people(people, places), lines })
}

/// Writes the managers that changed; `ids` are the numbers of the learners of the plan.
pub(super) async fn write_managers(tx: &mut Tx, change_set: &ChangeSet, ids: &[LearnerId]) -> Result<()> {
    if change_set.lines.is_empty() {
        return Ok(());
    }
    let lines = change_set.lines.iter().map(|one| ReportingLine {
        learner_id: ids[one.who as usize],
        manager_id: one.manager.map(|manager| match manager {
            LineManager::OfPlan(who) => ids[who as usize],
            LineManager::Known(id) => id,
        }),
        written: one.line.written.clone(),
        problem: one.line.problem.clone(),
        reports: one.line.reports,
    });
    reporting_lines::write(tx, lines).await
}

fn to_stored_line(line: ReportingLine) -> (LearnerId, StoredLine) {
    let ReportingLine { learner_id, manager_id, written, problem, reports } = line;
    (learner_id, StoredLine { written, manager: manager_id, problem, reports })
}

/// Makes one person of the rows of each learner. `rows` are sorted by learner.
fn to_people(rows: Vec<PossibleManager>, places: &Places) -> Vec<OrgPerson> {
    let mut people: Vec<OrgPerson> = Vec::new();
    for row in rows {
        let place = |connector| places.get(&connector).copied().unwrap_or(usize::MAX);
        let id = row.connector_id.map(place).zip(row.external_id);
        match people.last_mut().filter(|last| last.learner == Some(row.learner_id)) {
            Some(last) => last.ids.extend(id),
            None => people.push(OrgPerson {
                learner: Some(row.learner_id),
                ids: id.into_iter().collect(),
                address: row.address,
                name: row.name,
                managers: Some(row.manager).filter(|text| !text.is_empty()).into_iter().collect(),
                has_left: row.status == LearnerStatus::Left,
            }),
        }
    }
    for person in &mut people {
        person.ids.sort_unstable_by_key(|(place, _)| *place);
    }
    people
}
