//! End of an assignment, with a confirmation page.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};

use super::assignment_detail::find_assignment;
use crate::WebContext;
use crate::error::{PageError, format_sentence};
use crate::form_data::FormData;
use crate::layout::{FieldError, Layout, MenuItem};
use crate::pages::{PageResult, render_page_with_status};
use rollcall_core::accounts::Principal;
use rollcall_core::groups::{self, DeletionConfirmation, GroupError, UnassignImpact};
use rollcall_model::definition_source::DefinitionSource;
use rollcall_model::format::{count, thousands};
use rollcall_model::ids::AssignmentId;
use rollcall_store::listing::assignments::AssignmentListRow;

#[derive(Template)]
#[template(path = "assignments/unassign_course.html")]
struct UnassignCoursePage<'a> {
    frame: Layout,
    assigned: AssignmentListRow,
    impact: String,
    asks_name: bool,
    typed: &'a str,
}

fn format_impact(going: &UnassignImpact) -> String {
    let number = |number: i64| thousands(number.unsigned_abs());
    let reached = count(going.reached.unsigned_abs(), "learner has", "learners have");
    match (going.reached, going.losing) {
        (0, _) => "Nobody has the course through it.".to_owned(),
        (_, 0) => format!("{reached} the course through it. All of them keep it through something else."),
        (all, losing) if all == losing => {
            format!("{reached} the course through it alone and lose access to it.")
        }
        (all, losing) => format!(
            "{reached} the course through it. {} of them lose access to it; {} keep it through another group, or because \
             it is assigned to them alone.",
            number(losing),
            number(all - losing)
        ),
    }
}

pub(in crate::pages) async fn show(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
) -> PageResult {
    render(&web, &who, id, "", Vec::new()).await
}

async fn render(
    web: &WebContext,
    who: &Principal,
    id: i64,
    typed: &str,
    faults: Vec<FieldError>,
) -> PageResult {
    let mut tx = web.store.begin_read().await?;
    let assigned = find_assignment(&mut tx, id).await?;
    drop(tx);
    if assigned.source == DefinitionSource::File {
        let what = GroupError::AssignmentFromFile { code: assigned.code }.to_string();
        return Err(PageError::Bad { what });
    }
    let going = groups::load_unassign_impact(&web.store, AssignmentId(id)).await?;
    let title = format!("Unassign {}", assigned.title);
    let page = UnassignCoursePage {
        frame: Layout::new(who, MenuItem::Assigned, title).faults(faults),
        assigned,
        impact: format_impact(&going),
        asks_name: going.is_large(&web.config().safety),
        typed,
    };
    render_page_with_status(page.frame.status(), &page)
}

pub(in crate::pages) async fn submit(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let assigned = {
        let mut tx = web.store.begin_read().await?;
        find_assignment(&mut tx, id).await?
    };
    let typed = form.text("typed").trim();
    let config = web.config();
    let going = groups::load_unassign_impact(&web.store, AssignmentId(id)).await?;
    let given = Some(typed).filter(|text| !text.is_empty() || going.is_large(&config.safety));
    let meant = DeletionConfirmation::ByName(given, &config.safety);
    let about = web.new_manual_run(&who, format!("unassign `{}` from `{}`", assigned.code, assigned.whom));
    let ended = groups::end_assignment(&web.store, &about, web.change_time(), AssignmentId(id), None, meant);
    match ended.await {
        Ok(done) => Ok(Redirect::to(&format!("/assigned?run={}", done.run)).into_response()),
        Err(GroupError::Store(error)) => Err(error.into()),
        Err(GroupError::OtherTarget { .. } | GroupError::UnassignmentUnconfirmed { .. }) => {
            let text = format!("This is not `{}`. Nothing was unassigned.", assigned.whom);
            render(&web, &who, id, typed, vec![FieldError::new("typed", text)]).await
        }
        Err(error @ GroupError::NoAssignment { .. }) => Err(error.into()),
        Err(error) => {
            let text = format_sentence(&error.to_string());
            render(&web, &who, id, typed, vec![FieldError::new("", text)]).await
        }
    }
}
