//! One assignment: how far its learners are, its due date, and its end.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};

use super::due::DueFields;
use super::list::Line;
use crate::accounts::Principal;
use crate::groups::{self, Error};
use crate::model::ids::{AssignmentId, GroupId};
use crate::store::Tx;
use crate::store::listing::From;
use crate::store::listing::courses::{self, Progress};
use crate::store::listing::enrollments::{self, Row, Which};
use crate::store::listing::{assignments, assignments::Row as Assigned};
use crate::web::Web;
use crate::web::csv;
use crate::web::cursor::{Cursor, Place, cut};
use crate::web::filters;
use crate::web::form::{Form, Query};
use crate::web::frame::{Fault, Frame, Here};
use crate::web::pages::{Answer, answer, notice};
use crate::web::trouble::{Trouble, sentence};

#[derive(Template)]
#[template(path = "assigned/one.html")]
struct Page {
    frame: Frame,
    line: Line,
    is_of_file: bool,
    progress: Progress,
    which: &'static str,
    rows: Vec<Learner>,
    next: Option<String>,
    is_first: bool,
    due: DueFields,
    seen: DueFields,
    example: Option<String>,
}

struct Learner {
    row: Row,
    due: String,
    completed: String,
    is_overdue: bool,
}

fn which(query: &Form) -> (Which, &'static str) {
    match query.text("which") {
        "completed" => (Which::Completed, "completed"),
        "overdue" => (Which::Overdue, "overdue"),
        _ => (Which::Enrolled, "enrolled"),
    }
}

async fn find(tx: &mut Tx, id: i64) -> Result<Assigned, Trouble> {
    let found = assignments::one(tx, AssignmentId(id)).await?;
    found.ok_or_else(|| Trouble::Missing { what: "the assignment".to_owned() })
}

fn learner(web: &Web, row: Row) -> Learner {
    let zone = web.config().timezone;
    let is_overdue = row.completed_at.is_none()
        && row.state == "active"
        && row.due.is_some_and(|due| due < web.when().today);
    Learner {
        due: row.due.map_or_else(String::new, |day| day.to_string()),
        completed: row
            .completed_at
            .map_or_else(String::new, |at| at.with_timezone(&zone).date_naive().to_string()),
        is_overdue,
        row,
    }
}

/// The learners of an assignment from a place in their list on.
async fn learners(
    tx: &mut Tx,
    web: &Web,
    assigned: &Assigned,
    which: Which,
    from: From<'_>,
) -> Result<Vec<Row>, Trouble> {
    let today = web.when().today;
    match (assigned.group_id, assigned.learner_id) {
        (Some(group), _) => {
            let group = Some(GroupId(group));
            Ok(enrollments::page(tx, assigned.course_id, group, which, today, from).await?)
        }
        (None, Some(learner)) => {
            Ok(enrollments::alone(tx, assigned.course_id, learner, which, today, from).await?)
        }
        (None, None) => Ok(Vec::new()),
    }
}

pub(in crate::web::pages) async fn show(
    State(web): State<Web>,
    Path(id): Path<i64>,
    Query(query): Query,
    who: Principal,
) -> Answer {
    shown(&web, &who, id, &query, None, Vec::new()).await
}

async fn shown(
    web: &Web,
    who: &Principal,
    id: i64,
    query: &Form,
    typed: Option<DueFields>,
    faults: Vec<Fault>,
) -> Answer {
    let today = web.when().today;
    let mut tx = web.store.read().await?;
    let assigned = find(&mut tx, id).await?;
    let (which, which_text) = which(query);
    let place = Place::of(query);
    let mut rows = learners(&mut tx, web, &assigned, which, place.from()).await?;
    let next = cut(&mut rows, |row| Cursor { text: row.name_folded.clone(), id: row.id });
    let progress = match (assigned.group_id, assigned.learner_id) {
        (Some(group), _) => courses::progress_of_group(&mut tx, assigned.course_id, group, today).await?,
        (None, Some(learner)) => courses::progress_alone(&mut tx, assigned.course_id, learner, today).await?,
        (None, None) => Progress::default(),
    };
    let seen = DueFields::of(assigned.due(), assigned.late_days());
    let due = typed.unwrap_or_else(|| seen.clone());
    let title = format!("{} for {}", assigned.title, assigned.whom);
    let frame = Frame::new(who, Here::Assigned, title).notice(notice(&mut tx, query).await?).faults(faults);
    let page = Page {
        frame,
        is_of_file: assigned.source == "file",
        line: Line::of(assigned),
        progress,
        which: which_text,
        rows: rows.into_iter().map(|row| learner(web, row)).collect(),
        next,
        is_first: place.is_first(),
        example: due.example(today),
        due,
        seen,
    };
    answer(page.frame.status(), &page)
}

