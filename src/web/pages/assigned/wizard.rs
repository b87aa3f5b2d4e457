//! Assign course: the course, Next, to whom, a due date, Save. What was answered is kept in a draft, so that going back
//! loses nothing.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect};
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::due::DueFields;
use crate::accounts::Principal;
use crate::groups::{self, Asked, Error, Target};
use crate::model::ids::{CourseId, DraftId, GroupId};
use crate::model::names::fold;
use crate::model::words::{count, thousands};
use crate::store::listing::assignments::{self, Preview};
use crate::store::listing::courses::{self, Row as Course};
use crate::store::listing::groups::{self as listed, Row as Group, Sort};
use crate::store::{Tx, drafts};
use crate::web::Web;
use crate::web::cursor::{Cursor, Place, cut};
use crate::web::filters;
use crate::web::form::{Form, Query};
use crate::web::frame::{Fault, Frame, Here};
use crate::web::pages::{Answer, picker};
use crate::web::trouble::{Trouble, sentence};

const KIND: &str = "assign course";

/// What was answered so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Answers {
    course: i64,
    /// `groups` or `learner`.
    to: String,
    learner: String,
    due: [String; 5],
}

impl Default for Answers {
    fn default() -> Self {
        let due = pack(DueFields::default());
        Self { course: 0, to: "groups".to_owned(), learner: String::new(), due }
    }
}

fn pack(due: DueFields) -> [String; 5] {
    [due.kind, due.on, due.joining, due.start, due.late]
}

impl Answers {
    fn due(&self) -> DueFields {
        let [kind, on, joining, start, late] = self.due.clone();
        DueFields { kind, on, joining, start, late }
    }
}

#[derive(Template)]
#[template(path = "assigned/course.html")]
struct CoursePage<'a> {
    frame: Frame,
    draft: String,
    group: String,
    text: &'a str,
    chosen: i64,
    courses: Vec<Course>,
    next: Option<String>,
    is_first: bool,
}

#[derive(Template)]
#[template(path = "assigned/whom.html")]
struct WhomPage<'a> {
    frame: Frame,
    draft: DraftId,
    course: Course,
    progress: String,
    answers: Answers,
    due: DueFields,
    example: Option<String>,
    text: &'a str,
    groups: Vec<(Group, bool)>,
    chosen: usize,
    preview: Option<String>,
    next: Option<String>,
    is_first: bool,
}

/// What would happen today, in words.
fn in_words(preview: &Preview) -> String {
    let number = |number: i64| thousands(number.unsigned_abs());
    format!(
        "{} in the chosen groups: {} enrolled in this course already, {} completed it already.",
        count(preview.members.unsigned_abs(), "learner is", "learners are"),
        number(preview.enrolled),
        number(preview.completed),
    )
}

pub(in crate::web::pages) async fn show(
    State(web): State<Web>,
    Query(query): Query,
    who: Principal,
) -> Answer {
    match query.text("step") {
        "whom" => whom(&web, &who, &query, Vec::new()).await,
        _ => course(&web, &who, &query, Vec::new()).await,
    }
}

fn status(faults: &[Fault]) -> StatusCode {
    if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
}

async fn kept(tx: &mut Tx, who: &Principal, query: &Form) -> Result<Option<(DraftId, Answers)>, Trouble> {
    let draft = picker::draft(tx, who, KIND, query).await?;
    Ok(draft.map(|(id, answers)| (id, serde_json::from_value(answers).unwrap_or_default())))
}

