//! Writing the file's courses and assignments.

use rustc_hash::FxHashMap;

use crate::enrollment::{Change, assign};
use crate::model::ids::{CourseId, GroupId};
use crate::model::names::fold;
use crate::planner::catalogue_plan::CataloguePlan;
use crate::store::assignments::{NewAssignment, NewDue, Whom};
use crate::store::courses;
use crate::store::{Result, Tx};

/// Writes the plan within a run; `groups` are the numbers of the plan's groups.
///
/// # Errors
/// When the database refuses.
pub async fn commit(change: &mut Change, todo: &CataloguePlan, groups: &[GroupId]) -> Result<()> {
    for (code, title) in &todo.courses {
        know(&mut change.tx, code, title).await?;
    }
    let by_code: FxHashMap<String, CourseId> = courses::list(&mut change.tx)
        .await?
        .into_iter()
        .map(|course| (fold(&course.code), CourseId(course.id)))
        .collect();
    let new: Vec<NewAssignment> = todo
        .new
        .iter()
        .filter_map(|met| {
            Some(NewAssignment {
                course: *by_code.get(&met.course)?,
                whom: Whom::Group(groups[met.group as usize]),
                due: met.due,
                late_days: met.late_days,
                source: "file",
                pattern: met.pattern.clone(),
            })
        })
        .collect();
    assign::make(change, &new).await?;
    let dues = todo.changed.iter();
    let dues: Vec<NewDue> = dues
        .map(|one| NewDue { assignment: one.assignment, due: one.due, late_days: one.late_days })
        .collect();
    assign::change_dues(change, &dues).await?;
    assign::end(change, &todo.ended).await
}

async fn know(tx: &mut Tx, code: &str, title: &str) -> Result<()> {
    match courses::by_code(tx, code).await? {
        Some(course) => courses::retitle(tx, CourseId(course.id), title, "file").await.map(|_| ()),
        None => courses::add(tx, code, title, "file").await.map(|_| ()),
    }
}
