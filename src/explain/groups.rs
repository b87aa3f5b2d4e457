//! Why the learner is, or is not, in each group.

use rustc_hash::FxHashMap;

use crate::explain::answer::{Because, Decision, Group as Answer, Rule};
use crate::explain::person::Somebody;
use crate::explain::rules::Opinion;
use crate::explain::{Asked, Error, File, Runs, View};
use crate::model::guard::{Kind, Limit};
use crate::model::ids::{GroupId, RuleId};
use crate::model::names::{GroupName, fold};
use crate::model::rule::{Judge, Outcome};
use crate::model::status::Status;
use crate::store::Tx;
use crate::store::explain::{self as table, Exclusion, Group, Held, Membership};
use crate::store::groups as live;

/// What is known of the learner's groups.
pub(super) struct Gathered {
    /// Memberships in force.
    pub(super) memberships: Vec<Membership>,
    /// Those that had ended.
    pub(super) ended: Vec<Membership>,
    resting: Vec<(GroupId, i64)>,
    exclusions: Vec<Exclusion>,
    held: Vec<Held>,
    rules: FxHashMap<RuleId, String>,
    subjects: Vec<Subject>,
}

/// A group that the explanation speaks of.
struct Subject {
    place: Place,
    name: String,
    row: Option<Group>,
    /// The opinions that name it for the learner.
    named_by: Vec<usize>,
    /// The opinions that feed it for other values.
    fed_by: Vec<usize>,
    /// Whether a rule has met it.
    has_met: bool,
}

/// A group that has a number, or the folded name of one that has not been made.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    Known(GroupId),
    New(String),
}

/// Reads what is known of the learner's groups, and of those that rules name.
pub(super) async fn gather(
    tx: &mut Tx,
    asked: Asked<'_>,
    view: View,
    somebody: &Somebody,
    opinions: &[Opinion<'_>],
) -> Result<Gathered, Error> {
    let id = somebody.row.id;
    let all = table::memberships(tx, id).await?;
    let (memberships, rest): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|one| view.is_in_force(one.run_id, one.ended_run_id));
    let ended =
        rest.into_iter().filter(|one| one.ended_run_id.is_some_and(|run| view.has_seen(run))).collect();
    let mut resting = table::resting(tx, id).await?;
    resting.retain(|(_, run)| view.has_seen(*run));
    let mut exclusions = table::exclusions(tx, id).await?;
    exclusions.retain(|one| {
        let is_over = one.until.is_some_and(|until| until < view.day);
        view.is_in_force(one.run_id, one.lifted_run_id) && !is_over
    });
    // What was held on a past day is known only as far as it still is.
    let held = if view.until.is_none() { table::held(tx, id).await? } else { Vec::new() };
    let rules = live::rules(tx).await?.into_iter().collect();
    let mut gathered =
        Gathered { memberships, ended, resting, exclusions, held, rules, subjects: Vec::new() };
    gathered.subjects(tx, asked, view, opinions).await?;
    Ok(gathered)
}

impl Gathered {
    /// The groups in which the learner is.
    pub(super) fn group_ids(&self) -> Vec<i64> {
        let mut ids: Vec<i64> = self.memberships.iter().map(|one| one.group_id.0).collect();
        ids.dedup();
        ids
    }

    /// The runs that the answers speak of.
    pub(super) fn runs(&self) -> impl Iterator<Item = i64> {
        let held = self.held.iter().flat_map(|one| [one.first_run_id, one.last_run_id]);
        let rows = self.subjects.iter().filter_map(|one| one.row.as_ref());
        let ended = self.ended.iter().filter_map(|one| one.ended_run_id);
        self.memberships
            .iter()
            .map(|one| one.run_id)
            .chain(ended)
            .chain(self.resting.iter().map(|(_, run)| *run))
            .chain(self.exclusions.iter().map(|one| one.run_id))
            .chain(rows.filter_map(|row| row.deleted_run_id))
            .chain(held)
    }

    /// What is decided on the learner as a whole.
    pub(super) fn decisions_on_learner(&self, runs: &Runs) -> Vec<Decision> {
        let whole = [Kind::Leave, Kind::Record, Kind::Rekey].map(Kind::as_str);
        let of_learner = self.held.iter().filter(|one| whole.contains(&one.kind.as_str()));
        of_learner.map(|one| self.decision(one, runs)).collect()
    }

    fn decision(&self, held: &Held, runs: &Runs) -> Decision {
        Decision {
            change: held.kind.clone(),
            rule: held.rule_id.and_then(|id| self.rules.get(&RuleId(id)).cloned()),
            state: held.state.clone(),
            limit: held.reason.clone(),
            first_run: runs.get(held.first_run_id),
            last_run: runs.get(held.last_run_id),
        }
    }

