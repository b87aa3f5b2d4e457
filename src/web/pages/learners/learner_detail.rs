//! Learner page: attributes with their sources, groups and courses with the explanation.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use chrono::NaiveDate;

use crate::WebContext;
use crate::actions::{self, LinkAction};
use crate::error::{PageError, format_sentence};
use crate::filters;
use crate::form_data::{FormData, UrlQuery};
use crate::layout::{FieldError, Layout, MenuItem};
use crate::pages::{PageResult, load_notice, render_page_with_status};
use rollcall_core::accounts::Principal;
use rollcall_core::explain::explanation::{ExplainedCourse, ExplainedGroup, MembershipCause};
use rollcall_core::explain::render::{ExplanationSection, RenderedExplanation, render_explanation};
use rollcall_core::explain::{self, ExplainRequest};
use rollcall_core::groups::GroupError;
use rollcall_core::sync::link_learners;
use rollcall_model::ids::LearnerId;
use rollcall_model::role::Permission;
use rollcall_model::status::LearnerStatus;
use rollcall_store::listing::exclusions::{self, ExclusionListRow};
use rollcall_store::{learners, listing};

/// Groups that the learner is kept out of, as far as they are shown.
const EXCLUSIONS: i64 = 200;

#[derive(Template)]
#[template(path = "learners/learner_detail.html")]
struct LearnerDetailPage {
    frame: Layout,
    id: i64,
    name: String,
    email: String,
    status: String,
    is_suspended: bool,
    /// Role, department, location, manager and the like.
    facts: Vec<(&'static str, String)>,
    chips: Vec<LearnerGroupChip>,
    attributes: Vec<LearnerAttributeLine>,
    about: Vec<ExplanationSection>,
    groups: Vec<(ExplainedGroup, Vec<ExplanationSection>)>,
    courses: Vec<(LearnerCourseLine, Vec<ExplanationSection>)>,
    excluded: Vec<ExclusionListRow>,
    linked: Vec<String>,
    may_resync: bool,
    typed: String,
    /// Result of the last resync.
    outcome: Vec<String>,
}

/// The attributes that the card of a learner shows, in this order.
const FACTS: [(&str, &str); 6] = [
    ("role", "Role"),
    ("department", "Department"),
    ("location", "Location"),
    ("manager", "Manager"),
    ("employee_type", "Employment"),
    ("start_date", "Start date"),
];

struct LearnerAttributeLine {
    name: String,
    values: String,
    origin: String,
}

struct LearnerCourseLine {
    code: String,
    title: String,
    /// `completed`, `overdue`, `enrolled` or `ended`.
    state: &'static str,
    due: Option<NaiveDate>,
    completed: Option<NaiveDate>,
    through: String,
}

/// A group that the learner is a member of.
struct LearnerGroupChip {
    name: String,
    through: String,
    joined_on: Option<NaiveDate>,
}

fn group_chip(group: &ExplainedGroup) -> LearnerGroupChip {
    let through = group.because.iter().filter_map(|cause| match cause {
        MembershipCause::ByHand { .. } => Some("by hand".to_owned()),
        MembershipCause::Rule { rule, .. } => Some(format!("by rule {rule}")),
        _ => None,
    });
    LearnerGroupChip {
        name: group.group.clone(),
        through: through.collect::<Vec<_>>().join(", "),
        joined_on: group.joined_on,
    }
}

fn course_line(course: &ExplainedCourse, web: &WebContext) -> LearnerCourseLine {
    let zone = web.config().timezone;
    let through = course
        .through
        .iter()
        .map(|one| one.group.clone().unwrap_or_else(|| "assigned to this learner".to_owned()));
    let completed = course.completed_at.map(|at| at.with_timezone(&zone).date_naive());
    let is_overdue = course.due.is_some_and(|due| due < web.change_time().today);
    LearnerCourseLine {
        code: course.course.clone(),
        title: course.title.clone(),
        state: match (completed, course.access) {
            (Some(_), _) => "completed",
            (None, false) => "ended",
            (None, true) if is_overdue => "overdue",
            (None, true) => "enrolled",
        },
        due: course.due,
        completed,
        through: through.collect::<Vec<_>>().join(", "),
    }
}

pub(in crate::pages) async fn show(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    UrlQuery(query): UrlQuery,
    Extension(who): Extension<Principal>,
) -> PageResult {
    render_learner(&web, &who, id, &query, Vec::new(), Vec::new()).await
}

/// Renders the page with validation errors and the result of a resync.
pub(super) async fn render_learner(
    web: &WebContext,
    who: &Principal,
    id: i64,
    query: &FormData,
    outcome: Vec<String>,
    faults: Vec<FieldError>,
) -> PageResult {
    let config = web.config();
    let mut tx = web.store.begin_read().await?;
    let learner = learners::get(&mut tx, LearnerId(id)).await?;
    let learner = learner.ok_or_else(|| PageError::Missing { what: "the learner".to_owned() })?;
    let request = ExplainRequest { learner: learner.id, group: None, course: None, at: None };
    let explained = explain::explain(&mut tx, config.for_explain(), request, web.change_time())
        .await
        .map_err(explain_error)?;
    let words = without_links(render_explanation(&explained, config.timezone, false));
    let linked = listing::learners::list_linked(&mut tx, learner.id).await?;
    let excluded =
        exclusions::list_by_learner(&mut tx, learner.id, web.change_time().today, EXCLUSIONS).await?;
    let attributes = explained.learner.attributes.iter().map(|one| LearnerAttributeLine {
        name: one.name.clone(),
        values: one.values.join(", "),
        origin: one.origin.connector.clone().unwrap_or_else(|| "by hand".to_owned()),
    });
    let facts = FACTS.iter().filter_map(|(name, label)| {
        let attribute = explained.learner.attributes.iter().find(|one| one.name == *name)?;
        Some((*label, attribute.values.join(", ")))
    });
    let facts = facts.collect();
    let chips = explained.groups.iter().filter(|one| one.member).map(group_chip).collect();
    let courses: Vec<LearnerCourseLine> = explained.courses.iter().map(|one| course_line(one, web)).collect();
    let frame = Layout::new(who, MenuItem::Learners, learner.name.clone())
        .notice(load_notice(&mut tx, query).await?)
        .faults(faults);
    let page = LearnerDetailPage {
        frame,
        id,
        attributes: attributes.collect(),
        about: words.learner,
        groups: explained.groups.into_iter().zip(words.groups).collect(),
        courses: courses.into_iter().zip(words.courses).collect(),
        excluded,
        linked,
        may_resync: who.role.allows(Permission::Resync),
        typed: query.text("other").to_owned(),
        outcome,
        name: learner.name,
        email: learner.email,
        status: learner.status.to_string(),
        facts,
        chips,
        is_suspended: learner.status == LearnerStatus::Suspended,
    };
    render_page_with_status(page.frame.status(), &page)
}

/// Removes the backticks around names.
fn without_links(mut words: RenderedExplanation) -> RenderedExplanation {
    let of = |section: &mut ExplanationSection| {
        section.title = section.title.replace('`', "");
        section.lines.iter_mut().for_each(|line| *line = line.replace('`', ""));
    };
    words.learner.iter_mut().for_each(of);
    words.groups.iter_mut().flatten().for_each(of);
    words.courses.iter_mut().flatten().for_each(of);
    words
}

fn explain_error(error: explain::ExplainError) -> PageError {
    match error {
        explain::ExplainError::Store(error) => error.into(),
        other => PageError::Bad { what: other.to_string() },
    }
}

/// Links or unlinks two learners and re-evaluates the rules for both.
pub(in crate::pages) async fn submit_link(
    State(web): State<WebContext>,
    Path(id): Path<i64>,
    Extension(who): Extension<Principal>,
    form: FormData,
) -> PageResult {
    let other = form.text("other").trim();
    let me = {
        let mut tx = web.store.begin_read().await?;
        learners::get(&mut tx, LearnerId(id)).await?
    };
    let me = me.ok_or_else(|| PageError::Missing { what: "the learner".to_owned() })?;
    let two = if form.text("do") == "unlink" { LinkAction::Unlink } else { LinkAction::Link };
    let linked = match actions::change_learner_link(&web, &who, two, [&me.email, other]).await? {
        Ok(linked) => linked,
        Err(link_learners::LinkError::Refused(error)) if !matches!(error, GroupError::Store(_)) => {
            let fault = FieldError::new("other", format_sentence(&error.to_string()));
            return render_learner(&web, &who, id, &form, Vec::new(), vec![fault]).await;
        }
        Err(error) => return Err(error.into()),
    };
    let run = linked.done.run;
    Ok(Redirect::to(&format!("/learners/{}?run={run}", linked.learner.id)).into_response())
}
