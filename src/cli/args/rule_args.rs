//! Arguments of the commands for rules.

use clap::Subcommand;

/// `rollcall rules`.
#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Print whom an expression matches, of the people as last read, and what would change if it were the rule of a group
    Test {
        /// Expression, such as 'department == "Sales"'
        #[arg(value_name = "EXPR")]
        expression: String,
        /// Group that exists, or would be created
        #[arg(long, value_name = "NAME")]
        group: Option<String>,
        /// Maximum number of people in each list
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        limit: usize,
    },
}
