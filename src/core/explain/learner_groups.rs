//! The groups of an explanation, with the stored data of the learner in each.

use rustc_hash::FxHashMap;

use crate::explain::explanation::ChangeDecision;
use crate::explain::learner_state::LearnerState;
use crate::explain::rule_result::RuleResult;
use crate::explain::{AsOf, ExplainError, ExplainRequest, RunIndex};
use rollcall_model::guard::ChangeKind;
use rollcall_model::ids::{GroupId, RuleId};
use rollcall_model::names::{GroupName, fold};
use rollcall_store::Tx;
use rollcall_store::explain::{
    self as table, ExclusionPeriod, LearnerHeldChange, MembershipPeriod, StoredGroup,
};
use rollcall_store::groups as live;

/// The stored data of the learner's groups.
pub(super) struct LearnerGroups {
    /// Memberships in force.
    pub(super) memberships: Vec<MembershipPeriod>,
    /// Those that had ended.
    pub(super) ended: Vec<MembershipPeriod>,
    /// Memberships by hand that wait for the learner.
    pub(super) resting: Vec<(GroupId, i64)>,
    /// Exclusions in force.
    pub(super) exclusions: Vec<ExclusionPeriod>,
    /// Held, rejected and undone changes.
    pub(super) held: Vec<LearnerHeldChange>,
    /// The names of all rules.
    pub(super) rules: FxHashMap<RuleId, String>,
    /// The groups, by name.
    pub(super) candidates: Vec<GroupCandidate>,
}

/// A group of the explanation.
pub(super) struct GroupCandidate {
    pub(super) place: GroupIdentity,
    pub(super) name: String,
    pub(super) row: Option<StoredGroup>,
    /// The opinions that name it for the learner.
    pub(super) named_by: Vec<usize>,
    /// The opinions that feed it for other values.
    pub(super) fed_by: Vec<usize>,
    /// True if a rule has matched it.
    pub(super) is_linked: bool,
}

/// A group that has a number, or the folded name of one that has not been made.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum GroupIdentity {
    Known(GroupId),
    New(String),
}

/// Reads what is known of the learner's groups, and of those that rules name.
pub(super) async fn load_groups(
    tx: &mut Tx,
    asked: ExplainRequest<'_>,
    view: AsOf,
    somebody: &LearnerState,
    opinions: &[RuleResult<'_>],
) -> Result<LearnerGroups, ExplainError> {
    let id = somebody.row.id;
    let all = table::list_memberships(tx, id).await?;
    let (memberships, rest): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|one| view.is_in_force(one.run_id, one.ended_run_id));
    let ended =
        rest.into_iter().filter(|one| one.ended_run_id.is_some_and(|run| view.includes_run(run))).collect();
    let mut resting = table::list_dormant_memberships(tx, id).await?;
    resting.retain(|(_, run)| view.includes_run(*run));
    let mut exclusions = table::list_exclusions(tx, id).await?;
    exclusions.retain(|one| {
        let is_over = one.until.is_some_and(|until| until < view.day);
        view.is_in_force(one.run_id, one.lifted_run_id) && !is_over
    });
    // What was held on a past day is known only as far as it still is.
    let held = if view.until.is_none() { table::list_held_changes(tx, id).await? } else { Vec::new() };
    let rules = live::list_rules(tx).await?.into_iter().collect();
    let mut gathered =
        LearnerGroups { memberships, ended, resting, exclusions, held, rules, candidates: Vec::new() };
    gathered.find_candidates(tx, asked, view, opinions).await?;
    Ok(gathered)
}

impl LearnerGroups {
    /// The groups in which the learner is.
    pub(super) fn group_ids(&self) -> Vec<i64> {
        let mut ids: Vec<i64> = self.memberships.iter().map(|one| one.group_id.0).collect();
        ids.dedup();
        ids
    }

