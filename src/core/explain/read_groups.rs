//! The groups that rules read with `in_group`, and what is known about the learner and each.

use rustc_hash::FxHashMap;

use crate::explain::AsOf;
use crate::explain::rule_result::RuleResult;
use rollcall_model::ids::{GroupId, LearnerId, RuleId};
use rollcall_model::names::{GroupName, fold};
use rollcall_rules::rule::group_references::MembershipState;
use rollcall_rules::rule::{EvaluationResult, Rule};
use rollcall_store::explain as table;
use rollcall_store::{Result, Tx};

/// What is known about the learner and the groups that rules read, by the folded names of the groups.
#[derive(Debug, Default)]
pub(super) struct ReadGroups(FxHashMap<String, ReadGroup>);

#[derive(Debug)]
struct ReadGroup {
    state: MembershipState,
    is_by_hand: bool,
}

impl ReadGroups {
    /// Loads the memberships of the learner on the day.
    pub(super) async fn load(tx: &mut Tx, rules: &[Rule], learner: LearnerId, view: AsOf) -> Result<Self> {
        let names: Vec<&GroupName> = rules.iter().flat_map(|rule| rule.condition().groups()).collect();
        if names.is_empty() {
            return Ok(Self::default());
        }
        let folded = names.iter().map(|name| name.folded().to_owned()).collect();
        let rows = table::list_groups(tx, Vec::new(), folded).await?;
        let ids: FxHashMap<&str, GroupId> = rows
            .iter()
            .filter(|row| row.deleted_run_id.is_none())
            .map(|row| (row.name_folded.as_str(), row.id))
            .collect();
        let mut periods = table::list_memberships(tx, learner).await?;
        periods.retain(|one| view.is_in_force(one.run_id, one.ended_run_id));
        let group = |name: &&GroupName| {
            let id = ids.get(name.folded());
            let mut reasons = periods.iter().filter(|one| Some(&one.group_id) == id).map(|one| one.rule_id);
            let is_by_hand = reasons.clone().any(|rule| rule == RuleId::BY_HAND);
            let is_known = id.is_some() || rules.iter().any(|rule| rule.group.may_name(name));
            let state = match (reasons.next(), is_known) {
                (Some(_), _) => MembershipState::Member,
                (None, true) => MembershipState::NotMember,
                (None, false) => MembershipState::Unknown,
            };
            (name.folded().to_owned(), ReadGroup { state, is_by_hand })
        };
        Ok(Self(names.iter().map(group).collect()))
    }

    /// Returns what is known about a group.
    pub(super) fn state(&self, group: &GroupName) -> MembershipState {
        self.0.get(group.folded()).map_or(MembershipState::Unknown, |group| group.state)
    }

    /// Notes the groups that rules name whose evaluation failed: a plan does not know them. Returns true if one is new.
    pub(super) fn note_failures(&mut self, results: &[RuleResult<'_>]) -> bool {
        let names =
            |one: &RuleResult<'_>| one.names.iter().map(|named| fold(&named.name)).collect::<Vec<_>>();
        let given: Vec<String> = results.iter().filter(|one| one.grants_groups()).flat_map(names).collect();
        let has_failed =
            |one: &&RuleResult<'_>| one.is_in_scope && matches!(one.outcome, EvaluationResult::Failed(_));
        let mut is_new = false;
        for name in results.iter().filter(has_failed).flat_map(names) {
            let Some(group) = self.0.get_mut(&name) else { continue };
            if group.state != MembershipState::Unknown && !group.is_by_hand && !given.contains(&name) {
                group.state = MembershipState::Unknown;
                is_new = true;
            }
        }
        is_new
    }
}
