//! Wizard to assign a course: course, then recipients and due date. Input is stored in a draft, so that going back keeps it.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect};
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::due_date_fields::DueDateFields;
use crate::WebContext;
use crate::error::{PageError, format_sentence};
use crate::filters;
use crate::form_data::{FormData, UrlQuery};
use crate::layout::{FieldError, Layout, MenuItem};
use crate::list_cursor::{ListCursor, ListPageRequest, split_next_page};
use crate::pages::{PageResult, learner_picker};
use rollcall_core::accounts::Principal;
use rollcall_core::groups::{self, AssignRequest, AssignmentTargetRef, GroupError};
use rollcall_model::format::{count, thousands};
use rollcall_model::ids::{CourseId, DraftId, GroupId};
use rollcall_model::names::fold;
use rollcall_store::listing::assignments::{self, AssignmentPreview};
use rollcall_store::listing::courses::{self, CourseListRow as Course};
use rollcall_store::listing::groups::{self as listed, GroupListRow as Group, GroupListSort};
use rollcall_store::{Tx, form_drafts};

const DRAFT_KIND: &str = "assign course";

/// Input so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct AssignDraft {
    course: i64,
    /// `groups` or `learner`.
    to: String,
    learner: String,
    due: [String; 5],
}

impl Default for AssignDraft {
    fn default() -> Self {
        let due = pack_due_date(DueDateFields::default());
        Self { course: 0, to: "groups".to_owned(), learner: String::new(), due }
    }
}

fn pack_due_date(due: DueDateFields) -> [String; 5] {
    [due.kind, due.on, due.joining, due.start, due.late]
}

impl AssignDraft {
    fn due(&self) -> DueDateFields {
        let [kind, on, joining, start, late] = self.due.clone();
        DueDateFields { kind, on, joining, start, late }
    }
}

#[derive(Template)]
#[template(path = "assignments/select_course.html")]
struct AssignCoursePage<'a> {
    frame: Layout,
    draft: String,
    group: String,
    text: &'a str,
    chosen: i64,
    courses: Vec<Course>,
    next: Option<String>,
    is_first: bool,
}

#[derive(Template)]
#[template(path = "assignments/select_recipients.html")]
struct AssignTargetPage<'a> {
    frame: Layout,
    draft: DraftId,
    course: Course,
    progress: String,
    answers: AssignDraft,
    due: DueDateFields,
    example: Option<String>,
    text: &'a str,
    groups: Vec<(Group, bool)>,
    chosen: usize,
    preview: Option<String>,
    next: Option<String>,
    is_first: bool,
}

/// Describes the effect of the assignment as of today.
fn format_preview(preview: &AssignmentPreview) -> String {
    let number = |number: i64| thousands(number.unsigned_abs());
    format!(
        "{} in the chosen groups: {} enrolled in this course already, {} completed it already.",
        count(preview.members.unsigned_abs(), "learner is", "learners are"),
        number(preview.enrolled),
        number(preview.completed),
    )
}

pub(in crate::pages) async fn show(
    State(web): State<WebContext>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    match query.text("step") {
        "whom" => show_target_step(&web, &who, &query, Vec::new()).await,
        _ => show_course_step(&web, &who, &query, Vec::new()).await,
    }
}

fn status(faults: &[FieldError]) -> StatusCode {
    if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
}

async fn find_draft_answers(
    tx: &mut Tx,
    who: &Principal,
    query: &FormData,
) -> Result<Option<(DraftId, AssignDraft)>, PageError> {
    let draft = learner_picker::find_draft(tx, who, DRAFT_KIND, query).await?;
    Ok(draft.map(|(id, answers)| (id, serde_json::from_value(answers).unwrap_or_default())))
}

/// Renders the first page.
async fn show_course_step(
    web: &WebContext,
    who: &Principal,
    query: &FormData,
    faults: Vec<FieldError>,
) -> PageResult {
    let mut tx = web.store.begin_read().await?;
    let draft = find_draft_answers(&mut tx, who, query).await?;
    let text = query.text("q");
    let place = ListPageRequest::from_query(query);
    let mut courses = courses::list(&mut tx, &fold(text), place.to_store_page()).await?;
    let next =
        split_next_page(&mut courses, |row| ListCursor { text: row.code_folded.clone(), id: row.id.0 });
    let page = AssignCoursePage {
        frame: Layout::new(who, MenuItem::Assigned, "Assign course").faults(faults.clone()),
        group: query.text("group").to_owned(),
        text,
        chosen: draft.as_ref().map_or(0, |(_, answers)| answers.course),
        draft: draft.map_or_else(String::new, |(id, _)| id.to_string()),
        courses,
        next,
        is_first: place.is_first(),
    };
    Ok((status(&faults), Html(page.render()?)).into_response())
}

