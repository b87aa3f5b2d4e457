//! Approving or rejecting what a run held, and taking back what a run did.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};

use super::deeds::{self, Came, Ended, List, Order};
use super::one;
use crate::accounts::Principal;
use crate::model::ids::RunId;
use crate::model::words::count;
use crate::store::holds::Change;
use crate::sync::approve::{self, Decided};
use crate::sync::undo::{self, Undone};
use crate::sync::words;
use crate::web::Web;
use crate::web::asking;
use crate::web::frame::{Fault, Frame, Here};
use crate::web::pages::{Answer, answer};
use crate::web::trouble::{Trouble, sentence};

/// Lines of a list that the answer shows; the rest is counted.
const LINES: usize = 200;

/// What is done with a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Approve,
    Reject,
    Undo,
}

impl Deed {
    fn of(text: &str) -> Result<Self, Trouble> {
        match text {
            "approve" => Ok(Self::Approve),
            "reject" => Ok(Self::Reject),
            "undo" => Ok(Self::Undo),
            _ => Err(Trouble::Missing { what: "the page".to_owned() }),
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Undo => "undo",
        }
    }

    fn button(self) -> &'static str {
        match self {
            Self::Approve => "Approve",
            Self::Reject => "Reject",
            Self::Undo => "Undo",
        }
    }
}

#[derive(Template)]
#[template(path = "sync/decide.html")]
struct Page {
    frame: Frame,
    run: i64,
    deed: Deed,
    lines: Vec<String>,
    because: Vec<String>,
    touched: Vec<String>,
}

impl List {
    fn of(title: String, mut lines: Vec<String>) -> Self {
        let more = lines.len().saturating_sub(LINES);
        lines.truncate(LINES);
        Self { title, lines, more }
    }

    fn changes(title: String, changes: &[Change]) -> Self {
        Self::of(title, changes.iter().map(words::sentence).collect())
    }
}

pub(super) async fn ask(
    State(web): State<Web>,
    Path((id, deed)): Path<(i64, String)>,
    who: Principal,
) -> Answer {
    asked(&web, &who, id, Deed::of(&deed)?, Vec::new(), Vec::new()).await
}

async fn asked(
    web: &Web,
    who: &Principal,
    run: i64,
    deed: Deed,
    faults: Vec<Fault>,
    touched: Vec<String>,
) -> Answer {
    let mut tx = web.store.read().await?;
    let record = one::find(&mut tx, run).await?;
    let (because, connector) = one::because(&mut tx, run).await?;
    let lines = match deed {
        Deed::Approve => one::named_in_words(&mut tx, connector, run, true).await?,
        Deed::Reject => one::named_in_words(&mut tx, connector, run, false).await?,
        Deed::Undo => undoes(&record.run),
    };
    let title = format!("{} run {run}", deed.button());
    let frame = Frame::new(who, Here::Sync, title).faults(faults);
    let because = if deed == Deed::Undo { Vec::new() } else { because };
    let page = Page { frame, run, deed, lines, because, touched };
    answer(page.frame.status(), &page)
}

/// What an undo of a run would do, as far as is known before.
fn undoes(run: &crate::store::runs::Run) -> Vec<String> {
    let number = |number: i64, one, many| count(number.unsigned_abs(), one, many);
    let mut lines = Vec::new();
    if run.memberships_added > 0 {
        lines.push(format!(
            "{} that it added end",
            number(run.memberships_added, "membership", "memberships")
        ));
    }
    if run.memberships_removed > 0 {
        let removed = number(run.memberships_removed, "membership", "memberships");
        lines.push(format!("{removed} that it removed come back, with joining and due dates"));
    }
    if run.people_left > 0 {
        lines.push(format!("{} who left are back", number(run.people_left, "learner", "learners")));
    }
    if run.groups_created > 0 {
        lines.push(format!("{} that it made go", number(run.groups_created, "group", "groups")));
    }
    if run.kind == "hand" {
        lines.push(format!("What this change did is as before: {}", run.what));
    }
    lines
}

