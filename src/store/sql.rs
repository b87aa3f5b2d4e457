//! Statements for either engine, and the list of those that a module has.
//!
//! Both engines use the same SQL text where possible. [`Sql::per_engine`] holds two texts where they must differ.

/// A statement for either engine.
#[derive(Debug, Clone, Copy)]
pub struct Sql {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

impl Sql {
    /// Creates a statement with a text for each engine.
    #[must_use]
    pub const fn per_engine(sqlite: &'static str, postgres: &'static str) -> Self {
        Self { sqlite, postgres }
    }

    /// Creates a statement that only SQLite needs; on PostgreSQL it does nothing.
    #[must_use]
    pub const fn for_sqlite(sqlite: &'static str) -> Self {
        Self { sqlite, postgres: "SELECT 1" }
    }

    /// Creates a statement that only PostgreSQL needs; on SQLite it does nothing.
    #[must_use]
    pub const fn for_postgres(postgres: &'static str) -> Self {
        Self { sqlite: "SELECT 1", postgres }
    }
}

impl From<&'static str> for Sql {
    fn from(both: &'static str) -> Self {
        Self { sqlite: both, postgres: both }
    }
}

/// A statement and the constant that holds it.
#[derive(Debug, Clone, Copy)]
pub struct NamedStatement {
    /// Path of the module.
    pub module: &'static str,
    /// Name of the constant; for a staging table followed by the part, such as `fill`.
    pub name: &'static str,
    /// The text for each engine.
    pub sql: Sql,
}

/// A constant that holds one statement or several.
pub(crate) trait StatementSource {
    /// The statements, each under a name derived from `name`, and the staging table that must exist.
    fn list(self, module: &'static str, name: &'static str) -> StatementList;
}

/// Statements, and those that create the staging tables that they need.
#[derive(Debug, Default)]
pub(crate) struct StatementList {
    pub(crate) statements: Vec<NamedStatement>,
    pub(crate) tables: Vec<Sql>,
}

impl StatementSource for &'static str {
    fn list(self, module: &'static str, name: &'static str) -> StatementList {
        Sql::from(self).list(module, name)
    }
}

impl StatementSource for Sql {
    fn list(self, module: &'static str, name: &'static str) -> StatementList {
        StatementList { statements: vec![NamedStatement { module, name, sql: self }], tables: Vec::new() }
    }
}

/// Defines `list_statements()` of a module from the names of its constants.
macro_rules! list_statements {
    ($($name:ident),+ $(,)?) => {
        /// Every statement of this module.
        pub(crate) fn list_statements() -> Vec<$crate::sql::StatementList> {
            use $crate::sql::StatementSource;
            vec![$($name.list(module_path!(), stringify!($name))),+]
        }
    };
}
pub(crate) use list_statements;
