//! Retiring a connector that the file no longer names: first what goes, then letting go under the limits.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};

use super::deeds::{self, Ended, Order};
use crate::accounts::Principal;
use crate::model::words::count;
use crate::sync::retire::{self, NotRetired};
use crate::sync::{Error, Report, words};
use crate::web::asking;
use crate::web::frame::{Fault, Frame, Here};
use crate::web::pages::{Answer, answer};
use crate::web::trouble::{Trouble, sentence};
use crate::web::{Web, aside};

#[derive(Template)]
#[template(path = "sync/retire.html")]
struct Page {
    frame: Frame,
    name: String,
    /// What goes, each with its number.
    goes: Vec<String>,
    lines: Vec<String>,
    held: Option<String>,
    because: Vec<String>,
}

/// A refusal as a sentence; trouble where it is about the database, or nothing has this name.
fn refused(error: NotRetired) -> Result<String, Trouble> {
    match error {
        NotRetired::Sync(Error::Store(error)) => Err(error.into()),
        NotRetired::Unknown { name, .. } => Err(Trouble::Missing { what: format!("the connector {name}") }),
        NotRetired::InFile { .. } | NotRetired::Sync(_) => Ok(sentence(&error.to_string())),
    }
}

pub(super) async fn ask(State(web): State<Web>, Path(name): Path<String>, who: Principal) -> Answer {
    asked(&web, &who, name, Vec::new()).await
}

async fn asked(web: &Web, who: &Principal, name: String, mut faults: Vec<Fault>) -> Answer {
    let (doing, struck) = (web.clone(), name.clone());
    let planned = aside(move || async move {
        let config = doing.config();
        let report = match retire::plan(&doing.store, config.for_sync(), &struck).await {
            Ok(report) => report,
            Err(error) => return refused(error).map(Err),
        };
        let lines = match &report.change_set {
            Some(change_set) => words::lines(change_set, &words::names(&doing.store, change_set).await?),
            None => Vec::new(),
        };
        Ok::<_, Trouble>(Ok((report, lines)))
    });
    let frame = Frame::new(who, Here::Sync, format!("Retire {name}"));
    let page = match planned.await?? {
        Ok((report, lines)) => planned_page(frame, name, &report, lines),
        Err(text) => {
            faults.push(Fault::new("", text));
            Page { frame, name, goes: Vec::new(), lines: Vec::new(), held: None, because: Vec::new() }
        }
    };
    let page = Page { frame: page.frame.faults(faults), ..page };
    answer(page.frame.status(), &page)
}

fn planned_page(frame: Frame, name: String, report: &Report, lines: Vec<String>) -> Page {
    let counts = &report.counts;
    let all = [
        (counts.people_left, "learner leaves", "learners leave"),
        (counts.memberships_removed, "membership ends", "memberships end"),
        (counts.charge.enrollments, "enrollment ends", "enrollments end"),
    ];
    let goes = all.into_iter().filter(|(number, _, _)| *number > 0);
    let held = report.change_set.as_ref().filter(|_| report.is_held()).map(|change_set| &change_set.held);
    let because = held.map_or_else(Vec::new, |held| {
        let reasons = held.reasons.iter().map(|reason| reason.message.clone());
        held.causes.iter().cloned().chain(reasons).collect()
    });
    Page {
        frame,
        name,
        goes: goes.map(|(number, one, many)| count(number, one, many)).collect(),
        lines,
        held: held.map(|_| words::held(counts)),
        because,
    }
}

pub(super) async fn go(State(web): State<Web>, Path(name): Path<String>, who: Principal) -> Answer {
    let what = format!("retire connector {name}");
    let order = Order {
        title: format!("Retire {name}"),
        what: what.clone(),
        back: format!("/sync/connectors/{}/retire", urlencoded(&name)),
    };
    let asked_for = asking::decision(&web, &who, what);
    let (doing, struck) = (web.clone(), name.clone());
    let begun = deeds::begin(&web, &who, order, move || async move {
        let config = doing.config();
        match retire::retire(&doing.store, config.for_sync(), &struck, &asked_for, false).await {
            Ok(report) => Ok(Ended::Run(report.run.map_or(0, |run| run.0))),
            Err(error) => Ok(Ended::Refused { text: refused(error)?, touched: Vec::new() }),
        }
    });
    match begun.await? {
        Ok(Ended::Run(run)) => Ok(Redirect::to(&format!("/sync/runs/{run}")).into_response()),
        Ok(Ended::Came(came)) => deeds::came(&who, came),
        Ok(Ended::Refused { text, .. }) => asked(&web, &who, name, vec![Fault::new("", text)]).await,
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// A name as a part of an address.
fn urlencoded(name: &str) -> String {
    url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20")
}
