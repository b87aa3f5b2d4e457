//! Suspension of a learner: confirmation page, suspension and restoration.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};

use super::learner_detail::render_learner;
use crate::WebContext;
use crate::actions;
use crate::error::{PageError, format_sentence};
use crate::form_data::FormData;
use crate::layout::{FieldError, Layout, MenuItem};
use crate::pages::{PageResult, render_page};
use rollcall_core::accounts::Principal;
use rollcall_core::groups::{self, GroupError, SuspensionResult};
use rollcall_core::sync::link_learners::LinkError;
use rollcall_model::ids::LearnerId;
use rollcall_store::learners::{self, Learner};

#[derive(Template)]
#[template(path = "learners/suspend_learner.html")]
struct SuspendLearnerPage {
    frame: Layout,
    id: i64,
    name: String,
    groups: Vec<String>,
}

async fn find(web: &WebContext, id: i64) -> Result<Learner, PageError> {
    let mut tx = web.store.begin_read().await?;
    let learner = learners::get(&mut tx, LearnerId(id)).await?;
    learner.ok_or_else(|| PageError::Missing { what: "the learner".to_owned() })
}

pub(in crate::pages) async fn show(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let learner = find(&web, id).await?;
    let mut tx = web.store.begin_read().await?;
    let known = rollcall_views::load_learner_details(&mut tx, learner.id).await?;
    let frame = Layout::new(&who, MenuItem::Learners, format!("Suspend {}", learner.name));
    let groups = known.map_or_else(Vec::new, |known| known.learner.groups);
    render_page(&SuspendLearnerPage { frame, id, name: learner.name, groups })
}

pub(in crate::pages) async fn submit_suspension(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let learner = find(&web, id).await?;
    let about = web.new_manual_run(&who, format!("suspend `{}`", learner.email));
    let suspended = groups::suspend_learner(&web.store, &about, web.change_time(), &learner.email).await?;
    let to = match suspended {
        SuspensionResult::Suspended(done) => format!("/learners/{id}?run={}", done.run),
        SuspensionResult::Before { .. } => format!("/learners/{id}"),
    };
    Ok(Redirect::to(&to).into_response())
}

pub(in crate::pages) async fn submit_restoration(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
) -> PageResult {
    let learner = find(&web, id).await?;
    match actions::restore_learner(&web, &who, &learner.email).await? {
        Ok(restored) => {
            Ok(Redirect::to(&format!("/learners/{id}?run={}", restored.done.run)).into_response())
        }
        Err(LinkError::Refused(error)) if !matches!(error, GroupError::Store(_)) => {
            let fault = FieldError::new("", format_sentence(&error.to_string()));
            render_learner(&web, &who, id, &FormData::default(), Vec::new(), vec![fault]).await
        }
        Err(error) => Err(error.into()),
    }
}