    /// Works out which groups the explanation speaks of.
    async fn subjects(
        &mut self,
        tx: &mut Tx,
        asked: Asked<'_>,
        view: View,
        opinions: &[Opinion<'_>],
    ) -> Result<(), Error> {
        let numbers: FxHashMap<String, RuleId> =
            self.rules.iter().map(|(id, name)| (name.clone(), *id)).collect();
        let number = |opinion: &Opinion<'_>| numbers.get(opinion.rule.name.as_str()).copied();
        let rules = opinions.iter().filter_map(number).map(|id| id.0).collect();
        let keys = opinions.iter().flat_map(|one| &one.names).map(|filled| filled.key.clone()).collect();
        let met = table::links_of_keys(tx, rules, keys).await?;
        let mut ids: Vec<i64> = met.iter().map(|one| one.group_id.0).collect();
        ids.extend(self.memberships.iter().map(|one| one.group_id.0));
        ids.extend(self.resting.iter().map(|(group, _)| group.0));
        ids.extend(self.exclusions.iter().map(|one| one.group_id.0));
        ids.extend(self.held.iter().filter_map(|one| one.group_id));
        let named = opinions.iter().flat_map(|one| &one.names).map(|filled| fold(&filled.name));
        let mut names: Vec<String> = named.collect();
        names.extend(self.held.iter().filter_map(|one| one.group_name.as_deref()).map(fold));
        let wanted = asked.group.map(GroupName::parse).transpose()?;
        if let Some(name) = &wanted {
            names.push(name.folded().to_owned());
            ids.extend(live::deleted(tx, name).await?.map(|group| group.id.0));
        }
        let rows = table::groups(tx, ids, names).await?;
        let mut found = Found { rows, subjects: Vec::new(), at: FxHashMap::default() };
        for (at, opinion) in opinions.iter().enumerate() {
            for filled in &opinion.names {
                // A rule knows its group by the value, whatever either is called by now.
                let link = met.iter().find(|one| {
                    Some(one.rule_id) == number(opinion)
                        && one.key == filled.key
                        && fold(&one.name) == fold(&filled.name)
                });
                let place = match link {
                    Some(link) => Place::Known(link.group_id),
                    None => found.named(&filled.name),
                };
                let subject = found.subject(place, &filled.name);
                subject.has_met |= link.is_some();
                subject.named_by.push(at);
            }
        }
        let held =
            self.held.iter().filter(|one| [Kind::Give, Kind::End].map(Kind::as_str).contains(&&*one.kind));
        for one in held {
            let name = one.group_name.clone().unwrap_or_default();
            let place = one.group_id.map_or_else(|| found.named(&name), |id| Place::Known(GroupId(id)));
            found.subject(place, &name);
        }
        let known = self.memberships.iter().map(|one| one.group_id);
        let known = known.chain(self.resting.iter().map(|(group, _)| *group));
        for group in known.chain(self.exclusions.iter().map(|one| one.group_id)) {
            found.subject(Place::Known(group), "");
        }
        self.subjects = found.wanted(wanted.as_ref(), view)?;
        self.feeders(tx, opinions, number).await
    }

    /// Notes which rules feed the groups for other values than the learner's.
    async fn feeders(
        &mut self,
        tx: &mut Tx,
        opinions: &[Opinion<'_>],
        number: impl Fn(&Opinion<'_>) -> Option<RuleId>,
    ) -> Result<(), Error> {
        let ids = self.subjects.iter().filter_map(|one| Some(one.row.as_ref()?.id.0)).collect();
        for link in table::links_of_groups(tx, ids).await? {
            let Some(at) = opinions.iter().position(|one| number(one) == Some(link.rule_id)) else {
                continue;
            };
            let subject = self.subjects.iter_mut().find(|one| one.place == Place::Known(link.group_id));
            if let Some(subject) = subject
                && !subject.named_by.contains(&at)
                && !subject.fed_by.contains(&at)
            {
                subject.fed_by.push(at);
            }
        }
        Ok(())
    }
}

/// Groups on the way to being subjects.
struct Found {
    rows: Vec<Group>,
    subjects: Vec<Subject>,
    at: FxHashMap<Place, usize>,
}

impl Found {
    /// The place of a name: the group that has it now, or one that has not been made.
    fn named(&self, name: &str) -> Place {
        let folded = fold(name);
        let row = self.rows.iter().find(|row| row.deleted_run_id.is_none() && row.name_folded == folded);
        row.map_or_else(|| Place::New(folded), |row| Place::Known(row.id))
    }

    fn subject(&mut self, place: Place, name: &str) -> &mut Subject {
        let at = *self.at.entry(place.clone()).or_insert_with(|| {
            let row = match &place {
                Place::Known(id) => self.rows.iter().find(|row| row.id == *id).cloned(),
                Place::New(_) => None,
            };
            let name = row.as_ref().map_or(name, |row| &row.name).to_owned();
            let (named_by, fed_by) = (Vec::new(), Vec::new());
            self.subjects.push(Subject { place, name, row, named_by, fed_by, has_met: false });
            self.subjects.len() - 1
        });
        &mut self.subjects[at]
    }

    /// The subjects by name; only the wanted one where one is asked for.
    fn wanted(mut self, wanted: Option<&GroupName>, view: View) -> Result<Vec<Subject>, Error> {
        if let Some(name) = wanted {
            let place = self.named(name.shown());
            let of_name = |row: &&Group| row.name_folded == name.folded();
            let place = match self.at.get(&place) {
                None if matches!(place, Place::New(_)) => {
                    // The one of this name that was deleted last.
                    let deleted = self.rows.iter().filter(of_name).max_by_key(|row| row.deleted_run_id);
                    deleted.map(|row| Place::Known(row.id))
                }
                None | Some(_) => Some(place),
            };
            let Some(place) = place else {
                return Err(Error::NoGroup { name: name.shown().to_owned() });
            };
            self.subject(place.clone(), name.shown());
            self.subjects.retain(|one| one.place == place || fold(&one.name) == name.folded());
        }
        // A group that has been made since was not there on a past day.
        self.subjects
            .retain(|one| one.row.as_ref().is_none_or(|row| view.has_seen(row.run_id)) || wanted.is_some());
        self.subjects.sort_by_cached_key(|one| fold(&one.name));
        Ok(self.subjects)
    }
}

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
