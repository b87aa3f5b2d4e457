//! The set of changes that follow from a reading and the state of the database.
//!
//! [`build_plan`] makes one plan: from people to learners, from learners to memberships. [`super::apply_limits`] makes
//! further plans without the changes that must wait.

use rustc_hash::FxHashMap;

use crate::catalogue_plan::{self, CataloguePlan};
use crate::correlation::PersonMatch;
use crate::email_assignment::LearnerUpdate;
use crate::group_states::KnownMembers;
use crate::learner_evaluation::RuleScope;
use crate::lookups::Lookups;
use crate::managers::ChangedLine;
use crate::membership_plan::{CurrentState, MembershipPlan};
use crate::new_people::{changed_ids, find_learners, find_rehired, one_row_a_learner};
use crate::pinned_records::PinnedRecords;
use crate::plan_warning::PlanWarning;
use crate::population::{EvaluatedLearner, LearnerIndex, Population};
use crate::population_builder::{PopulationBuilder, connector_bit};
use crate::rule_evaluation::RuleEvaluation;
use crate::set_aside_people::find_set_aside;
use crate::snapshot::{SnapshotExtent, records_by_learner};
use crate::source_data::{KnownAbsence, SourceData, update_digests};
use crate::{PlanContext, PlanInterrupted};
use rollcall_model::attributes::Attribute;
use rollcall_model::guard::{AccessTotals, HoldBaseline, HoldReport};
use rollcall_model::ids::{ConnectorId, LearnerId};
use rollcall_model::interner::Symbol;
use rollcall_model::names::RuleName;
use rollcall_model::people::{PeopleTable, RowIndex};
use rollcall_model::run_warning::RunWarning;
use rollcall_model::status::LearnerStatus;

/// All changes of a run: those that it makes and those that it holds.
#[derive(Debug)]
pub struct ChangeSet {
    /// The learners whom the plan is about.
    pub population: Population,
    /// The digest of each row of the reading.
    pub digests: Vec<i64>,
    /// Rows whose record is new or changed.
    pub records: Vec<(RowIndex, LearnerIndex)>,
    /// Known ids that are missing from a full reading.
    pub absent: Vec<String>,
    /// Missing ids whose absence is held, rejected or reverted.
    pub(crate) pinned_absent: Vec<String>,
    /// Learners whose row changes.
    pub learners: Vec<LearnerUpdate>,
    /// Learners of whom only the status changes.
    pub leave: Vec<LearnerIndex>,
    /// Rows with a new id for a known learner.
    pub changed_ids: Vec<(RowIndex, LearnerId)>,
    /// Groups and memberships.
    pub plan: MembershipPlan,
    /// The managers that differ from the stored ones; empty if no rule reads them.
    pub lines: Vec<ChangedLine>,
    /// Courses and assignments of the file.
    pub catalogue: CataloguePlan,
    /// The warnings of the plan.
    pub problems: Vec<RunWarning>,
    /// Changes that are required and not made.
    pub held: HoldReport,
    /// Records of the reading for people whose stored record is not changed.
    pub held_records: Vec<HeldRecord>,
    /// The totals before this run, if it is the first one that holds changes. Its number is not known yet.
    pub hold_baseline: Option<HoldBaseline>,
    /// Removals that count against the limits for 24 hours: those that were not approved.
    pub charge: AccessTotals,
    /// The number of people whom those removals concern.
    pub charged_people: u64,
    /// True if the reading is complete.
    pub complete: bool,
    /// Values of the reading that an older value replaces.
    pub(crate) replaced: Vec<(RowIndex, Attribute, Symbol)>,
    /// The former id of each id of a person who returned.
    rehired: FxHashMap<String, String>,
    /// The people who are absent if the reading does not contain them.
    absence: KnownAbsence,
    /// The warnings of the reading.
    pub(crate) noticed: Vec<RunWarning>,
}