/// Renders the second page: recipients and due date.
async fn show_target_step(
    web: &WebContext,
    who: &Principal,
    query: &FormData,
    faults: Vec<FieldError>,
) -> PageResult {
    let today = web.change_time().today;
    let mut tx = web.store.begin_read().await?;
    let Some((draft, answers)) = find_draft_answers(&mut tx, who, query).await? else {
        return Ok(Redirect::to("/assigned/new").into_response());
    };
    let Some(course) = courses::get(&mut tx, CourseId(answers.course)).await? else {
        return Ok(Redirect::to(&format!("/assigned/new?draft={draft}")).into_response());
    };
    let text = query.text("q");
    let place = ListPageRequest::from_query(query);
    let mut groups = listed::list(&mut tx, &fold(text), GroupListSort::Name, place.to_store_page()).await?;
    let next = split_next_page(&mut groups, |row| ListCursor { text: row.name_folded.clone(), id: row.id.0 });
    let chosen = form_drafts::list_choices(&mut tx, draft).await?;
    let preview = if chosen.is_empty() {
        None
    } else {
        Some(format_preview(&assignments::preview_assignment(&mut tx, chosen.clone(), course.id).await?))
    };
    let progress = courses::get_progress(&mut tx, course.id, today).await?;
    let chosen: FxHashSet<i64> = chosen.into_iter().collect();
    let due = answers.due();
    let page = AssignTargetPage {
        frame: Layout::new(who, MenuItem::Assigned, format!("Assign {}", course.title))
            .faults(faults.clone()),
        draft,
        progress: format!(
            "{} enrolled in it now, {} completed it.",
            count(progress.enrolled.unsigned_abs(), "learner is", "learners are"),
            count(progress.completed.unsigned_abs(), "learner has", "learners have"),
        ),
        course,
        example: due.example(today),
        due,
        answers,
        text,
        groups: groups
            .into_iter()
            .map(|row| (chosen.contains(&row.id.0), row))
            .map(|(is, row)| (row, is))
            .collect(),
        chosen: chosen.len(),
        preview,
        next,
        is_first: place.is_first(),
    };
    Ok((status(&faults), Html(page.render()?)).into_response())
}

pub(in crate::pages) async fn submit_step(
    State(web): State<WebContext>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    match form.text("step") {
        "whom" => submit_target(&web, &who, &form).await,
        _ => submit_course(&web, &who, &form).await,
    }
}

async fn save_answers(
    web: &WebContext,
    who: &Principal,
    form: &FormData,
    answers: &AssignDraft,
) -> Result<DraftId, PageError> {
    let json = serde_json::to_value(answers).unwrap_or_default();
    learner_picker::save_selection(&web.store, who, DRAFT_KIND, form, &json).await.map(|(draft, _)| draft)
}

fn step_url(draft: DraftId, step: &str, form: &FormData) -> String {
    let mut address = form_urlencoded::Serializer::new(String::new());
    address.append_pair("draft", &draft.to_string()).append_pair("step", step);
    for name in ["q", "group"] {
        if !form.text(name).is_empty() {
            address.append_pair(name, form.text(name));
        }
    }
    if form.text("do") == "more" {
        address.append_pair("after", form.text("after"));
    }
    format!("/assigned/new?{}", address.finish())
}

async fn submit_course(web: &WebContext, who: &Principal, form: &FormData) -> PageResult {
    let before = {
        let mut tx = web.store.begin_read().await?;
        find_draft_answers(&mut tx, who, form).await?
    };
    let before = before.map(|(_, answers)| answers).unwrap_or_default();
    let answers = AssignDraft { course: form.number("course").unwrap_or(before.course), ..before };
    let draft = save_answers(web, who, form, &answers).await?;
    if form.text("do") != "next" {
        return Ok(Redirect::to(&step_url(draft, "course", form)).into_response());
    }
    if answers.course == 0 {
        let query = FormData::read(format!("draft={draft}").as_bytes());
        let fault = FieldError::new("courses", "Select a course.");
        return show_course_step(web, who, &query, vec![fault]).await;
    }
    if let Some(group) = form.number("group") {
        let mut tx = web.store.begin_write().await?;
        form_drafts::add_choices(&mut tx, draft, vec![group]).await?;
        tx.commit().await?;
    }
    Ok(Redirect::to(&format!("/assigned/new?draft={draft}&step=whom")).into_response())
}

