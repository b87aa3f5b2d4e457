//! From a directory to memberships: read, plan, guard, commit.
//!
//! [`run()`] is one passage. The reading and what the database knows are gathered at the same time; [`prepare`] and the
//! pure planner turn both into a plan; [`commit`] writes it through [`crate::enrollment::Change`]. A dry run is the same
//! code stopped before the commit; [`claim`] and [`go_on`] are the same for a schedule. When memberships, rules or
//! assignments moved since they were gathered, the same reading is planned again.

pub mod addresses;
pub mod approve;
pub mod baseline;
pub mod catalogue;
pub mod commit;
mod due;
mod error;
mod facts;
pub mod gather;
pub mod guarded;
mod held;
mod included;
mod judged;
pub mod lease;
pub mod linked;
mod measured;
mod meeting;
pub mod overview;
pub mod prepare;
mod prints;
pub mod refresh;
pub mod report;
pub mod retire;
mod run;
mod seats;
mod shown;
mod taken;
mod tick;
pub mod tryout;
pub mod undo;
mod withheld;
pub mod words;

use std::fmt;

use chrono_tz::Tz;

use crate::connectors::Connector;
use crate::model::attributes::Attributes;
use crate::model::catalogue::{FileAssignment, FileCourse};
use crate::model::guard::Limits;
use crate::model::names::ConnectorName;
use crate::model::rule::Rule;

pub use due::{Begun, Claimed, Due, claim};
pub use error::Error;
pub use report::{Outcome, Report};
pub use run::{Asked, go_on, run, start};

/// What a sync needs of the file.
#[derive(Clone, Copy)]
pub struct File<'a> {
    /// Where dates live.
    pub zone: Tz,
    /// Every attribute.
    pub attributes: &'a Attributes,
    /// Every connector, in the order in which their values win.
    pub connectors: &'a [Connector],
    /// Every rule.
    pub rules: &'a [Rule],
    /// Courses of the file.
    pub courses: &'a [FileCourse],
    /// Assignments of the file.
    pub assignments: &'a [FileAssignment],
    /// The limits of `[safety]`.
    pub limits: Limits,
    /// Tells this file from another one.
    pub digest: &'a str,
}

impl fmt::Debug for File<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("digest", &self.digest).finish_non_exhaustive()
    }
}

impl File<'_> {
    fn connector_names(&self) -> Vec<ConnectorName> {
        self.connectors.iter().map(|connector| connector.name.clone()).collect()
    }
}