    /// The runs that the explanation mentions.
    pub(super) fn list_runs(&self) -> impl Iterator<Item = i64> {
        let held = self.held.iter().flat_map(|one| [one.first_run_id, one.last_run_id]);
        let rows = self.candidates.iter().filter_map(|one| one.row.as_ref());
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
    pub(super) fn decisions_on_learner(&self, runs: &RunIndex) -> Vec<ChangeDecision> {
        let whole = [ChangeKind::Leave, ChangeKind::Record, ChangeKind::Rekey];
        let of_learner = self.held.iter().filter(|one| whole.contains(&one.kind));
        of_learner.map(|one| self.to_change_decision(one, runs)).collect()
    }

    /// A change that was not made, with the names of what it is about.
    pub(super) fn to_change_decision(&self, held: &LearnerHeldChange, runs: &RunIndex) -> ChangeDecision {
        ChangeDecision {
            change: held.kind,
            rule: held.rule_id.and_then(|id| self.rules.get(&RuleId(id)).cloned()),
            state: held.state,
            limit: held.reason.clone(),
            first_run: runs.get(held.first_run_id),
            last_run: runs.get(held.last_run_id),
        }
    }

    /// Determines the groups of the explanation.
    async fn find_candidates(
        &mut self,
        tx: &mut Tx,
        asked: ExplainRequest<'_>,
        view: AsOf,
        opinions: &[RuleResult<'_>],
    ) -> Result<(), ExplainError> {
        let numbers: FxHashMap<String, RuleId> =
            self.rules.iter().map(|(id, name)| (name.clone(), *id)).collect();
        let number = |opinion: &RuleResult<'_>| numbers.get(opinion.rule.name.as_str()).copied();
        let rules = opinions.iter().filter_map(number).map(|id| id.0).collect();
        let keys = opinions.iter().flat_map(|one| &one.names).map(|filled| filled.key.clone()).collect();
        let met = table::list_rule_groups_by_key(tx, rules, keys).await?;
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
            ids.extend(live::get_deleted(tx, name).await?.map(|group| group.id.0));
        }
        let rows = table::list_groups(tx, ids, names).await?;
        let mut found = GroupCandidateBuilder { rows, candidates: Vec::new(), at: FxHashMap::default() };
        for (at, opinion) in opinions.iter().enumerate() {
            for filled in &opinion.names {
                // A rule knows its group by the value, whatever either is called by now.
                let link = met.iter().find(|one| {
                    Some(one.rule_id) == number(opinion)
                        && one.key == filled.key
                        && fold(&one.name) == fold(&filled.name)
                });
                let place = match link {
                    Some(link) => GroupIdentity::Known(link.group_id),
                    None => found.find_identity(&filled.name),
                };
                let subject = found.add_candidate(place, &filled.name);
                subject.is_linked |= link.is_some();
                subject.named_by.push(at);
            }
        }
        let held = self.held.iter().filter(|one| [ChangeKind::Give, ChangeKind::End].contains(&one.kind));
        for one in held {
            let name = one.group_name.clone().unwrap_or_default();
            let place = one
                .group_id
                .map_or_else(|| found.find_identity(&name), |id| GroupIdentity::Known(GroupId(id)));
            found.add_candidate(place, &name);
        }
        let known = self.memberships.iter().map(|one| one.group_id);
        let known = known.chain(self.resting.iter().map(|(group, _)| *group));
        for group in known.chain(self.exclusions.iter().map(|one| one.group_id)) {
            found.add_candidate(GroupIdentity::Known(group), "");
        }
        self.candidates = found.into_candidates(wanted.as_ref(), view)?;
        self.find_feeding_rules(tx, opinions, number).await
    }

    /// Notes which rules feed the groups for other values than the learner's.
    async fn find_feeding_rules(
        &mut self,
        tx: &mut Tx,
        opinions: &[RuleResult<'_>],
        number: impl Fn(&RuleResult<'_>) -> Option<RuleId>,
    ) -> Result<(), ExplainError> {
        let ids = self.candidates.iter().filter_map(|one| Some(one.row.as_ref()?.id.0)).collect();
        for link in table::list_rule_groups_by_group(tx, ids).await? {
            let Some(at) = opinions.iter().position(|one| number(one) == Some(link.rule_id)) else {
                continue;
            };
            let subject =
                self.candidates.iter_mut().find(|one| one.place == GroupIdentity::Known(link.group_id));
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
struct GroupCandidateBuilder {
    rows: Vec<StoredGroup>,
    candidates: Vec<GroupCandidate>,
    at: FxHashMap<GroupIdentity, usize>,
}

impl GroupCandidateBuilder {
    /// The place of a name: the group that has it now, or one that has not been made.
    fn find_identity(&self, name: &str) -> GroupIdentity {
        let folded = fold(name);
        let row = self.rows.iter().find(|row| row.deleted_run_id.is_none() && row.name_folded == folded);
        row.map_or_else(|| GroupIdentity::New(folded), |row| GroupIdentity::Known(row.id))
    }

    fn add_candidate(&mut self, place: GroupIdentity, name: &str) -> &mut GroupCandidate {
        let at = *self.at.entry(place.clone()).or_insert_with(|| {
            let row = match &place {
                GroupIdentity::Known(id) => self.rows.iter().find(|row| row.id == *id).cloned(),
                GroupIdentity::New(_) => None,
            };
            let name = row.as_ref().map_or(name, |row| &row.name).to_owned();
            let (named_by, fed_by) = (Vec::new(), Vec::new());
            self.candidates.push(GroupCandidate { place, name, row, named_by, fed_by, is_linked: false });
            self.candidates.len() - 1
        });
        &mut self.candidates[at]
    }

    /// The subjects by name; only the wanted one where one is asked for.
    fn into_candidates(
        mut self,
        wanted: Option<&GroupName>,
        view: AsOf,
    ) -> Result<Vec<GroupCandidate>, ExplainError> {
        if let Some(name) = wanted {
            let place = self.find_identity(name.shown());
            let of_name = |row: &&StoredGroup| row.name_folded == name.folded();
            let place = match self.at.get(&place) {
                None if matches!(place, GroupIdentity::New(_)) => {
                    // The one of this name that was deleted last.
                    let deleted = self.rows.iter().filter(of_name).max_by_key(|row| row.deleted_run_id);
                    deleted.map(|row| GroupIdentity::Known(row.id))
                }
                None | Some(_) => Some(place),
            };
            let Some(place) = place else {
                return Err(ExplainError::NoGroup { name: name.shown().to_owned() });
            };
            self.add_candidate(place.clone(), name.shown());
            self.candidates.retain(|one| one.place == place || fold(&one.name) == name.folded());
        }
        // A group that has been made since was not there on a past day.
        self.candidates.retain(|one| {
            one.row.as_ref().is_none_or(|row| view.includes_run(row.run_id)) || wanted.is_some()
        });
        self.candidates.sort_by_cached_key(|one| fold(&one.name));
        Ok(self.candidates)
    }
}
