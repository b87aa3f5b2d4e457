//! Locates the configuration file.

use std::path::{Path, PathBuf};

/// The environment variable that names the file if `--config` is not given.
const PATH_VARIABLE: &str = "ROLLCALL_CONFIG";
const FILE_NAME: &str = "rollcall.toml";
const SYSTEM_PATH: &str = "/etc/rollcall/rollcall.toml";

/// No configuration file was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no configuration file found: `--config` is not given, ${PATH_VARIABLE} is not set, and neither `{}` nor `{}` exists",
    beside.display(),
    system.display()
)]
pub struct ConfigNotFound {
    beside: PathBuf,
    system: PathBuf,
}

impl ConfigNotFound {
    /// A suggested next step.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        "create one with `rollcall config example > rollcall.toml`"
    }
}

/// Returns the file of `--config`, else of `$ROLLCALL_CONFIG`, else `rollcall.toml` in `cwd`, else
/// `/etc/rollcall/rollcall.toml`. A file that was named is not checked for existence; the other two must exist.
///
/// # Errors
/// If no file is named and none exists. The message lists the searched locations.
pub fn find_config(
    named: Option<&Path>,
    env: &dyn Fn(&str) -> Option<String>,
    cwd: &Path,
) -> Result<PathBuf, ConfigNotFound> {
    find_config_in(named, env, cwd, Path::new(SYSTEM_PATH))
}

fn find_config_in(
    named: Option<&Path>,
    env: &dyn Fn(&str) -> Option<String>,
    cwd: &Path,
    system: &Path,
) -> Result<PathBuf, ConfigNotFound> {
    if let Some(path) = named {
        return Ok(cwd.join(path));
    }
    if let Some(path) = env(PATH_VARIABLE).filter(|path| !path.is_empty()) {
        return Ok(cwd.join(path));
    }
    let beside = cwd.join(FILE_NAME);
    if beside.is_file() {
        return Ok(beside);
    }
    if system.is_file() {
        return Ok(system.to_owned());
    }
    Err(ConfigNotFound { beside, system: system.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_looked_for_in_four_places() {
        let folder = tempfile::tempdir().expect("a folder");
        let cwd = folder.path();
        let system = cwd.join("etc.toml");
        let set = |_: &str| Some("set.toml".to_owned());
        let unset = |_: &str| None;
        let find = |named: Option<&str>, env: &dyn Fn(&str) -> Option<String>| {
            find_config_in(named.map(Path::new), env, cwd, &system)
        };
        let error = find(None, &unset).expect_err("no file").to_string();
        assert!(error.contains("rollcall.toml") && error.contains("etc.toml"), "{error}");
        assert!(error.contains("$ROLLCALL_CONFIG"), "{error}");
        std::fs::write(&system, "").expect("written");
        assert_eq!(find(None, &unset), Ok(system.clone()));
        std::fs::write(cwd.join("rollcall.toml"), "").expect("written");
        assert_eq!(find(None, &unset), Ok(cwd.join("rollcall.toml")));
        assert_eq!(find(None, &set), Ok(cwd.join("set.toml")));
        assert_eq!(find(Some("/a/named.toml"), &set), Ok("/a/named.toml".into()));
    }
}
