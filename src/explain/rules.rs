//! What each rule of the file makes of the learner: the groups that it names, and which of its clauses is false.

use crate::explain::answer::{Clause, Rule as Answer, Value};
use crate::explain::person::Somebody;
use crate::explain::{File, View};
use crate::model::attributes::Attribute;
use crate::model::rule::clauses::{self, Joined, Judged};
use crate::model::rule::{Judge, Outcome, Rule};
use crate::model::template::Filled;

/// A rule and what it makes of the learner.
pub(super) struct Opinion<'r> {
    pub(super) rule: &'r Rule,
    /// Whether the rule looks at people of the learner's connectors.
    pub(super) is_asked: bool,
    pub(super) outcome: Outcome,
    /// The groups that the template names, whether the rule matches or not.
    pub(super) names: Vec<Filled>,
}

/// Asks every rule.
pub(super) fn ask<'r>(file: File<'r>, somebody: &Somebody, judge: &Judge) -> Vec<Opinion<'r>> {
    let opinion = |rule: &'r Rule| {
        let scope = judge.scope([rule.condition()], &somebody.values, |attribute| somebody.cell(attribute));
        Opinion {
            rule,
            is_asked: somebody.is_asked_by(rule),
            outcome: scope.outcome(rule.condition()),
            names: rule.group.fill(&somebody.values, |attribute| somebody.cell(attribute)),
        }
    };
    file.rules.iter().map(opinion).collect()
}

impl Opinion<'_> {
    /// Whether the rule gives the groups that it names.
    pub(super) fn gives(&self) -> bool {
        self.is_asked && self.outcome == Outcome::True
    }

    /// The attributes of the template that the learner has no value of.
    pub(super) fn empty(&self, file: File<'_>, somebody: &Somebody) -> Vec<String> {
        let empty = self.rule.group.reads().filter(|&attribute| somebody.cell(attribute).is_empty());
        empty.map(|attribute| file.attributes.name(attribute).to_owned()).collect()
    }

    /// The rule taken apart, and the texts of the clauses that are not true.
    pub(super) fn answer(&self, file: File<'_>, somebody: &Somebody, judge: &Judge) -> (Answer, Vec<String>) {
        let rule = self.rule;
        // The text has been compiled with these attributes before.
        let judged = clauses::Clause::read(&rule.when, file.attributes)
            .ok()
            .map(|clause| clause.judge(judge, &somebody.values, |attribute| somebody.cell(attribute)));
        let failing = judged.iter().flat_map(Judged::failing).map(|one| one.text.clone()).collect();
        let clauses = judged.iter().flat_map(|whole| match whole.joined {
            Joined::All => whole.parts.iter().collect(),
            Joined::Alone | Joined::Any => vec![whole],
        });
        let mut reads: Vec<Attribute> = rule.condition().reads();
        reads.extend(rule.group.reads());
        reads.sort_unstable();
        reads.dedup();
        let values = reads
            .into_iter()
            .map(|attribute| value(somebody, file.attributes.name(attribute), attribute))
            .collect();
        let answer = Answer {
            rule: rule.name.as_str().to_owned(),
            when: rule.when.trim().to_owned(),
            group: rule.group.text().to_owned(),
            outcome: word(&self.outcome),
            clauses: clauses.map(|one| clause(somebody, one)).collect(),
            values,
        };
        (answer, failing)
    }
}

fn value(somebody: &Somebody, variable: &str, attribute: Attribute) -> Value {
    // The state is worked out, and no connector's word.
    let origin = if attribute == Attribute::STATUS { <_>::default() } else { somebody.origin(attribute) };
    Value { variable: variable.to_owned(), values: somebody.all(attribute), origin }
}

fn clause(somebody: &Somebody, judged: &Judged) -> Clause {
    Clause {
        text: judged.text.clone(),
        outcome: word(&judged.outcome),
        why: match &judged.outcome {
            Outcome::Failed(why) => Some(why.clone()),
            Outcome::True | Outcome::False | Outcome::NoDate => None,
        },
        values: judged.reads.iter().map(|(name, attribute)| value(somebody, name, *attribute)).collect(),
        joined: match judged.joined {
            Joined::All => Some("all"),
            Joined::Any => Some("any"),
            Joined::Alone => None,
        },
        parts: judged.parts.iter().map(|part| clause(somebody, part)).collect(),
    }
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::True => "true",
        Outcome::False => "false",
        Outcome::NoDate => "no_date",
        Outcome::Failed(_) => "failed",
    }
}

/// A judge for the day.
pub(super) fn judge(view: View) -> Judge {
    Judge::new(view.day)
}
