//! Connectors.

use axum::Json;
use axum::extract::State;
use chrono::Utc;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Answer;
use super::body::MaybeBody;
use super::problem::Problem;
use super::query::{Name, Page, Query};
use crate::accounts::Principal;
use crate::model::names::nearest;
use crate::report;
use crate::sync::{self, Asked, retire as retiring};
use crate::web::asking::{asked, decision};
use crate::web::{Web, aside};

/// How to sync.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = NewSync)]
pub(super) struct Ask {
    /// Write nothing, and say what would have been written.
    dry_run: bool,
    /// Only people with this address; nobody is ended by absence then.
    #[schema(max_length = 500)]
    only: Option<String>,
    /// Lift the limits on removals for this one run.
    allow_removals: bool,
}

/// How to let go.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = NewRetirement)]
pub(super) struct Retire {
    /// Lift the limits on removals for this one run.
    allow_removals: bool,
}

pub(super) async fn list(
    State(web): State<Web>,
    query: Query,
    _: Principal,
) -> Answer<Page<report::Connector>> {
    query.only(&[])?;
    let mut tx = web.store.read().await?;
    let (items, _) = report::connectors(&mut tx, &web.config(), Utc::now()).await?;
    Ok(Json(Page { items, next: None }))
}

pub(super) async fn sync(
    State(web): State<Web>,
    Name(name): Name,
    who: Principal,
    MaybeBody(ask): MaybeBody<Ask>,
) -> Answer<report::Sync> {
    let config = web.config();
    let names = || config.connectors.iter().map(|one| one.name.as_str());
    let Some(place) = names().position(|one| one == name) else {
        let problem = Problem::missing("no such connector in the file");
        return Err(match nearest(&name, names()) {
            Some(near) => problem.hint(format!("did you mean `{near}`?")),
            None => problem,
        });
    };
    let what = match (&ask.only, ask.allow_removals) {
        (Some(_), _) => format!("sync {name} for one person"),
        (None, true) => format!("sync {name}, with removals allowed"),
        (None, false) => format!("sync {name}"),
    };
    let asked = Asked {
        dry_run: ask.dry_run,
        only: ask.only,
        allow_removals: ask.allow_removals,
        ..asked(&web, &who, what)
    };
    let done = aside(move || async move {
        let report = sync::run(&web.store, config.for_sync(), place, &asked).await;
        report::Sync::new(&report, asked.dry_run, 0, 0)
    });
    Ok(Json(done.await?))
}

pub(super) async fn retire(
    State(web): State<Web>,
    Name(name): Name,
    who: Principal,
    MaybeBody(ask): MaybeBody<Retire>,
) -> Answer<report::Retired> {
    let asked = decision(&web, &who, format!("retire connector {name}"));
    let retired = aside(move || async move {
        let config = web.config();
        let done = retiring::retire(&web.store, config.for_sync(), &name, &asked, ask.allow_removals).await;
        done.map(|report| report::Retired::new(&name, &report))
    });
    Ok(Json(retired.await??))
}
