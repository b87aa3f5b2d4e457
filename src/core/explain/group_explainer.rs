//! Reasons why the learner is or is not in each group.

use crate::explain::explanation::{ExplainedGroup as Answer, ExplainedRule, MembershipCause};
use crate::explain::learner_groups::{GroupCandidate, GroupIdentity, LearnerGroups};
use crate::explain::learner_state::LearnerState;
use crate::explain::rule_result::RuleResult;
use crate::explain::{AsOf, ExplainConfig, RunIndex};
use rollcall_model::guard::{ChangeKind, HeldChangeState, HoldCause};
use rollcall_model::ids::{GroupId, RuleId};
use rollcall_model::names::fold;
use rollcall_model::status::LearnerStatus;
use rollcall_rules::rule::{EvaluationResult, RuleEvaluator};
use rollcall_store::explain::{LearnerHeldChange, MembershipPeriod};

/// The input of the explanation.
#[derive(Clone, Copy)]
pub(super) struct GroupExplainer<'a> {
    pub(super) file: ExplainConfig<'a>,
    pub(super) view: AsOf,
    pub(super) learner: &'a LearnerState,
    pub(super) rule_results: &'a [RuleResult<'a>],
    pub(super) evaluator: &'a RuleEvaluator,
    pub(super) runs: &'a RunIndex,
}

