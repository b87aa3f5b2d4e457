//! The errors of a run that committed nothing, and of a refused approval.

use rollcall_connectors as connectors;
use rollcall_model::ids::RunId;
use rollcall_model::names::ConnectorName;
use rollcall_model::other_config::{OtherConfigService, describe_services};
use rollcall_store as store;

/// The error of a run that committed nothing.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The source could not be read completely.
    #[error(transparent)]
    Source(#[from] connectors::ConnectorError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// Another process runs this connector.
    #[error("connector `{connector}` is being run by `{holder}`")]
    AlreadyRunning {
        /// The connector.
        connector: ConnectorName,
        /// Host and process of the current run.
        holder: String,
    },
    /// The lease expired before the commit; another run may have started.
    #[error("connector `{connector}`: the run lost its lease before it could commit")]
    LeaseLost {
        /// The connector.
        connector: ConnectorName,
    },
    /// The approval was refused.
    #[error(transparent)]
    Approval(Box<ApprovalError>),
    /// The run was cancelled.
    #[error("connector `{connector}`: the run was cancelled by {actor} before it could commit")]
    Cancelled {
        /// The connector.
        connector: ConnectorName,
        /// The account or user who cancelled it.
        actor: String,
    },
    /// The run exceeded its deadline.
    #[error("connector `{connector}`: the run was stopped because it had not ended after {minutes} minutes")]
    DeadlineExceeded {
        /// The connector.
        connector: ConnectorName,
        /// The deadline, in minutes.
        minutes: u64,
    },
    /// The run panicked.
    #[error("connector `{connector}`: the run ended by a fault of the program: {message}")]
    Panicked {
        /// The connector.
        connector: ConnectorName,
        /// The message of the panic.
        message: String,
    },
    /// The process was told to stop.
    #[error("connector `{connector}`: the run was stopped before it could commit")]
    Stopped {
        /// The connector.
        connector: ConnectorName,
    },
}

impl SyncError {
    /// Returns a short name of the error for scripts.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Source(error) => error.kind(),
            Self::Store(error) => error.kind(),
            Self::AlreadyRunning { .. } => "already_running",
            Self::LeaseLost { .. } => "lease_lost",
            Self::Approval(_) => "not_approved",
            Self::Cancelled { .. } => "cancelled",
            Self::DeadlineExceeded { .. } => "deadline_exceeded",
            Self::Panicked { .. } => "internal_error",
            Self::Stopped { .. } => "stopped",
        }
    }

    /// Returns true if another attempt may succeed without a change.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Source(error) => error.is_transient(),
            Self::Store(error) => error.is_transient(),
            Self::AlreadyRunning { .. } | Self::LeaseLost { .. } => true,
            Self::DeadlineExceeded { .. } => true,
            Self::Approval(_) | Self::Cancelled { .. } | Self::Panicked { .. } | Self::Stopped { .. } => {
                false
            }
        }
    }
}

/// The reason why an approval or a rejection was refused.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum ApprovalError {
    #[error(transparent)]
    Sync(SyncError),
    #[error("run {run} does not exist")]
    NoRun { run: RunId },
    #[error("run {run} has no pending changes{}", describe_successor(*newer, *was_held))]
    NothingHeld {
        run: RunId,
        /// The run to which the pending changes of the connector belong.
        newer: Option<i64>,
        /// True if the run held changes, which the newer run replaces.
        was_held: bool,
    },
    #[error("run {run} has no pending changes: run {rejection} rejected them")]
    Rejected { run: RunId, rejection: RunId },
    #[error("cannot approve: {}", describe_services(services))]
    FilesDiffer { services: Vec<OtherConfigService> },
}

fn describe_successor(newer: Option<i64>, was_held: bool) -> String {
    match newer {
        Some(newer) if was_held => format!(": run {newer} superseded it"),
        Some(_) | None => String::new(),
    }
}

impl From<SyncError> for ApprovalError {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Approval(refusal) => *refusal,
            other => Self::Sync(other),
        }
    }
}

impl From<store::StoreError> for ApprovalError {
    fn from(error: store::StoreError) -> Self {
        Self::Sync(error.into())
    }
}

impl From<ApprovalError> for SyncError {
    fn from(error: ApprovalError) -> Self {
        match error {
            ApprovalError::Sync(error) => error,
            refusal => Self::Approval(Box::new(refusal)),
        }
    }
}