pub(in crate::web::pages) async fn csv(
    State(web): State<Web>,
    Path(id): Path<i64>,
    Query(query): Query,
    _: Principal,
) -> Answer {
    let (which, name) = which(&query);
    let mut tx = web.store.read().await?;
    let assigned = find(&mut tx, id).await?;
    let mut sheet = csv::Sheet::new(["name", "e-mail", "course", "state", "due", "completed"]);
    let mut after = Cursor { text: String::new(), id: 0 };
    loop {
        let from = From { text: &after.text, id: after.id, limit: csv::ROWS };
        let rows = learners(&mut tx, &web, &assigned, which, from).await?;
        let Some(last) = rows.last() else { break };
        after = Cursor { text: last.name_folded.clone(), id: last.id };
        for Learner { row, due, completed, .. } in rows.into_iter().map(|row| learner(&web, row)) {
            sheet.row([&row.name, &row.email, &assigned.code, &row.state, &due, &completed]);
        }
    }
    Ok(sheet.answer(&format!("{name}.csv")))
}

pub(in crate::web::pages) async fn change(
    State(web): State<Web>,
    Path(id): Path<i64>,
    who: Principal,
    form: Form,
) -> Answer {
    let assigned = {
        let mut tx = web.store.read().await?;
        find(&mut tx, id).await?
    };
    let fields = DueFields::of_form(&form);
    let query = Form::default();
    if form.text("do") == "example" {
        return shown(&web, &who, id, &query, Some(fields), Vec::new()).await;
    }
    let new = match fields.read() {
        Ok(new) => new,
        Err(fault) => return shown(&web, &who, id, &query, Some(fields), vec![fault]).await,
    };
    let seen: Vec<String> = form.text("seen").split('|').map(str::to_owned).collect();
    let seen = match <[String; 5]>::try_from(seen) {
        Ok([kind, on, joining, start, late]) => DueFields { kind, on, joining, start, late }.read().ok(),
        Err(_) => None,
    };
    let about =
        web.about(&who, format!("change the due date of `{}` for `{}`", assigned.code, assigned.whom));
    match groups::change_due(&web.store, &about, web.when(), AssignmentId(id), seen, new).await {
        Ok(done) => {
            let run = done.map_or_else(String::new, |done| format!("?run={}", done.run));
            Ok(Redirect::to(&format!("/assigned/{id}{run}")).into_response())
        }
        Err(Error::Store(error)) => Err(error.into()),
        Err(error) => {
            let text = sentence(&error.to_string());
            shown(&web, &who, id, &query, Some(fields), vec![Fault::new("due", text)]).await
        }
    }
}

pub(in crate::web::pages) async fn end(
    State(web): State<Web>,
    Path(id): Path<i64>,
    who: Principal,
) -> Answer {
    let assigned = {
        let mut tx = web.store.read().await?;
        find(&mut tx, id).await?
    };
    let about = web.about(&who, format!("unassign `{}` from `{}`", assigned.code, assigned.whom));
    match groups::end(&web.store, &about, web.when(), AssignmentId(id), None).await {
        Ok(done) => Ok(Redirect::to(&format!("/assigned?run={}", done.run)).into_response()),
        Err(Error::AssignmentOfTheFile { .. }) => {
            let text = "The file assigns this course. Strike it there; it ends with the next sync.";
            shown(&web, &who, id, &Form::default(), None, vec![Fault::new("", text)]).await
        }
        Err(error) => Err(error.into()),
    }
}