pub(super) async fn go(
    State(web): State<Web>,
    Path((id, deed)): Path<(i64, String)>,
    who: Principal,
) -> Answer {
    let deed = Deed::of(&deed)?;
    let ended = match deed {
        Deed::Approve | Deed::Undo => {
            let order = Order {
                title: format!("{} run {id}", deed.button()),
                what: format!("{} run {id}", deed.as_str()),
                back: format!("/sync/runs/{id}"),
            };
            let (doing, by) = (web.clone(), who.clone());
            let begun = deeds::begin(&web, &who, order, move || async move {
                if deed == Deed::Approve {
                    approved(&doing, &by, id).await
                } else {
                    undone(&doing, &by, id).await
                }
            });
            match begun.await? {
                Ok(ended) => ended,
                Err(elsewhere) => return Ok(elsewhere),
            }
        }
        Deed::Reject => {
            let mut about = web.about(&who, format!("reject run {id}"));
            about.subject = Some(RunId(id));
            decided(id, deed, approve::reject(&web.store, &about, web.when(), RunId(id)).await)?
        }
    };
    match ended {
        Ended::Came(came) => deeds::came(&who, came),
        Ended::Run(run) => Ok(Redirect::to(&format!("/sync/runs/{run}")).into_response()),
        Ended::Refused { text, touched } => {
            asked(&web, &who, id, deed, vec![Fault::new("", text)], touched).await
        }
    }
}

async fn approved(web: &Web, who: &Principal, id: i64) -> Result<Ended, Trouble> {
    let asked_for = asking::decision(web, who, format!("approve run {id}"));
    let config = web.config();
    let done = approve::approve(&web.store, config.for_sync(), RunId(id), &asked_for).await;
    decided(id, Deed::Approve, done)
}

async fn undone(web: &Web, who: &Principal, id: i64) -> Result<Ended, Trouble> {
    let about = asking::undo_of(web, who, id);
    let config = web.config();
    match undo::undo(&web.store, config.for_sync(), &about, web.when(), RunId(id)).await {
        Ok(undone) => Ok(Ended::Came(took_back(id, undone))),
        Err(undo::Error::Store(error)) => Err(error.into()),
        Err(error) => {
            let text = sentence(&error.to_string());
            let touched = match error {
                undo::Error::Nothing { touched, .. } => touched,
                undo::Error::Store(_) | undo::Error::NoRun { .. } | undo::Error::Running { .. } => Vec::new(),
            };
            Ok(Ended::Refused { text, touched })
        }
    }
}

fn decided(run: i64, deed: Deed, decided: Result<Decided, approve::Error>) -> Result<Ended, Trouble> {
    let decided = match decided {
        Ok(decided) => decided,
        Err(approve::Error::Sync(crate::sync::Error::Store(error))) => return Err(error.into()),
        Err(error) => {
            let mut text = sentence(&error.to_string());
            if let approve::Error::NothingHeld { newer: Some(newer), .. } = &error {
                text.push_str(&format!(" What waits now was shown by run {newer}."));
            }
            return Ok(Ended::Refused { text, touched: Vec::new() });
        }
    };
    let changes = |number: usize| count(number as u64, "change", "changes");
    let verb = if deed == Deed::Approve { "Approved" } else { "Rejected" };
    let mut lists = Vec::new();
    if !decided.done.is_empty() {
        lists.push(List::changes(verb.to_owned(), &decided.done));
    }
    if !decided.dropped.is_empty() {
        let title = format!("No longer wanted, and not done: {}", changes(decided.dropped.len()));
        lists.push(List::changes(title, &decided.dropped));
    }
    if !decided.waiting.is_empty() {
        let title = format!("Not shown by run {run}, and waiting still: {}", changes(decided.waiting.len()));
        lists.push(List::changes(title, &decided.waiting));
    }
    Ok(Ended::Came(Came {
        title: format!("{verb} run {run}"),
        run,
        number: decided.run.0,
        summary: format!("{verb} {} that run {run} held", changes(decided.done.len())),
        lists,
        newer: decided.waiting.iter().map(|change| change.last_run_id).max(),
    }))
}

fn took_back(run: i64, undone: Undone) -> Came {
    let counts = &undone.counts;
    let summary = format!(
        "Took back run {run}: {} given back, {} ended, {}, {}",
        count(counts.memberships_added, "membership", "memberships"),
        count(counts.memberships_removed, "membership", "memberships"),
        count(undone.learners, "learner is back", "learners are back"),
        count(undone.assignments, "assignment as before", "assignments as before"),
    );
    let mut lists = Vec::new();
    if !undone.touched.is_empty() {
        let touched = count(undone.touched.len() as u64, "change was", "changes were");
        lists.push(List::of(format!("{touched} touched since, and stay as they are"), undone.touched));
    }
    Came { title: format!("Took back run {run}"), run, number: undone.run, summary, lists, newer: None }
}
