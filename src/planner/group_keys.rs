//! The groups that must be loaded for a set of people: those that rules may name for them.

use rustc_hash::FxHashSet;

use crate::PlanContext;
use crate::desired_memberships::DesiredGroup;
use crate::group_states::KnownMembers;
use crate::population::{EvaluatedLearner, PersonChange, Population};
use crate::records::{as_records, collect_records, merge_records};
use crate::rule_evaluation::RuleEvaluation;
use crate::snapshot::records_by_learner;
use crate::source_data::SourceData;
use rollcall_model::attributes::Attribute;
use rollcall_model::ids::{GroupId, LearnerId};
use rollcall_model::interner::Symbol;
use rollcall_model::names::{GroupName, fold};
use rollcall_model::people::RowIndex;
use rollcall_model::status::LearnerStatus;

/// Ids, names and template values that identify groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupKeys {
    /// Groups with a membership, a dormant membership or an exclusion of the people.
    pub ids: Vec<GroupId>,
    /// Folded names.
    pub names: Vec<String>,
    /// The values of the templates, which identify the group of a rule.
    pub values: Vec<String>,
}

/// Names every group that a plan for the people can contain, for each learner that each person may be.
pub(crate) fn group_keys(context: PlanContext<'_>, source: &SourceData) -> GroupKeys {
    let snapshot = context.snapshot;
    let mut ids: Vec<GroupId> = snapshot.members.iter().map(|(group, _, _)| *group).collect();
    ids.extend(snapshot.dormant.iter().chain(&snapshot.exclusions).map(|(group, _)| *group));
    ids.sort_unstable();
    ids.dedup();
    let population = variants(context, source);
    let rules = context.rules;
    let desired = RuleEvaluation {
        rules: rules.rules,
        population: &population,
        connectors: &rules.connector_names(),
        today: context.today,
        interrupt: context.interrupt,
        known: KnownMembers::Nothing,
    }
    .evaluate();
    // The plan that follows is interrupted, too.
    let mut desired = desired.unwrap_or_default();
    // A rule that needs what is not loaded yet may match in the plan.
    for (rule, who, _) in std::mem::take(&mut desired.undecided) {
        let cell_of = |attribute| population.cell(who, attribute);
        let named = rules.rules[rule as usize].group.render(&population.people.values, cell_of);
        let wanted = named.into_iter().map(|one| DesiredGroup { rule, key: one.key, name: one.name });
        desired.wanted.extend(wanted);
    }
    let names: FxHashSet<String> = desired
        .wanted
        .iter()
        .filter_map(|one| GroupName::parse(&one.name).ok())
        .chain(rules.rules.iter().flat_map(|rule| rule.condition().groups().cloned()))
        .map(|name| name.folded().to_owned())
        .collect();
    let values: FxHashSet<String> = desired.wanted.into_iter().map(|one| one.key).collect();
    GroupKeys { ids, names: names.into_iter().collect(), values: values.into_iter().collect() }
}

/// Builds a population of each person alone, and merged with the records of each learner that the person may be, each
/// with every status that has access. People who are absent are those whom other connectors hold.
fn variants(context: PlanContext<'_>, source: &SourceData) -> Population {
    let (snapshot, people) = (context.snapshot, &source.people);
    let others = records_by_learner(&snapshot.others);
    let mut population = Population::new(people.clone());
    for row in people.rows() {
        let address = fold(people.first(row, Attribute::EMAIL));
        let known = snapshot.known.find(people.id(row)).map(|person| person.learner);
        let holders = snapshot.holders.iter().filter(|(holds, _)| *holds == address);
        let learners: FxHashSet<LearnerId> = known.into_iter().chain(holders.map(|(_, id)| *id)).collect();
        let mut variants: Vec<Option<Box<[Symbol]>>> = vec![None];
        for records in learners.iter().filter_map(|learner| others.get(learner)) {
            let collected = collect_records(context, &mut population.people, Some(row), records);
            variants.push(Some(merge_records(&as_records(&collected), context.rules.attributes.len())));
        }
        for cells in variants {
            for status in [LearnerStatus::Active, LearnerStatus::Leave] {
                population.push(variant(Some(row), status), cells.clone());
            }
        }
    }
    let absent = snapshot.known.iter().filter(|(id, _)| people.row(id).is_none());
    for records in absent.filter_map(|(_, person)| others.get(&person.learner)) {
        let collected = collect_records(context, &mut population.people, None, records);
        let cells = merge_records(&as_records(&collected), context.rules.attributes.len());
        for status in [LearnerStatus::Active, LearnerStatus::Leave] {
            population.push(variant(None, status), Some(cells.clone()));
        }
    }
    population
}

fn variant(row: Option<RowIndex>, status: LearnerStatus) -> EvaluatedLearner {
    let (id, was) = (None, None);
    EvaluatedLearner {
        id,
        row,
        change: PersonChange::New,
        status_before: was,
        status,
        sources: u64::MAX,
        contested: false,
    }
}
