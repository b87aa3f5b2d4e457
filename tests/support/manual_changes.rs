//! Changes that people of the company make by hand, through the library, each drained.

use rollcall_core::groups::{self, AssignRequest, AssignmentTargetRef, DeletionConfirmation, MemberEffect};
use rollcall_model::due_policy::DuePolicy;
use rollcall_model::ids::LearnerId;
use rollcall_store::runs::{NewRun, RunRecordKind};

use super::company::{Company, email};

/// A change by hand, as it is written down.
pub(crate) fn manual_run() -> NewRun {
    NewRun {
        kind: RunRecordKind::Hand,
        connector: None,
        actor: "tester".to_owned(),
        description: "a test".to_owned(),
        file_digest: None,
        subject: None,
    }
}

impl Company {
    /// Makes a group.
    pub(crate) fn create(&self, group: &str, members: &[&str]) {
        let members: Vec<String> = members.iter().map(|who| email(who)).collect();
        self.runtime
            .block_on(async {
                groups::create_group(&self.store, &manual_run(), self.change_time(), group, &members).await
            })
            .expect("the group is made");
        self.drain();
    }

    /// Adds somebody to a group.
    pub(crate) fn add(&self, group: &str, who: &str) -> MemberEffect {
        let added = self.runtime.block_on(async {
            groups::add_members(&self.store, &manual_run(), self.change_time(), group, &[email(who)]).await
        });
        self.drain();
        added.expect("added").effects[0].1
    }

    /// Removes somebody from a group.
    pub(crate) fn remove(&self, group: &str, who: &str) -> MemberEffect {
        let removed = self.runtime.block_on(async {
            let exclude = groups::NewExclusion::default();
            groups::remove_members(
                &self.store,
                &manual_run(),
                self.change_time(),
                group,
                &[email(who)],
                exclude,
            )
            .await
        });
        self.drain();
        removed.expect("removed").effects[0].1
    }

    /// Lets somebody in again.
    pub(crate) fn lift(&self, group: &str, who: &str) {
        self.runtime
            .block_on(async {
                groups::lift_exclusion(&self.store, &manual_run(), self.change_time(), group, &email(who))
                    .await
            })
            .expect("lifted");
        self.record();
    }

    /// Gives a group another name.
    pub(crate) fn rename(&self, group: &str, new: &str) {
        self.runtime
            .block_on(async {
                groups::rename_group(&self.store, &manual_run(), self.change_time(), group, new).await
            })
            .expect("renamed");
        self.record();
    }

    /// Deletes a group.
    pub(crate) fn delete(&self, group: &str) {
        self.runtime
            .block_on(async {
                groups::delete_group(
                    &self.store,
                    &manual_run(),
                    self.change_time(),
                    group,
                    DeletionConfirmation::Confirmed,
                )
                .await
            })
            .expect("deleted");
        self.drain();
    }

    /// Restores a group.
    pub(crate) fn restore(&self, group: &str) {
        self.runtime
            .block_on(async {
                groups::restore_group(&self.store, &manual_run(), self.change_time(), group).await
            })
            .expect("restored");
        self.drain();
    }

    /// Adds a course that the file does not have.
    pub(crate) fn add_course(&self, code: &str) {
        self.runtime
            .block_on(async {
                groups::add_course(&self.store, &manual_run(), self.change_time(), code, "A course").await
            })
            .expect("added");
        self.record();
    }

    /// Adds a learner whom no directory has.
    pub(crate) fn add_learner(&self, who: &str) -> LearnerId {
        let added = self.runtime.block_on(async {
            groups::add_learner(&self.store, &manual_run(), self.change_time(), &email(who), who).await
        });
        self.record();
        added.expect("added").0
    }

    /// Notes that somebody has completed a course.
    pub(crate) fn complete(&self, who: &str, course: &str) {
        let (about, when) = (manual_run(), self.change_time());
        self.runtime
            .block_on(async {
                groups::complete_course(&self.store, &about, when, &email(who), course, when.now).await
            })
            .expect("completed");
        self.record();
    }

    /// Assigns a course to a group.
    pub(crate) fn assign(&self, course: &str, group: &str, due: DuePolicy) {
        self.assign_to(course, AssignmentTargetRef::Group(group.into()), due);
    }

    /// Assigns a course to one learner.
    pub(crate) fn assign_alone(&self, course: &str, who: &str, due: DuePolicy) {
        self.assign_to(course, AssignmentTargetRef::Learner(&email(who)), due);
    }

    fn assign_to(&self, course: &str, target: AssignmentTargetRef<'_>, due: DuePolicy) {
        let asked = AssignRequest { course, due, late_days: 14 };
        self.runtime
            .block_on(async {
                groups::assign_course(&self.store, &manual_run(), self.change_time(), asked, &[target]).await
            })
            .expect("assigned");
        self.drain();
    }

    /// Ends an assignment to one learner.
    pub(crate) fn unassign_alone(&self, course: &str, who: &str) {
        let (who, when) = (email(who), self.change_time());
        let target = AssignmentTargetRef::Learner(&who);
        self.runtime
            .block_on(async {
                groups::unassign_course(
                    &self.store,
                    &manual_run(),
                    when,
                    course,
                    target,
                    DeletionConfirmation::Confirmed,
                )
                .await
            })
            .expect("unassigned");
        self.drain();
    }
}
