//! The API: everything that the pages and the command can do, in JSON.
//!
//! Every route stands here, in [`operating`] or in [`owning`], with what it needs and with what the document at
//! `/api/v1/openapi.json` says of it ([`operation`]). Whoever asks sends the key of a token, or has a session. What is
//! refused is refused as a [`problem`]; a change may be sent on condition that nothing has changed since ([`tag`]);
//! lists come a page at a time ([`query`]). What a change causes is left to the service's workers.

mod accounts;
mod assignments;
mod body;
mod courses;
mod document;
mod enrollments;
mod groups;
mod jobs;
mod learners;
mod members;
mod operating;
mod operation;
mod owning;
pub(super) mod problem;
mod query;
mod runs;
mod sources;
mod tag;
mod tokens;

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::enrollment::change::Done;
use crate::model::role::May;
use crate::report::{self, Jobs, Memberships};
use crate::store;
use crate::web::routes::{Access, Routes};
use operation::{Api, answers, lists, pages};
use problem::Problem;

/// What a handler answers with.
type Answer<T> = Result<Json<T>, Problem>;

const READ: Access = Access::Needs(May::Read);
const MANAGE: Access = Access::Needs(May::Manage);
const OPERATE: Access = Access::Needs(May::Operate);
const RESYNC: Access = Access::Needs(May::Resync);
const OWN: Access = Access::Needs(May::Own);

/// What a change came to.
#[derive(Debug, Serialize, ToSchema)]
struct Change {
    /// The number of the change; none when everything was just so.
    run: Option<i64>,
    /// What was done, in words.
    done: String,
    /// The number of what was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    /// Memberships.
    memberships: Memberships,
    /// Jobs left to workers.
    jobs: Jobs,
}

impl Change {
    fn new(done: Option<&Done>, words: impl Into<String>) -> Self {
        let counts = done.map(|done| done.counts).unwrap_or_default();
        Self {
            run: done.map(|done| done.run.0),
            done: words.into(),
            id: None,
            memberships: Memberships::from(&counts),
            jobs: Jobs::from(&counts),
        }
    }
}

/// All routes, after those of the pages.
pub(super) fn routes(routes: Routes) -> Routes {
    let api = owning::own(operating::steer(read_and_change(Api::new(routes))));
    let (routes, paths, schemas) = api.into_parts();
    let document = document::document(paths, schemas);
    routes.get(document::PATH, Access::Open, move || std::future::ready(Json(document)))
}

