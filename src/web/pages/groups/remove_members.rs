//! Removal of members, and lifting of exclusions.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use chrono::NaiveDate;

use super::{field_error, find_group, group_detail, seen_run};
use crate::WebContext;
use crate::form_data::FormData;
use crate::layout::FieldError;
use crate::pages::PageResult;
use crate::pages::learner_picker::count_learners;
use rollcall_core::accounts::Principal;
use rollcall_core::groups::{self, GroupRef, LearnerRef, NewExclusion};
use rollcall_model::ids::GroupId;

pub(in crate::pages) async fn submit_removal(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let chosen = form.numbers("member");
    if chosen.is_empty() {
        let fault = FieldError::new("members", "No learner is selected. Select the learners to remove.");
        return group_detail::render_group(&web, &who, id, &FormData::default(), vec![fault]).await;
    }
    let until: Option<NaiveDate> = match form.text("until") {
        "" => None,
        text => match text.parse() {
            Ok(day) => Some(day),
            Err(_) => {
                let fault = FieldError::new("until", "Enter a date such as 2026-12-31.");
                return group_detail::render_group(&web, &who, id, &FormData::default(), vec![fault]).await;
            }
        },
    };
    let group = {
        let mut tx = web.store.begin_read().await?;
        find_group(&mut tx, id).await?
    };
    let because = form.text("because").trim();
    let reason = if because.is_empty() { NewExclusion::default().reason } else { because };
    let about = web
        .new_manual_run(&who, format!("remove {} from group `{}`", count_learners(chosen.len()), group.name));
    let which = GroupRef::from(GroupId(id)).unchanged_since(seen_run(&form));
    let keep = NewExclusion { reason, until };
    match groups::remove_members(
        &web.store,
        &about,
        web.change_time(),
        which,
        LearnerRef::Numbers(chosen),
        keep,
    )
    .await
    {
        Ok(members) => {
            let run = members.done.map_or_else(String::new, |done| format!("?run={}", done.run));
            Ok(Redirect::to(&format!("/groups/{id}{run}")).into_response())
        }
        Err(error) => {
            group_detail::render_group(
                &web,
                &who,
                id,
                &FormData::default(),
                vec![field_error("members", error)?],
            )
            .await
        }
    }
}

/// Lifts an exclusion. The rules take effect at the next sync.
pub(in crate::pages) async fn lift_exclusion(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let group = {
        let mut tx = web.store.begin_read().await?;
        find_group(&mut tx, id).await?
    };
    let learner = form.text("who");
    let about =
        web.new_manual_run(&who, format!("lift the exclusion of `{learner}` from group `{}`", group.name));
    match groups::lift_exclusion(&web.store, &about, web.change_time(), GroupId(id), learner).await {
        Ok(done) => Ok(Redirect::to(&format!("/groups/{id}?run={}", done.run)).into_response()),
        Err(error) => {
            group_detail::render_group(
                &web,
                &who,
                id,
                &FormData::default(),
                vec![field_error("members", error)?],
            )
            .await
        }
    }
}
