//! What a run came to, for whoever asked for it.

use std::time::Duration;

use crate::model::ids::RunId;
use crate::model::names::ConnectorName;
use crate::model::problem::Problem;
use crate::store::runs::Counts;
use crate::sync::Error;
use crate::sync::prepare::Prepared;

/// How a run ended.
#[derive(Debug)]
pub enum Outcome {
    /// Something was written.
    Applied,
    /// Something waits for approval; the rest was written.
    Held,
    /// There was nothing to do.
    Unchanged,
    /// A dry run: this would have been written.
    Planned,
    /// Nothing was written, and nobody was removed.
    Failed(Error),
}

/// What a run came to.
#[derive(Debug)]
pub struct Report {
    /// The number; none for a dry run, or where not even a number could be had.
    pub run: Option<RunId>,
    /// The connector.
    pub connector: ConnectorName,
    /// How it ended.
    pub outcome: Outcome,
    /// What it counted.
    pub counts: Counts,
    /// What it did, or would have done; none where it failed.
    pub prepared: Option<Prepared>,
    /// What it noticed and went on without.
    pub problems: Vec<Problem>,
    /// How long it took, without the draining.
    pub took: Duration,
}

impl Report {
    /// Whether something waits for approval, or would wait.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.prepared.as_ref().is_some_and(|prepared| prepared.held.is_waiting())
    }
}
