//! Names of databases in messages: a file, or a server with account and database. There is no password in them.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// The place of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabasePlace {
    /// A file of SQLite.
    File(Arc<Path>),
    /// A server of PostgreSQL.
    Server(Arc<DatabaseServer>),
}

/// A database server, with the account and the database of `database.url`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseServer {
    /// Host and port, or the folder of the socket.
    pub address: String,
    /// The account.
    pub account: String,
    /// The name of the database.
    pub database: String,
}

impl From<DatabaseServer> for DatabasePlace {
    fn from(server: DatabaseServer) -> Self {
        Self::Server(Arc::new(server))
    }
}

impl fmt::Display for DatabasePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "`{}`", path.display()),
            Self::Server(server) => write!(f, "`{}`", server.address),
        }
    }
}
