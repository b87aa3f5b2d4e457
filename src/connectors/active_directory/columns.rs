//! Columns of a mapping for Active Directory.
//!
//! Most sources are attributes. `a | b` is the first of several attributes that has a value. A word that starts
//! with `@` is derived from other attributes, `memberOf` means all groups of a person, and `manager` means the
//! manager's id.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::AttributeMapping;
use crate::active_directory::account;
use crate::ldap::{GroupIndex, GroupProjection, PersonMemberships, any_value_filter, is_person, once_each};
use crate::mapper::RecordValues;
use rollcall_model::attributes::Attribute;

/// Columns of a mapping and the rules that derive values.
#[derive(Debug)]
pub(super) struct AdColumns {
    /// The attribute that fills each column, or "" for a derived column. The columns after those of the mapping
    /// hold the inputs of derived columns.
    names: Vec<String>,
    derived: Vec<(usize, DerivedColumn)>,
    /// The column of the id.
    pub id: Option<usize>,
    /// The column of the address.
    pub address: Option<usize>,
    /// The attributes that hold DNs of people until they are replaced by ids, and their columns.
    pub people: Vec<(Attribute, usize)>,
}

/// A column derived from other columns.
#[derive(Debug, Clone, PartialEq, Eq)]
enum DerivedColumn {
    /// The values of the first column that has any.
    FirstOf(Vec<usize>),
    /// The status of the account.
    Account { control: usize, expires: usize },
    /// The last day of the account.
    LastDay { expires: usize },
    /// All groups.
    Groups { direct: usize, primary: usize, sid: usize, shown: GroupProjection },
}

/// A parsed source of a mapping.
#[derive(Debug, PartialEq, Eq)]
enum SourceAttribute<'s> {
    Account,
    LastDay,
    Groups(GroupProjection),
    Person(&'s str),
    Attributes(Vec<&'s str>),
}

/// Returns whether a source of a mapping is valid.
#[must_use]
pub fn is_source(source: &str) -> bool {
    parse_source(source).is_some()
}

/// Returns whether a source of a mapping can be empty for everyone: in many domains no account expires.
#[must_use]
pub(crate) fn is_optional(source: &str) -> bool {
    matches!(parse_source(source), Some(SourceAttribute::LastDay))
}

fn parse_source(source: &str) -> Option<SourceAttribute<'_>> {
    let source = source.trim();
    if let Some(shown) = GroupProjection::parse(source) {
        return Some(SourceAttribute::Groups(shown));
    }
    if is_person(source) {
        return Some(SourceAttribute::Person(source));
    }
    match source.to_ascii_lowercase().as_str() {
        "@account" => Some(SourceAttribute::Account),
        "@accountexpires" => Some(SourceAttribute::LastDay),
        _ => {
            let names: Vec<&str> = source.split('|').map(str::trim).collect();
            let is_name = |name: &&str| {
                // RFC 4512 1.4 and 2.5: a name or a number, and options.
                let plain = |c: char| c.is_ascii_alphanumeric() || ['-', '.', ';', '_'].contains(&c);
                !name.is_empty() && name.chars().all(plain)
            };
            names.iter().all(is_name).then_some(SourceAttribute::Attributes(names))
        }
    }
}

impl AdColumns {
    /// Determines the columns and attributes that a mapping needs.
    pub(super) fn new(mapping: &AttributeMapping) -> Self {
        let place = |wanted| mapping.columns.iter().position(|(attribute, _)| *attribute == wanted);
        let mut columns = Self {
            names: vec![String::new(); mapping.columns.len()],
            derived: Vec::new(),
            id: place(Attribute::ID),
            address: place(Attribute::EMAIL),
            people: Vec::new(),
        };
        for (column, (attribute, source)) in mapping.columns.iter().enumerate() {
            // An invalid source fills no column; the configuration check rejects it.
            let Some(meaning) = parse_source(source) else { continue };
            match meaning {
                SourceAttribute::Attributes(names) if names.len() == 1 => {
                    columns.names[column] = names[0].to_owned();
                }
                SourceAttribute::Person(name) => {
                    columns.names[column] = name.to_owned();
                    columns.people.push((*attribute, column));
                }
                other => {
                    let derived = columns.derive_from(other);
                    columns.derived.push((column, derived));
                }
            }
        }
        columns
    }

