//! Why a run failed. Nothing was removed.

use rollcall_connectors as connectors;
use rollcall_model::names::ConnectorName;
use rollcall_store as store;

/// Why a run committed nothing.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The source did not prove that it said everything.
    #[error(transparent)]
    Source(#[from] connectors::ConnectorError),
    /// The database could not do its part.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// Somebody else runs this connector now.
    #[error("connector `{connector}` is being run by `{holder}`")]
    AlreadyRunning {
        /// The connector.
        connector: ConnectorName,
        /// Host and process of whoever runs it.
        holder: String,
    },
    /// The run took too long to renew its lease, and somebody else may have begun.
    #[error("connector `{connector}`: the run lost its lease before it could commit")]
    LeaseLost {
        /// The connector.
        connector: ConnectorName,
    },
    /// Nothing may be approved.
    #[error(transparent)]
    Approval(Box<crate::sync::approve::ApprovalError>),
    /// Somebody cancelled it.
    #[error("connector `{connector}`: the run was cancelled by {actor} before it could commit")]
    Cancelled {
        /// The connector.
        connector: ConnectorName,
        /// Who cancelled it.
        actor: String,
    },
    /// It took longer than a run may take.
    #[error("connector `{connector}`: the run was stopped because it had not ended after {minutes} minutes")]
    DeadlineExceeded {
        /// The connector.
        connector: ConnectorName,
        /// The time that it had.
        minutes: i64,
    },
    /// A fault of the program.
    #[error("connector `{connector}`: the run ended by a fault of the program: {message}")]
    Panicked {
        /// The connector.
        connector: ConnectorName,
        /// The message of the panic.
        message: String,
    },
    /// It was told to stop.
    #[error("connector `{connector}`: the run was stopped before it could commit")]
    Stopped {
        /// The connector.
        connector: ConnectorName,
    },
}

impl SyncError {
    /// A short word for scripts.
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

    /// Whether the next try may go better without anybody's doing.
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

impl From<crate::sync::approve::ApprovalError> for SyncError {
    fn from(error: crate::sync::approve::ApprovalError) -> Self {
        match error {
            crate::sync::approve::ApprovalError::Sync(error) => error,
            refusal => Self::Approval(Box::new(refusal)),
        }
    }
}
