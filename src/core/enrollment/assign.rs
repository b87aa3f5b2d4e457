//! Assignment of courses to groups and learners within a change.

use rustc_hash::FxHashMap;

use crate::enrollment::change::ChangeTransaction;
use rollcall_model::definition_source::DefinitionSource;
use rollcall_model::due_policy::DuePolicy;
use rollcall_model::ids::{AssignmentId, CourseId};
use rollcall_store::assignments::{self, Assignment, AssignmentTarget, DueDateUpdate, NewAssignment};
use rollcall_store::{Result, enrollments};

/// Result of an assignment for one group or learner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssignmentOutcome {
    /// A new assignment.
    New,
    /// An existing assignment whose due date was changed.
    Changed,
    /// An existing assignment that was not changed.
    Unchanged,
}

/// Assigns a course by hand within a change, or gives the assignments by hand that are there another due date; answers
/// what came of it, in the order of `whom`.
pub async fn assign_all(
    change: &mut ChangeTransaction,
    course: CourseId,
    whom: &[AssignmentTarget],
    due: DuePolicy,
    late_days: u32,
) -> Result<Vec<AssignmentOutcome>> {
    let there = assignments::list_active(&mut change.tx, None, Some(course)).await?;
    let by_hand: FxHashMap<AssignmentTarget, &Assignment> = there
        .iter()
        .filter(|one| one.source == DefinitionSource::Hand)
        .map(|one| (one.target, one))
        .collect();
    let (mut new, mut dues) = (Vec::new(), Vec::new());
    let mut outcomes = Vec::with_capacity(whom.len());
    for &whom in whom {
        outcomes.push(match by_hand.get(&whom) {
            Some(one) if one.due == due && one.late_days == late_days => AssignmentOutcome::Unchanged,
            Some(one) => {
                dues.push(DueDateUpdate { assignment: one.id, due, late_days });
                AssignmentOutcome::Changed
            }
            None => {
                let source = DefinitionSource::Hand;
                new.push(NewAssignment {
                    course,
                    target: whom,
                    due,
                    late_days,
                    source,
                    pattern: String::new(),
                });
                AssignmentOutcome::New
            }
        });
    }
    if !dues.is_empty() {
        change_due_dates(change, &dues).await?;
    }
    if !new.is_empty() {
        create_assignments(change, &new).await?;
    }
    Ok(outcomes)
}

/// Makes assignments within a change.
pub async fn create_assignments(change: &mut ChangeTransaction, new: &[NewAssignment]) -> Result<()> {
    let made = assignments::create(&mut change.tx, new, change.time.today, change.run).await?;
    change.enqueue_assignments(&made).await
}

/// Gives assignments other due dates within a change: they stand for every open enrollment, whatever dates its
/// learners brought along from elsewhere.
pub async fn change_due_dates(change: &mut ChangeTransaction, new: &[DueDateUpdate]) -> Result<()> {
    let changed: Vec<AssignmentId> = new.iter().map(|one| one.assignment).collect();
    assignments::update_due_dates(&mut change.tx, new, change.run).await?;
    let ids = changed.iter().map(|id| id.0).collect();
    enrollments::end_retained_due_dates(&mut change.tx, ids, change.run).await?;
    change.enqueue_assignments(&changed).await
}

/// Ends assignments within a change.
pub async fn end_assignments(change: &mut ChangeTransaction, ids: &[AssignmentId]) -> Result<()> {
    assignments::end(&mut change.tx, ids, change.run).await?;
    change.enqueue_assignments(ids).await
}