fn read_and_change(api: Api) -> Api {
    use report::{Changed, Enrollment, Group, Known, Learner};
    api.get(
        "/api/v1/groups",
        READ,
        pages::<Group>("listGroups", "Groups, by name").text("q", "A part of the name."),
        groups::list,
    )
    .post(
        "/api/v1/groups",
        MANAGE,
        answers::<Change>("createGroup", "Makes a group with these members")
            .takes::<groups::NewGroup>()
            .creates()
            .conflicts(),
        groups::create,
    )
    .post(
        "/api/v1/groups/restore",
        MANAGE,
        answers::<Change>("restoreGroup", "Restores a group that was deleted in the last 30 days")
            .takes::<groups::Restore>()
            .conflicts(),
        groups::restore,
    )
    .get(
        "/api/v1/groups/{id}",
        READ,
        answers::<groups::Shown>("showGroup", "A group and its courses").tagged(),
        groups::show,
    )
    .patch(
        "/api/v1/groups/{id}",
        MANAGE,
        answers::<Change>("renameGroup", "Gives a group another name")
            .takes::<groups::NewName>()
            .if_match()
            .tagged()
            .conflicts(),
        groups::rename,
    )
    .delete(
        "/api/v1/groups/{id}",
        MANAGE,
        answers::<Change>("deleteGroup", "Deletes a group; its memberships and assignments end")
            .text(
                "name",
                "Its name: needed where more goes than the limits of `[safety]` let a sync take away.",
            )
            .if_match()
            .conflicts(),
        groups::delete,
    )
    .get(
        "/api/v1/groups/{id}/members",
        READ,
        pages::<members::Member>("listMembers", "The members of a group, by name")
            .text("q", "Beginnings of words of the name or the address."),
        members::list,
    )
    .post(
        "/api/v1/groups/{id}/members",
        MANAGE,
        answers::<Changed>("addMembers", "Adds learners to a group").takes::<members::Add>().if_match(),
        members::add,
    )
    .post(
        "/api/v1/groups/{id}/members/remove",
        MANAGE,
        answers::<Changed>(
            "removeMembers",
            "Removes learners from a group, and keeps rules from giving it back",
        )
        .takes::<members::Remove>()
        .if_match(),
        members::remove,
    )
    .post(
        "/api/v1/groups/{id}/exclusions/lift",
        MANAGE,
        answers::<Change>("liftExclusion", "Lets the rules decide on a learner again")
            .takes::<members::Lift>()
            .if_match()
            .conflicts(),
        members::lift,
    )
    .get(
        "/api/v1/exclusions",
        READ,
        pages::<store::memberships::Exclusion>("listExclusions", "Who is kept out of which group"),
        members::exclusions,
    )
    .get(
        "/api/v1/courses",
        READ,
        pages::<courses::Course>("listCourses", "The catalogue, by code")
            .text("q", "A part of the code or the title."),
        courses::list,
    )
    .post(
        "/api/v1/courses",
        MANAGE,
        answers::<Change>("addCourse", "Adds a course, or gives one another title")
            .takes::<courses::NewCourse>()
            .conflicts(),
        courses::add,
    )
    .post(
        "/api/v1/courses/import",
        MANAGE,
        answers::<Change>(
            "importCourses",
            "Adds the courses of a sheet, or gives them other titles; all or none",
        )
        .takes_csv("The columns `code` and `title`, named in the first line."),
        courses::import,
    )
    .get(
        "/api/v1/assignments",
        READ,
        pages::<assignments::Assignment>("listAssignments", "Assigned courses, by course")
            .text("q", "A part of course, group or learner."),
        assignments::list,
    )
    .post(
        "/api/v1/assignments",
        MANAGE,
        answers::<assignments::Made>("assign", "Assigns a course, or gives it another due date")
            .takes::<assignments::New>()
            .conflicts(),
        assignments::assign,
    )
    .get(
        "/api/v1/assignments/{id}",
        READ,
        answers::<assignments::Assignment>("showAssignment", "An assigned course").tagged(),
        assignments::show,
    )
    .patch(
        "/api/v1/assignments/{id}",
        MANAGE,
        answers::<Change>("changeDueDate", "Gives an assignment another due date")
            .takes::<assignments::NewDue>()
            .if_match()
            .tagged()
            .conflicts(),
        assignments::change,
    )
    .delete(
        "/api/v1/assignments/{id}",
        MANAGE,
        answers::<Change>("unassign", "Ends an assignment").if_match().conflicts(),
        assignments::end,
    )
    .get(
        "/api/v1/learners",
        READ,
        pages::<Learner>("listLearners", "Learners, by name")
            .text("q", "Beginnings of words of the name or the address.")
            .text("left", "`true`: those who have left, too."),
        learners::list,
    )
    .post(
        "/api/v1/learners",
        MANAGE,
        answers::<Change>("addLearner", "Adds a learner whom no directory has")
            .takes::<learners::NewLearner>()
            .creates()
            .conflicts(),
        learners::add,
    )
    .get(
        "/api/v1/learners/{id}",
        READ,
        answers::<Known>("showLearner", "A learner, with everything that is known"),
        learners::show,
    )
    .get(
        "/api/v1/learners/{id}/explanation",
        READ,
        answers::<learners::Explanation>("explain", "Why a learner is, or is not, in each group and course")
            .text("group", "Only this group.")
            .text("course", "Only this course.")
            .day("at", "As it was at the end of this day."),
        learners::explain,
    )
    .post(
        "/api/v1/learners/{id}/link",
        MANAGE,
        answers::<Change>("linkLearners", "Makes two learners one; this one stays")
            .takes::<learners::Other>()
            .conflicts(),
        learners::link,
    )
    .post(
        "/api/v1/learners/{id}/unlink",
        MANAGE,
        answers::<Change>("unlinkLearners", "Makes one learner two again")
            .takes::<learners::Other>()
            .conflicts(),
        learners::unlink,
    )
    .post(
        "/api/v1/learners/{id}/resync",
        RESYNC,
        lists::<report::Sync>("resyncLearner", "Asks every directory for one learner again").conflicts(),
        learners::resync,
    )
    .get(
        "/api/v1/enrollments",
        READ,
        pages::<Enrollment>("listEnrollments", "Access and progress")
            .text("learner", "Only of this learner: an address, a former one, or `CONNECTOR:ID`.")
            .text("course", "Only in this course.")
            .text("group", "Only what this group gives."),
        enrollments::list,
    )
    .post(
        "/api/v1/enrollments/complete",
        MANAGE,
        answers::<enrollments::Noted>("complete", "Notes that a learner has completed a course")
            .takes::<enrollments::Complete>()
            .conflicts(),
        enrollments::complete,
    )
}
