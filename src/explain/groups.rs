//! The groups that an explanation speaks of, and what is known of the learner in each.

use rustc_hash::FxHashMap;

use crate::explain::answer::Decision;
use crate::explain::person::Somebody;
use crate::explain::rules::Opinion;
use crate::explain::{Asked, Error, Runs, View};
use crate::model::guard::Kind;
use crate::model::ids::{GroupId, RuleId};
use crate::model::names::{GroupName, fold};
use crate::store::Tx;
use crate::store::explain::{self as table, Exclusion, Group, Held, Membership};
use crate::store::groups as live;

/// What is known of the learner's groups.
pub(super) struct Gathered {
    /// Memberships in force.
    pub(super) memberships: Vec<Membership>,
    /// Those that had ended.
    pub(super) ended: Vec<Membership>,
    /// Memberships by hand that wait for the learner.
    pub(super) resting: Vec<(GroupId, i64)>,
    /// Exclusions in force.
    pub(super) exclusions: Vec<Exclusion>,
    /// What is held, rejected or taken back.
    pub(super) held: Vec<Held>,
    /// The names of all rules.
    pub(super) rules: FxHashMap<RuleId, String>,
    /// The groups, by name.
    pub(super) subjects: Vec<Subject>,
}

/// A group that the explanation speaks of.
pub(super) struct Subject {
    pub(super) place: Place,
    pub(super) name: String,
    pub(super) row: Option<Group>,
    /// The opinions that name it for the learner.
    pub(super) named_by: Vec<usize>,
    /// The opinions that feed it for other values.
    pub(super) fed_by: Vec<usize>,
    /// Whether a rule has met it.
    pub(super) has_met: bool,
}

/// A group that has a number, or the folded name of one that has not been made.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Place {
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

    /// A change that was not made, with the names of what it is about.
    pub(super) fn decision(&self, held: &Held, runs: &Runs) -> Decision {
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
