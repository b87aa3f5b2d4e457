//! The database in `rollcall check`: nothing is created or changed.

use super::command_context::database_options;
use super::error::CliError;
use super::output::count;
use rollcall_config::Config;
use rollcall_store::Store;

/// Opens the database of the file, and describes its schema.
///
/// # Errors
/// If the service could not use the database.
pub(crate) async fn check_database(config: &Config) -> Result<String, CliError> {
    let migrations = Store::read_migrations(&database_options(config)).await?;
    let missing = migrations.iter().filter(|one| one.applied_at.is_none()).count();
    let version = migrations.iter().filter(|one| one.applied_at.is_some()).map(|one| one.version).max();
    Ok(match (version, missing) {
        (None, _) => "no schema yet: the first command that needs the database creates it".to_owned(),
        (Some(version), 0) => format!("version {version}"),
        (Some(version), missing) => {
            let missing = count(missing as u64, "migration is", "migrations are");
            format!(
                "version {version}; {missing} missing, and `rollcall run` or `rollcall migrate` applies them"
            )
        }
    })
}
