//! Courses for groups and for single learners, by hand.

use serde_json::{Value, json};

use crate::enrollment::assign::{self as assigning, Outcome};
use crate::enrollment::change::{Change, Done, When};
use crate::groups::{Error, Result, Which, find, find_course, find_learner};
use crate::model::due::Due;
use crate::model::ids::{AssignmentId, CourseId};
use crate::store::assignments::{self, Assignment, NewDue, Whom};
use crate::store::runs::About;
use crate::store::{Store, Tx, groups, learners};

/// For whom a course is.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// Every member of a group.
    Group(Which<'a>),
    /// One learner, by what the learner is called.
    Learner(&'a str),
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The course's code.
    pub course: &'a str,
    /// When it is due.
    pub due: Due,
    /// Days that whoever joins late for a fixed date has at least.
    pub late_days: u32,
}

/// What assigning came to.
#[derive(Debug)]
pub struct Answer {
    /// The change; none when everything was just so.
    pub done: Option<Done>,
    /// For each target, in order: its name, and what became of it.
    pub outcomes: Vec<(String, Outcome)>,
}

async fn resolve(tx: &mut Tx, target: Target<'_>) -> Result<(Whom, String)> {
    Ok(match target {
        Target::Group(which) => {
            let group = find(tx, which).await?;
            (Whom::Group(group.id), group.name)
        }
        Target::Learner(text) => {
            let learner = find_learner(tx, text).await?;
            (Whom::Learner(learner.id), learner.email)
        }
    })
}

fn words(due: Due, late_days: u32) -> Value {
    json!({"kind": due.kind(), "on": due.fixed(), "days": due.days(), "late_days": late_days})
}

/// Assigns a course by hand to groups or learners, or gives the assignments by hand that are there another due date.
///
/// # Errors
/// When the course, a group or a learner is unknown; nothing is changed then.
pub async fn assign(
    store: &Store,
    about: &About,
    when: When,
    asked: Asked<'_>,
    targets: &[Target<'_>],
) -> Result<Answer> {
    let mut change = Change::begin(store, about, when).await?;
    let course = find_course(&mut change.tx, asked.course).await?;
    let mut names = Vec::new();
    let mut whom = Vec::new();
    for target in targets {
        let (one, name) = resolve(&mut change.tx, *target).await?;
        if !whom.contains(&one) {
            whom.push(one);
            names.push(name);
        }
    }
    let (due, late) = (asked.due, asked.late_days);
    let outcomes = assigning::assign_all(&mut change, CourseId(course.id), &whom, due, late).await?;
    let done = if outcomes.iter().all(|one| *one == Outcome::Same) {
        change.tx.rollback().await?;
        None
    } else {
        let made = json!({"course": course.code, "to": names, "due": words(due, late)});
        change.note(&Value::Null, &made).await?;
        Some(change.commit().await?)
    };
    Ok(Answer { done, outcomes: names.into_iter().zip(outcomes).collect() })
}

async fn in_force(tx: &mut Tx, id: AssignmentId) -> Result<Assignment> {
    assignments::by_number(tx, id).await?.ok_or(Error::NoAssignment { id: id.0 })
}

/// Whether an assignment may be changed by whoever saw it with this due date.
fn by_hand_as_seen(there: &Assignment, seen: Option<(Due, u32)>) -> Result<()> {
    if there.source == "file" {
        return Err(Error::AssignmentOfTheFile { code: there.code.clone() });
    }
    if seen.is_some_and(|seen| seen != (there.due, there.late_days)) {
        return Err(Error::DueChangedSince { code: there.code.clone() });
    }
    Ok(())
}

/// Gives an assignment by hand another due date; none when it has it already. `seen` is the date that was shown to
/// whoever changes it.
///
/// # Errors
/// When it has ended, comes from the file, or was given another date since it was seen.
pub async fn change_due(
    store: &Store,
    about: &About,
    when: When,
    id: AssignmentId,
    seen: Option<(Due, u32)>,
    new: (Due, u32),
) -> Result<Option<Done>> {
    let mut change = Change::begin(store, about, when).await?;
    let there = in_force(&mut change.tx, id).await?;
    by_hand_as_seen(&there, seen)?;
    let now = (there.due, there.late_days);
    if now == new {
        change.tx.rollback().await?;
        return Ok(None);
    }
    let (due, late_days) = new;
    assigning::change_dues(&mut change, &[NewDue { assignment: id, due, late_days }]).await?;
    let found = json!({"course": there.code, "due": words(now.0, now.1)});
    change.note(&found, &json!({"course": there.code, "due": words(due, late_days)})).await?;
    Ok(Some(change.commit().await?))
}

/// Ends an assignment by hand, by its number. `seen` is the due date that was shown to whoever ends it.
///
/// # Errors
/// When it has ended, comes from the file, or was given another date since it was seen.
pub async fn end(
    store: &Store,
    about: &About,
    when: When,
    id: AssignmentId,
    seen: Option<(Due, u32)>,
) -> Result<Done> {
    let mut change = Change::begin(store, about, when).await?;
    let there = in_force(&mut change.tx, id).await?;
    by_hand_as_seen(&there, seen)?;
    finish(change, &there).await
}

/// What whoever a course is for is called.
async fn name_of(tx: &mut Tx, whom: Whom) -> Result<Option<String>> {
    Ok(match whom {
        Whom::Group(group) => groups::by_number(tx, group).await?.map(|group| group.name),
        Whom::Learner(learner) => learners::by_number(tx, learner).await?.map(|learner| learner.email),
    })
}

/// Ends an assignment by hand, and notes what it was.
async fn finish(mut change: Change, there: &Assignment) -> Result<Done> {
    let to: Vec<String> = name_of(&mut change.tx, there.whom).await?.into_iter().collect();
    assigning::end(&mut change, &[there.id]).await?;
    let due = words(there.due, there.late_days);
    let found = json!({"course": there.code, "to": to, "due": due});
    change.note(&found, &Value::Null).await?;
    Ok(change.commit().await?)
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
/// When the course, the group or the learner is unknown.
pub async fn unassign(
    store: &Store,
    about: &About,
    when: When,
    code: &str,
    target: Target<'_>,
) -> Result<Unassigned> {
    let mut change = Change::begin(store, about, when).await?;
    let course = find_course(&mut change.tx, code).await?;
    let (whom, _) = resolve(&mut change.tx, target).await?;
    let there = assignments::in_force(&mut change.tx, Some(whom), Some(CourseId(course.id))).await?;
    let Some(one) = there.iter().find(|one| one.source == "hand") else {
        change.tx.rollback().await?;
        return Ok(if there.is_empty() { Unassigned::None } else { Unassigned::OfTheFile });
    };
    Ok(Unassigned::Ended(finish(change, one).await?))
}
