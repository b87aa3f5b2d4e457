//! Courses for groups and for single learners.

use rustc_hash::FxHashMap;

use crate::enrollment::change::Change;
use crate::model::due::Due;
use crate::model::ids::{AssignmentId, CourseId};
use crate::store::assignments::{self, Assignment, NewAssignment, NewDue, Whom};
use crate::store::{Result, enrollments};

/// What assigning came to, for one group or learner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    New,
    /// It was there with another due date, which is changed.
    Changed,
    /// It was there just so.
    Same,
}

/// Assigns a course by hand within a change, or gives the assignments by hand that are there another due date; answers
/// what came of it, in the order of `whom`.
///
/// # Errors
/// When the database refuses.
pub async fn assign_all(
    change: &mut Change,
    course: CourseId,
    whom: &[Whom],
    due: Due,
    late_days: u32,
) -> Result<Vec<Outcome>> {
    let there = assignments::in_force(&mut change.tx, None, Some(course)).await?;
    let by_hand: FxHashMap<Whom, &Assignment> =
        there.iter().filter(|one| one.source == "hand").map(|one| (one.whom, one)).collect();
    let (mut new, mut dues) = (Vec::new(), Vec::new());
    let mut outcomes = Vec::with_capacity(whom.len());
    for &whom in whom {
        outcomes.push(match by_hand.get(&whom) {
            Some(one) if one.due == due && one.late_days == late_days => Outcome::Same,
            Some(one) => {
                dues.push(NewDue { assignment: one.id, due, late_days });
                Outcome::Changed
            }
            None => {
                let source = "hand";
                new.push(NewAssignment { course, whom, due, late_days, source, pattern: String::new() });
                Outcome::New
            }
        });
    }
    if !dues.is_empty() {
        change_dues(change, &dues).await?;
    }
    if !new.is_empty() {
        make(change, &new).await?;
    }
    Ok(outcomes)
}

/// Makes assignments within a change.
///
/// # Errors
/// When the database refuses.
pub async fn make(change: &mut Change, new: &[NewAssignment]) -> Result<()> {
    let made = assignments::make(&mut change.tx, new, change.when.today, change.run).await?;
    change.assignments(&made).await
}

/// Gives assignments other due dates within a change: they stand for every open enrollment, whatever dates its
/// learners brought along from elsewhere.
///
/// # Errors
/// When the database refuses.
pub async fn change_dues(change: &mut Change, new: &[NewDue]) -> Result<()> {
    let changed: Vec<AssignmentId> = new.iter().map(|one| one.assignment).collect();
    assignments::change_dues(&mut change.tx, new, change.run).await?;
    enrollments::forget_dues(&mut change.tx, changed.iter().map(|id| id.0).collect()).await?;
    change.assignments(&changed).await
}

/// Ends assignments within a change.
///
/// # Errors
/// When the database refuses.
pub async fn end(change: &mut Change, ids: &[AssignmentId]) -> Result<()> {
    assignments::end(&mut change.tx, ids, change.run).await?;
    change.assignments(ids).await
}
