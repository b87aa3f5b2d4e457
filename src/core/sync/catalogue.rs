//! Writes the courses and assignments of the file.

use rustc_hash::FxHashMap;

use crate::enrollment::{ChangeTransaction, assign};
use rollcall_model::definition_source::DefinitionSource;
use rollcall_model::ids::{CourseId, GroupId};
use rollcall_model::names::fold;
use rollcall_planner::catalogue_plan::CataloguePlan;
use rollcall_store::assignments::{AssignmentTarget, DueDateUpdate, NewAssignment};
use rollcall_store::courses;
use rollcall_store::{Result, Tx};

/// Writes the changes in the transaction of a run; `groups` are the numbers of the plan's groups.
///
/// # Errors
/// If the database fails.
pub async fn commit(change: &mut ChangeTransaction, todo: &CataloguePlan, groups: &[GroupId]) -> Result<()> {
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
                target: AssignmentTarget::Group(groups[met.group as usize]),
                due: met.due,
                late_days: met.late_days,
                source: DefinitionSource::File,
                pattern: met.pattern.clone(),
            })
        })
        .collect();
    assign::create_assignments(change, &new).await?;
    let dues = todo.changed.iter();
    let dues: Vec<DueDateUpdate> = dues
        .map(|one| DueDateUpdate { assignment: one.assignment, due: one.due, late_days: one.late_days })
        .collect();
    assign::change_due_dates(change, &dues).await?;
    assign::end_assignments(change, &todo.ended).await
}

async fn know(tx: &mut Tx, code: &str, title: &str) -> Result<()> {
    match courses::get_by_code(tx, code).await? {
        Some(course) => {
            courses::update_title(tx, CourseId(course.id), title, DefinitionSource::File).await.map(|_| ())
        }
        None => courses::create(tx, code, title, DefinitionSource::File).await.map(|_| ()),
    }
}
