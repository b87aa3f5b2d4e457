//! Endpoints of assignments and their due dates.

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
use rollcall_core::groups::{self, AssignRequest, AssignmentTargetRef, DeletionConfirmation};
use rollcall_model::due_policy::{DEFAULT_LATE_DAYS, DuePolicy, MAX_DUE_DAYS};
use rollcall_model::ids::AssignmentId;
use rollcall_model::names::fold;
use rollcall_store::Tx;
use rollcall_store::listing::assignments::{self as listing, AssignmentListRow};
use rollcall_views::{AssignedCourseView, JobCounts};

/// Assignment of a course to a group or a learner.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Assignment)]
pub(super) struct AssignmentResponse {
    /// Id.
    id: i64,
    /// Course code.
    course: String,
    /// Course title.
    title: String,
    /// Group; null for an assignment to a learner.
    group: Option<String>,
    /// Learner; null for an assignment to a group.
    learner: Option<String>,
    /// Number of learners with this assignment.
    reaches: i64,
    /// Fixed due date.
    due: Option<NaiveDate>,
    /// Due date in days after joining the group.
    due_days: Option<u32>,
    /// Due date in days after the start date.
    due_days_after_start: Option<u32>,
    /// Minimum number of days for late joiners if the due date is fixed.
    late_days: u32,
    /// Time of the assignment.
    assigned_on: NaiveDate,
    /// Source: `hand` or `file`.
    source: String,
}

impl From<AssignmentListRow> for AssignmentResponse {
    fn from(row: AssignmentListRow) -> Self {
        let due = AssignedCourseView::new(&row.code, row.due(), row.late_days(), row.source);
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
            source: row.source.to_string(),
        }
    }
}

/// Request to assign a course to groups or to one learner, with at most one kind of due date.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAssignment)]
#[serde(expecting = "a JSON object")]
pub(super) struct CreateAssignmentRequest {
    /// Course code.
    #[schema(max_length = 500)]
    course: String,
    /// Names of the groups.
    #[serde(default)]
    groups: Vec<String>,
    /// Learner: current or former e-mail address, or `CONNECTOR:ID`.
    #[schema(max_length = 500)]
    learner: Option<String>,
    /// Fixed due date, the same for all learners who do not join late.
    #[schema(format = Date)]
    due: Option<String>,
    /// Due date in days after joining the group.
    #[schema(maximum = 3650)]
    due_days: Option<u32>,
    /// Due date in days after the start date.
    #[schema(maximum = 3650)]
    due_days_after_start: Option<u32>,
    /// Minimum number of days for late joiners if the due date is fixed. Default: 14.
    #[schema(maximum = 3650)]
    late_days: Option<u32>,
}

/// Request to change the due date: one of the three dates, or `"due": null` for none. Omitted fields stay unchanged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDueDate)]
#[serde(expecting = "a JSON object")]
pub(super) struct ChangeDueDateRequest {
    /// Fixed due date, the same for all learners who do not join late; null for no due date.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    due: DueDateField,
    /// Due date in days after joining the group.
    #[schema(maximum = 3650)]
    due_days: Option<u32>,
    /// Due date in days after the start date.
    #[schema(maximum = 3650)]
    due_days_after_start: Option<u32>,
    /// Minimum number of days for late joiners if the due date is fixed.
    #[schema(maximum = 3650)]
    late_days: Option<u32>,
}

/// Value of an optional, nullable date field.
#[derive(Debug, Default)]
enum DueDateField {
    /// The field is missing.
    #[default]
    Omitted,
    /// The field is null.
    Null,
    /// The field has a value.
    Date(String),
}

impl<'de> Deserialize<'de> for DueDateField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text: Option<String> = Option::deserialize(deserializer)?;
        Ok(text.map_or(Self::Null, Self::Date))
    }
}

/// Result of an assignment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AssignmentMade)]
pub(super) struct CreateAssignmentResponse {
    /// Id of the change; null if nothing changed.
    run: Option<i64>,
    /// Course code.
    course: String,
    /// Result for each group or learner.
    to: Vec<AssignmentTargetResult>,
    /// Jobs enqueued for the workers.
    jobs: JobCounts,
}

/// Group or learner to which a course was assigned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AssignmentReached)]
pub(super) struct AssignmentTargetResult {
    /// Name of the group or e-mail address of the learner.
    name: String,
    /// Result: `new`, `changed` or `same`.
    outcome: &'static str,
}

/// Returns the due date of the request. `None` if it contains none.
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

/// Checks `If-Match` against the current due date.
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
    let request = AssignRequest { course: &new.course, due, late_days };
    let whom = new.learner.clone().unwrap_or_else(|| new.groups.join("`, `"));
    let about = web.new_manual_run(&who, format!("assign `{}` to `{whom}`", new.course));
    let assigned = groups::assign_course(&web.store, &about, web.change_time(), request, &targets).await;
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
            return Err(ApiProblem::invalid_field("due", "specify a due date or `late_days`"));
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
    query: ApiQuery,
    expects: IfMatch,
    Extension(who): Extension<Principal>,
) -> ApiResult<ChangeResponse> {
    let query = query.allow_only(&["confirm"])?;
    let (row, seen) = find_expected(&web, id, &expects).await?;
    let config = web.config();
    let about = web.new_manual_run(&who, format!("unassign `{}` from `{}`", row.code, row.whom));
    let meant = DeletionConfirmation::ByName(query.text("confirm").map(str::trim), &config.safety);
    let done =
        groups::end_assignment(&web.store, &about, web.change_time(), AssignmentId(id), seen, meant).await?;
    let words = format!("`{}` is no longer assigned to `{}`", row.code, row.whom);
    Ok(Json(ChangeResponse::new(Some(&done), words)))
}
