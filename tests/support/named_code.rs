//! Files, functions and modules that a document names.

use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What is wrong with a name, if anything. A name is `FILE`, `FILE::FUNCTION` or `FILE::TYPE::FUNCTION`, or the path of a
/// module below `tests/` or `src/`, with a function or without.
pub(crate) fn check_name(named: &str) -> Result<(), String> {
    if !named.contains('/') {
        return check_module(named);
    }
    let (file, items) = named.split_once("::").map_or((named, None), |(file, items)| (file, Some(items)));
    let path = root().join(file);
    if !path.exists() {
        return Err(format!("`{file}` does not exist"));
    }
    items.map_or(Ok(()), |items| check_items(&path, items))
}

fn check_module(named: &str) -> Result<(), String> {
    if !module_files(named).is_empty() {
        return Ok(());
    }
    let (module, function) = named.rsplit_once("::").unwrap_or(("", named));
    let mut wrong = format!("`{named}` is neither a module nor a function of one");
    for file in module_files(module) {
        match check_items(&file, function) {
            Ok(()) => return Ok(()),
            Err(why) => wrong = why,
        }
    }
    Err(wrong)
}

/// The files of a module such as `crash::killed_process`.
fn module_files(module: &str) -> Vec<PathBuf> {
    let bases = ["tests", "src"].map(|folder| root().join(folder).join(module.replace("::", "/")));
    let files = bases.iter().flat_map(|base| [base.with_extension("rs"), base.join("mod.rs")]);
    files.filter(|file| file.is_file()).collect()
}

/// What is wrong with `FUNCTION` or `TYPE::FUNCTION` in a file, if anything.
fn check_items(path: &Path, items: &str) -> Result<(), String> {
    let file = path.strip_prefix(root()).unwrap_or(path).display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("`{file}`: {error}"))?;
    let (of, function) = items.rsplit_once("::").map_or((None, items), |(of, function)| (Some(of), function));
    let is_function = ["(", "<"].iter().any(|after| text.contains(&format!("fn {function}{after}")));
    if !is_function {
        return Err(format!("`{file}` has no function `{function}`"));
    }
    match of {
        Some(of) if !text.contains(&format!("impl {of}")) && !text.contains(&format!("> {of}")) => {
            Err(format!("`{file}` does not implement `{of}`"))
        }
        Some(_) | None => Ok(()),
    }
}
