//! Assignment page: progress of the learners, and due date.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};

use super::assignment_list::AssignmentLine;
use super::due_date_fields::DueDateFields;
use crate::WebContext;
use crate::csv_export;
use crate::error::{PageError, format_sentence};
use crate::filters;
use crate::form_data::{FormData, UrlQuery};
use crate::layout::{FieldError, Layout, MenuItem};
use crate::list_cursor::{ListCursor, ListPageRequest, split_next_page};
use crate::pages::{PageResult, load_notice, render_page_with_status};
use rollcall_core::accounts::Principal;
use rollcall_core::groups::{self, GroupError};
use rollcall_model::definition_source::DefinitionSource;
use rollcall_model::enrollment_state::EnrollmentState;
use rollcall_model::ids::{AssignmentId, GroupId};
use rollcall_store::Tx;
use rollcall_store::listing::PageRequest;
use rollcall_store::listing::assignments::{self, AssignmentListRow as Assigned};
use rollcall_store::listing::courses::{self, CourseProgress};
use rollcall_store::listing::enrollments::{self, EnrollmentListFilter, EnrollmentListRow};

#[derive(Template)]
#[template(path = "assignments/assignment_detail.html")]
struct AssignmentDetailPage {
    frame: Layout,
    line: AssignmentLine,
    is_of_file: bool,
    progress: CourseProgress,
    which: &'static str,
    rows: Vec<AssignmentLearnerLine>,
    next: Option<String>,
    is_first: bool,
    due: DueDateFields,
    seen: DueDateFields,
    example: Option<String>,
}

struct AssignmentLearnerLine {
    row: EnrollmentListRow,
    due: String,
    completed: String,
    is_overdue: bool,
}

fn parse_filter(query: &FormData) -> (EnrollmentListFilter, &'static str) {
    match query.text("which") {
        "completed" => (EnrollmentListFilter::Completed, "completed"),
        "overdue" => (EnrollmentListFilter::Overdue, "overdue"),
        _ => (EnrollmentListFilter::Enrolled, "enrolled"),
    }
}

pub(super) async fn find_assignment(tx: &mut Tx, id: i64) -> Result<Assigned, PageError> {
    let found = assignments::get(tx, AssignmentId(id)).await?;
    found.ok_or_else(|| PageError::Missing { what: "the assignment".to_owned() })
}

fn learner_line(web: &WebContext, row: EnrollmentListRow) -> AssignmentLearnerLine {
    let zone = web.config().timezone;
    let is_overdue = row.completed_at.is_none()
        && row.state == EnrollmentState::Active
        && row.due.is_some_and(|due| due < web.change_time().today);
    AssignmentLearnerLine {
        due: row.due.map_or_else(String::new, |day| day.to_string()),
        completed: row
            .completed_at
            .map_or_else(String::new, |at| at.with_timezone(&zone).date_naive().to_string()),
        is_overdue,
        row,
    }
}

/// Loads the learners of an assignment that follow a cursor.
async fn load_learners(
    tx: &mut Tx,
    web: &WebContext,
    assigned: &Assigned,
    which: EnrollmentListFilter,
    from: PageRequest<'_>,
) -> Result<Vec<EnrollmentListRow>, PageError> {
    let today = web.change_time().today;
    match (assigned.group_id, assigned.learner_id) {
        (Some(group), _) => {
            let group = Some(GroupId(group));
            Ok(enrollments::list(tx, assigned.course_id, group, which, today, from).await?)
        }
        (None, Some(learner)) => {
            Ok(enrollments::list_of_learner(tx, assigned.course_id, learner, which, today, from).await?)
        }
        (None, None) => Ok(Vec::new()),
    }
}

pub(in crate::pages) async fn show(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    render_assignment(&web, &who, id, &query, None, Vec::new()).await
}

