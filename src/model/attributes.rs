//! The attributes of a configuration: the standard ones and those that mappings name.

/// The index of an attribute in [`AttributeSet`]; a column of the people table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Attribute(u16);

macro_rules! standard {
    ($($constant:ident = $index:literal $name:literal),* $(,)?) => {
        impl Attribute {
            $(#[doc = concat!("The standard attribute `", $name, "`.")]
            pub const $constant: Attribute = Attribute($index);)*
        }
/// The standard attributes. An attribute that no connector maps is empty.
        pub const STANDARD: &[&str] = &[$($name),*];
    };
}

standard! {
    ID = 0 "id",
    EMAIL = 1 "email",
    NAME = 2 "name",
    GIVEN_NAME = 3 "given_name",
    FAMILY_NAME = 4 "family_name",
    DEPARTMENT = 5 "department",
    LOCATION = 6 "location",
    ROLE = 7 "role",
    MANAGER = 8 "manager",
    EMPLOYEE_TYPE = 9 "employee_type",
    STATUS = 10 "status",
    START_DATE = 11 "start_date",
    END_DATE = 12 "end_date",
}

/// The attributes that are computed from `manager`, for rules: no connector maps them, and people have no column of them.
/// An attribute of the file with one of these names takes precedence.
pub const COMPUTED: &[(&str, Attribute)] = &[
    ("manager_chain", Attribute::MANAGER_CHAIN),
    ("manager_chain_ids", Attribute::MANAGER_CHAIN_IDS),
    ("reports_total", Attribute::REPORTS_TOTAL),
    ("is_manager", Attribute::IS_MANAGER),
];

/// The beginning of the value of a computed attribute that is not known; the reason follows. No source can deliver it.
pub const UNRESOLVED: char = '\u{1e}';

impl Attribute {
    /// The addresses of the managers, nearest first: folded; the id of a manager without an address.
    pub const MANAGER_CHAIN: Attribute = Attribute(u16::MAX);
    /// The ids of the managers, in the same order.
    pub const MANAGER_CHAIN_IDS: Attribute = Attribute(u16::MAX - 1);
    /// The number of people below, directly and indirectly.
    pub const REPORTS_TOTAL: Attribute = Attribute(u16::MAX - 2);
    /// `true` if people report to the person.
    pub const IS_MANAGER: Attribute = Attribute(u16::MAX - 3);

    /// The index of this attribute in a person's row.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Returns true if the attribute is computed: it has no column.
    #[must_use]
    pub fn is_computed(self) -> bool {
        self >= Self::IS_MANAGER
    }

    /// Returns true if the attribute is computed, and its value in rules is a list of texts.
    #[must_use]
    pub fn is_computed_list(self) -> bool {
        self == Self::MANAGER_CHAIN || self == Self::MANAGER_CHAIN_IDS
    }

    /// Returns the computed attribute of a name.
    #[must_use]
    pub fn find_computed(name: &str) -> Option<Self> {
        COMPUTED.iter().find(|(known, _)| *known == name).map(|(_, attribute)| *attribute)
    }
}

/// The names of all attributes, standard ones first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeSet {
    names: Vec<String>,
}

impl Default for AttributeSet {
    fn default() -> Self {
        Self { names: STANDARD.iter().map(|&name| name.to_owned()).collect() }
    }
}

impl AttributeSet {
    /// Returns the attribute of this name and adds it if it is unknown.
    ///
    /// # Panics
    /// If the file names more than 65,535 attributes.
    pub fn add(&mut self, name: &str) -> Attribute {
        self.find(name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            Attribute(u16::try_from(self.names.len() - 1).expect("a file names fewer than 65,536 attributes"))
        })
    }

    /// Returns the attribute of this name if it is known.
    ///
    /// # Panics
    /// Never: [`AttributeSet::add`] bounds the number of attributes.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Attribute> {
        self.names
            .iter()
            .position(|known| known == name)
            .map(|index| Attribute(u16::try_from(index).expect("`add` lets no more in")))
    }

    /// The name of an attribute.
    #[must_use]
    pub fn name(&self, attribute: Attribute) -> &str {
        let computed = COMPUTED.iter().find(|(_, one)| *one == attribute);
        computed.map_or_else(|| self.names[attribute.index()].as_str(), |(name, _)| name)
    }

    /// All names, in the order of the columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// All attributes, in the order of the columns.
    ///
    /// # Panics
    /// Never: [`AttributeSet::add`] bounds the number of attributes.
    pub fn iter(&self) -> impl Iterator<Item = Attribute> {
        (0..self.names.len()).map(|index| Attribute(u16::try_from(index).expect("`add` lets no more in")))
    }

    /// The number of attributes; the width of a person's row.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Always false: the standard attributes exist in every set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}
