//! Assigned courses and their due dates.

use axum::extract::State;
use axum::http::HeaderName;
use axum::{Extension, Json};
use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::api_query::{ApiPage, ApiQuery, INVALID_DATE_MESSAGE, PathId, parse_date};
use super::etag::{self, IfMatch};
use super::problem::ApiProblem;
use super::request_body::JsonBody;
use super::{ApiResult, ChangeResponse};
use crate::WebContext;
use crate::list_cursor::ListCursor;
use rollcall_core::accounts::Principal;
use rollcall_core::enrollment::assign::AssignmentOutcome;
use rollcall_core::groups::{self, AssignRequest, AssignmentTargetRef};
use rollcall_model::due_policy::{DEFAULT_LATE_DAYS, DuePolicy, MAX_DUE_DAYS};
use rollcall_model::ids::AssignmentId;
use rollcall_model::names::fold;
use rollcall_store::Tx;
use rollcall_store::listing::assignments::{self as listing, AssignmentListRow};
use rollcall_views::{AssignedCourseView, JobCounts};

/// A course that is assigned to a group or to one learner.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Assignment)]
pub(super) struct AssignmentResponse {
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

impl From<AssignmentListRow> for AssignmentResponse {
    fn from(row: AssignmentListRow) -> Self {
        let due = AssignedCourseView::new(&row.code, row.due(), row.late_days(), &row.source);
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
#[serde(expecting = "a JSON object")]
pub(super) struct CreateAssignmentRequest {
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
#[serde(expecting = "a JSON object")]
pub(super) struct ChangeDueDateRequest {
    /// A day, the same for everyone who has time enough; null for no due date.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    due: DueDateField,
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
enum DueDateField {
    /// Not at all.
    #[default]
    Omitted,
    /// With null.
    Null,
    /// So.
    Date(String),
}

impl<'de> Deserialize<'de> for DueDateField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text: Option<String> = Option::deserialize(deserializer)?;
        Ok(text.map_or(Self::Null, Self::Date))
    }
}

/// What assigning came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AssignmentMade)]
pub(super) struct CreateAssignmentResponse {
    /// The number of the change; none when everything was just so.
    run: Option<i64>,
    /// The course's code.
    course: String,
    /// What became of each.
    to: Vec<AssignmentTargetResult>,
    /// Jobs left to workers.
    jobs: JobCounts,
}

/// A group or learner to whom a course was assigned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AssignmentReached)]
pub(super) struct AssignmentTargetResult {
    /// The group's name, or the learner's address.
    name: String,
    /// `new`, `changed` or `same`.
    outcome: &'static str,
}

/// The date that was meant; nothing where none was named.
fn parse_due_date(
    on: Option<&str>,
    joining: Option<u32>,
    start: Option<u32>,
) -> Result<Option<DuePolicy>, ApiProblem> {
    let within = |field: &str, days: u32| {
        let most = format!("days are a whole number from 0 to {MAX_DUE_DAYS}");
        if days <= MAX_DUE_DAYS { Ok(days) } else { Err(ApiProblem::invalid_field(field, most)) }
    };
    match (on, joining, start) {
        (None, None, None) => Ok(None),
        (Some(text), None, None) => parse_date(text)
            .map(|day| Some(DuePolicy::On(day)))
            .ok_or_else(|| ApiProblem::invalid_field("due", INVALID_DATE_MESSAGE)),
        (None, Some(days), None) => Ok(Some(DuePolicy::AfterJoining(within("due_days", days)?))),
        (None, None, Some(days)) => Ok(Some(DuePolicy::AfterStart(within("due_days_after_start", days)?))),
        _ => {
            Err(ApiProblem::invalid_field("due", "give one of `due`, `due_days` and `due_days_after_start`"))
        }
    }
}

fn parse_late_days(days: Option<u32>) -> Result<Option<u32>, ApiProblem> {
    let most = || {
        ApiProblem::invalid_field("late_days", format!("days are a whole number from 0 to {MAX_DUE_DAYS}"))
    };
    days.map(|days| Some(days).filter(|days| *days <= MAX_DUE_DAYS).ok_or_else(most)).transpose()
}

async fn find(tx: &mut Tx, id: i64) -> Result<AssignmentListRow, ApiProblem> {
    let found = listing::get(tx, AssignmentId(id)).await?;
    found.ok_or_else(|| ApiProblem::not_found("no such assignment"))
}

/// The due date that the request expects to find.
async fn find_expected(
    web: &WebContext,
    id: i64,
    expects: &IfMatch,
) -> Result<(AssignmentListRow, Option<(DuePolicy, u32)>), ApiProblem> {
    let mut tx = web.store.begin_read().await?;
    let row = find(&mut tx, id).await?;
    let now = (row.due(), row.late_days());
    match expects.matches_tag(&etag::due_date_tag(now.0, now.1)) {
        None => Ok((row, None)),
        Some(true) => Ok((row, Some(now))),
        Some(false) => Err(groups::GroupError::DueChangedSince { code: row.code }.into()),
    }
}

pub(super) async fn list(
    State(web): State<WebContext>,
    query: ApiQuery,
    _: Extension<Principal>,
) -> ApiResult<ApiPage<AssignmentResponse>> {
    let query = query.allow_only(&["q", "after", "limit"])?;
    let place = query.page_request()?;
    let text = fold(query.text("q").unwrap_or_default());
    let mut tx = web.store.begin_read().await?;
    let mut rows = listing::list(&mut tx, &text, place.to_store_page()).await?;
    let next =
        place.split_next_page(&mut rows, |row| ListCursor { text: row.code_folded.clone(), id: row.id.0 });
    Ok(Json(ApiPage { items: rows.into_iter().map(AssignmentResponse::from).collect(), next }))
}

pub(super) async fn assign(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    JsonBody(new): JsonBody<CreateAssignmentRequest>,
) -> ApiResult<CreateAssignmentResponse> {
    let targets: Vec<AssignmentTargetRef<'_>> = match (&new.learner, new.groups.as_slice()) {
        (None, []) => return Err(ApiProblem::invalid_field("groups", "give `groups` or a `learner`")),
        (Some(_), [_, ..]) => {
            return Err(ApiProblem::invalid_field("learner", "give `groups` or a `learner`, not both"));
        }
        (Some(learner), []) => vec![AssignmentTargetRef::Learner(learner)],
        (None, groups) => groups.iter().map(|name| AssignmentTargetRef::Group(name.into())).collect(),
    };
    let due = parse_due_date(new.due.as_deref(), new.due_days, new.due_days_after_start)?
        .unwrap_or(DuePolicy::Never);
    let late_days = parse_late_days(new.late_days)?.unwrap_or(DEFAULT_LATE_DAYS);
    let asked = AssignRequest { course: &new.course, due, late_days };
    let whom = new.learner.clone().unwrap_or_else(|| new.groups.join("`, `"));
    let about = web.new_manual_run(&who, format!("assign `{}` to `{whom}`", new.course));
    let assigned = groups::assign_course(&web.store, &about, web.change_time(), asked, &targets).await;
    let answer = assigned.map_err(|error| {
        let field = match &error {
            groups::GroupError::NoGroup { .. } | groups::GroupError::BadName(_) => Some("groups"),
            groups::GroupError::NoLearner { .. } => Some("learner"),
            _ => None,
        };
        let problem = ApiProblem::from(error);
        if let Some(field) = field { problem.with_field(field) } else { problem }
    })?;
    let outcome = |outcome: AssignmentOutcome| match outcome {
        AssignmentOutcome::New => "new",
        AssignmentOutcome::Changed => "changed",
        AssignmentOutcome::Unchanged => "same",
    };
    let to =
        answer.outcomes.into_iter().map(|(name, one)| AssignmentTargetResult { name, outcome: outcome(one) });
    Ok(Json(CreateAssignmentResponse {
        run: answer.done.map(|done| done.run.0),
        course: new.course,
        to: to.collect(),
        jobs: answer.done.map(|done| JobCounts::from(&done.counts)).unwrap_or_default(),
    }))
}

pub(super) async fn show(
    State(web): State<WebContext>,
    PathId(id): PathId,
    _: Extension<Principal>,
) -> Result<([(HeaderName, String); 1], Json<AssignmentResponse>), ApiProblem> {
    let mut tx = web.store.begin_read().await?;
    let row = find(&mut tx, id).await?;
    Ok((etag::etag_header(etag::due_date_tag(row.due(), row.late_days())), Json(row.into())))
}

pub(super) async fn change(
    State(web): State<WebContext>,
    PathId(id): PathId,
    expects: IfMatch,
    Extension(who): Extension<Principal>,
    JsonBody(new): JsonBody<ChangeDueDateRequest>,
) -> Result<([(HeaderName, String); 1], Json<ChangeResponse>), ApiProblem> {
    let on = match &new.due {
        DueDateField::Date(text) => Some(text.as_str()),
        DueDateField::Null | DueDateField::Omitted => None,
    };
    let given = parse_due_date(on, new.due_days, new.due_days_after_start)?;
    let late_days = parse_late_days(new.late_days)?;
    let (row, seen) = find_expected(&web, id, &expects).await?;
    let due = match (given, &new.due) {
        (Some(due), _) => due,
        (None, DueDateField::Null | DueDateField::Date(_)) => DuePolicy::Never,
        (None, DueDateField::Omitted) if late_days.is_some() => row.due(),
        (None, DueDateField::Omitted) => {
            return Err(ApiProblem::invalid_field("due", "say what is new: a due date, or `late_days`"));
        }
    };
    let late_days = late_days.unwrap_or(row.late_days());
    let about = web.new_manual_run(&who, format!("change the due date of `{}` for `{}`", row.code, row.whom));
    let done = groups::change_due_date(
        &web.store,
        &about,
        web.change_time(),
        AssignmentId(id),
        seen,
        (due, late_days),
    )
    .await?;
    let words = format!("changed the due date of `{}` for `{}`", row.code, row.whom);
    Ok((
        etag::etag_header(etag::due_date_tag(due, late_days)),
        Json(ChangeResponse::new(done.as_ref(), words)),
    ))
}

pub(super) async fn end(
    State(web): State<WebContext>,
    PathId(id): PathId,
    expects: IfMatch,
    Extension(who): Extension<Principal>,
) -> ApiResult<ChangeResponse> {
    let (row, seen) = find_expected(&web, id, &expects).await?;
    let about = web.new_manual_run(&who, format!("unassign `{}` from `{}`", row.code, row.whom));
    let done = groups::end_assignment(&web.store, &about, web.change_time(), AssignmentId(id), seen).await?;
    let words = format!("`{}` is no longer assigned to `{}`", row.code, row.whom);
    Ok(Json(ChangeResponse::new(Some(&done), words)))
}
