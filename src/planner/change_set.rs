//! The changes that close the gap between a reading and the database, and how they are worked out.
//!
//! [`build_plan`] is one pass: from people to learners, from learners to memberships. [`super::apply_limits`] makes as
//! many passes as it takes to leave out what must wait.

use rustc_hash::FxHashMap;

use crate::PlanContext;
use crate::catalogue_plan::{self, CataloguePlan};
use crate::correlation::match_people;
use crate::desired_memberships::DesiredMemberships;
use crate::email_assignment::LearnerUpdate;
use crate::lookups::{Lookups, records_by_learner};
use crate::membership_plan::{CurrentState, MembershipPlan};
use crate::new_people::{changed_ids, one_row_a_learner, protected};
use crate::pinned_records::PinnedRecords;
use crate::population::{EvaluatedLearner, LearnerIndex, Population};
use crate::population_builder::PopulationBuilder;
use crate::source_data::SourceData;
use rollcall_model::attributes::Attribute;
use rollcall_model::guard::{AccessTotals, HoldBaseline, HoldReport};
use rollcall_model::ids::{ConnectorId, LearnerId};
use rollcall_model::interner::Symbol;
use rollcall_model::names::RuleName;
use rollcall_model::people::{RowIndex, digest, digest_order};
use rollcall_model::run_warning::RunWarning;

/// Every change that a run makes or holds.
#[derive(Debug)]
pub struct ChangeSet {
    /// The learners whom the plan is about.
    pub population: Population,
    /// The digest of each row of the reading.
    pub digests: Vec<i64>,
    /// Rows whose record is new or changed.
    pub records: Vec<(RowIndex, LearnerIndex)>,
    /// Ids that a full reading no longer holds.
    pub absent: Vec<String>,
    /// Ids that a full reading no longer holds and whose absence is held or was decided on.
    pub(crate) pinned_absent: Vec<String>,
    /// Learners whose row changes.
    pub learners: Vec<LearnerUpdate>,
    /// Learners of whom nothing but the status changes.
    pub leave: Vec<LearnerIndex>,
    /// Known learners who come under a new id, and the row that says so.
    pub changed_ids: Vec<(RowIndex, LearnerId)>,
    /// Groups and memberships.
    pub plan: MembershipPlan,
    /// Courses and assignments of the file.
    pub catalogue: CataloguePlan,
    /// What was noticed.
    pub problems: Vec<RunWarning>,
    /// Changes that are wanted and not made.
    pub held: HoldReport,
    /// What the reading says of people whose record stays as it was.
    pub held_records: Vec<HeldRecord>,
    /// Totals before this run, where it is the first of which something waits; its number is still to come.
    pub hold_baseline: Option<HoldBaseline>,
    /// Removals that were not approved: they count against the limits for 24 hours.
    pub charge: AccessTotals,
    /// Whether the reading holds everybody.
    pub complete: bool,
    /// Values of the reading in whose place an older one stands.
    pub(crate) replaced: Vec<(RowIndex, Attribute, Symbol)>,
    /// What was noticed while reading.
    pub(crate) noticed: Vec<RunWarning>,
}

/// What a reading says of a person whose record stays as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRecord {
    /// The source's id.
    pub external_id: String,
    /// Whether the reading holds the person.
    pub present: bool,
    /// The attributes, as a JSON object.
    pub attributes: String,
}

impl ChangeSet {
    /// Whether there is nothing to write, and nothing to write down as held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes_nothing() && self.held.changes.is_empty()
    }

    /// Whether people, groups, memberships, courses and assignments stay as they are.
    #[must_use]
    pub fn writes_nothing(&self) -> bool {
        self.records.is_empty()
            && self.absent.is_empty()
            && self.learners.is_empty()
            && self.leave.is_empty()
            && self.plan.is_empty()
            && self.catalogue.is_empty()
    }

    /// The reading, to be planned once more.
    #[must_use]
    pub fn into_source(self) -> SourceData {
        self.into_parts().0
    }

    /// The reading, to be planned once more, and the result of this plan.
    pub(crate) fn into_parts(self) -> (SourceData, MembershipPlan, Vec<EvaluatedLearner>) {
        let (mut people, learners) = self.population.into_parts();
        let digests = if self.replaced.is_empty() { self.digests } else { Vec::new() };
        for (row, attribute, cell) in self.replaced {
            people.replace(row, attribute, cell);
        }
        (SourceData::restore(people, self.complete, self.noticed, digests), self.plan, learners)
    }
}

/// One pass: what a reading asks for, but for pinned records, which stay as they were last read.
pub(crate) fn build_plan(
    context: PlanContext<'_>,
    lookups: &Lookups,
    mut source: SourceData,
    pinned: &PinnedRecords,
) -> ChangeSet {
    let PlanContext { rules, snapshot, .. } = context;
    let id = snapshot.connector.unwrap_or(ConnectorId(0));
    source.compute_digests(rules.attributes);
    let complete = source.is_complete();
    let SourceData { mut people, warnings: noticed, mut digests, .. } = source;
    let mut problems = noticed.clone();
    problems.extend(people.set_aside_problems());
    let replaced = pinned.replace(&mut people);
    let order = digest_order(rules.attributes);
    for &(row, _, _) in &replaced {
        digests[row as usize] =
            digest(rules.attributes, &order, &people.values, people.cells(row), &mut Vec::new());
    }
    let match_attribute = rules.profile().match_attribute;
    let mut matches = match_people(&people, &snapshot.known, &lookups.holders, match_attribute, complete);
    one_row_a_learner(&people, &mut matches);
    let changed_ids = if complete { changed_ids(&people, &matches, snapshot) } else { Vec::new() };
    let protected = protected(&people, lookups);
    let mut others = records_by_learner(&snapshot.others);
    lookups.add_joined(&matches, id, &mut others);
    let population = Population::new(people);
    let by_learner = FxHashMap::default();
    let mut builder = PopulationBuilder { context, population, others, by_learner, problems };
    let records = builder.add_rows(&matches, &digests, pinned);
    let (absent, pinned_absent) =
        if complete { builder.add_absentees(&protected, pinned) } else { Default::default() };
    builder.add_manual_learners();
    let candidates = builder.candidates(lookups);
    let (learners, leave) = builder.addresses(lookups, candidates);
    let plan = builder.plan();
    let catalogue = catalogue_plan::plan(rules, snapshot, &plan);
    let mut problems = builder.problems;
    problems.extend(plan.problems.iter().cloned());
    problems.extend(catalogue.problems.iter().cloned());
    problems.sort();
    problems.dedup();
    ChangeSet {
        population: builder.population,
        digests,
        records,
        absent,
        pinned_absent,
        learners,
        leave,
        changed_ids,
        plan,
        catalogue,
        problems,
        held: HoldReport::default(),
        held_records: Vec::new(),
        hold_baseline: None,
        charge: AccessTotals::default(),
        complete,
        replaced,
        noticed,
    }
}

impl PopulationBuilder<'_> {
    fn plan(&self) -> MembershipPlan {
        let rules = self.context.rules;
        let today = self.today();
        let names: Vec<RuleName> = rules.rules.iter().map(|rule| rule.name.clone()).collect();
        let roll = DesiredMemberships::evaluate(
            rules.rules,
            &self.population,
            &rules.connector_names(),
            self.context.today,
        );
        MembershipPlan::between(&today, &roll, &names, &self.population)
    }

    /// Today's memberships of the learners of the population.
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