async fn render_assignment(
    web: &WebContext,
    who: &Principal,
    id: i64,
    query: &FormData,
    typed: Option<DueDateFields>,
    faults: Vec<FieldError>,
) -> PageResult {
    let today = web.change_time().today;
    let mut tx = web.store.begin_read().await?;
    let assigned = find_assignment(&mut tx, id).await?;
    let (which, which_text) = parse_filter(query);
    let place = ListPageRequest::from_query(query);
    let mut rows = load_learners(&mut tx, web, &assigned, which, place.to_store_page()).await?;
    let next = split_next_page(&mut rows, |row| ListCursor { text: row.name_folded.clone(), id: row.id });
    let progress = match (assigned.group_id, assigned.learner_id) {
        (Some(group), _) => courses::get_group_progress(&mut tx, assigned.course_id, group, today).await?,
        (None, Some(learner)) => {
            courses::get_learner_progress(&mut tx, assigned.course_id, learner, today).await?
        }
        (None, None) => CourseProgress::default(),
    };
    let seen = DueDateFields::of(assigned.due(), assigned.late_days());
    let due = typed.unwrap_or_else(|| seen.clone());
    let title = format!("{} for {}", assigned.title, assigned.whom);
    let frame =
        Layout::new(who, MenuItem::Assigned, title).notice(load_notice(&mut tx, query).await?).faults(faults);
    let is_unchanged = query.text("unchanged") == "due";
    let frame =
        frame.remark(is_unchanged.then_some("Nothing changed: the assignment has this due date already."));
    let page = AssignmentDetailPage {
        frame,
        is_of_file: assigned.source == DefinitionSource::File,
        line: AssignmentLine::of(assigned),
        progress,
        which: which_text,
        rows: rows.into_iter().map(|row| learner_line(web, row)).collect(),
        next,
        is_first: place.is_first(),
        example: due.example(today),
        due,
        seen,
    };
    render_page_with_status(page.frame.status(), &page)
}

pub(in crate::pages) async fn export_csv(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    UrlQuery(query): UrlQuery,
    _: Extension<Principal>,
) -> PageResult {
    let (which, name) = parse_filter(&query);
    let mut tx = web.store.begin_read().await?;
    let assigned = find_assignment(&mut tx, id).await?;
    let mut sheet = csv_export::CsvWriter::new(["name", "e-mail", "course", "state", "due", "completed"]);
    let mut after = ListCursor { text: String::new(), id: 0 };
    loop {
        let from = PageRequest { text: &after.text, id: after.id, limit: csv_export::BATCH_ROWS };
        let rows = load_learners(&mut tx, &web, &assigned, which, from).await?;
        let Some(last) = rows.last() else { break };
        after = ListCursor { text: last.name_folded.clone(), id: last.id };
        for AssignmentLearnerLine { row, due, completed, .. } in
            rows.into_iter().map(|row| learner_line(&web, row))
        {
            sheet.write_row([&row.name, &row.email, &assigned.code, row.state.as_str(), &due, &completed]);
        }
    }
    Ok(sheet.into_download(&format!("{name}.csv")))
}

pub(in crate::pages) async fn change_due_date(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let assigned = {
        let mut tx = web.store.begin_read().await?;
        find_assignment(&mut tx, id).await?
    };
    let fields = DueDateFields::of_form(&form);
    let query = FormData::default();
    if form.text("do") == "example" {
        return render_assignment(&web, &who, id, &query, Some(fields), Vec::new()).await;
    }
    let seen: Vec<String> = form.text("seen").split('|').map(str::to_owned).collect();
    let seen = <[String; 5]>::try_from(seen).ok().map(|[kind, on, joining, start, late]| DueDateFields {
        kind,
        on,
        joining,
        start,
        late,
    });
    let first = seen.clone().unwrap_or_default();
    let new = match fields.check_choice(&first).and_then(|()| fields.parse_due_date()) {
        Ok(new) => new,
        Err(fault) => return render_assignment(&web, &who, id, &query, Some(fields), vec![fault]).await,
    };
    let seen = seen.and_then(|seen| seen.parse_due_date().ok());
    let about = web
        .new_manual_run(&who, format!("change the due date of `{}` for `{}`", assigned.code, assigned.whom));
    match groups::change_due_date(&web.store, &about, web.change_time(), AssignmentId(id), seen, new).await {
        Ok(done) => {
            let result = done.map_or_else(|| "unchanged=due".to_owned(), |done| format!("run={}", done.run));
            Ok(Redirect::to(&format!("/assigned/{id}?{result}")).into_response())
        }
        Err(GroupError::Store(error)) => Err(error.into()),
        Err(error) => {
            let text = format_sentence(&error.to_string());
            render_assignment(&web, &who, id, &query, Some(fields), vec![FieldError::new("due", text)]).await
        }
    }
}
