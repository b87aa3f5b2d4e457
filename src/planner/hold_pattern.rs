//! What the people of a hold have in common, so that its cause can be recognized: a group that was renamed, a site that is
//! missing.

use std::fmt;

use rustc_hash::FxHashMap;

use crate::PlanContext;
use crate::change_set::ChangeSet;
use crate::deferred_changes::DeferredChanges;
use crate::hold_report::UnrestrictedPlan;
use crate::lookups::Lookups;
use crate::membership_plan::{GroupIndex, RuleIndex};
use crate::pinned_records::PinnedRecords;
use crate::population::LearnerIndex;
use rollcall_model::attributes::Attribute;
use rollcall_model::format::{count, thousands};
use rollcall_model::people::RowIndex;

/// Fewer people have something in common by chance.
pub(crate) const FEW_PEOPLE: usize = 10;

/// The maximum number of moves that are described.
const MAX_MOVES: usize = 3;

/// Something that the people of a hold have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HoldPattern {
    /// Nearly all people who leave a group go to one other group of the same rule.
    Move { people: u64, from: String, to: String, rule: String },
    /// `some` of `all` people who would leave have a value, and `others` who stay.
    CommonValue { some: u64, all: u64, others: u64, attribute: String, value: String },
}

impl fmt::Display for HoldPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Move { people, from, to, rule } => {
                let people = count(*people, "person leaves", "people leave");
                write!(
                    f,
                    "{people} `{from}` for `{to}` (rule `{rule}`): if it was only renamed, assign the courses of \
                     `{from}` to `{to}`, then approve"
                )
            }
            Self::CommonValue { some, all, others, attribute, value } => {
                if some == all {
                    write!(f, "all {} people who would leave", thousands(*all))?;
                } else {
                    write!(f, "{} of the {} people who would leave", thousands(*some), thousands(*all))?;
                }
                let rest = if *others == 0 { ", and no other person has it" } else { "" };
                write!(
                    f,
                    " have `{attribute}` = `{value}`{rest}: if they still work there, wait for the next complete reading"
                )
            }
        }
    }
}

/// Finds what the people of a hold have in common.
pub(crate) fn find_patterns(
    context: PlanContext<'_>,
    lookups: &Lookups,
    change_set: &ChangeSet,
    wanted: Option<&UnrestrictedPlan>,
    taken: &DeferredChanges,
    pinned: &PinnedRecords,
) -> Vec<HoldPattern> {
    let mut patterns = find_moves(change_set, taken);
    let leaving = LeavingPeople::of(change_set, wanted, pinned);
    patterns.extend(leaving.find_common_value(context, lookups, change_set));
    patterns
}

/// Finds groups that nearly all held people leave for one other group of the same rule.
fn find_moves(change_set: &ChangeSet, taken: &DeferredChanges) -> Vec<HoldPattern> {
    let ends = || taken.end.iter().filter(|(entry, limit)| limit.is_waiting() && entry.rule != 0);
    if ends().count() < FEW_PEOPLE {
        return Vec::new();
    }
    let plan = &change_set.plan;
    let given = plan.add.iter().chain(taken.give.iter().map(|(entry, _)| entry));
    let targets: FxHashMap<(RuleIndex, LearnerIndex), GroupIndex> =
        given.map(|entry| ((entry.rule, entry.who), entry.group)).collect();
    let mut lost: FxHashMap<(RuleIndex, GroupIndex), usize> = FxHashMap::default();
    let mut moves: FxHashMap<(RuleIndex, GroupIndex, GroupIndex), usize> = FxHashMap::default();
    for (entry, _) in ends() {
        *lost.entry((entry.rule, entry.group)).or_default() += 1;
        if let Some(&target) = targets.get(&(entry.rule, entry.who)) {
            *moves.entry((entry.rule, entry.group, target)).or_default() += 1;
        }
    }
    let mut moves: Vec<_> = moves
        .into_iter()
        .filter(|((rule, from, _), people)| is_nearly_all(*people, lost[&(*rule, *from)]))
        .collect();
    moves.sort_unstable_by_key(|(between, people)| (std::cmp::Reverse(*people), *between));
    let name = |group: GroupIndex| plan.groups[group as usize].name.shown().to_owned();
    let describe = |((rule, from, to), people): ((RuleIndex, GroupIndex, GroupIndex), usize)| {
        let rule = plan.rules[rule as usize].name.as_str().to_owned();
        HoldPattern::Move { people: people as u64, from: name(from), to: name(to), rule }
    };
    moves.into_iter().take(MAX_MOVES).map(describe).collect()
}

