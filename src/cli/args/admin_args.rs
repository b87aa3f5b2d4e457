//! Arguments of the commands for accounts, API tokens and the configuration file.

use std::str::FromStr;

use chrono::NaiveDate;
use clap::Subcommand;
use ipnet::IpNet;

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
        /// Role: license_holder, operator, manager or viewer
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
    /// End all sessions of an account
    EndSessions {
        /// E-mail address of the account
        email: String,
    },
    /// Remove the second factor of an account, such as after the loss of its device
    RemoveSecondFactor {
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
        /// Role: license_holder, operator, manager, viewer or metrics (reads /metrics alone)
        #[arg(long)]
        role: Role,
        /// Last day on which the token is valid, or `never` [default: in a year]
        #[arg(long, value_name = "DATE")]
        until: Option<TokenEnd>,
        /// Network in CIDR notation that the token may be used from; may be repeated [default: all]
        #[arg(long, value_name = "CIDR", value_parser = parse_network)]
        from: Vec<IpNet>,
    },
    /// Revoke a token
    Revoke {
        /// Name of the token
        name: String,
    },
}

/// The end of a token.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TokenEnd {
    /// At the end of a day.
    Day(NaiveDate),
    /// None.
    Never,
}

impl FromStr for TokenEnd {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "never" {
            return Ok(Self::Never);
        }
        text.parse().map(Self::Day).map_err(|_| "write the day as 2026-12-31, or `never`".to_owned())
    }
}

fn parse_network(text: &str) -> Result<IpNet, String> {
    let refused = || "expected a network such as 10.1.0.0/16, or an address".to_owned();
    rollcall_core::accounts::parse_network(text).ok_or_else(refused)
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
