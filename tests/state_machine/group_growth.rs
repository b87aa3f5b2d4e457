//! Groups that grow because the file was edited. The limit is wide open in these histories, but a hundred times nobody
//! is nobody: an empty group that more than twenty would join at once waits.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{ModelPlan, ModelPlanner};
use super::reference_model::{LearnerKey, ModelChange};

/// So many may always join.
const SMALL: usize = 20;
/// The limit of these histories, in percent.
const MAX_GROWTH: usize = 10_000;

impl ModelPlanner<'_> {
    /// The texts of the file's rules.
    pub(super) fn rules(&self) -> BTreeMap<&'static str, String> {
        self.file.rules().map(|rule| (rule.name, rule.text())).collect()
    }

    /// Rules that were edited since the last good run, and the groups that would grow too much by each.
    pub(super) fn growing(&self, plan: &ModelPlan) -> BTreeSet<(&'static str, usize)> {
        let guarded = &self.model.guarded[self.connector];
        let Some(then) = &guarded.baseline else { return BTreeSet::new() };
        let now = self.rules();
        let is_edited = |rule: &str| now.get(rule) != then.get(rule);
        let mut fresh: BTreeMap<usize, BTreeSet<&LearnerKey>> = BTreeMap::new();
        for reason in plan.add.iter().filter(|reason| !reason.rule.is_empty()) {
            let is_new = reason.group >= self.model.groups.len();
            let is_decided =
                self.decided(&ModelChange::Give(reason.clone()), &self.fingerprint(reason, plan)).is_some();
            let is_there = !self.model.reasons(reason.group, &reason.who).is_empty();
            if !is_new && !is_decided && !is_there {
                fresh.entry(reason.group).or_default().insert(&reason.who);
            }
        }
        let mut growing = BTreeSet::new();
        for (group, who) in fresh {
            let today = self.model.members_of(group).len();
            let before = guarded.before.as_ref().and_then(|before| before.groups.get(&group));
            let size = before.map_or(today, |then| today.min(*then));
            let more = today + who.len() - size;
            // A few who join are looked at only while something waits.
            let is_few = before.is_none() && who.len() <= SMALL;
            if more > SMALL && more > size * MAX_GROWTH / 100 && !is_few {
                let by = plan.add.iter().filter(|reason| reason.group == group && is_edited(reason.rule));
                growing
                    .extend(by.filter(|reason| !reason.rule.is_empty()).map(|reason| (reason.rule, group)));
            }
        }
        growing
    }
}
