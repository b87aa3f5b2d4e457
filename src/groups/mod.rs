//! What people change by hand: User Groups, their members, learners and courses.
//!
//! Each function is one numbered change: it happens as a whole, with the jobs that follow from it, or not at all.
//! Nothing here is undone by the next sync: what a person gave stays until a person takes it, and whom a person
//! removed is kept out of what the rules would give.

mod error;
pub mod links;

use chrono::{NaiveDate, TimeDelta, Utc};

use crate::enrollment::assign;
use crate::enrollment::change::{Change, Done, When};
use crate::model::ids::{LearnerId, RuleId, RunId};
use crate::model::names::{GroupName, fold, is_address, nearest};
use crate::model::status::Status;
use crate::store::assignments::{self, Whom};
use crate::store::courses;
use crate::store::groups::{self, Group};
use crate::store::learners::{self, Learner};
use crate::store::memberships::{self, Reason};
use crate::store::runs::About;
use crate::store::{Store, Tx, enrollments};

pub use error::Error;

/// What changes by hand answer with.
pub type Result<T> = std::result::Result<T, Error>;

/// How long a deleted group can be restored.
const RESTORABLE: TimeDelta = TimeDelta::days(30);

/// Finds a group by name.
///
/// # Errors
/// When there is none of that name, with the nearest one there is.
pub async fn find(tx: &mut Tx, name: &str) -> Result<Group> {
    let parsed = GroupName::parse(name)?;
    if let Some(group) = groups::by_name(tx, &parsed).await? {
        return Ok(group);
    }
    let all = groups::live(tx).await?;
    let near = nearest(name, all.iter().map(|group| group.name.as_str())).map(str::to_owned);
    Err(Error::NoGroup { name: name.to_owned(), nearest: near })
}

/// Finds a learner by address, former address, or `CONNECTOR:ID`.
///
/// # Errors
/// When nobody is called so.
pub async fn find_learner(tx: &mut Tx, text: &str) -> Result<Learner> {
    learners::find(tx, text).await?.ok_or_else(|| Error::NoLearner { text: text.to_owned() })
}

/// Finds a course by code.
///
/// # Errors
/// When there is none, with the nearest one there is.
pub async fn find_course(tx: &mut Tx, code: &str) -> Result<courses::Course> {
    if let Some(course) = courses::by_code(tx, code).await? {
        return Ok(course);
    }
    let all = courses::list(tx).await?;
    let near = nearest(code, all.iter().map(|course| course.code.as_str())).map(str::to_owned);
    Err(Error::NoCourse { code: code.to_owned(), nearest: near })
}

async fn find_all(tx: &mut Tx, texts: &[String]) -> Result<Vec<Learner>> {
    let mut found: Vec<Learner> = Vec::with_capacity(texts.len());
    for text in texts {
        let learner = find_learner(tx, text).await?;
        if found.iter().all(|known| known.id != learner.id) {
            found.push(learner);
        }
    }
    Ok(found)
}

/// Makes a group with these members.
///
/// # Errors
/// When the name cannot be one or is taken, or a member is unknown.
pub async fn create(
    store: &Store,
    about: &About,
    when: When,
    name: &str,
    members: &[String],
) -> Result<Done> {
    let name = GroupName::parse(name)?;
    let mut change = Change::begin(store, about, when).await?;
    if let Some(there) = groups::by_name(&mut change.tx, &name).await? {
        return Err(Error::GroupExists { name: there.name });
    }
    let members = find_all(&mut change.tx, members).await?;
    let group = groups::make(&mut change.tx, &name, true, change.run).await?;
    let mut give = Vec::new();
    for learner in &members {
        if learner.status().has_access() {
            give.push(Reason { group, rule: RuleId::BY_HAND, learner: learner.id });
        } else {
            let run = change.run;
            memberships::lay_dormant(&mut change.tx, learner.id, group, run).await?;
        }
    }
    change.only_members(give, []).await?;
    Ok(change.commit().await?)
}

