//! The preview of a rule: the learners whom an expression matches, as they were last read, and the changes of a group.
//! A preview does not write.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::enrollment::change::ChangeTime;
use crate::sync::File;
use crate::sync::load::to_manual_person;
use rollcall_model::attributes::Attribute;
use rollcall_model::ids::{ConnectorId, GroupId, LearnerId};
use rollcall_model::interner::Symbol;
use rollcall_model::names::RuleName;
use rollcall_model::people::PeopleTable;
use rollcall_model::status::LearnerStatus;
use rollcall_planner::desired_memberships::{DesiredMemberships, RuleEvaluation};
use rollcall_planner::managers::{OrgPerson, StoredManagers};
use rollcall_planner::population::{EvaluatedLearner, LearnerIndex, PersonChange, Population, from_json};
use rollcall_planner::rule_set::reads_managers;
use rollcall_planner::snapshot::ManualPerson;
use rollcall_planner::{
    ConnectorRecord, KnownMembers, StoredMembers, connector_bit, manual_cells, merge_records,
};
use rollcall_rules::name_template::NameTemplate;
use rollcall_rules::rule::{BadExpression, CompiledExpression, Interrupt, Rule};
use rollcall_store::persons::{self, PersonRecord};
use rollcall_store::{Result, Tx, connectors, groups, learners, listing};

/// A learner in a preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearnerName {
    /// The number.
    pub id: LearnerId,
    /// The address, or the id if there is no address.
    pub email: String,
    /// The name.
    pub name: String,
}

/// The number of some learners, and the first of them by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MatchSample {
    /// The number of learners.
    pub count: usize,
    /// The first of them.
    pub first: Vec<LearnerName>,
}

/// The learners whom an expression matches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RulePreview {
    /// Learners who match.
    pub matching: MatchSample,
    /// Learners for whom the evaluation failed.
    pub undecided: MatchSample,
    /// The reason of the first failure.
    pub why: Option<String>,
    /// Learners who match and are not in the given group.
    pub coming: MatchSample,
    /// Learners who are in the given group and do not match.
    pub going: MatchSample,
}

/// The people and the group of a preview, as they are stored. The connection is free while they are evaluated.
#[derive(Debug)]
pub struct PreviewData {
    records: Vec<PersonRecord>,
    states: FxHashMap<LearnerId, LearnerStatus>,
    by_hand: Vec<ManualPerson>,
    places: FxHashMap<ConnectorId, usize>,
    /// The learners of the group, where one was given.
    members: Option<FxHashSet<i64>>,
    /// The members of the groups that the expression reads.
    read_groups: StoredMembers,
}

/// The reason that a preview has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreviewError {
    /// The errors of the expression.
    Expression(Vec<BadExpression>),
    /// The preview was stopped, or its time was over.
    Interrupted,
}

/// Loads all learners as they were last read, the members of the group, and those of the groups that the rule reads.
///
/// # Errors
/// If the database fails.
pub async fn load_preview(
    tx: &mut Tx,
    file: File<'_>,
    rule: &Rule,
    group: Option<GroupId>,
) -> Result<PreviewData> {
    let places: FxHashMap<ConnectorId, usize> = connectors::list(tx)
        .await?
        .into_iter()
        .filter_map(|row| {
            let place = file.connectors.iter().position(|one| one.name.as_str() == row.name)?;
            Some((ConnectorId(row.id), place))
        })
        .collect();
    let mut records: Vec<PersonRecord> = Vec::new();
    persons::for_each_present_of_all(tx, |record| records.push(record)).await?;
    let states = learners::list_statuses(tx).await?.into_iter().collect();
    let by_hand = learners::list_manual(tx).await?.into_iter().map(to_manual_person).collect();
    let members = match group {
        Some(group) => Some(listing::members::list_ids(tx, group).await?.into_iter().collect()),
        None => None,
    };
    let read_groups = load_read_groups(tx, file, rule).await?;
    Ok(PreviewData { records, states, by_hand, places, members, read_groups })
}

/// Loads the members of the groups that a rule reads. A group that a rule of the file may create has none.
async fn load_read_groups(tx: &mut Tx, file: File<'_>, rule: &Rule) -> Result<StoredMembers> {
    let mut found = StoredMembers::default();
    for name in rule.condition().groups() {
        let members = match groups::get_by_name(tx, name).await? {
            Some(group) => listing::members::list_ids(tx, group.id).await?,
            None if file.rules.iter().any(|rule| rule.group.may_name(name)) => Vec::new(),
            None => continue,
        };
        found.insert(name.folded().to_owned(), members.into_iter().map(LearnerId).collect());
    }
    Ok(found)
}

/// Compiles an expression as the rule of a preview.
///
/// # Errors
/// If the text is not a valid expression, or if it exceeds a limit.
///
/// # Panics
/// Never: the name of the group is a valid template.
pub fn compile_preview(file: File<'_>, text: &str) -> std::result::Result<Rule, PreviewError> {
    let condition = CompiledExpression::compile(text, file.attributes).map_err(PreviewError::Expression)?;
    let one_group =
        NameTemplate::parse("try-out", file.attributes, &[]).expect("a name without braces is a template");
    Ok(Rule::new(RuleName::new("try-out"), text.to_owned(), one_group, condition))
}