/// The first question.
async fn course(web: &Web, who: &Principal, query: &Form, faults: Vec<Fault>) -> Answer {
    let mut tx = web.store.read().await?;
    let draft = kept(&mut tx, who, query).await?;
    let text = query.text("q");
    let place = Place::of(query);
    let mut courses = courses::page(&mut tx, &fold(text), place.from()).await?;
    let next = cut(&mut courses, |row| Cursor { text: row.code_folded.clone(), id: row.id.0 });
    let page = CoursePage {
        frame: Frame::new(who, Here::Assigned, "Assign course").faults(faults.clone()),
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

/// The second page: to whom, and until when.
async fn whom(web: &Web, who: &Principal, query: &Form, faults: Vec<Fault>) -> Answer {
    let today = web.when().today;
    let mut tx = web.store.read().await?;
    let Some((draft, answers)) = kept(&mut tx, who, query).await? else {
        return Ok(Redirect::to("/assigned/new").into_response());
    };
    let Some(course) = courses::one(&mut tx, CourseId(answers.course)).await? else {
        return Ok(Redirect::to(&format!("/assigned/new?draft={draft}")).into_response());
    };
    let text = query.text("q");
    let place = Place::of(query);
    let mut groups = listed::page(&mut tx, &fold(text), Sort::Name, place.from()).await?;
    let next = cut(&mut groups, |row| Cursor { text: row.name_folded.clone(), id: row.id.0 });
    let chosen = drafts::chosen(&mut tx, draft).await?;
    let preview = if chosen.is_empty() {
        None
    } else {
        Some(in_words(&assignments::preview(&mut tx, chosen.clone(), course.id).await?))
    };
    let progress = courses::progress(&mut tx, course.id, today).await?;
    let chosen: FxHashSet<i64> = chosen.into_iter().collect();
    let due = answers.due();
    let page = WhomPage {
        frame: Frame::new(who, Here::Assigned, format!("Assign {}", course.title)).faults(faults.clone()),
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

pub(in crate::web::pages) async fn go(State(web): State<Web>, who: Principal, form: Form) -> Answer {
    match form.text("step") {
        "whom" => answered_whom(&web, &who, &form).await,
        _ => answered_course(&web, &who, &form).await,
    }
}

async fn keep(web: &Web, who: &Principal, form: &Form, answers: &Answers) -> Result<DraftId, Trouble> {
    let json = serde_json::to_value(answers).unwrap_or_default();
    picker::keep(&web.store, who, KIND, form, &json).await.map(|(draft, _)| draft)
}

fn address(draft: DraftId, step: &str, form: &Form) -> String {
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

async fn answered_course(web: &Web, who: &Principal, form: &Form) -> Answer {
    let before = {
        let mut tx = web.store.read().await?;
        kept(&mut tx, who, form).await?
    };
    let before = before.map(|(_, answers)| answers).unwrap_or_default();
    let answers = Answers { course: form.number("course").unwrap_or(before.course), ..before };
    let draft = keep(web, who, form, &answers).await?;
    if form.text("do") != "next" {
        return Ok(Redirect::to(&address(draft, "course", form)).into_response());
    }
    if answers.course == 0 {
        let query = Form::read(format!("draft={draft}").as_bytes());
        let fault = Fault::new("courses", "Select the course that is to be assigned.");
        return course(web, who, &query, vec![fault]).await;
    }
    if let Some(group) = form.number("group") {
        let mut tx = web.store.write().await?;
        drafts::choose(&mut tx, draft, vec![group]).await?;
        tx.commit().await?;
    }
    Ok(Redirect::to(&format!("/assigned/new?draft={draft}&step=whom")).into_response())
}

async fn answered_whom(web: &Web, who: &Principal, form: &Form) -> Answer {
    let before = {
        let mut tx = web.store.read().await?;
        kept(&mut tx, who, form).await?
    };
    let Some((_, before)) = before else { return Ok(Redirect::to("/assigned/new").into_response()) };
    let to = if form.text("to") == "learner" { "learner" } else { "groups" };
    let answers = Answers {
        course: before.course,
        to: to.to_owned(),
        learner: form.text("learner").trim().to_owned(),
        due: pack(DueFields::of_form(form)),
    };
    let draft = keep(web, who, form, &answers).await?;
    match form.text("do") {
        "back" => Ok(Redirect::to(&format!("/assigned/new?draft={draft}")).into_response()),
        "save" => save(web, who, draft, &answers).await,
        _ => Ok(Redirect::to(&address(draft, "whom", form)).into_response()),
    }
}

async fn save(web: &Web, who: &Principal, draft: DraftId, answers: &Answers) -> Answer {
    let query = Form::read(format!("draft={draft}&step=whom").as_bytes());
    let (course, chosen) = {
        let mut tx = web.store.read().await?;
        let course = courses::one(&mut tx, CourseId(answers.course)).await?;
        (course, drafts::chosen(&mut tx, draft).await?)
    };
    let mut faults = Vec::new();
    let due = answers.due().read().map_err(|fault| faults.push(fault)).ok();
    let is_for_groups = answers.to == "groups";
    if is_for_groups && chosen.is_empty() {
        faults.insert(0, Fault::new("groups", "Select the groups that are to have the course."));
    }
    if !is_for_groups && answers.learner.is_empty() {
        faults.insert(0, Fault::new("learner", "Give the address of the learner who is to have the course."));
    }
    let Some(course) = course else {
        let fault = Fault::new("courses", "The course is no longer there. Select another one.");
        return self::course(web, who, &query, vec![fault]).await;
    };
    let Some((due, late_days)) = due.filter(|_| faults.is_empty()) else {
        return whom(web, who, &query, faults).await;
    };
    let targets: Vec<Target<'_>> = if is_for_groups {
        chosen.iter().map(|id| Target::Group(GroupId(*id).into())).collect()
    } else {
        vec![Target::Learner(&answers.learner)]
    };
    let to = if is_for_groups {
        count(chosen.len() as u64, "group", "groups")
    } else {
        format!("`{}`", answers.learner)
    };
    let about = web.about(who, format!("assign `{}` to {to}", course.code));
    let asked = Asked { course: &course.code, due, late_days };
    match groups::assign(&web.store, &about, web.when(), asked, &targets).await {
        Ok(answer) => {
            picker::forget(&web.store, draft).await?;
            let run = answer.done.map_or_else(String::new, |done| format!("?run={}", done.run));
            Ok(Redirect::to(&format!("/assigned{run}")).into_response())
        }
        Err(Error::Store(error)) => Err(error.into()),
        Err(Error::GroupGone { id }) => {
            let mut tx = web.store.write().await?;
            drafts::unchoose(&mut tx, draft, vec![id]).await?;
            tx.commit().await?;
            let text = "A group that you had selected was deleted meanwhile. It is no longer selected; nothing was saved.";
            whom(web, who, &query, vec![Fault::new("groups", text)]).await
        }
        Err(error) => {
            let field = if is_for_groups { "groups" } else { "learner" };
            whom(web, who, &query, vec![Fault::new(field, sentence(&error.to_string()))]).await
        }
    }
}