    fn derive_from(&mut self, meaning: SourceAttribute<'_>) -> DerivedColumn {
        match meaning {
            SourceAttribute::Account => DerivedColumn::Account {
                control: self.require_column("userAccountControl"),
                expires: self.require_column(EXPIRES),
            },
            SourceAttribute::LastDay => DerivedColumn::LastDay { expires: self.require_column(EXPIRES) },
            SourceAttribute::Groups(shown) => DerivedColumn::Groups {
                direct: self.require_column("memberOf"),
                primary: self.require_column("primaryGroupID"),
                sid: self.require_column("objectSid"),
                shown,
            },
            SourceAttribute::Attributes(names) => {
                DerivedColumn::FirstOf(names.iter().map(|name| self.require_column(name)).collect())
            }
            SourceAttribute::Person(name) => DerivedColumn::FirstOf(vec![self.require_column(name)]),
        }
    }

    /// The column of an attribute that derived columns need, after those of the mapping.
    fn require_column(&mut self, name: &str) -> usize {
        self.names.push(name.to_owned());
        self.names.len() - 1
    }

    /// The attribute of each column.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The attributes to request.
    pub(super) fn attributes(&self) -> Vec<&str> {
        once_each(self.names())
    }

    /// The attributes to request when only the id is needed.
    pub(super) fn attributes_of_id(&self) -> Vec<&str> {
        once_each(self.filling(self.id))
    }

    /// The attributes whose own values fill a column.
    fn filling(&self, column: Option<usize>) -> impl Iterator<Item = &str> {
        let others = self.derived.iter().find(|(derived, _)| Some(*derived) == column).map(|(_, by)| by);
        let others = match others {
            Some(DerivedColumn::FirstOf(others)) => others.as_slice(),
            Some(_) | None => &[],
        };
        column.into_iter().chain(others.iter().copied()).map(|column| self.names[column].as_str())
    }

    /// A filter that matches any of several values of a column; `None` if no attribute fills the column.
    pub(super) fn equals(&self, column: Option<usize>, texts: &[impl AsRef<str>]) -> Option<String> {
        let any: String =
            once_each(self.filling(column)).into_iter().map(|name| any_value_filter(name, texts)).collect();
        (!any.is_empty()).then(|| format!("(|{any})"))
    }

    /// Returns whether groups must be read.
    pub(super) fn needs_groups(&self) -> bool {
        self.derived.iter().any(|(_, derived)| matches!(derived, DerivedColumn::Groups { .. }))
    }

    /// Fills the derived columns of a record.
    pub(super) fn derive(
        &self,
        record: &mut RecordValues,
        groups: &mut GroupIndex,
        now: DateTime<Utc>,
        zone: Tz,
    ) {
        for (column, derived) in &self.derived {
            let values: Vec<String> = match derived {
                DerivedColumn::FirstOf(others) => first_of(record, others),
                DerivedColumn::Account { control, expires } => {
                    let control = record.values_of(*control).next();
                    let expiry = record.values_of(*expires).next().and_then(account::expiry);
                    let standing = account::account_status(control, expiry, now);
                    standing.into_iter().map(str::to_owned).collect()
                }
                DerivedColumn::LastDay { expires } => {
                    let expiry = record.values_of(*expires).next().and_then(account::expiry);
                    expiry.and_then(|expiry| account::last_day(expiry, zone)).into_iter().collect()
                }
                DerivedColumn::Groups { direct, primary, sid, shown } => {
                    let primary = record.values_of(*sid).next().zip(record.values_of(*primary).next());
                    let person = PersonMemberships {
                        listed: record.values_of(*direct).collect(),
                        primary: primary.and_then(|(sid, number)| in_domain_of(sid, number)),
                        ..PersonMemberships::default()
                    };
                    groups.resolve_groups(&person, *shown)
                }
            };
            for value in values {
                record.add(*column, &value);
            }
        }
    }

