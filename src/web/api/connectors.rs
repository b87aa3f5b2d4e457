//! Endpoints of connectors.

use axum::extract::State;
use axum::{Extension, Json};
use chrono::Utc;
use serde::Deserialize;
use utoipa::ToSchema;

use super::ApiResult;
use super::api_query::{ApiPage, ApiQuery, PathName};
use super::problem::ApiProblem;
use super::request_body::OptionalJsonBody;
use crate::actions::{build_approval_request, build_run_options};
use crate::{WebContext, run_blocking};
use rollcall_core::accounts::Principal;
use rollcall_core::sync::{self, RunOptions, retire_connector as retiring};
use rollcall_model::names::nearest;
use rollcall_views as views;

/// Options of a sync.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = NewSync)]
#[serde(expecting = "a JSON object")]
pub(super) struct SyncRequest {
    /// Plan only: write nothing and return what would be written.
    dry_run: bool,
    /// Sync only the person with this e-mail address or id. Other people are not changed then.
    #[schema(max_length = 500)]
    only: Option<String>,
    /// Ignore the removal limits for this run.
    allow_removals: bool,
}

/// Options of a retirement.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = NewRetirement)]
#[serde(expecting = "a JSON object")]
pub(super) struct RetireConnectorRequest {
    /// Ignore the removal limits for this run.
    allow_removals: bool,
}

pub(super) async fn list(
    State(web): State<WebContext>,
    query: ApiQuery,
    _: Extension<Principal>,
) -> ApiResult<ApiPage<views::ConnectorView>> {
    query.allow_only(&[])?;
    let mut tx = web.store.begin_read().await?;
    let (items, _) = views::list_connectors(&mut tx, &web.config(), Utc::now()).await?;
    Ok(Json(ApiPage { items, next: None }))
}

pub(super) async fn sync(
    State(web): State<WebContext>,
    PathName(name): PathName,
    Extension(who): Extension<Principal>,
    OptionalJsonBody(ask): OptionalJsonBody<SyncRequest>,
) -> ApiResult<views::SyncView> {
    let config = web.config();
    let names = || config.connectors.iter().map(|one| one.name.as_str());
    let Some(place) = names().position(|one| one == name) else {
        let problem = ApiProblem::not_found("no such connector in the file");
        return Err(match nearest(&name, names()) {
            Some(near) => problem.with_hint(format!("did you mean `{near}`?")),
            None => problem,
        });
    };
    let what = match (&ask.only, ask.allow_removals) {
        (Some(_), _) => format!("sync {name} for one person"),
        (None, true) => format!("sync {name}, with removals allowed"),
        (None, false) => format!("sync {name}"),
    };
    let options = RunOptions {
        dry_run: ask.dry_run,
        only: ask.only,
        allow_removals: ask.allow_removals,
        ..build_run_options(&web, &who, what)
    };
    let done = run_blocking(move || async move {
        let report = sync::run(&web.store, config.for_sync(), place, &options).await;
        if report.lacks_person() {
            let reasons = report.problems.into_iter().map(|problem| problem.message);
            let found = ApiProblem::not_found("no such person in the source");
            return Err(found.with_hint(reasons.collect::<Vec<_>>().join("; ")));
        }
        Ok(views::SyncView::new(&report, options.dry_run, 0, 0))
    });
    Ok(Json(done.await??))
}

pub(super) async fn retire(
    State(web): State<WebContext>,
    PathName(name): PathName,
    Extension(who): Extension<Principal>,
    OptionalJsonBody(ask): OptionalJsonBody<RetireConnectorRequest>,
) -> ApiResult<views::RetirementResult> {
    let options = build_approval_request(&web, &who, format!("retire connector {name}"));
    let retired = run_blocking(move || async move {
        let config = web.config();
        let done = retiring::retire(&web.store, config.for_sync(), &name, &options, ask.allow_removals).await;
        done.map(|report| views::RetirementResult::new(&name, &report))
    });
    Ok(Json(retired.await??))
}
