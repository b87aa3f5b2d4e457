//! Running a connector now.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde_json::json;

use super::overview;
use crate::accounts::Principal;
use crate::connectors::{Context, Progress, retry};
use crate::model::ids::RunId;
use crate::model::names::ConnectorName;
use crate::model::words::count;
use crate::store::Tx;
use crate::store::runs::{self, Run};
use crate::sync::lease::holder_in;
use crate::sync::{self, Asked, Error};
use crate::web::Web;
use crate::web::frame::Fault;
use crate::web::pages::Answer;
use crate::web::trouble::{Trouble, sentence};

/// The place of a connector in the file.
pub(super) fn find(web: &Web, name: &str) -> Result<usize, Trouble> {
    let place = web.config().connectors.iter().position(|one| one.name.as_str() == name);
    place.ok_or_else(|| Trouble::Missing { what: format!("the connector {name}") })
}

/// A run, or a dry run, as somebody asks for it here.
pub(super) fn asked(web: &Web, who: &Principal, what: String, dry_run: bool, progress: Progress) -> Asked {
    Asked {
        actor: who.actor.clone(),
        what,
        dry_run,
        only: None,
        allow_removals: false,
        patience: Duration::ZERO,
        reading: Context { cancel: web.stop.clone(), progress, retry: retry::Policy::SERVICE },
    }
}

/// Begins a run, which goes on behind the page.
pub(super) async fn run(State(web): State<Web>, Path(name): Path<String>, who: Principal) -> Answer {
    let place = find(&web, &name)?;
    let progress = Progress::default();
    let asked = asked(&web, &who, format!("run connector `{name}` now"), false, progress.clone());
    let config = web.config();
    let begun = match sync::start(&web.store, config.for_sync(), place, &asked).await {
        Ok(begun) => begun,
        Err(Error::Store(error)) => return Err(error.into()),
        Err(error) => {
            let text = sentence(&error.to_string());
            return overview::shown(&web, &who, vec![Fault::new("connectors", text)]).await;
        }
    };
    let number = begun.number();
    web.behind.watch(number, progress);
    let (web, behind) = (web.clone(), web.behind.clone());
    behind.begin(move || async move {
        sync::go_on(&web.store, config.for_sync(), place, &asked, begun).await;
        web.behind.forget(number);
    });
    Ok(Redirect::to(&format!("/sync/runs/{number}")).into_response())
}

/// How far a run is, where somebody runs it now.
pub(super) async fn state(web: &Web, tx: &mut Tx, run: &Run) -> Result<Option<String>, Trouble> {
    let Some(connector) = run.connector.as_ref().filter(|_| run.status == "running") else { return Ok(None) };
    let Some(holder) = holder_in(tx, &ConnectorName::new(connector.clone())).await? else { return Ok(None) };
    let machine = holder.split(':').next().unwrap_or_default();
    Ok(Some(match web.behind.read(RunId(run.run)) {
        Some(read) => format!("Running on {machine}: {} read so far", count(read, "person", "people")),
        None => format!("Running on {machine}"),
    }))
}

/// The same for the script of the page.
pub(super) async fn progress(State(web): State<Web>, Path(id): Path<i64>, _: Principal) -> Answer {
    let mut tx = web.store.read().await?;
    let run = runs::show(&mut tx, RunId(id)).await?;
    let run = run.ok_or_else(|| Trouble::Missing { what: "the run".to_owned() })?;
    let text = state(&web, &mut tx, &run).await?;
    Ok(Json(json!({"left": i32::from(text.is_some()), "text": text.unwrap_or_default()})).into_response())
}
