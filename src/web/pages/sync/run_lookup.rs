//! Finds the run of a page.

use crate::error::PageError;
use rollcall_store::Tx;
use rollcall_store::listing::audit_log::{self, AuditLogEntry};

/// Loads a run, or returns a not-found error.
pub(super) async fn find_run(tx: &mut Tx, id: i64) -> Result<AuditLogEntry, PageError> {
    let found = audit_log::get(tx, id).await?;
    found.ok_or_else(|| PageError::Missing { what: "the run".to_owned() })
}
