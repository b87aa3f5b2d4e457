//! Who may do what in the pages and through the API.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What an account or a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May do everything, and says who else may do what.
    LicenseHolder,
    /// Sees to connectors, runs, holds and jobs.
    Operator,
    /// Sees to groups, members, assignments and learners.
    Manager,
    /// Reads.
    Viewer,
}

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum May {
    /// Reading groups, assignments, learners and enrollments.
    Read,
    /// Changing them.
    Manage,
    /// Reading and steering connectors, runs, holds and jobs.
    Operate,
    /// Asking the directories for one person again.
    Resync,
    /// Accounts, tokens and settings.
    Own,
}

impl May {
    /// Who may, for people.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Read => "any role",
            Self::Manage => "the role manager",
            Self::Operate => "the role operator",
            Self::Resync => "the role manager or operator",
            Self::Own => "the role license holder",
        }
    }
}

/// A text that is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no role `{0}`: there are license_holder, operator, manager, viewer")]
pub struct NoRole(pub String);

impl Role {
    /// All of them, from the one that may do most.
    pub const ALL: [Self; 4] = [Self::LicenseHolder, Self::Operator, Self::Manager, Self::Viewer];

    /// Whether it allows something.
    #[must_use]
    pub fn may(self, what: May) -> bool {
        match (self, what) {
            (Self::LicenseHolder, _) | (_, May::Read) => true,
            (Self::Operator, May::Operate | May::Resync) => true,
            (Self::Manager, May::Manage | May::Resync) => true,
            (Self::Operator, May::Manage | May::Own) => false,
            (Self::Manager, May::Operate | May::Own) => false,
            (Self::Viewer, May::Manage | May::Operate | May::Resync | May::Own) => false,
        }
    }

    /// The text in tables and files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LicenseHolder => "license_holder",
            Self::Operator => "operator",
            Self::Manager => "manager",
            Self::Viewer => "viewer",
        }
    }

    /// The text for people.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::LicenseHolder => "license holder",
            Self::Operator => "operator",
            Self::Manager => "manager",
            Self::Viewer => "viewer",
        }
    }
}

impl Role {
    /// What it is for, beside its name.
    #[must_use]
    pub fn is_for(self) -> &'static str {
        match self {
            Self::LicenseHolder => "may do everything, and says who else may do what",
            Self::Operator => "sees to connectors, runs and jobs",
            Self::Manager => "sees to groups, courses and learners",
            Self::Viewer => "reads",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = NoRole;

    fn from_str(text: &str) -> Result<Self, NoRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| NoRole(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_license_holders_may_do_everything_and_a_viewer_only_reads() {
        let all = [May::Read, May::Manage, May::Operate, May::Resync, May::Own];
        let allowed = |role: Role| all.into_iter().filter(|what| role.may(*what)).collect::<Vec<_>>();
        assert_eq!(allowed(Role::LicenseHolder), all);
        assert_eq!(allowed(Role::Operator), [May::Read, May::Operate, May::Resync]);
        assert_eq!(allowed(Role::Manager), [May::Read, May::Manage, May::Resync]);
        assert_eq!(allowed(Role::Viewer), [May::Read]);
    }
}