async fn submit_target(web: &WebContext, who: &Principal, form: &FormData) -> PageResult {
    let before = {
        let mut tx = web.store.begin_read().await?;
        find_draft_answers(&mut tx, who, form).await?
    };
    let Some((_, before)) = before else { return Ok(Redirect::to("/assigned/new").into_response()) };
    let to = if form.text("to") == "learner" { "learner" } else { "groups" };
    let answers = AssignDraft {
        course: before.course,
        to: to.to_owned(),
        learner: form.text("learner").trim().to_owned(),
        due: pack_due_date(DueDateFields::of_form(form)),
    };
    let draft = save_answers(web, who, form, &answers).await?;
    match form.text("do") {
        "back" => Ok(Redirect::to(&format!("/assigned/new?draft={draft}")).into_response()),
        "save" => save_assignment(web, who, draft, &answers).await,
        _ => Ok(Redirect::to(&step_url(draft, "whom", form)).into_response()),
    }
}

async fn save_assignment(
    web: &WebContext,
    who: &Principal,
    draft: DraftId,
    answers: &AssignDraft,
) -> PageResult {
    let query = FormData::read(format!("draft={draft}&step=whom").as_bytes());
    let (course, chosen) = {
        let mut tx = web.store.begin_read().await?;
        let course = courses::get(&mut tx, CourseId(answers.course)).await?;
        (course, form_drafts::list_choices(&mut tx, draft).await?)
    };
    let mut faults = Vec::new();
    let fields = answers.due();
    let due = fields.check_choice(&DueDateFields::default()).and_then(|()| fields.parse_due_date());
    let due = due.map_err(|fault| faults.push(fault)).ok();
    let is_for_groups = answers.to == "groups";
    if is_for_groups && chosen.is_empty() {
        faults.insert(0, FieldError::new("groups", "Select at least one group."));
    }
    if !is_for_groups && answers.learner.is_empty() {
        faults.insert(0, FieldError::new("learner", "Enter the e-mail address of the learner."));
    }
    let Some(course) = course else {
        let fault = FieldError::new("courses", "The course no longer exists. Select another one.");
        return self::show_course_step(web, who, &query, vec![fault]).await;
    };
    let Some((due, late_days)) = due.filter(|_| faults.is_empty()) else {
        return show_target_step(web, who, &query, faults).await;
    };
    let targets: Vec<AssignmentTargetRef<'_>> = if is_for_groups {
        chosen.iter().map(|id| AssignmentTargetRef::Group(GroupId(*id).into())).collect()
    } else {
        vec![AssignmentTargetRef::Learner(&answers.learner)]
    };
    let to = if is_for_groups {
        count(chosen.len() as u64, "group", "groups")
    } else {
        format!("`{}`", answers.learner)
    };
    let about = web.new_manual_run(who, format!("assign `{}` to {to}", course.code));
    let asked = AssignRequest { course: &course.code, due, late_days };
    match groups::assign_course(&web.store, &about, web.change_time(), asked, &targets).await {
        Ok(answer) => {
            learner_picker::delete_draft(&web.store, draft).await?;
            let run = answer.done.map_or_else(String::new, |done| format!("?run={}", done.run));
            Ok(Redirect::to(&format!("/assigned{run}")).into_response())
        }
        Err(GroupError::Store(error)) => Err(error.into()),
        Err(GroupError::GroupGone { id }) => {
            let mut tx = web.store.begin_write().await?;
            form_drafts::remove_choices(&mut tx, draft, vec![id]).await?;
            tx.commit().await?;
            let text = "A selected group was deleted in the meantime. It is no longer selected, and nothing was saved.";
            show_target_step(web, who, &query, vec![FieldError::new("groups", text)]).await
        }
        Err(error) => {
            let field = if is_for_groups { "groups" } else { "learner" };
            show_target_step(
                web,
                who,
                &query,
                vec![FieldError::new(field, format_sentence(&error.to_string()))],
            )
            .await
        }
    }
}