/// Gives a group another name, and changes nothing else.
///
/// # Errors
/// When there is no such group, or the new name cannot be one or is taken.
pub async fn rename(store: &Store, about: &About, when: When, name: &str, new: &str) -> Result<Done> {
    let new = GroupName::parse(new)?;
    let mut change = Change::begin(store, about, when).await?;
    let group = find(&mut change.tx, name).await?;
    let taken = groups::by_name(&mut change.tx, &new).await?.filter(|there| there.id != group.id);
    if let Some(there) = taken {
        return Err(Error::GroupExists { name: there.name });
    }
    groups::rename(&mut change.tx, group.id, &new).await?;
    Ok(change.commit().await?)
}

/// What goes with a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Going {
    /// Members.
    pub members: i64,
    /// Assignments.
    pub assignments: i64,
}

/// What would go if a group were deleted.
///
/// # Errors
/// When there is no such group.
pub async fn going(store: &Store, name: &str) -> Result<Going> {
    let mut tx = store.read().await?;
    let group = find(&mut tx, name).await?;
    let summary = groups::summaries(&mut tx, Some(group.id)).await?;
    let (members, assignments) = summary.first().map_or((0, 0), |one| (one.members, one.assignments));
    Ok(Going { members, assignments })
}

/// Deletes a group: its memberships and its assignments end. It can be restored for 30 days.
///
/// # Errors
/// When there is no such group.
pub async fn delete(store: &Store, about: &About, when: When, name: &str) -> Result<Done> {
    let mut change = Change::begin(store, about, when).await?;
    let group = find(&mut change.tx, name).await?;
    let assigned = assignments::in_force(&mut change.tx, Some(Whom::Group(group.id)), None).await?;
    let assigned: Vec<_> = assigned.iter().map(|one| one.id).collect();
    assign::end(&mut change, &assigned).await?;
    let members = memberships::of_group(&mut change.tx, group.id).await?;
    change.only_members([], members).await?;
    let run = change.run;
    groups::delete(&mut change.tx, group.id, run, when.now).await?;
    Ok(change.commit().await?)
}

/// Restores a deleted group with its members, assignments and due dates. Who left meanwhile comes back with the next
/// return.
///
/// # Errors
/// When no group of that name was deleted in the last 30 days, or its name is taken by now.
pub async fn restore(store: &Store, about: &About, when: When, name: &str) -> Result<Done> {
    let parsed = GroupName::parse(name)?;
    let mut change = Change::begin(store, about, when).await?;
    if let Some(there) = groups::by_name(&mut change.tx, &parsed).await? {
        return Err(Error::GroupExists { name: there.name });
    }
    let deleted = groups::deleted(&mut change.tx, &parsed).await?;
    let recent = deleted.filter(|group| group.deleted_at.is_some_and(|at| when.now - at <= RESTORABLE));
    let Some((group, ended)) = recent.and_then(|group| Some((group.id, RunId(group.deleted_run_id?)))) else {
        return Err(Error::NotDeleted { name: name.to_owned() });
    };
    groups::undelete(&mut change.tx, group).await?;
    let members = memberships::ended_by(&mut change.tx, ended, group).await?;
    change.only_members(members, []).await?;
    memberships::rejoin(&mut change.tx, ended, group).await?;
    let assigned = assignments::unend(&mut change.tx, group, ended).await?;
    change.assignments(&assigned).await?;
    Ok(change.commit().await?)
}

/// What became of one learner who was added or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Is in the group now.
    Added,
    /// Was in it by hand already.
    AlreadyThere,
    /// Will be in it when the learner has access again.
    Waits,
    /// Is out of the group.
    Removed,
    /// Is out of it, and rules are kept from giving it back.
    Excluded,
    /// Was not in it.
    NotThere,
}