/// A record of the reading for a person whose stored record is not changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRecord {
    /// The source's id.
    pub external_id: String,
    /// True if the reading contains the person.
    pub present: bool,
    /// The attributes, as a JSON object.
    pub attributes: String,
}

impl ChangeSet {
    /// Returns true if there is no change, neither to make nor to hold.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes_nothing() && self.held.changes.is_empty()
    }

    /// Returns true if people, groups, memberships, courses and assignments do not change.
    #[must_use]
    pub fn writes_nothing(&self) -> bool {
        self.records.is_empty()
            && self.absent.is_empty()
            && self.learners.is_empty()
            && self.leave.is_empty()
            && self.plan.is_empty()
            && self.catalogue.is_empty()
    }

    /// Returns the reading for another plan.
    #[must_use]
    pub fn into_source(self) -> SourceData {
        self.into_parts().0
    }

    /// Returns the reading for another plan, and the result of this one.
    pub(crate) fn into_parts(self) -> (SourceData, MembershipPlan, Vec<EvaluatedLearner>) {
        let (mut people, learners) = self.population.into_parts();
        let digests = if self.replaced.is_empty() { self.digests } else { Vec::new() };
        for (row, attribute, cell) in self.replaced {
            people.replace(row, attribute, cell);
        }
        let (absence, warnings, rehired) = (self.absence, self.noticed, self.rehired);
        (SourceData { people, absence, warnings, digests, rehired }, self.plan, learners)
    }
}

/// Reports the people under new ids who are suspended learners.
fn list_kept_suspensions(people: &PeopleTable, matches: &[PersonMatch]) -> Vec<RunWarning> {
    let joined = people
        .rows()
        .zip(matches)
        .filter(|(_, found)| matches!(found, PersonMatch::Joined { was: LearnerStatus::Suspended, .. }));
    joined.map(|(row, _)| PlanWarning::SuspensionKept { id: people.id(row) }.into()).collect()
}

/// Plans all changes that a reading requires; pinned records stay as they were last read.
pub(crate) fn build_plan(
    context: PlanContext<'_>,
    lookups: &Lookups,
    mut source: SourceData,
    pinned: &PinnedRecords,
) -> Result<ChangeSet, PlanInterrupted> {
    let PlanContext { rules, snapshot, .. } = context;
    let id = snapshot.connector.unwrap_or(ConnectorId(0));
    source.compute_digests(rules.attributes);
    let (complete, absence) = (source.is_complete(), source.absence().clone());
    let SourceData { mut people, warnings: noticed, mut digests, mut rehired, .. } = source;
    let mut problems = noticed.clone();
    problems.extend(people.set_aside_problems());
    let replaced = pinned.replace(&mut people);
    update_digests(rules.attributes, &people, replaced.iter().map(|(row, _, _)| *row), &mut digests);
    let mut matches = find_learners(context, lookups, &people, &absence, &rehired);
    let former = one_row_a_learner(context, &people, &mut matches);
    // Pinned records are known by their rows, which must not move. Former records are removed by the first plan.
    if !former.is_empty() && pinned.is_empty() {
        rehired.extend(find_rehired(&people, &matches, &former));
        people.drop_rows(&former.iter().map(|(row, _)| *row).collect::<Vec<_>>(), &mut digests);
        matches = find_learners(context, lookups, &people, &absence, &rehired);
        one_row_a_learner(context, &people, &mut matches);
    }
    problems.extend(rehired.iter().map(|(id, former)| PlanWarning::Rehired { id, former }.into()));
    problems.extend(list_kept_suspensions(&people, &matches));
    let changed_ids = changed_ids(&people, &matches, snapshot, &absence, &rehired);
    let protected = find_set_aside(&people, &snapshot.known, lookups);
    let mut others = records_by_learner(&snapshot.others);
    lookups.add_joined(&matches, id, &mut others);
    let population = Population::new(people);
    let by_learner = FxHashMap::default();
    let mut builder = PopulationBuilder { context, population, others, by_learner, problems };
    let records = builder.add_rows(&matches, &digests, pinned, lookups);
    let (absent, pinned_absent) = builder.add_absentees(&absence, &protected, pinned);
    builder.add_manual_learners();
    let candidates = builder.candidates(lookups);
    let (learners, leave) = builder.addresses(lookups, candidates);
    let lines = if rules.reads_managers() { builder.compute_managers() } else { Vec::new() };
    let plan = builder.plan()?;
    let catalogue = catalogue_plan::plan(rules, snapshot, &plan);
    let mut problems = builder.problems;
    problems.extend(plan.problems.iter().cloned());
    problems.extend(catalogue.problems.iter().cloned());
    problems.sort();
    problems.dedup();
    Ok(ChangeSet {
        population: builder.population,
        digests,
        records,
        absent,
        pinned_absent,
        learners,
        leave,
        changed_ids,
        plan,
        lines,
        catalogue,
        problems,
        held: HoldReport::default(),
        held_records: Vec::new(),
        hold_baseline: None,
        charge: AccessTotals::default(),
        charged_people: 0,
        complete,
        replaced,
        rehired,
        absence,
        noticed,
    })
}

