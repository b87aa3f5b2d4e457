//! Courses for groups and for single learners.

use crate::enrollment::change::{Change, Done, When};
use crate::model::due::Due;
use crate::model::ids::{AssignmentId, CourseId};
use crate::store::assignments::{self, NewAssignment, NewDue, Whom};
use crate::store::runs::About;
use crate::store::{Result, Store, enrollments};

/// What assigning came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assigned {
    /// It is new.
    New(Done),
    /// It was there with another due date, which is changed.
    Changed(Done),
    /// It was there just so.
    Same,
}

/// Assigns a course by hand, or gives the assignment by hand that is there another due date.
///
/// # Errors
/// When the database refuses; nothing is changed then.
pub async fn assign(
    store: &Store,
    about: &About,
    when: When,
    course: CourseId,
    whom: Whom,
    due: Due,
    late_days: u32,
) -> Result<Assigned> {
    let mut change = Change::begin(store, about, when).await?;
    let there = assignments::in_force(&mut change.tx, Some(whom), Some(course)).await?;
    let by_hand = there.into_iter().find(|one| one.source == "hand" && one.whom == whom);
    match by_hand {
        Some(one) if one.due == due && one.late_days == late_days => {
            change.tx.rollback().await?;
            Ok(Assigned::Same)
        }
        Some(one) => {
            change_dues(&mut change, &[NewDue { assignment: one.id, due, late_days }]).await?;
            change.commit().await.map(Assigned::Changed)
        }
        None => {
            let new = NewAssignment { course, whom, due, late_days, source: "hand", pattern: String::new() };
            make(&mut change, &[new]).await?;
            change.commit().await.map(Assigned::New)
        }
    }
}

/// What unassigning came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unassigned {
    /// It has ended.
    Ended(Done),
    /// There is none by hand, but the file has one.
    OfTheFile,
    /// There is none.
    None,
}

/// Ends an assignment by hand.
///
/// # Errors
/// When the database refuses; nothing is changed then.
pub async fn unassign(
    store: &Store,
    about: &About,
    when: When,
    course: CourseId,
    whom: Whom,
) -> Result<Unassigned> {
    let mut change = Change::begin(store, about, when).await?;
    let there = assignments::in_force(&mut change.tx, Some(whom), Some(course)).await?;
    let Some(one) = there.iter().find(|one| one.source == "hand") else {
        change.tx.rollback().await?;
        return Ok(if there.is_empty() { Unassigned::None } else { Unassigned::OfTheFile });
    };
    end(&mut change, &[one.id]).await?;
    change.commit().await.map(Unassigned::Ended)
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