/// A change of members, one by one.
#[derive(Debug)]
pub struct Members {
    /// The change; none when nothing changed.
    pub done: Option<Done>,
    /// The group's name.
    pub group: String,
    /// What became of whom.
    pub effects: Vec<(Learner, Effect)>,
}

/// Adds learners to a group by hand. Lifts what kept them out.
///
/// # Errors
/// When the group or a learner is unknown.
pub async fn add(store: &Store, about: &About, when: When, name: &str, who: &[String]) -> Result<Members> {
    let mut change = Change::begin(store, about, when).await?;
    let group = find(&mut change.tx, name).await?;
    let mut give = Vec::new();
    let mut effects = Vec::new();
    for learner in find_all(&mut change.tx, who).await? {
        let run = change.run;
        memberships::lift(&mut change.tx, group.id, learner.id, run).await?;
        let by_hand =
            memberships::reasons(&mut change.tx, learner.id, group.id).await?.contains(&RuleId::BY_HAND);
        let effect = match learner.status() {
            Status::Active | Status::Leave if by_hand => Effect::AlreadyThere,
            Status::Active | Status::Leave => {
                give.push(Reason { group: group.id, rule: RuleId::BY_HAND, learner: learner.id });
                Effect::Added
            }
            Status::Upcoming | Status::Left => {
                let run = change.run;
                memberships::lay_dormant(&mut change.tx, learner.id, group.id, run).await?;
                Effect::Waits
            }
        };
        effects.push((learner, effect));
    }
    change.only_members(give, []).await?;
    commit_members(change, group, effects).await
}

/// Why and until when whoever is removed is kept out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exclude<'a> {
    /// Why.
    pub reason: &'a str,
    /// The last day; none for as long as nobody lifts it.
    pub until: Option<NaiveDate>,
}

impl Default for Exclude<'_> {
    fn default() -> Self {
        Self { reason: "removed by hand", until: None }
    }
}

/// Removes learners from a group by hand. Where a rule gives the membership, an exclusion keeps it from coming back.
///
/// # Errors
/// When the group or a learner is unknown.
pub async fn remove(
    store: &Store,
    about: &About,
    when: When,
    name: &str,
    who: &[String],
    exclude: Exclude<'_>,
) -> Result<Members> {
    let mut change = Change::begin(store, about, when).await?;
    let group = find(&mut change.tx, name).await?;
    let mut end = Vec::new();
    let mut effects = Vec::new();
    for learner in find_all(&mut change.tx, who).await? {
        let reasons = memberships::reasons(&mut change.tx, learner.id, group.id).await?;
        let waited = memberships::drop_dormant(&mut change.tx, learner.id, group.id).await? > 0;
        let by_rule = reasons.iter().any(|rule| *rule != RuleId::BY_HAND);
        if by_rule {
            let run = change.run;
            let Exclude { reason, until } = exclude;
            memberships::exclude(&mut change.tx, group.id, learner.id, reason, until, run).await?;
        }
        let effect = match (by_rule, reasons.is_empty() && !waited) {
            (true, _) => Effect::Excluded,
            (false, true) => Effect::NotThere,
            (false, false) => Effect::Removed,
        };
        end.extend(reasons.into_iter().map(|rule| Reason { group: group.id, rule, learner: learner.id }));
        effects.push((learner, effect));
    }
    change.only_members([], end).await?;
    commit_members(change, group, effects).await
}

/// Lets a learner in again: the next sync does what the rules say.
///
/// # Errors
/// When group or learner is unknown, or nothing keeps the learner out.
pub async fn lift(store: &Store, about: &About, when: When, name: &str, who: &str) -> Result<Done> {
    let mut change = Change::begin(store, about, when).await?;
    let group = find(&mut change.tx, name).await?;
    let learner = find_learner(&mut change.tx, who).await?;
    let run = change.run;
    if !memberships::lift(&mut change.tx, group.id, learner.id, run).await? {
        return Err(Error::NotExcluded { email: learner.email, name: group.name });
    }
    Ok(change.commit().await?)
}

