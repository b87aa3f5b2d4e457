//! JSON API. It covers everything that the pages and the command can do.
//!
//! Routes are declared here, in [`operator_routes`] and in [`admin_routes`], each with the access that it requires and its
//! description in `/api/v1/openapi.json` ([`api_operation`]). Clients authenticate with an API token or a session. Errors
//! are returned as a [`problem`]. Conditional changes use [`etag`]. Lists are paginated ([`api_query`]). Enrollments are
//! updated by the workers of the service.

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
mod json_tree;
mod learner_selection;
mod learners;
mod members;
#[cfg(test)]
mod message_snapshot;
mod openapi_document;
mod operator_routes;
pub(super) mod problem;
mod request_body;
mod runs;
mod sign_ins;
mod tokens;

use axum::Json;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use serde::Serialize;
use utoipa::ToSchema;

use crate::routes::{RouteAccess, RouteTable};
use api_operation::{ApiRoutes, operation_returning, operation_returning_list, operation_returning_page};
use problem::ApiProblem;
use rollcall_core::enrollment::change::CommittedChange;
use rollcall_model::role::Permission;
use rollcall_store as store;
use rollcall_views::{self as views, JobCounts, MembershipCounts};

/// Result of an API handler.
type ApiResult<T> = Result<Json<T>, ApiProblem>;

const READ: RouteAccess = RouteAccess::TokenOrSession(Permission::Read);
const MANAGE: RouteAccess = RouteAccess::TokenOrSession(Permission::Manage);
const OPERATE: RouteAccess = RouteAccess::TokenOrSession(Permission::Operate);
const RESYNC: RouteAccess = RouteAccess::TokenOrSession(Permission::Resync);
const ADMINISTER: RouteAccess = RouteAccess::TokenOrSession(Permission::Admin);