    /// The id of a record if it has exactly one value; derived inputs are not computed yet.
    pub(super) fn id_of(&self, record: &RecordValues) -> Option<String> {
        let column = self.id?;
        let mut values: Vec<String> = record.values_of(column).map(str::to_owned).collect();
        let derived = self.derived.iter().find(|(derived, _)| *derived == column);
        if let Some((_, DerivedColumn::FirstOf(others))) = derived
            && values.is_empty()
        {
            values = first_of(record, others);
        }
        if values.len() == 1 { values.pop() } else { None }
    }
}

/// The attribute with the expiry time of the account, in ticks.
const EXPIRES: &str = "accountExpires";

fn first_of(record: &RecordValues, columns: &[usize]) -> Vec<String> {
    let values = |&column: &usize| record.values_of(column).map(str::to_owned).collect::<Vec<_>>();
    columns.iter().map(values).find(|values| !values.is_empty()).unwrap_or_default()
}

/// The security identifier with this relative id in the domain of `sid` (MS-DTYP 2.4.2).
fn in_domain_of(sid: &str, number: &str) -> Option<String> {
    let (domain, _) = sid.rsplit_once('-')?;
    Some(format!("{domain}-{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(pairs: &[(Attribute, &str)]) -> AdColumns {
        let columns = pairs.iter().map(|(attribute, source)| (*attribute, (*source).to_owned())).collect();
        AdColumns::new(&AttributeMapping { columns, ..AttributeMapping::default() })
    }

    #[test]
    fn only_what_is_needed_is_asked_for() {
        let plain = columns(&[(Attribute::ID, "objectGUID"), (Attribute::EMAIL, "mail | userPrincipalName")]);
        assert_eq!(plain.attributes(), ["mail", "objectGUID", "userPrincipalName"]);
        assert!(!plain.needs_groups());
        let more = columns(&[
            (Attribute::ID, "objectGUID"),
            (Attribute::STATUS, "@Account"),
            (Attribute::ROLE, "MemberOf"),
        ]);
        assert_eq!(
            more.attributes(),
            ["accountExpires", "memberOf", "objectGUID", "objectSid", "primaryGroupID", "userAccountControl"]
        );
        assert!(more.needs_groups());
    }

    #[test]
    fn a_source_is_an_attribute_or_a_word_that_means_something() {
        for source in
            ["mail", "mail|cn", "title;lang-de", "2.5.4.3", "@account", "@accountExpires", "@groupDNs"]
        {
            assert!(is_source(source), "{source}");
        }
        for source in ["@acount", "mail |", "| mail", "mail | @account", "a b", "*", ""] {
            assert!(!is_source(source), "{source}");
        }
    }

    #[test]
    fn the_first_attribute_that_has_a_value_stands_and_all_are_asked() {
        let columns = columns(&[(Attribute::ID, "employeeID|objectGUID"), (Attribute::EMAIL, "mail|upn")]);
        let mut record = RecordValues::default();
        let place = |name| columns.names().position(|known| known == name).expect("asked for");
        record.add(place("upn"), "ada@login");
        record.add(place("objectGUID"), "7");
        columns.derive(&mut record, &mut GroupIndex::default(), DateTime::UNIX_EPOCH, Tz::UTC);
        let of = |column| record.values_of(column).collect::<Vec<_>>();
        assert_eq!((of(0), of(1)), (vec!["7"], vec!["ada@login"]));
        assert_eq!(columns.id_of(&record), Some("7".to_owned()));
        assert_eq!(columns.equals(columns.address, &["*"]), Some(r"(|(|(mail=\2a))(|(upn=\2a)))".to_owned()));
    }

    #[test]
    fn a_primary_group_is_one_of_the_persons_own_domain() {
        assert_eq!(in_domain_of("S-1-5-21-7-8-9-1104", "513").as_deref(), Some("S-1-5-21-7-8-9-513"));
    }
}