async fn commit_members(change: Change, group: Group, effects: Vec<(Learner, Effect)>) -> Result<Members> {
    let nothing = effects.iter().all(|(_, effect)| matches!(effect, Effect::AlreadyThere | Effect::NotThere));
    let done = if nothing {
        change.tx.rollback().await?;
        None
    } else {
        Some(change.commit().await?)
    };
    Ok(Members { done, group: group.name, effects })
}

/// Adds a learner whom no directory has.
///
/// # Errors
/// When the address is none, or an active learner holds it.
pub async fn add_learner(
    store: &Store,
    about: &About,
    when: When,
    email: &str,
    name: &str,
) -> Result<(LearnerId, Done)> {
    if !is_address(email) {
        return Err(Error::BadAddress { text: email.to_owned() });
    }
    let mut change = Change::begin(store, about, when).await?;
    let holder = learners::find(&mut change.tx, email).await?;
    let holds = |learner: &Learner| fold(&learner.email) == fold(email) && learner.status() != Status::Left;
    if let Some(holder) = holder.filter(holds) {
        return Err(Error::AddressTaken { email: holder.email, name: holder.name });
    }
    let run = change.run;
    let id = learners::add(&mut change.tx, email.trim(), name.trim(), when.today, run).await?;
    Ok((id, change.commit().await?))
}

/// Adds a course, or gives one that was added by hand another title.
///
/// # Errors
/// When the course belongs to the file.
pub async fn add_course(store: &Store, about: &About, when: When, code: &str, title: &str) -> Result<Done> {
    add_courses(store, about, when, &[(code.to_owned(), title.to_owned())]).await
}

/// Adds courses, all or none.
///
/// # Errors
/// When one of them belongs to the file, or has no code or title.
pub async fn add_courses(
    store: &Store,
    about: &About,
    when: When,
    list: &[(String, String)],
) -> Result<Done> {
    let mut change = Change::begin(store, about, when).await?;
    for (code, title) in list {
        let (code, title) = (code.trim(), title.trim());
        if code.is_empty() || title.is_empty() {
            return Err(Error::BadCourse { code: code.to_owned() });
        }
        match courses::by_code(&mut change.tx, code).await? {
            Some(course) if course.source == "file" => {
                return Err(Error::CourseOfTheFile { code: course.code });
            }
            Some(course) => {
                courses::retitle(&mut change.tx, crate::model::ids::CourseId(course.id), title, "hand")
                    .await?;
            }
            None => {
                courses::add(&mut change.tx, code, title, "hand").await?;
            }
        }
    }
    Ok(change.commit().await?)
}

/// What came of noting that a course is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    /// It is noted.
    Noted,
    /// It was done before, at this time.
    Before(chrono::DateTime<Utc>),
}

/// Notes that a learner has completed a course; the due date is frozen from then on.
///
/// # Errors
/// When learner or course is unknown, or the learner was never enrolled.
pub async fn complete(
    store: &Store,
    about: &About,
    when: When,
    email: &str,
    code: &str,
    at: chrono::DateTime<Utc>,
) -> Result<Completion> {
    let mut change = Change::begin(store, about, when).await?;
    let learner = find_learner(&mut change.tx, email).await?;
    let course = find_course(&mut change.tx, code).await?;
    let id = crate::model::ids::CourseId(course.id);
    match enrollments::completed(&mut change.tx, learner.id, id).await? {
        None => Err(Error::NeverEnrolled { email: learner.email, code: course.code }),
        Some(Some(before)) => {
            change.tx.rollback().await?;
            Ok(Completion::Before(before))
        }
        Some(None) => {
            let run = change.run;
            enrollments::complete(&mut change.tx, learner.id, id, at, run).await?;
            change.commit().await?;
            Ok(Completion::Noted)
        }
    }
}
