//! One learner: attributes and where they come from, groups and courses, and why.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};

use crate::accounts::Principal;
use crate::explain::answer::{Course, Group};
use crate::explain::words::{Section, Words, words};
use crate::explain::{self, Asked};
use crate::groups::Error;
use crate::model::ids::LearnerId;
use crate::model::role::May;
use crate::store::{learners, listing};
use crate::sync::linked;
use crate::web::Web;
use crate::web::asking::{self, Two};
use crate::web::form::{Form, Query};
use crate::web::frame::{Fault, Frame, Here};
use crate::web::pages::{Answer, answer, notice};
use crate::web::trouble::{Trouble, sentence};

#[derive(Template)]
#[template(path = "learners/one.html")]
struct Page {
    frame: Frame,
    id: i64,
    name: String,
    email: String,
    status: String,
    attributes: Vec<Attribute>,
    about: Vec<Section>,
    groups: Vec<(Group, Vec<Section>)>,
    courses: Vec<(CourseLine, Vec<Section>)>,
    linked: Vec<String>,
    may_resync: bool,
    typed: String,
    /// What asking the directories came to.
    outcome: Vec<String>,
}

struct Attribute {
    name: String,
    values: String,
    origin: String,
}

struct CourseLine {
    code: String,
    state: &'static str,
    due: String,
    completed: String,
    through: String,
}

fn course(course: &Course, web: &Web) -> CourseLine {
    let zone = web.config().timezone;
    let through = course
        .through
        .iter()
        .map(|one| one.group.clone().unwrap_or_else(|| "assigned to the learner alone".to_owned()));
    CourseLine {
        code: course.course.clone(),
        state: if course.access { "enrolled" } else { "no access" },
        due: course.due.map_or_else(String::new, |day| day.to_string()),
        completed: course
            .completed_at
            .map_or_else(String::new, |at| at.with_timezone(&zone).date_naive().to_string()),
        through: through.collect::<Vec<_>>().join(", "),
    }
}

pub(in crate::web::pages) async fn show(
    State(web): State<Web>,
    Path(id): Path<i64>,
    Query(query): Query,
    who: Principal,
) -> Answer {
    shown(&web, &who, id, &query, Vec::new(), Vec::new()).await
}

/// The page, with what was wrong with a form of it, and what asking the directories came to.
pub(super) async fn shown(
    web: &Web,
    who: &Principal,
    id: i64,
    query: &Form,
    outcome: Vec<String>,
    faults: Vec<Fault>,
) -> Answer {
    let config = web.config();
    let mut tx = web.store.read().await?;
    let learner = learners::by_number(&mut tx, LearnerId(id)).await?;
    let learner = learner.ok_or_else(|| Trouble::Missing { what: "the learner".to_owned() })?;
    let asked = Asked { learner: learner.id, group: None, course: None, at: None };
    let explained =
        explain::explain(&mut tx, config.for_explain(), asked, web.when()).await.map_err(refused)?;
    let words = plain(words(&explained, config.timezone, false));
    let linked = listing::learners::linked_to(&mut tx, learner.id).await?;
    let attributes = explained.learner.attributes.iter().map(|one| Attribute {
        name: one.name.clone(),
        values: one.values.join(", "),
        origin: one.origin.connector.clone().unwrap_or_else(|| "by hand".to_owned()),
    });
    let courses: Vec<CourseLine> = explained.courses.iter().map(|one| course(one, web)).collect();
    let frame = Frame::new(who, Here::Learners, learner.name.clone())
        .notice(notice(&mut tx, query).await?)
        .faults(faults);
    let page = Page {
        frame,
        id,
        attributes: attributes.collect(),
        about: words.learner,
        groups: explained.groups.into_iter().zip(words.groups).collect(),
        courses: courses.into_iter().zip(words.courses).collect(),
        linked,
        may_resync: who.role.may(May::Resync),
        typed: query.text("other").to_owned(),
        outcome,
        name: learner.name,
        email: learner.email,
        status: learner.status,
    };
    answer(page.frame.status(), &page)
}

/// The same without the backticks that names have at a terminal.
fn plain(mut words: Words) -> Words {
    let of = |section: &mut Section| {
        section.title = section.title.replace('`', "");
        section.lines.iter_mut().for_each(|line| *line = line.replace('`', ""));
    };
    words.learner.iter_mut().for_each(of);
    words.groups.iter_mut().flatten().for_each(of);
    words.courses.iter_mut().flatten().for_each(of);
    words
}

fn refused(error: explain::Error) -> Trouble {
    match error {
        explain::Error::Store(error) => error.into(),
        other => Trouble::Bad { what: other.to_string() },
    }
}

/// Makes two learners one, or two again; the rules decide anew for whoever is concerned.
pub(in crate::web::pages) async fn link(
    State(web): State<Web>,
    Path(id): Path<i64>,
    who: Principal,
    form: Form,
) -> Answer {
    let other = form.text("other").trim();
    let me = {
        let mut tx = web.store.read().await?;
        learners::by_number(&mut tx, LearnerId(id)).await?
    };
    let me = me.ok_or_else(|| Trouble::Missing { what: "the learner".to_owned() })?;
    let two = if form.text("do") == "unlink" { Two::Parted } else { Two::Linked };
    let linked = match asking::link(&web, &who, two, [&me.email, other]).await? {
        Ok(linked) => linked,
        Err(linked::Error::Refused(error)) if !matches!(error, Error::Store(_)) => {
            let fault = Fault::new("other", sentence(&error.to_string()));
            return shown(&web, &who, id, &form, Vec::new(), vec![fault]).await;
        }
        Err(error) => return Err(error.into()),
    };
    let run = linked.done.run;
    Ok(Redirect::to(&format!("/learners/{}?run={run}", linked.learner.id)).into_response())
}
