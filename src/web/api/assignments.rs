//! Assigned courses and their due dates.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderName;
use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::body::Body;
use super::problem::Problem;
use super::query::{NO_DAY, Number, Page, Query, day};
use super::tag::{self, IfMatch};
use super::{Answer, Change};
use crate::accounts::Principal;
use crate::enrollment::assign::Outcome;
use crate::groups::{self, Asked, Target};
use crate::model::due::{Due, LATE_DAYS, MOST_DAYS};
use crate::model::ids::AssignmentId;
use crate::model::names::fold;
use crate::report::{Assigned, Jobs};
use crate::store::Tx;
use crate::store::listing::assignments::{self as listing, Row};
use crate::web::Web;
use crate::web::cursor::Cursor;

/// A course that is assigned to a group or to one learner.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Assignment {
    /// The number.
    id: i64,
    /// The course's code.
    course: String,
    /// The course's title.
    title: String,
    /// The group; none for an assignment to one learner.
    group: Option<String>,
    /// The learner; none for an assignment to a group.
    learner: Option<String>,
    /// How many learners it reaches.
    reaches: i64,
    /// The day, where it is fixed.
    due: Option<NaiveDate>,
    /// Days after joining.
    due_days: Option<u32>,
    /// Days after the start date.
    due_days_after_start: Option<u32>,
    /// Days that whoever joins late for a fixed date has at least.
    late_days: u32,
    /// When it was assigned.
    assigned_on: NaiveDate,
    /// `hand` or `file`.
    source: String,
}

impl From<Row> for Assignment {
    fn from(row: Row) -> Self {
        let due = Assigned::new(&row.code, row.due(), row.late_days(), &row.source);
        let whom = Some(row.whom);
        let (group, learner) = if row.group_id.is_some() { (whom, None) } else { (None, whom) };
        Self {
            id: row.id.0,
            course: row.code,
            title: row.title,
            group,
            learner,
            reaches: row.reaches,
            due: due.due,
            due_days: due.due_days,
            due_days_after_start: due.due_days_after_start,
            late_days: due.late_days,
            assigned_on: row.assigned_on,
            source: row.source,
        }
    }
}

/// A course to be assigned: to groups, or to one learner; with one due date or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAssignment)]
pub(super) struct New {
    /// The course's code.
    #[schema(max_length = 500)]
    course: String,
    /// Groups, by name.
    #[serde(default)]
    groups: Vec<String>,
    /// An address, a former one, or `CONNECTOR:ID`.
    #[schema(max_length = 500)]
    learner: Option<String>,
    /// A day, the same for everyone who has time enough.
    #[schema(format = Date)]
    due: Option<String>,
    /// Days after joining.
    #[schema(maximum = 3650)]
    due_days: Option<u32>,
    /// Days after the start date.
    #[schema(maximum = 3650)]
    due_days_after_start: Option<u32>,
    /// Days that whoever joins late for a fixed date has at least; 14 unless said.
    #[schema(maximum = 3650)]
    late_days: Option<u32>,
}

/// Another due date. One of the three dates, or `"due": null` for none; what is not named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDueDate)]
pub(super) struct NewDue {
    /// A day, the same for everyone who has time enough; null for no due date.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    due: Named,
    /// Days after joining.
    #[schema(maximum = 3650)]
    due_days: Option<u32>,
    /// Days after the start date.
    #[schema(maximum = 3650)]
    due_days_after_start: Option<u32>,
    /// Days that whoever joins late for a fixed date has at least.
    #[schema(maximum = 3650)]
    late_days: Option<u32>,
}

/// A day as somebody names it.
#[derive(Debug, Default)]
enum Named {
    /// Not at all.
    #[default]
    Unsaid,
    /// With null.
    Never,
    /// So.
    On(String),
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text: Option<String> = Option::deserialize(deserializer)?;
        Ok(text.map_or(Self::Never, Self::On))
    }
}

/// What assigning came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AssignmentMade)]
pub(super) struct Made {
    /// The number of the change; none when everything was just so.
    run: Option<i64>,
    /// The course's code.
    course: String,
    /// What became of each.
    to: Vec<Reached>,
    /// Jobs left to workers.
    jobs: Jobs,
}

/// A group or learner to whom a course was assigned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AssignmentReached)]
pub(super) struct Reached {
    /// The group's name, or the learner's address.
    name: String,
    /// `new`, `changed` or `same`.
    outcome: &'static str,
}

/// The date that was meant; nothing where none was named.
fn due(on: Option<&str>, joining: Option<u32>, start: Option<u32>) -> Result<Option<Due>, Problem> {
    let within = |field: &str, days: u32| {
        let most = format!("days are a whole number from 0 to {MOST_DAYS}");
        if days <= MOST_DAYS { Ok(days) } else { Err(Problem::invalid(field, most)) }
    };
    match (on, joining, start) {
        (None, None, None) => Ok(None),
        (Some(text), None, None) => {
            day(text).map(|day| Some(Due::On(day))).ok_or_else(|| Problem::invalid("due", NO_DAY))
        }
        (None, Some(days), None) => Ok(Some(Due::AfterJoining(within("due_days", days)?))),
        (None, None, Some(days)) => Ok(Some(Due::AfterStart(within("due_days_after_start", days)?))),
        _ => Err(Problem::invalid("due", "give one of `due`, `due_days` and `due_days_after_start`")),
    }
}

fn late(days: Option<u32>) -> Result<Option<u32>, Problem> {
    let most = || Problem::invalid("late_days", format!("days are a whole number from 0 to {MOST_DAYS}"));
    days.map(|days| Some(days).filter(|days| *days <= MOST_DAYS).ok_or_else(most)).transpose()
}

