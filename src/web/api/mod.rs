//! The API: everything that the pages and the command can do, in JSON.
//!
//! Every route stands here, in [`operator_routes`] or in [`admin_routes`], with what it needs and with what the document at
//! `/api/v1/openapi.json` says of it ([`api_operation`]). Whoever asks sends the key of a token, or has a session. What is
//! refused is refused as a [`problem`]; a change may be sent on condition that nothing has changed since ([`etag`]);
//! lists come a page at a time ([`api_query`]). What a change causes is left to the service's workers.

mod accounts;
mod admin_routes;
mod api_operation;
mod api_query;
mod assignments;
mod connectors;
mod courses;
mod enrollments;
mod etag;
mod groups;
mod jobs;
mod learners;
mod members;
mod openapi_document;
mod operator_routes;
pub(super) mod problem;
mod request_body;
mod runs;
mod tokens;

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::routes::{RouteAccess, RouteTable};
use api_operation::{ApiRoutes, operation_returning, operation_returning_list, operation_returning_page};
use problem::ApiProblem;
use rollcall_core::enrollment::change::CommittedChange;
use rollcall_model::role::Permission;
use rollcall_store as store;
use rollcall_views::{self as views, JobCounts, MembershipCounts};

/// What a handler answers with.
type ApiResult<T> = Result<Json<T>, ApiProblem>;

const READ: RouteAccess = RouteAccess::Needs(Permission::Read);
const MANAGE: RouteAccess = RouteAccess::Needs(Permission::Manage);
const OPERATE: RouteAccess = RouteAccess::Needs(Permission::Operate);
const RESYNC: RouteAccess = RouteAccess::Needs(Permission::Resync);
const ADMINISTER: RouteAccess = RouteAccess::Needs(Permission::Admin);

/// What a change came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Change)]
struct ChangeResponse {
    /// The number of the change; none when everything was just so.
    run: Option<i64>,
    /// What was done, in words.
    done: String,
    /// The number of what was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    /// Memberships.
    memberships: MembershipCounts,
    /// Jobs left to workers.
    jobs: JobCounts,
}

impl ChangeResponse {
    fn new(done: Option<&CommittedChange>, words: impl Into<String>) -> Self {
        let counts = done.map(|done| done.counts).unwrap_or_default();
        Self {
            run: done.map(|done| done.run.0),
            done: words.into(),
            id: None,
            memberships: MembershipCounts::from(&counts),
            jobs: JobCounts::from(&counts),
        }
    }
}

/// All routes, after those of the pages.
pub(super) fn routes(routes: RouteTable) -> RouteTable {
    let api = admin_routes::add_admin_routes(operator_routes::add_operator_routes(add_manager_routes(
        ApiRoutes::new(routes),
    )));
    let (routes, paths, schemas) = api.into_parts();
    let document = openapi_document::build_document(paths, schemas);
    routes.get(openapi_document::DOCUMENT_PATH, RouteAccess::Open, move || std::future::ready(Json(document)))
}

