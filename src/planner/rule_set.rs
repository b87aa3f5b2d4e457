//! The part of the configuration that a plan depends on.

use rollcall_model::attributes::{Attribute, AttributeSet};
use rollcall_model::catalogue::{FileAssignment, FileCourse};
use rollcall_model::guard::SafetyLimits;
use rollcall_model::names::ConnectorName;
use rollcall_rules::rule::Rule;

/// The part of a connector's settings that a plan depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorProfile {
    /// The name.
    pub name: ConnectorName,
    /// The number of days before `start_date` from which on a person has access.
    pub prehire_days: u32,
    /// The attribute that identifies a person who returns under a new id.
    pub match_attribute: Option<Attribute>,
    /// The attributes that the connector maps.
    pub mapped: Vec<Attribute>,
    /// The digest of the mapping; changes when the mapping is edited.
    pub mapping_digest: i64,
}

impl ConnectorProfile {
    /// Creates the profile of a connector that was removed from the file: it maps no attributes.
    #[must_use]
    pub fn removed(name: ConnectorName, mapping_digest: i64) -> Self {
        Self { name, prehire_days: 0, match_attribute: None, mapped: Vec::new(), mapping_digest }
    }

    /// Returns true if the connector maps an attribute.
    #[must_use]
    pub fn maps(&self, attribute: Attribute) -> bool {
        self.mapped.contains(&attribute)
    }
}

/// The rules, the catalogue and the limits of the file.
#[derive(Debug, Clone, Copy)]
pub struct RuleSet<'a> {
    /// Every attribute.
    pub attributes: &'a AttributeSet,
    /// Every connector, in the order of precedence.
    pub connectors: &'a [ConnectorProfile],
    /// The connector of the run: its position in `connectors`.
    pub connector: usize,
    /// Every rule.
    pub rules: &'a [Rule],
    /// Courses of the file.
    pub courses: &'a [FileCourse],
    /// Assignments of the file.
    pub assignments: &'a [FileAssignment],
    /// The limits of `[safety]`.
    pub limits: SafetyLimits,
}

impl RuleSet<'_> {
    /// The connector of the run.
    #[must_use]
    pub fn profile(&self) -> &ConnectorProfile {
        &self.connectors[self.connector]
    }

    /// Returns true if something follows from the values of an attribute: a rule, a group name, a status, a date, or who
    /// a person is.
    pub(crate) fn uses(&self, attribute: Attribute) -> bool {
        let of_people = [Attribute::EMAIL, Attribute::STATUS, Attribute::START_DATE, Attribute::END_DATE];
        of_people.contains(&attribute)
            || (attribute == Attribute::MANAGER && self.reads_managers())
            || self.connectors.iter().any(|connector| connector.match_attribute == Some(attribute))
            || self.rules.iter().any(|rule| {
                rule.condition().reads().contains(&attribute)
                    || rule.group.reads().any(|read| read == attribute)
            })
    }

    /// Returns true if a rule reads an attribute that is computed from managers.
    #[must_use]
    pub fn reads_managers(&self) -> bool {
        reads_managers(self.rules)
    }

    pub(crate) fn connector_names(&self) -> Vec<ConnectorName> {
        self.connectors.iter().map(|connector| connector.name.clone()).collect()
    }
}

/// Returns true if one of some rules reads an attribute that is computed from managers.
#[must_use]
pub fn reads_managers(rules: &[Rule]) -> bool {
    rules.iter().any(|rule| rule.condition().reads().into_iter().any(Attribute::is_computed))
}