/// Previews an expression for the loaded people; each list contains at most `most` learners, by name.
///
/// # Errors
/// If the interrupt returns true before the end.
pub fn preview_rule(
    data: PreviewData,
    file: File<'_>,
    rule: Rule,
    when: ChangeTime,
    most: usize,
    interrupt: &Interrupt,
) -> std::result::Result<RulePreview, PreviewError> {
    let (members, read_groups) = (data.members.clone(), data.read_groups.clone());
    let rules = [rule];
    let population = build_population(data, file, reads_managers(&rules));
    let desired = DesiredMemberships::evaluate(RuleEvaluation {
        rules: &rules,
        population: &population,
        connectors: &file.connector_names(),
        today: when.today,
        interrupt: Some(interrupt),
        known: KnownMembers::Stored(&read_groups),
    });
    let desired = desired.ok_or(PreviewError::Interrupted)?;
    let matching: FxHashSet<LearnerIndex> = desired.members.iter().map(|(_, who)| *who).collect();
    let undecided: FxHashSet<LearnerIndex> = desired.undecided.iter().map(|(_, who, _)| *who).collect();
    let mut answer = RulePreview {
        why: desired.undecided.first().map(|(_, _, why)| why.clone()),
        matching: some(&population, matching.iter().copied(), most),
        undecided: some(&population, undecided.iter().copied(), most),
        ..RulePreview::default()
    };
    if let Some(members) = members {
        let is_member =
            |who: &LearnerIndex| population.learner(*who).id.is_some_and(|id| members.contains(&id.0));
        let coming = matching.iter().copied().filter(|who| !is_member(who));
        answer.coming = some(&population, coming, most);
        let going = population
            .indices()
            .filter(|who| is_member(who) && !matching.contains(who) && !undecided.contains(who));
        answer.going = some(&population, going, most);
    }
    Ok(answer)
}

fn some(population: &Population, all: impl Iterator<Item = LearnerIndex>, most: usize) -> MatchSample {
    let mut named: Vec<LearnerName> = all
        .filter_map(|who| {
            let email = population.first(who, Attribute::EMAIL);
            Some(LearnerName {
                id: population.learner(who).id?,
                email: if email.is_empty() { population.first(who, Attribute::ID) } else { email }.to_owned(),
                name: population.name(who),
            })
        })
        .collect();
    named.sort_by(|a, b| (&a.name, a.id.0).cmp(&(&b.name, b.id.0)));
    let count = named.len();
    named.truncate(most);
    MatchSample { count, first: named }
}

/// Builds the learners, with the merged attributes of the last good readings and the current status.
fn build_population(data: PreviewData, file: File<'_>, reads_managers: bool) -> Population {
    let PreviewData { mut records, states, by_hand, places, members: _, read_groups: _ } = data;
    let place = |record: &PersonRecord| places.get(&record.connector_id).copied().unwrap_or(usize::MAX);
    records.sort_by_key(|record| (record.learner_id.0, place(record)));
    let mut population = Population::new(PeopleTable::new(file.attributes));
    let mut added: FxHashSet<LearnerId> = FxHashSet::default();
    let mut org: Vec<OrgPerson> = Vec::new();
    for of_one in records.chunk_by(|a, b| a.learner_id == b.learner_id) {
        let id = of_one[0].learner_id;
        let values = &mut population.people.values;
        let merged_cells: Vec<Box<[Symbol]>> =
            of_one.iter().map(|record| from_json(file.attributes, values, &record.attributes)).collect();
        let records: Vec<ConnectorRecord<'_>> = of_one
            .iter()
            .zip(&merged_cells)
            .map(|(record, cells)| ConnectorRecord { place: place(record), cells })
            .collect();
        let cells = merge_records(&records, file.attributes.len());
        let sources = records.iter().fold(0, |bits, record| bits | connector_bit(record.place));
        let status = states.get(&id).copied().unwrap_or(LearnerStatus::Left);
        let who = population.push(known(id, status, sources), Some(cells));
        added.insert(id);
        if reads_managers {
            let ids = of_one.iter().map(|record| (place(record), record.external_id.clone()));
            org.push(population.org_person(who, ids.collect()));
        }
    }
    for one in by_hand.iter().filter(|one| !added.contains(&one.learner)) {
        let cells = manual_cells(file.attributes, &mut population.people.values, one);
        let added = known(one.learner, LearnerStatus::Active, EvaluatedLearner::ADDED_BY_HAND);
        let who = population.push(added, Some(cells));
        if reads_managers {
            org.push(population.org_person(who, Vec::new()));
        }
    }
    if reads_managers {
        population.compute_managers(org, &StoredManagers::default(), true);
    }
    population
}

fn known(id: LearnerId, status: LearnerStatus, sources: u64) -> EvaluatedLearner {
    EvaluatedLearner {
        id: Some(id),
        row: None,
        change: PersonChange::Same,
        status_before: Some(status),
        status,
        sources,
        contested: false,
    }
}