fn add_manager_routes(api: ApiRoutes) -> ApiRoutes {
    use views::{EnrollmentView, GroupView, LearnerDetailsView, LearnerView, MembersChange};
    api.get(
        "/api/v1/groups",
        READ,
        operation_returning_page::<GroupView>("listGroups", "Groups, by name")
            .text_param("q", "A part of the name."),
        groups::list,
    )
    .post(
        "/api/v1/groups",
        MANAGE,
        operation_returning::<ChangeResponse>("createGroup", "Makes a group with these members")
            .json_body::<groups::CreateGroupRequest>()
            .returns_created()
            .returns_conflict(),
        groups::create,
    )
    .post(
        "/api/v1/groups/restore",
        MANAGE,
        operation_returning::<ChangeResponse>(
            "restoreGroup",
            "Restores a group that was deleted in the last 30 days",
        )
        .json_body::<groups::RestoreGroupRequest>()
        .returns_conflict(),
        groups::restore,
    )
    .get(
        "/api/v1/groups/{id}",
        READ,
        operation_returning::<groups::GroupResponse>("showGroup", "A group and its courses").returns_etag(),
        groups::show,
    )
    .patch(
        "/api/v1/groups/{id}",
        MANAGE,
        operation_returning::<ChangeResponse>("renameGroup", "Gives a group another name")
            .json_body::<groups::RenameGroupRequest>()
            .accepts_if_match()
            .returns_etag()
            .returns_conflict(),
        groups::rename,
    )
    .delete(
        "/api/v1/groups/{id}",
        MANAGE,
        operation_returning::<ChangeResponse>(
            "deleteGroup",
            "Deletes a group; its memberships and assignments end",
        )
        .text_param(
            "name",
            "Its name: needed where more goes than the limits of `[safety]` let a sync take away.",
        )
        .accepts_if_match()
        .returns_conflict(),
        groups::delete,
    )
    .get(
        "/api/v1/groups/{id}/members",
        READ,
        operation_returning_page::<members::GroupMemberResponse>(
            "listMembers",
            "The members of a group, by name",
        )
        .text_param("q", "Beginnings of words of the name or the address."),
        members::list,
    )
    .post(
        "/api/v1/groups/{id}/members",
        MANAGE,
        operation_returning::<MembersChange>("addMembers", "Adds learners to a group")
            .json_body::<members::AddMembersRequest>()
            .accepts_if_match(),
        members::add,
    )
    .post(
        "/api/v1/groups/{id}/members/remove",
        MANAGE,
        operation_returning::<MembersChange>(
            "removeMembers",
            "Removes learners from a group, and keeps rules from giving it back",
        )
        .json_body::<members::RemoveMembersRequest>()
        .accepts_if_match(),
        members::remove,
    )
    .post(
        "/api/v1/groups/{id}/exclusions/lift",
        MANAGE,
        operation_returning::<ChangeResponse>("liftExclusion", "Lets the rules decide on a learner again")
            .json_body::<members::LiftExclusionRequest>()
            .accepts_if_match()
            .returns_conflict(),
        members::lift,
    )
    .get(
        "/api/v1/exclusions",
        READ,
        operation_returning_page::<store::memberships::Exclusion>(
            "listExclusions",
            "Who is kept out of which group",
        ),
        members::exclusions,
    )
    .get(
        "/api/v1/courses",
        READ,
        operation_returning_page::<courses::CourseResponse>("listCourses", "The catalogue, by code")
            .text_param("q", "A part of the code or the title."),
        courses::list,
    )
    .post(
        "/api/v1/courses",
        MANAGE,
        operation_returning::<ChangeResponse>("addCourse", "Adds a course, or gives one another title")
            .json_body::<courses::AddCourseRequest>()
            .returns_conflict(),
        courses::add,
    )
    .post(
        "/api/v1/courses/import",
        MANAGE,
        operation_returning::<ChangeResponse>(
            "importCourses",
            "Adds the courses of a sheet, or gives them other titles; all or none",
        )
        .csv_body("The columns `code` and `title`, named in the first line."),
        courses::import,
    )
    .get(
        "/api/v1/assignments",
        READ,
        operation_returning_page::<assignments::AssignmentResponse>(
            "listAssignments",
            "Assigned courses, by course",
        )
        .text_param("q", "A part of course, group or learner."),
        assignments::list,
    )
    .post(
        "/api/v1/assignments",
        MANAGE,
        operation_returning::<assignments::CreateAssignmentResponse>(
            "assign",
            "Assigns a course, or gives it another due date",
        )
        .json_body::<assignments::CreateAssignmentRequest>()
        .returns_conflict(),
        assignments::assign,
    )
    .get(
        "/api/v1/assignments/{id}",
        READ,
        operation_returning::<assignments::AssignmentResponse>("showAssignment", "An assigned course")
            .returns_etag(),
        assignments::show,
    )
    .patch(
        "/api/v1/assignments/{id}",
        MANAGE,
        operation_returning::<ChangeResponse>("changeDueDate", "Gives an assignment another due date")
            .json_body::<assignments::ChangeDueDateRequest>()
            .accepts_if_match()
            .returns_etag()
            .returns_conflict(),
        assignments::change,
    )
    .delete(
        "/api/v1/assignments/{id}",
        MANAGE,
        operation_returning::<ChangeResponse>("unassign", "Ends an assignment")
            .accepts_if_match()
            .returns_conflict(),
        assignments::end,
    )
    .get(
        "/api/v1/learners",
        READ,
        operation_returning_page::<LearnerView>("listLearners", "Learners, by name")
            .text_param("q", "Beginnings of words of the name or the address.")
            .text_param("left", "`true`: those who have left, too."),
        learners::list,
    )
    .post(
        "/api/v1/learners",
        MANAGE,
        operation_returning::<ChangeResponse>("addLearner", "Adds a learner whom no directory has")
            .json_body::<learners::AddLearnerRequest>()
            .returns_created()
            .returns_conflict(),
        learners::add,
    )
    .get(
        "/api/v1/learners/{id}",
        READ,
        operation_returning::<LearnerDetailsView>("showLearner", "A learner, with everything that is known"),
        learners::show,
    )
    .get(
        "/api/v1/learners/{id}/explanation",
        READ,
        operation_returning::<learners::ExplanationResponse>(
            "explain",
            "Why a learner is, or is not, in each group and course",
        )
        .text_param("group", "Only this group.")
        .text_param("course", "Only this course.")
        .date_param("at", "As it was at the end of this day."),
        learners::explain,
    )
    .post(
        "/api/v1/learners/{id}/link",
        MANAGE,
        operation_returning::<ChangeResponse>("linkLearners", "Makes two learners one; this one stays")
            .json_body::<learners::LinkLearnersRequest>()
            .returns_conflict(),
        learners::link,
    )
    .post(
        "/api/v1/learners/{id}/unlink",
        MANAGE,
        operation_returning::<ChangeResponse>("unlinkLearners", "Makes one learner two again")
            .json_body::<learners::LinkLearnersRequest>()
            .returns_conflict(),
        learners::unlink,
    )
    .post(
        "/api/v1/learners/{id}/resync",
        RESYNC,
        operation_returning_list::<views::SyncView>(
            "resyncLearner",
            "Asks every directory for one learner again",
        )
        .returns_conflict(),
        learners::resync,
    )
    .get(
        "/api/v1/enrollments",
        READ,
        operation_returning_page::<EnrollmentView>("listEnrollments", "Access and progress")
            .text_param("learner", "Only of this learner: an address, a former one, or `CONNECTOR:ID`.")
            .text_param("course", "Only in this course.")
            .text_param("group", "Only what this group gives."),
        enrollments::list,
    )
    .post(
        "/api/v1/enrollments/complete",
        MANAGE,
        operation_returning::<enrollments::CompleteCourseResponse>(
            "complete",
            "Notes that a learner has completed a course",
        )
        .json_body::<enrollments::CompleteCourseRequest>()
        .returns_conflict(),
        enrollments::complete,
    )
}
