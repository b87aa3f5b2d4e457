//! The states of enrollments and of the jobs that write them.

use crate::text_enum::text_enum;

text_enum! {
    /// State of an enrollment.
    EnrollmentState {
        /// The learner has access.
        Active = "active",
        /// Access has ended; the progress is kept.
        Revoked = "revoked",
    }
}

text_enum! {
    /// Effect that was expected when a job was enqueued.
    JobKind {
        /// Access starts, or its due date changes.
        Enroll = "enroll",
        /// Access ends.
        Unenroll = "unenroll",
    }
}

text_enum! {
    /// State of a job.
    JobState {
        /// Due now or later.
        Ready = "ready",
        /// No worker tries it again.
        Failed = "failed",
    }
}
