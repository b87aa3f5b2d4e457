//! Why the learner is, or is not, in each group.

use crate::explain::answer::{Because, Group as Answer, Rule};
use crate::explain::groups::{Gathered, Place, Subject};
use crate::explain::person::Somebody;
use crate::explain::rules::Opinion;
use crate::explain::{File, Runs, View};
use crate::model::guard::{Kind, Limit};
use crate::model::ids::{GroupId, RuleId};
use crate::model::names::fold;
use crate::model::rule::{Judge, Outcome};
use crate::model::status::Status;
use crate::store::explain::{Held, Membership};

/// What the answers are made of.
#[derive(Clone, Copy)]
pub(super) struct Answers<'a> {
    pub(super) file: File<'a>,
    pub(super) view: View,
    pub(super) somebody: &'a Somebody,
    pub(super) opinions: &'a [Opinion<'a>],
    pub(super) judge: &'a Judge,
    pub(super) runs: &'a Runs,
}

impl Answers<'_> {
    /// An answer for each group.
    pub(super) fn all(self, gathered: &Gathered) -> Vec<Answer> {
        gathered.subjects.iter().map(|subject| self.one(gathered, subject)).collect()
    }

    fn one(self, gathered: &Gathered, subject: &Subject) -> Answer {
        let is_here = |group: GroupId| subject.place == Place::Known(group);
        let mine: Vec<&Membership> =
            gathered.memberships.iter().filter(|one| is_here(one.group_id)).collect();
        let ended =
            gathered.ended.iter().filter(|one| is_here(one.group_id)).filter_map(|one| one.ended_run_id);
        let (because, rules) = if mine.is_empty() {
            self.outside(gathered, subject)
        } else {
            self.inside(gathered, subject, &mine)
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

    /// What gives the membership, and what is about to end it.
    fn inside(
        self,
        gathered: &Gathered,
        subject: &Subject,
        mine: &[&Membership],
    ) -> (Vec<Because>, Vec<Rule>) {
        let (mut because, mut rules) = (Vec::new(), Vec::new());
        for one in mine {
            let run = self.runs.get(one.run_id);
            if one.rule_id == RuleId::BY_HAND {
                because.push(Because::ByHand { run });
                because.extend(self.decisions(gathered, subject, Kind::End, None));
                continue;
            }
            let name = gathered.rules.get(&one.rule_id).cloned().unwrap_or_default();
            let opinion = self.opinions.iter().position(|one| one.rule.name.as_str() == name);
            because.push(Because::Rule { rule: name.clone(), run, in_file: opinion.is_some() });
            let decided = self.decisions(gathered, subject, Kind::End, Some(one.rule_id));
            let asked = opinion.map(|at| &self.opinions[at]);
            let gives =
                opinion.is_some_and(|at| subject.named_by.contains(&at)) && asked.is_some_and(Opinion::gives);
            if let Some(opinion) = asked {
                rules.push(opinion.answer(self.file, self.somebody, self.judge).0);
            }
            let failed = asked.filter(|one| one.is_asked).map(|one| &one.outcome);
            if !decided.is_empty() {
                because.extend(decided);
            } else if let Some(Outcome::Failed(why)) = failed {
                because.push(Because::RuleFailed { rule: name, why: why.clone() });
            } else if !gives && self.view.until.is_none() {
                because.push(Because::EndsNext { rule: name });
            }
        }
        (because, rules)
    }

    /// What keeps the learner out.
    fn outside(self, gathered: &Gathered, subject: &Subject) -> (Vec<Because>, Vec<Rule>) {
        let is_here = |group: GroupId| subject.place == Place::Known(group);
        let mut because = Vec::new();
        match self.somebody.status {
            Some(Status::Active | Status::Leave) => {}
            Some(Status::Upcoming) => because.push(Because::Upcoming),
            Some(Status::Left) | None => because.push(Because::Left),
        }
        let waits = gathered.resting.iter().filter(|(group, _)| is_here(*group));
        because.extend(waits.map(|(_, run)| Because::Waits { run: self.runs.get(*run) }));
        let excluded = gathered.exclusions.iter().filter(|one| is_here(one.group_id));
        because.extend(excluded.map(|one| Because::Excluded {
            run: self.runs.get(one.run_id),
            reason: one.reason.clone(),
            until: one.until,
        }));
        let deleted = subject.row.as_ref().and_then(|row| row.deleted_run_id);
        if let Some(run) = deleted.filter(|run| self.view.has_seen(*run)) {
            because.push(Because::DeletedGroup { run: self.runs.get(run) });
        }
        let stands_in_the_way = !because.is_empty();
        let mut rules = Vec::new();
        for &at in &subject.named_by {
            let opinion = &self.opinions[at];
            let (answer, failing) = opinion.answer(self.file, self.somebody, self.judge);
            rules.push(answer);
            let rule = opinion.rule.name.as_str().to_owned();
            let number = gathered.rules.iter().find(|(_, name)| **name == rule).map(|(id, _)| *id);
            let decided =
                number.map_or(Vec::new(), |id| self.decisions(gathered, subject, Kind::Give, Some(id)));
            if !decided.is_empty() {
                because.extend(decided);
            } else if !opinion.is_asked {
                let named = opinion.rule.connectors.iter().flatten();
                let connectors = named.map(|name| name.as_str().to_owned()).collect();
                because.push(Because::OtherConnectors { rule, connectors });
            } else {
                match &opinion.outcome {
                    Outcome::Failed(why) => because.push(Because::RuleFailed { rule, why: why.clone() }),
                    Outcome::False | Outcome::NoDate => {
                        because.push(Because::ClauseFalse { rule, clauses: failing });
                    }
                    Outcome::True if stands_in_the_way => {}
                    Outcome::True
                        if !subject.has_met && subject.row.as_ref().is_some_and(|row| row.by_hand) =>
                    {
                        because.push(Because::HandMadeGroup { rule, run: None });
                    }
                    Outcome::True => because.push(Because::NextRun { rule }),
                }
            }
        }
        for &at in &subject.fed_by {
            let opinion = &self.opinions[at];
            let rule = opinion.rule.name.as_str().to_owned();
            rules.push(opinion.answer(self.file, self.somebody, self.judge).0);
            because.push(if opinion.names.is_empty() {
                Because::NoValue { rule, attributes: opinion.empty(self.file, self.somebody) }
            } else {
                let groups = opinion.names.iter().map(|filled| filled.name.clone()).collect();
                Because::OtherGroups { rule, groups }
            });
        }
        // Decisions on memberships by hand, and of rules that do not name the group as the records stand.
        let named: Vec<&str> =
            subject.named_by.iter().map(|&at| self.opinions[at].rule.name.as_str()).collect();
        let others = gathered.held.iter().filter(|one| {
            let rule = one.rule_id.and_then(|id| gathered.rules.get(&RuleId(id)));
            !rule.is_some_and(|rule| named.contains(&rule.as_str()))
        });
        because.extend(self.of(gathered, subject, Kind::Give, others));
        if because.is_empty() {
            because.push(Because::Nothing);
        }
        (because, rules)
    }

    fn decisions(
        self,
        gathered: &Gathered,
        subject: &Subject,
        kind: Kind,
        rule: Option<RuleId>,
    ) -> Vec<Because> {
        let of_rule =
            gathered.held.iter().filter(|one| one.rule_id.filter(|id| *id != 0).map(RuleId) == rule);
        self.of(gathered, subject, kind, of_rule)
    }

    fn of<'g>(
        self,
        gathered: &'g Gathered,
        subject: &Subject,
        kind: Kind,
        held: impl Iterator<Item = &'g Held>,
    ) -> Vec<Because> {
        let is_here = |one: &&Held| match &subject.place {
            Place::Known(id) => one.group_id == Some(id.0),
            Place::New(folded) => one.group_name.as_deref().is_some_and(|name| fold(name) == *folded),
        };
        let here = held.filter(|one| one.kind == kind.as_str()).filter(is_here);
        let because = |one: &Held| {
            let decision = gathered.decision(one, self.runs);
            match one.state.as_str() {
                "rejected" => Because::Rejected(decision),
                "undone" => Because::Undone(decision),
                _ if one.reason == Limit::HandMadeGroup.as_str() => Because::HandMadeGroup {
                    rule: decision.rule.unwrap_or_default(),
                    run: decision.first_run,
                },
                _ => Because::Held(decision),
            }
        };
        here.map(because).collect()
    }
}