impl PopulationBuilder<'_> {
    fn plan(&self) -> Result<MembershipPlan, PlanInterrupted> {
        let rules = self.context.rules;
        let today = self.today();
        let names: Vec<RuleName> = rules.rules.iter().map(|rule| rule.name.clone()).collect();
        let desired = RuleEvaluation {
            rules: rules.rules,
            population: &self.population,
            connectors: &rules.connector_names(),
            today: self.context.today,
            interrupt: self.context.interrupt,
            known: KnownMembers::Current(&today),
        }
        .evaluate();
        let desired = desired.ok_or(PlanInterrupted)?;
        let mut plan = MembershipPlan::between(&today, &desired, &names, &self.population);
        plan.problems.extend(desired.list_rule_warnings(&names));
        let has_people = self.population.learners.iter().any(|learner| learner.row.is_some());
        if has_people && self.context.snapshot.extent == SnapshotExtent::All {
            plan.problems.extend(desired.list_unmatched(&names, |rule| !self.has_match_elsewhere(rule)));
        }
        Ok(plan)
    }

    /// Returns true if a rule may match people who are not in this plan: it does not apply to this connector's people, or
    /// gives memberships to those of other connectors.
    fn has_match_elsewhere(&self, rule: u32) -> bool {
        let PlanContext { rules, snapshot, .. } = self.context;
        let rule = &rules.rules[rule as usize];
        let scope = RuleScope::of(rule, &rules.connector_names());
        let number = snapshot.rules.iter().find(|(_, name)| *name == rule.name).map(|(number, _)| *number);
        let is_other = |learner: &LearnerId| !self.by_learner.contains_key(learner);
        !scope.includes(connector_bit(rules.connector))
            || snapshot
                .members
                .iter()
                .any(|(_, of, learners)| Some(*of) == number && learners.iter().any(is_other))
    }

    /// Returns the memberships that the learners of the population have today.
    fn today(&self) -> CurrentState {
        let snapshot = self.context.snapshot;
        let mut members = Vec::new();
        for (group, rule, learners) in &snapshot.members {
            members.extend(learners.iter().filter_map(|id| Some((*group, *rule, *self.by_learner.get(id)?))));
        }
        let dormant = snapshot.dormant.iter();
        CurrentState {
            groups: snapshot
                .groups
                .iter()
                .map(|group| (group.id, group.name.clone(), group.by_hand))
                .collect(),
            rules: snapshot.rules.clone(),
            links: snapshot.links.clone(),
            members,
            resting: dormant.filter_map(|(group, id)| Some((*group, *self.by_learner.get(id)?))).collect(),
            exclusions: snapshot.exclusions.iter().copied().collect(),
        }
    }
}
