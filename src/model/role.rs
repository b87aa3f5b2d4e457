//! Roles and permissions of the pages and the API.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::column::column;

/// The role of an account or a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// All permissions, including the management of accounts.
    LicenseHolder,
    /// Manages connectors, runs, holds and jobs.
    Operator,
    /// Manages groups, members, assignments and learners.
    Manager,
    /// Read access.
    Viewer,
    /// Access to the metrics alone; for tokens only.
    Metrics,
}

/// A permission that a request requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Reading groups, assignments, learners and enrollments.
    Read,
    /// Changing them.
    Manage,
    /// Reading and managing connectors, runs, holds and jobs.
    Operate,
    /// Syncing one person, and undoing one's own changes.
    Resync,
    /// Reading the metrics.
    Metrics,
    /// Accounts, tokens and settings.
    Admin,
}

impl Permission {
    /// All permissions.
    pub const ALL: [Self; 6] =
        [Self::Read, Self::Manage, Self::Operate, Self::Resync, Self::Metrics, Self::Admin];

    /// Describes the roles that have the permission.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Read => "any role",
            Self::Manage => "the role manager",
            Self::Operate => "the role operator",
            Self::Resync => "the role manager or operator",
            Self::Metrics => "the role operator or metrics",
            Self::Admin => "the role license holder",
        }
    }
}

/// The error of a text that is not a valid role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a valid role: expected license_holder, operator, manager or viewer, or for tokens metrics"
)]
pub struct UnknownRole(pub String);

impl Role {
    /// The roles of accounts, the most powerful first.
    pub const OF_ACCOUNTS: [Self; 4] = [Self::LicenseHolder, Self::Operator, Self::Manager, Self::Viewer];

    /// All roles, those of accounts first. Tokens can have each.
    pub const ALL: [Self; 5] =
        [Self::LicenseHolder, Self::Operator, Self::Manager, Self::Viewer, Self::Metrics];

    /// Returns true if the role has a permission.
    #[must_use]
    pub fn allows(self, what: Permission) -> bool {
        match (self, what) {
            (Self::LicenseHolder, _) => true,
            (Self::Operator | Self::Manager | Self::Viewer, Permission::Read) => true,
            (Self::Operator, Permission::Operate | Permission::Resync | Permission::Metrics) => true,
            (Self::Manager, Permission::Manage | Permission::Resync) => true,
            (Self::Metrics, Permission::Metrics) => true,
            (Self::Operator, Permission::Manage | Permission::Admin) => false,
            (Self::Manager, Permission::Operate | Permission::Metrics | Permission::Admin) => false,
            (
                Self::Viewer,
                Permission::Manage
                | Permission::Operate
                | Permission::Resync
                | Permission::Metrics
                | Permission::Admin,
            ) => false,
            (
                Self::Metrics,
                Permission::Read
                | Permission::Manage
                | Permission::Operate
                | Permission::Resync
                | Permission::Admin,
            ) => false,
        }
    }

    /// Returns the most powerful role that has no permission that one of two roles lacks. None if each role that is left
    /// has more permissions.
    #[must_use]
    pub fn narrow(self, other: Self) -> Option<Self> {
        let is_within = |role: Self, outer: Self| {
            Permission::ALL.into_iter().all(|what| !role.allows(what) || outer.allows(what))
        };
        Self::ALL.into_iter().find(|role| is_within(*role, self) && is_within(*role, other))
    }

    /// The text in database tables and files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LicenseHolder => "license_holder",
            Self::Operator => "operator",
            Self::Manager => "manager",
            Self::Viewer => "viewer",
            Self::Metrics => "metrics",
        }
    }

    /// The text shown to people.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::LicenseHolder => "license holder",
            Self::Operator => "operator",
            Self::Manager => "manager",
            Self::Viewer => "viewer",
            Self::Metrics => "metrics",
        }
    }
}

impl Role {
    /// A description of the role.
    #[must_use]
    pub fn is_for(self) -> &'static str {
        match self {
            Self::LicenseHolder => "may do everything, and says who else may do what",
            Self::Operator => "sees to connectors, runs and jobs",
            Self::Manager => "sees to groups, courses and learners",
            Self::Viewer => "reads",
            Self::Metrics => "reads the metrics alone",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

column!(Role, String, |text: String| text.parse().map_err(Into::into));

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_license_holders_may_do_everything_and_a_viewer_only_reads() {
        let all = Permission::ALL;
        let allowed = |role: Role| all.into_iter().filter(|what| role.allows(*what)).collect::<Vec<_>>();
        assert_eq!(allowed(Role::LicenseHolder), all);
        assert_eq!(
            allowed(Role::Operator),
            [Permission::Read, Permission::Operate, Permission::Resync, Permission::Metrics]
        );
        assert_eq!(allowed(Role::Manager), [Permission::Read, Permission::Manage, Permission::Resync]);
        assert_eq!(allowed(Role::Viewer), [Permission::Read]);
        assert_eq!(allowed(Role::Metrics), [Permission::Metrics]);
    }

    #[test]
    fn narrowed_role_has_no_permission_that_one_of_both_lacks() {
        let cases = [
            (Role::LicenseHolder, Role::Viewer, Some(Role::Viewer)),
            (Role::Operator, Role::LicenseHolder, Some(Role::Operator)),
            (Role::Operator, Role::Manager, Some(Role::Viewer)),
            (Role::Metrics, Role::Operator, Some(Role::Metrics)),
            (Role::Metrics, Role::Manager, None),
        ];
        for (one, other, narrowed) in cases {
            assert_eq!((one.narrow(other), other.narrow(one)), (narrowed, narrowed), "{one} {other}");
        }
        assert!(Role::ALL.into_iter().all(|role| role.narrow(role) == Some(role)));
    }
}
