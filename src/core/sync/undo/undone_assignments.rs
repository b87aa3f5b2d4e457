//! Assignments and due dates that an undo restores.

use super::UndoBuilder;
use super::undone_change::undone_change;
use crate::enrollment::assign;
use rollcall_model::definition_source::DefinitionSource;
use rollcall_model::due_policy::DuePolicy;
use rollcall_model::guard::{ChangeKey, ChangeKind, HeldGroup};
use rollcall_model::ids::{AssignmentId, GroupId};
use rollcall_planner::fingerprint::assignment_key;
use rollcall_store::assignments::{self, DueDateUpdate};
use rollcall_store::{Result, enrollments, undo as changes};

impl UndoBuilder<'_> {
    /// Ends the assignments that the run created or restored, and restores those that it ended.
    pub(super) async fn revert_assignments(&mut self) -> Result<()> {
        let all = changes::list_assignments(&mut self.change.tx, self.run).await?;
        let made: Vec<AssignmentId> = all.iter().filter(|one| one.made).map(|one| one.id).collect();
        let ended: Vec<AssignmentId> =
            all.iter().filter(|one| one.ended && !one.blocked).map(|one| one.id).collect();
        let blocked = all.iter().filter(|one| one.ended && one.blocked);
        self.undone.touched.extend(blocked.map(|one| {
            format!(
                "course {} for {}: the group was deleted, or the course is assigned again",
                one.code, one.whom
            )
        }));
        let gone = all.iter().filter(|one| !one.made && !one.ended);
        self.undone.touched.extend(
            gone.map(|one| format!("course {} for {}: the assignment ended later", one.code, one.whom)),
        );
        assign::end_assignments(&mut self.change, &made).await?;
        changes::reactivate_assignments(&mut self.change.tx, &ended, self.change.run).await?;
        self.change.enqueue_assignments(&ended).await?;
        self.undone.assignments += (made.len() + ended.len()) as u64;
        self.undone.assignments_ended += made.len() as u64;
        let undo = self.change.run;
        for one in all
            .iter()
            .filter(|one| one.source == DefinitionSource::File && (one.made || one.ended && !one.blocked))
        {
            let group = one.group_id.map(|id| HeldGroup::Known(GroupId(id)));
            let write = if one.ended {
                let named = ChangeKey { assignment: Some(one.id), ..ChangeKey::default() };
                undone_change(undo, named, ChangeKind::Unassign, 0)
            } else {
                let course = assignment_key(&one.code, &one.pattern);
                let named =
                    ChangeKey { external_id: Some(&course), group: group.as_ref(), ..ChangeKey::default() };
                undone_change(undo, named, ChangeKind::Assign, 0)
            };
            self.decisions.push(write);
        }
        Ok(())
    }

    /// Restores the due dates that the run changed.
    pub(super) async fn revert_due_dates(&mut self) -> Result<()> {
        let mut back = Vec::new();
        for one in changes::list_due_dates(&mut self.change.tx, self.run).await? {
            let days = one.due_days.map(i32::unsigned_abs);
            let due = DuePolicy::from_parts(&one.due_kind, one.due_on, days).unwrap_or(DuePolicy::Never);
            if one.touched {
                self.undone.touched.push(format!("course {}: the due date was changed again", one.code));
            } else if one.source == DefinitionSource::File {
                self.undone.touched.push(format!("course {}: the due date comes from the file", one.code));
            } else {
                let late_days = one.late_days.unsigned_abs();
                back.push(DueDateUpdate { assignment: one.assignment_id, due, late_days });
            }
        }
        assignments::update_due_dates(&mut self.change.tx, &back, self.change.run).await?;
        let changed: Vec<AssignmentId> = back.iter().map(|one| one.assignment).collect();
        let ids = changed.iter().map(|id| id.0).collect();
        enrollments::restore_retained_due_dates(&mut self.change.tx, ids, self.run).await?;
        self.change.enqueue_assignments(&changed).await?;
        self.undone.assignments += back.len() as u64;
        Ok(())
    }
}