async fn find(tx: &mut Tx, id: i64) -> Result<Row, Problem> {
    let found = listing::one(tx, AssignmentId(id)).await?;
    found.ok_or_else(|| Problem::missing("no such assignment"))
}

/// The due date that the request expects to find.
async fn expected(web: &Web, id: i64, expects: &IfMatch) -> Result<(Row, Option<(Due, u32)>), Problem> {
    let mut tx = web.store.read().await?;
    let row = find(&mut tx, id).await?;
    let now = (row.due(), row.late_days());
    match expects.expects(&tag::of_due(now.0, now.1)) {
        None => Ok((row, None)),
        Some(true) => Ok((row, Some(now))),
        Some(false) => Err(groups::Error::DueChangedSince { code: row.code }.into()),
    }
}

pub(super) async fn list(State(web): State<Web>, query: Query, _: Principal) -> Answer<Page<Assignment>> {
    let query = query.only(&["q", "after", "limit"])?;
    let place = query.place()?;
    let text = fold(query.text("q").unwrap_or_default());
    let mut tx = web.store.read().await?;
    let mut rows = listing::page(&mut tx, &text, place.from()).await?;
    let next = place.cut(&mut rows, |row| Cursor { text: row.code_folded.clone(), id: row.id.0 });
    Ok(Json(Page { items: rows.into_iter().map(Assignment::from).collect(), next }))
}

pub(super) async fn assign(State(web): State<Web>, who: Principal, Body(new): Body<New>) -> Answer<Made> {
    let targets: Vec<Target<'_>> = match (&new.learner, new.groups.as_slice()) {
        (None, []) => return Err(Problem::invalid("groups", "give `groups` or a `learner`")),
        (Some(_), [_, ..]) => {
            return Err(Problem::invalid("learner", "give `groups` or a `learner`, not both"));
        }
        (Some(learner), []) => vec![Target::Learner(learner)],
        (None, groups) => groups.iter().map(|name| Target::Group(name.into())).collect(),
    };
    let due = due(new.due.as_deref(), new.due_days, new.due_days_after_start)?.unwrap_or(Due::Never);
    let late_days = late(new.late_days)?.unwrap_or(LATE_DAYS);
    let asked = Asked { course: &new.course, due, late_days };
    let whom = new.learner.clone().unwrap_or_else(|| new.groups.join("`, `"));
    let about = web.about(&who, format!("assign `{}` to `{whom}`", new.course));
    let assigned = groups::assign(&web.store, &about, web.when(), asked, &targets).await;
    let answer = assigned.map_err(|error| {
        let field = match &error {
            groups::Error::NoGroup { .. } | groups::Error::BadName(_) => Some("groups"),
            groups::Error::NoLearner { .. } => Some("learner"),
            _ => None,
        };
        let problem = Problem::from(error);
        if let Some(field) = field { problem.about(field) } else { problem }
    })?;
    let outcome = |outcome: Outcome| match outcome {
        Outcome::New => "new",
        Outcome::Changed => "changed",
        Outcome::Same => "same",
    };
    let to = answer.outcomes.into_iter().map(|(name, one)| Reached { name, outcome: outcome(one) });
    Ok(Json(Made {
        run: answer.done.map(|done| done.run.0),
        course: new.course,
        to: to.collect(),
        jobs: answer.done.map(|done| Jobs::from(&done.counts)).unwrap_or_default(),
    }))
}

pub(super) async fn show(
    State(web): State<Web>,
    Number(id): Number,
    _: Principal,
) -> Result<([(HeaderName, String); 1], Json<Assignment>), Problem> {
    let mut tx = web.store.read().await?;
    let row = find(&mut tx, id).await?;
    Ok((tag::etag(tag::of_due(row.due(), row.late_days())), Json(row.into())))
}

pub(super) async fn change(
    State(web): State<Web>,
    Number(id): Number,
    expects: IfMatch,
    who: Principal,
    Body(new): Body<NewDue>,
) -> Result<([(HeaderName, String); 1], Json<Change>), Problem> {
    let on = match &new.due {
        Named::On(text) => Some(text.as_str()),
        Named::Never | Named::Unsaid => None,
    };
    let given = due(on, new.due_days, new.due_days_after_start)?;
    let late_days = late(new.late_days)?;
    let (row, seen) = expected(&web, id, &expects).await?;
    let due = match (given, &new.due) {
        (Some(due), _) => due,
        (None, Named::Never | Named::On(_)) => Due::Never,
        (None, Named::Unsaid) if late_days.is_some() => row.due(),
        (None, Named::Unsaid) => {
            return Err(Problem::invalid("due", "say what is new: a due date, or `late_days`"));
        }
    };
    let late_days = late_days.unwrap_or(row.late_days());
    let about = web.about(&who, format!("change the due date of `{}` for `{}`", row.code, row.whom));
    let done =
        groups::change_due(&web.store, &about, web.when(), AssignmentId(id), seen, (due, late_days)).await?;
    let words = format!("changed the due date of `{}` for `{}`", row.code, row.whom);
    Ok((tag::etag(tag::of_due(due, late_days)), Json(Change::new(done.as_ref(), words))))
}

pub(super) async fn end(
    State(web): State<Web>,
    Number(id): Number,
    expects: IfMatch,
    who: Principal,
) -> Answer<Change> {
    let (row, seen) = expected(&web, id, &expects).await?;
    let about = web.about(&who, format!("unassign `{}` from `{}`", row.code, row.whom));
    let done = groups::end(&web.store, &about, web.when(), AssignmentId(id), seen).await?;
    let words = format!("`{}` is no longer assigned to `{}`", row.code, row.whom);
    Ok(Json(Change::new(Some(&done), words)))
}
