//! What a run noticed and went on without: records that it set aside, and problems.
//!
//! A run keeps them in an order that never changes, so a place in it is where the next page begins.

use askama::Template;
use axum::extract::{Path, State};

use super::one::find;
use crate::accounts::Principal;
use crate::model::ids::RunId;
use crate::model::problem::{Problem, ProblemKind};
use crate::store::{Tx, runs};
use crate::web::Web;
use crate::web::csv;
use crate::web::cursor::{Cursor, Place, cut};
use crate::web::form::{Form, Query};
use crate::web::frame::{Frame, Here};
use crate::web::pages::{Answer, page};
use crate::web::trouble::Trouble;

/// Lines on the page of the run itself.
const FIRST: usize = 10;

/// Problems of a run, with their place.
struct Line {
    place: i64,
    problem: Problem,
}

/// The first of them, and how many there are.
#[derive(Debug, Default)]
pub(super) struct Few {
    pub first: Vec<Problem>,
    pub count: usize,
}

/// The records that a run set aside, and its other problems, as far as its page shows them.
pub(super) async fn few(tx: &mut Tx, run: i64) -> Result<(Few, Few), Trouble> {
    let (mut set_aside, mut problems) = (Few::default(), Few::default());
    for problem in runs::problems(tx, RunId(run)).await? {
        let few = if is_set_aside(&problem) { &mut set_aside } else { &mut problems };
        few.count += 1;
        if few.first.len() < FIRST {
            few.first.push(problem);
        }
    }
    Ok((set_aside, problems))
}

fn is_set_aside(problem: &Problem) -> bool {
    matches!(problem.kind, ProblemKind::NoId | ProblemKind::RepeatedId)
}

/// Which of them an address asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    All,
    SetAside,
    Others,
}

impl Which {
    fn of(query: &Form) -> Self {
        match query.text("which") {
            "aside" => Self::SetAside,
            "other" => Self::Others,
            _ => Self::All,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::SetAside => "aside",
            Self::Others => "other",
        }
    }
}

/// A page of them, from behind a place on.
async fn read(tx: &mut Tx, run: i64, which: Which, after: i64) -> Result<Vec<Line>, Trouble> {
    let all = runs::problems(tx, RunId(run)).await?.into_iter();
    let lines = all.zip(1..).map(|(problem, place)| Line { place, problem });
    let of = |line: &Line| match which {
        Which::All => true,
        Which::SetAside => is_set_aside(&line.problem),
        Which::Others => !is_set_aside(&line.problem),
    };
    Ok(lines.filter(|line| line.place > after && of(line)).collect())
}

#[derive(Template)]
#[template(path = "sync/problems.html")]
struct Page {
    frame: Frame,
    run: i64,
    which: &'static str,
    rows: Vec<Line>,
    /// Those that were set aside and are not kept one by one.
    more: i64,
    next: Option<String>,
    is_first: bool,
}

pub(super) async fn show(
    State(web): State<Web>,
    Path(id): Path<i64>,
    Query(query): Query,
    who: Principal,
) -> Answer {
    let (which, place) = (Which::of(&query), Place::of(&query));
    let mut tx = web.store.read().await?;
    let record = find(&mut tx, id).await?;
    let (set_aside, _) = few(&mut tx, id).await?;
    let more = record.run.people_set_aside - i64::try_from(set_aside.count).unwrap_or(i64::MAX);
    let mut rows = read(&mut tx, id, which, place.from().id).await?;
    let next = cut(&mut rows, |line| Cursor { text: String::new(), id: line.place });
    let frame = Frame::new(&who, Here::Sync, format!("Problems of run {id}"));
    let (which, is_first) = (which.as_str(), place.is_first());
    page(&Page { frame, run: id, which, rows, more: more.max(0), next, is_first })
}

pub(super) async fn csv(
    State(web): State<Web>,
    Path(id): Path<i64>,
    Query(query): Query,
    _: Principal,
) -> Answer {
    let mut tx = web.store.read().await?;
    find(&mut tx, id).await?;
    let mut sheet = csv::Sheet::new(["about", "kind", "what"]);
    for Line { problem, .. } in read(&mut tx, id, Which::of(&query), 0).await? {
        sheet.row([&problem.subject, problem.kind.as_str(), &problem.message]);
    }
    Ok(sheet.answer(&format!("run-{id}-problems.csv")))
}
