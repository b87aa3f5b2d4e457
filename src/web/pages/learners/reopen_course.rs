//! Taking back of a completion.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};

use super::learner_detail::render_learner;
use crate::WebContext;
use crate::error::{PageError, format_sentence};
use crate::form_data::FormData;
use crate::layout::FieldError;
use crate::pages::PageResult;
use rollcall_core::accounts::Principal;
use rollcall_core::groups::{self, GroupError, ReopenResult};
use rollcall_model::ids::LearnerId;
use rollcall_store::learners;

pub(in crate::pages) async fn submit_reopening(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let learner = {
        let mut tx = web.store.begin_read().await?;
        learners::get(&mut tx, LearnerId(id)).await?
    };
    let learner = learner.ok_or_else(|| PageError::Missing { what: "the learner".to_owned() })?;
    let course = form.text("course");
    let about = web.new_manual_run(&who, format!("reopen `{course}`"));
    let to = match groups::reopen_course(&web.store, &about, web.change_time(), &learner.email, course).await
    {
        Ok(ReopenResult::Reopened { done, .. }) => format!("/learners/{id}?run={}", done.run),
        Ok(ReopenResult::NotCompleted) => format!("/learners/{id}"),
        Err(GroupError::Store(error)) => return Err(error.into()),
        Err(error) => {
            let fault = FieldError::new("", format_sentence(&error.to_string()));
            return render_learner(&web, &who, id, &form, Vec::new(), vec![fault]).await;
        }
    };
    Ok(Redirect::to(&to).into_response())
}
