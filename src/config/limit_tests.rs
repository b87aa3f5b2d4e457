//! Bounds of the configuration file.

use std::path::Path;

use crate::{Config, Diagnostics};
use rollcall_model::resource_limits::ResourceLimit;

fn load(text: &str) -> Result<Config, Diagnostics> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rollcall.toml");
    std::fs::write(&path, text).expect("written");
    Config::load(&path, &|_| None)
}

#[test]
fn line_of_one_byte_more_than_the_bound_is_refused() {
    let limit = ResourceLimit::ConfigLineBytes;
    let comment = |length: usize| format!("timezone = 'UTC'\n#{}\n", "x".repeat(length - 1));
    assert!(load(&comment(limit.default_size())).is_ok());
    let before = limit.times_reached();
    let refused = load(&comment(limit.default_size() + 1)).expect_err("too long").to_string();
    assert!(refused.contains("line 2 has more than 65,536 bytes"), "{refused}");
    assert!(limit.times_reached() > before);
}

/// A file with an error in each line reports the first ones.
#[test]
fn errors_of_a_file_are_bounded() {
    let limit = ResourceLimit::ConfigErrors;
    let wrong = |lines: usize| (0..lines).map(|line| format!("unknown_{line} = 1\n")).collect::<String>();
    let count =
        |lines| Config::parse(&wrong(lines), Path::new("a"), &|_| None).expect_err("wrong").iter().count();
    assert_eq!(count(limit.default_size()), limit.default_size());
    let before = limit.times_reached();
    assert_eq!(count(limit.default_size() + 1), limit.default_size());
    assert!(limit.times_reached() > before);
}