/// Returns true if `some` are many, and at least nine of ten.
fn is_nearly_all(some: usize, all: usize) -> bool {
    some >= FEW_PEOPLE && some * 10 >= all * 9
}

/// The people whose leaving is held.
struct LeavingPeople<'a> {
    /// Rows of the reading.
    rows: Vec<RowIndex>,
    /// Ids that the reading does not contain.
    ids: Vec<&'a str>,
}

impl<'a> LeavingPeople<'a> {
    fn of(change_set: &ChangeSet, wanted: Option<&UnrestrictedPlan>, pinned: &'a PinnedRecords) -> Self {
        let Some(wanted) = wanted else { return Self { rows: Vec::new(), ids: Vec::new() } };
        let leaves = |row: RowIndex| wanted.learners[row as usize].loses_access();
        let known = change_set.population.people.len();
        let rows = pinned.rows().filter(|(row, limit)| limit.is_waiting() && (*row as usize) < known);
        let ids = pinned.ids().filter(|(_, limit)| limit.is_waiting());
        Self {
            rows: rows.map(|(row, _)| row).filter(|&row| leaves(row)).collect(),
            ids: ids.map(|(id, _)| id).collect(),
        }
    }

    /// Finds the value that nearly all of them have and most other people do not have.
    fn find_common_value(
        &self,
        context: PlanContext<'_>,
        lookups: &Lookups,
        change_set: &ChangeSet,
    ) -> Option<HoldPattern> {
        let all = self.rows.len() + self.ids.len();
        if all < FEW_PEOPLE {
            return None;
        }
        let mapped = context.rules.profile().mapped.iter();
        let found = mapped.filter(|attribute| !is_personal(**attribute)).filter_map(|&attribute| {
            let (value, some) = self.most_frequent_value(context, lookups, change_set, attribute)?;
            let others = self.count_others(change_set, attribute, &value);
            let rest = change_set.population.people.len() - self.rows.len();
            (is_nearly_all(some, all) && others * 2 <= rest).then_some((others, attribute, value, some))
        });
        let (others, attribute, value, some) = found.min()?;
        Some(HoldPattern::CommonValue {
            some: some as u64,
            all: all as u64,
            others: others as u64,
            attribute: context.rules.attributes.name(attribute).to_owned(),
            value,
        })
    }

    fn most_frequent_value(
        &self,
        context: PlanContext<'_>,
        lookups: &Lookups,
        change_set: &ChangeSet,
        attribute: Attribute,
    ) -> Option<(String, usize)> {
        let people = &change_set.population.people;
        let name = context.rules.attributes.name(attribute);
        let of_rows = self.rows.iter().map(|&row| people.first(row, attribute));
        let of_ids = self.ids.iter().filter_map(|id| lookups.stored.get(*id)?.get(name)?.as_str());
        let mut counts: FxHashMap<&str, usize> = FxHashMap::default();
        for value in of_rows.chain(of_ids).filter(|value| !value.is_empty()) {
            *counts.entry(value).or_default() += 1;
        }
        counts.into_iter().map(|(value, some)| (value.to_owned(), some)).max_by_key(|(_, some)| *some)
    }

    /// Counts the other people of the reading who have a value.
    fn count_others(&self, change_set: &ChangeSet, attribute: Attribute, value: &str) -> usize {
        let people = &change_set.population.people;
        let Some(cell) = people.values.find(value) else { return 0 };
        let with_value = people.rows().filter(|&row| people.cell(row, attribute) == cell).count();
        let own = self.rows.iter().filter(|&&row| people.cell(row, attribute) == cell).count();
        with_value - own
    }
}

/// Returns true if the values of an attribute are different for each person, or are dates and the status.
fn is_personal(attribute: Attribute) -> bool {
    [
        Attribute::ID,
        Attribute::EMAIL,
        Attribute::NAME,
        Attribute::GIVEN_NAME,
        Attribute::FAMILY_NAME,
        Attribute::STATUS,
        Attribute::START_DATE,
        Attribute::END_DATE,
    ]
    .contains(&attribute)
}
