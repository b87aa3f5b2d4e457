//! Static files, embedded in the program. The name of each file contains a hash of its content.

use std::sync::LazyLock;

use xxhash_rust::xxh3::xxh3_64;

const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/script.js");
const ICON: &str = include_str!("assets/icon.svg");

/// Static file with its URL.
pub(super) struct StaticAsset {
    pub address: String,
    pub kind: &'static str,
    pub text: &'static str,
}

impl StaticAsset {
    fn new(name: &str, end: &str, kind: &'static str, text: &'static str) -> Self {
        Self { address: format!("/assets/{name}-{:016x}.{end}", xxh3_64(text.as_bytes())), kind, text }
    }
}

pub(super) static STYLES: LazyLock<StaticAsset> =
    LazyLock::new(|| StaticAsset::new("style", "css", "text/css; charset=utf-8", STYLE));
pub(super) static SCRIPTS: LazyLock<StaticAsset> =
    LazyLock::new(|| StaticAsset::new("script", "js", "text/javascript; charset=utf-8", SCRIPT));
pub(super) static ICONS: LazyLock<StaticAsset> =
    LazyLock::new(|| StaticAsset::new("icon", "svg", "image/svg+xml", ICON));
