//! `rollcall migrate`.

use serde_json::json;

use super::command_context::database_options;
use super::error::CliError;
use super::output::{self, count};
use rollcall_config::Config;
use rollcall_store::{MigrationStatus, Store};

/// Applies the migrations that the database lacks, or with `only_status` lists all. The exit status of a list is 1 if
/// migrations are missing.
pub(crate) async fn migrate(config: &Config, only_status: bool, as_json: bool) -> Result<u8, CliError> {
    let options = database_options(config);
    let before = Store::read_migrations(&options).await?;
    let applied: Vec<i64> = if only_status { Vec::new() } else { list_missing(&before) };
    let after = if only_status {
        before
    } else {
        Store::open(&options).await?.close().await;
        Store::read_migrations(&options).await?
    };
    let missing = list_missing(&after);
    let version = after.iter().filter(|one| one.applied_at.is_some()).map(|one| one.version).max();
    if as_json {
        let migrations: Vec<_> = after
            .iter()
            .map(|one| json!({"version": one.version, "name": one.name, "applied_at": one.applied_at}))
            .collect();
        let is_current = missing.is_empty();
        output::print_json(&json!({
            "version": version.unwrap_or(0), "current": is_current, "applied": applied, "migrations": migrations,
        }))?;
    } else if only_status {
        print_status(config, &after, missing.len() as u64)?;
    } else {
        let applied = count(applied.len() as u64, "migration", "migrations");
        output::print_result(&format!(
            "applied {applied}, the schema is at version {}",
            version.unwrap_or(0)
        ))?;
    }
    Ok(u8::from(!missing.is_empty()))
}

fn list_missing(all: &[MigrationStatus]) -> Vec<i64> {
    all.iter().filter(|one| one.applied_at.is_none()).map(|one| one.version).collect()
}

fn print_status(config: &Config, all: &[MigrationStatus], missing: u64) -> Result<(), CliError> {
    let rows = all.iter().map(|one| {
        let applied = one.applied_at.map_or_else(
            || "missing".to_owned(),
            |at| at.with_timezone(&config.timezone).format("%Y-%m-%d %H:%M").to_string(),
        );
        [one.version.to_string(), one.name.clone(), applied]
    });
    output::print_table(["version", "migration", "applied"], rows, "")?;
    if missing > 0 {
        let missing = count(missing, "migration is", "migrations are");
        output::print_status(&format!("\nhint: {missing} missing, `rollcall migrate` applies them"));
    }
    Ok(())
}