impl GroupExplainer<'_> {
    /// Explains each group.
    pub(super) fn explain_groups(self, gathered: &LearnerGroups) -> Vec<Answer> {
        gathered.candidates.iter().map(|subject| self.explain_group(gathered, subject)).collect()
    }

    fn explain_group(self, gathered: &LearnerGroups, subject: &GroupCandidate) -> Answer {
        let is_here = |group: GroupId| subject.place == GroupIdentity::Known(group);
        let mine: Vec<&MembershipPeriod> =
            gathered.memberships.iter().filter(|one| is_here(one.group_id)).collect();
        let ended =
            gathered.ended.iter().filter(|one| is_here(one.group_id)).filter_map(|one| one.ended_run_id);
        let (because, rules) = if mine.is_empty() {
            self.explain_non_member(gathered, subject)
        } else {
            self.explain_member(gathered, subject, &mine)
        };
        let row = subject.row.as_ref().filter(|row| self.view.is_in_force(row.run_id, row.deleted_run_id));
        Answer {
            group: subject.name.clone(),
            exists: row.is_some(),
            by_hand: row.is_some_and(|row| row.by_hand),
            member: !mine.is_empty(),
            joined_on: mine.iter().map(|one| one.joined_on).min(),
            because,
            rules,
            ended: ended.max().and_then(|run| self.runs.get(run)),
        }
    }

    /// Returns the reasons for the membership, and those that will end it.
    fn explain_member(
        self,
        gathered: &LearnerGroups,
        subject: &GroupCandidate,
        mine: &[&MembershipPeriod],
    ) -> (Vec<MembershipCause>, Vec<ExplainedRule>) {
        let (mut because, mut rules) = (Vec::new(), Vec::new());
        for one in mine {
            let run = self.runs.get(one.run_id);
            if one.rule_id == RuleId::BY_HAND {
                because.push(MembershipCause::ByHand { run });
                because.extend(self.list_rule_decisions(gathered, subject, ChangeKind::End, None));
                continue;
            }
            let name = gathered.rules.get(&one.rule_id).cloned().unwrap_or_default();
            let opinion = self.rule_results.iter().position(|one| one.rule.name.as_str() == name);
            because.push(MembershipCause::Rule { rule: name.clone(), run, in_file: opinion.is_some() });
            let decided = self.list_rule_decisions(gathered, subject, ChangeKind::End, Some(one.rule_id));
            let asked = opinion.map(|at| &self.rule_results[at]);
            let gives = opinion.is_some_and(|at| subject.named_by.contains(&at))
                && asked.is_some_and(RuleResult::grants_groups);
            if let Some(opinion) = asked {
                rules.push(opinion.explain_rule(self.file, self.learner, self.evaluator).0);
            }
            let failed = asked.filter(|one| one.is_in_scope).map(|one| &one.outcome);
            if !decided.is_empty() {
                because.extend(decided);
            } else if let Some(EvaluationResult::Failed(why)) = failed {
                because.push(MembershipCause::RuleFailed { rule: name, why: why.clone() });
            } else if !gives && self.view.until.is_none() {
                because.push(MembershipCause::EndsNext { rule: name });
            }
        }
        (because, rules)
    }

    /// Returns the reasons against the membership.
    fn explain_non_member(
        self,
        gathered: &LearnerGroups,
        subject: &GroupCandidate,
    ) -> (Vec<MembershipCause>, Vec<ExplainedRule>) {
        let is_here = |group: GroupId| subject.place == GroupIdentity::Known(group);
        let mut because = Vec::new();
        match self.learner.status {
            Some(LearnerStatus::Active | LearnerStatus::Leave) => {}
            Some(LearnerStatus::Upcoming) => because.push(MembershipCause::Upcoming),
            Some(LearnerStatus::Suspended) => because.push(MembershipCause::Suspended),
            Some(LearnerStatus::Left) | None => because.push(MembershipCause::Left),
        }
        let waits = gathered.resting.iter().filter(|(group, _)| is_here(*group));
        because.extend(waits.map(|(_, run)| MembershipCause::Waits { run: self.runs.get(*run) }));
        let excluded = gathered.exclusions.iter().filter(|one| is_here(one.group_id));
        because.extend(excluded.map(|one| MembershipCause::Excluded {
            run: self.runs.get(one.run_id),
            reason: one.reason.clone(),
            until: one.until,
        }));
        let deleted = subject.row.as_ref().and_then(|row| row.deleted_run_id);
        if let Some(run) = deleted.filter(|run| self.view.includes_run(*run)) {
            because.push(MembershipCause::DeletedGroup { run: self.runs.get(run) });
        }
        let stands_in_the_way = !because.is_empty();
        let mut rules = Vec::new();
        for &at in &subject.named_by {
            let opinion = &self.rule_results[at];
            let (answer, failing) = opinion.explain_rule(self.file, self.learner, self.evaluator);
            rules.push(answer);
            let rule = opinion.rule.name.as_str().to_owned();
            let number = gathered.rules.iter().find(|(_, name)| **name == rule).map(|(id, _)| *id);
            let decided = number.map_or(Vec::new(), |id| {
                self.list_rule_decisions(gathered, subject, ChangeKind::Give, Some(id))
            });
            if !decided.is_empty() {
                because.extend(decided);
            } else if !opinion.is_in_scope {
                let named = opinion.rule.connectors.iter().flatten();
                let connectors = named.map(|name| name.as_str().to_owned()).collect();
                because.push(MembershipCause::OtherConnectors { rule, connectors });
            } else {
                match &opinion.outcome {
                    EvaluationResult::Failed(why) => {
                        because.push(MembershipCause::RuleFailed { rule, why: why.clone() });
                    }
                    EvaluationResult::False | EvaluationResult::NoDate => {
                        because.push(MembershipCause::ClauseFalse { rule, clauses: failing });
                    }
                    EvaluationResult::True if stands_in_the_way => {}
                    EvaluationResult::True
                        if !subject.is_linked && subject.row.as_ref().is_some_and(|row| row.by_hand) =>
                    {
                        because.push(MembershipCause::HandMadeGroup { rule, run: None });
                    }
                    EvaluationResult::True => because.push(MembershipCause::NextRun { rule }),
                }
            }
        }
        for &at in &subject.fed_by {
            let opinion = &self.rule_results[at];
            let rule = opinion.rule.name.as_str().to_owned();
            rules.push(opinion.explain_rule(self.file, self.learner, self.evaluator).0);
            because.push(if opinion.names.is_empty() {
                MembershipCause::NoValue {
                    rule,
                    attributes: opinion.list_empty_attributes(self.file, self.learner),
                }
            } else {
                let groups = opinion.names.iter().map(|filled| filled.name.clone()).collect();
                MembershipCause::OtherGroups { rule, groups }
            });
        }
        // Decisions on memberships by hand, and of rules that do not name the group as the records stand.
        let named: Vec<&str> =
            subject.named_by.iter().map(|&at| self.rule_results[at].rule.name.as_str()).collect();
        let others = gathered.held.iter().filter(|one| {
            let rule = one.rule_id.and_then(|id| gathered.rules.get(&RuleId(id)));
            !rule.is_some_and(|rule| named.contains(&rule.as_str()))
        });
        because.extend(self.list_decisions(gathered, subject, ChangeKind::Give, others));
        if because.is_empty() {
            because.push(MembershipCause::Nothing);
        }
        (because, rules)
    }

    fn list_rule_decisions(
        self,
        gathered: &LearnerGroups,
        subject: &GroupCandidate,
        kind: ChangeKind,
        rule: Option<RuleId>,
    ) -> Vec<MembershipCause> {
        let of_rule =
            gathered.held.iter().filter(|one| one.rule_id.filter(|id| *id != 0).map(RuleId) == rule);
        self.list_decisions(gathered, subject, kind, of_rule)
    }

    fn list_decisions<'g>(
        self,
        gathered: &'g LearnerGroups,
        subject: &GroupCandidate,
        kind: ChangeKind,
        held: impl Iterator<Item = &'g LearnerHeldChange>,
    ) -> Vec<MembershipCause> {
        let is_here = |one: &&LearnerHeldChange| match &subject.place {
            GroupIdentity::Known(id) => one.group_id == Some(id.0),
            GroupIdentity::New(folded) => one.group_name.as_deref().is_some_and(|name| fold(name) == *folded),
        };
        let here = held.filter(|one| one.kind == kind).filter(is_here);
        let because = |one: &LearnerHeldChange| {
            let decision = gathered.to_change_decision(one, self.runs);
            match one.state {
                HeldChangeState::Rejected => MembershipCause::Rejected(decision),
                HeldChangeState::Undone => MembershipCause::Undone(decision),
                HeldChangeState::Held | HeldChangeState::Dropped
                    if one.reason == HoldCause::HandMadeGroup.as_str() =>
                {
                    MembershipCause::HandMadeGroup {
                        rule: decision.rule.unwrap_or_default(),
                        run: decision.first_run,
                    }
                }
                HeldChangeState::Held | HeldChangeState::Dropped => MembershipCause::Held(decision),
            }
        };
        here.map(because).collect()
    }
}
