//! Summary of a manual change, for the page that shows its result.

use chrono::{DateTime, Utc};

use rollcall_model::format::{count, thousands};
use rollcall_model::ids::RunId;
use rollcall_model::run_record::RunRecordKind;
use rollcall_store::listing::changes::{self, ExcludedLearner, KeptCourse};
use rollcall_store::{Result, Tx, suspensions};

/// People that are named; there may be more.
const MAX_LISTED_PEOPLE: i64 = 20;

/// Result of a manual change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSummary {
    /// Its number.
    pub run: i64,
    /// Actor.
    pub actor: String,
    /// Description of the change.
    pub what: String,
    /// Time of creation.
    pub at: DateTime<Utc>,
    /// Memberships given.
    pub added: i64,
    /// Memberships ended.
    pub removed: i64,
    /// Jobs that it caused.
    pub of: i64,
    /// Jobs that no worker has done yet.
    pub left: i64,
    /// Learners who keep a course after leaving a group that gave it.
    pub kept: Vec<KeptCourse>,
    /// Learners whom an exclusion keeps out of the group.
    pub excluded: Vec<ExcludedLearner>,
    /// True if an undo is expected to work.
    pub can_undo: bool,
}

impl ChangeSummary {
    /// Formats the progress of the jobs while some are left.
    #[must_use]
    pub fn progress(&self) -> Option<String> {
        let number = |number: i64| thousands(number.unsigned_abs());
        (self.left > 0).then(|| {
            let done = (self.of - self.left).max(0);
            let all = count(self.of.unsigned_abs(), "enrollment", "enrollments");
            format!("{} of {all} settled", number(done))
        })
    }

    /// Formats the counts of the change.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut parts = Vec::new();
        if self.added > 0 {
            parts.push(format!("{} added", count(self.added.unsigned_abs(), "membership", "memberships")));
        }
        if self.removed > 0 {
            parts.push(format!("{} ended", count(self.removed.unsigned_abs(), "membership", "memberships")));
        }
        if self.of > 0 && self.left == 0 {
            parts.push(format!("{} settled", count(self.of.unsigned_abs(), "enrollment", "enrollments")));
        }
        parts.join(", ")
    }

    /// Returns true if more people keep a course than are named.
    #[must_use]
    pub fn keeps_more(&self) -> bool {
        self.kept.len() == usize::try_from(MAX_LISTED_PEOPLE).unwrap_or(usize::MAX)
    }
}

/// Loads the result of a manual change; none for other runs.
pub async fn load_change_summary(tx: &mut Tx, run: RunId) -> Result<Option<ChangeSummary>> {
    let change = changes::get_change(tx, run).await?;
    let Some(change) =
        change.filter(|change| matches!(change.kind, RunRecordKind::Hand | RunRecordKind::Undo))
    else {
        return Ok(None);
    };
    let (kept, excluded) = if change.memberships_removed > 0 {
        (
            changes::list_kept_courses(tx, run, MAX_LISTED_PEOPLE).await?,
            changes::list_excluded_learners(tx, run, MAX_LISTED_PEOPLE).await?,
        )
    } else {
        (Vec::new(), Vec::new())
    };
    let is_suspension = suspensions::find_by_run(tx, run).await?.is_some();
    let did = change.memberships_added + change.memberships_removed + change.jobs_enqueued > 0;
    Ok(Some(ChangeSummary {
        run: change.id,
        actor: change.actor,
        what: change.what,
        at: change.started_at,
        added: change.memberships_added,
        removed: change.memberships_removed,
        of: change.jobs_enqueued,
        left: change.jobs_left,
        kept,
        excluded,
        can_undo: did && !is_suspension && !change.undone && change.kind == RunRecordKind::Hand,
    }))
}