/// Result of a change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Change)]
struct ChangeResponse {
    /// Id of the change; null if nothing changed.
    run: Option<i64>,
    /// Description of the change.
    done: String,
    /// Id of the created object.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    /// Numbers of added and removed memberships.
    memberships: MembershipCounts,
    /// Jobs enqueued for the workers.
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

/// Adds the routes of the API.
pub(super) fn routes(routes: RouteTable) -> RouteTable {
    let api = admin_routes::add_admin_routes(operator_routes::add_operator_routes(add_manager_routes(
        ApiRoutes::new(routes),
    )));
    let (routes, paths, schemas) = api.into_parts();
    // Anybody may ask for the document, as often as the connections let them: it is written once.
    let document = Bytes::from(openapi_document::build_document(paths, schemas).to_string());
    let answer = move || std::future::ready(([(CONTENT_TYPE, "application/json")], document));
    routes.get(openapi_document::DOCUMENT_PATH, RouteAccess::Open, answer)
}

fn add_manager_routes(api: ApiRoutes) -> ApiRoutes {
    use views::{EnrollmentView, GroupView, LearnerDetailsView, LearnerView, MembersChange};
    api.get(
        "/api/v1/groups",
        READ,
        operation_returning_page::<GroupView>("listGroups", "Lists groups by name")
            .text_param("q", "Part of the name."),
        groups::list,
    )
    .post(
        "/api/v1/groups",
        MANAGE,
        operation_returning::<ChangeResponse>("createGroup", "Creates a group with members")
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
        operation_returning::<groups::GroupResponse>("showGroup", "Returns a group and its courses")
            .returns_etag(),
        groups::show,
    )
    .patch(
        "/api/v1/groups/{id}",
        MANAGE,
        operation_returning::<ChangeResponse>("renameGroup", "Renames a group")
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
            "Name of the group, as confirmation. Required if the deletion exceeds the limits of `[safety]`.",
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
            "Lists the members of a group by name",
        )
        .text_param("q", "Start of words in the name or the e-mail address."),
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
            "Removes learners from a group and excludes them, so that rules do not add them again",
        )
        .json_body::<members::RemoveMembersRequest>()
        .accepts_if_match(),
        members::remove,
    )
    .post(
        "/api/v1/groups/{id}/exclusions/lift",
        MANAGE,
        operation_returning::<ChangeResponse>(
            "liftExclusion",
            "Lifts an exclusion: rules can add the learner again",
        )
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
            "Lists exclusions of learners from groups",
        ),
        members::exclusions,
    )
    .get(
        "/api/v1/courses",
        READ,
        operation_returning_page::<courses::CourseResponse>("listCourses", "Lists courses by code")
            .text_param("q", "Part of the code or title."),
        courses::list,
    )
    .post(
        "/api/v1/courses",
        MANAGE,
        operation_returning::<ChangeResponse>("addCourse", "Adds a course, or changes its title")
            .json_body::<courses::AddCourseRequest>()
            .returns_conflict(),
        courses::add,
    )
    .post(
        "/api/v1/courses/import",
        MANAGE,
        operation_returning::<ChangeResponse>(
            "importCourses",
            "Imports courses from CSV: adds new courses, changes titles of known ones. All or none",
        )
        .csv_body("CSV with the columns `code` and `title`. The first line contains the column names."),
        courses::import,
    )
    .get(
        "/api/v1/assignments",
        READ,
        operation_returning_page::<assignments::AssignmentResponse>(
            "listAssignments",
            "Lists assignments by course",
        )
        .text_param("q", "Part of the course, group or learner."),
        assignments::list,
    )
    .post(
        "/api/v1/assignments",
        MANAGE,
        operation_returning::<assignments::CreateAssignmentResponse>(
            "assign",
            "Assigns a course, or changes the due date of an assignment",
        )
        .json_body::<assignments::CreateAssignmentRequest>()
        .returns_conflict(),
        assignments::assign,
    )
    .get(
        "/api/v1/assignments/{id}",
        READ,
        operation_returning::<assignments::AssignmentResponse>("showAssignment", "Returns an assignment")
            .returns_etag(),
        assignments::show,
    )
    .patch(
        "/api/v1/assignments/{id}",
        MANAGE,
        operation_returning::<ChangeResponse>("changeDueDate", "Changes the due date of an assignment")
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
            .text_param(
                "confirm",
                "Name of the group or address of the learner, as confirmation. Required if more than 10 learners lose the \
                 course and these exceed the limits of `[safety]`.",
            )
            .accepts_if_match()
            .returns_conflict(),
        assignments::end,
    )
    .get(
        "/api/v1/learners",
        READ,
        operation_returning_page::<LearnerView>("listLearners", "Lists learners by name")
            .text_param("q", "Start of words in the name or the e-mail address.")
            .text_param("left", "`true` includes learners who have left."),
        learners::list,
    )
    .post(
        "/api/v1/learners",
        MANAGE,
        operation_returning::<ChangeResponse>("addLearner", "Adds a learner who is not in a directory")
            .json_body::<learners::AddLearnerRequest>()
            .returns_created()
            .returns_conflict(),
        learners::add,
    )
    .get(
        "/api/v1/learners/{id}",
        READ,
        operation_returning::<LearnerDetailsView>("showLearner", "Returns a learner with all details"),
        learners::show,
    )
    .get(
        "/api/v1/learners/{id}/explanation",
        READ,
        operation_returning::<learners::ExplanationResponse>(
            "explain",
            "Explains why a learner has, or does not have, each group and course",
        )
        .text_param("group", "Only this group.")
        .text_param("course", "Only this course.")
        .date_param("at", "State at the end of this day."),
        learners::explain,
    )
    .post(
        "/api/v1/learners/{id}/link",
        MANAGE,
        operation_returning::<ChangeResponse>("linkLearners", "Merges another learner into this one")
            .json_body::<learners::LinkLearnersRequest>()
            .returns_conflict(),
        learners::link,
    )
    .post(
        "/api/v1/learners/{id}/unlink",
        MANAGE,
        operation_returning::<ChangeResponse>("unlinkLearners", "Splits two merged learners")
            .json_body::<learners::LinkLearnersRequest>()
            .returns_conflict(),
        learners::unlink,
    )
    .post(
        "/api/v1/learners/{id}/resync",
        RESYNC,
        operation_returning_list::<views::SyncView>(
            "resyncLearner",
            "Syncs one learner with every directory",
        )
        .returns_conflict(),
        learners::resync,
    )
    .get(
        "/api/v1/enrollments",
        READ,
        operation_returning_page::<EnrollmentView>(
            "listEnrollments",
            "Lists enrollments with their progress",
        )
        .text_param("learner", "Only this learner: current or former e-mail address, or `CONNECTOR:ID`.")
        .text_param("course", "Only this course.")
        .text_param("group", "Only enrollments through this group."),
        enrollments::list,
    )
    .post(
        "/api/v1/enrollments/complete",
        MANAGE,
        operation_returning::<enrollments::CompleteCourseResponse>(
            "complete",
            "Records that a learner has completed a course",
        )
        .json_body::<enrollments::CompleteCourseRequest>()
        .returns_conflict(),
        enrollments::complete,
    )
    .post(
        "/api/v1/enrollments/reopen",
        MANAGE,
        operation_returning::<enrollments::ReopenCourseResponse>(
            "reopen",
            "Takes the completion of a course back; certificates that a learning platform issued stay as they are",
        )
        .json_body::<enrollments::ReopenCourseRequest>()
        .returns_conflict(),
        enrollments::reopen,
    )
}
