//! Arguments of the commands for accounts, API tokens and the configuration file.

use chrono::NaiveDate;
use clap::Subcommand;

use rollcall_model::role::Role;

/// `rollcall admin`.
#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// List all accounts and tokens
    List,
    /// Create an account; without a password, print a link to set one that is valid for 24 hours
    Create {
        /// E-mail address of the account
        email: String,
        /// Role: `license_holder`, operator, manager or viewer
        #[arg(long)]
        role: Role,
        /// Name shown on the pages
        #[arg(long, default_value = "")]
        name: String,
        /// Read the password from one line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Change the role of an account
    Role {
        /// E-mail address of the account
        email: String,
        /// New role
        #[arg(long)]
        role: Role,
    },
    /// Create a link to set a new password that is valid for 24 hours
    Invite {
        /// E-mail address of the account
        email: String,
    },
    /// Revoke an account or a token
    Revoke {
        /// E-mail address of the account, or name of the token
        who: String,
    },
    /// Manage API tokens
    #[command(subcommand)]
    Token(TokenCommand),
}

/// `rollcall admin token`.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Create a token; its key is printed once and is not stored
    Create {
        /// Name of the token, such as its purpose
        name: String,
        /// Role: `license_holder`, operator, manager or viewer
        #[arg(long)]
        role: Role,
        /// Last day of validity [default: until it is revoked]
        #[arg(long, value_name = "DATE")]
        until: Option<NaiveDate>,
    },
    /// Revoke a token
    Revoke {
        /// Name of the token
        name: String,
    },
}

/// `rollcall config`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print a complete configuration file with comments, or the section of one connector kind
    Example {
        /// Connector kind, such as `okta`
        kind: Option<String>,
    },
    /// Print the JSON Schema of the configuration file
    Schema,
}
