//! Static files, embedded in the program. The name of each file contains a hash of its content.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use xxhash_rust::xxh3::xxh3_64;

use crate::error::PageError;

const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/script.js");
const ICON: &str = include_str!("assets/icon.svg");

/// Static file with its URL.
pub(super) struct StaticAsset {
    pub address: String,
    kind: &'static str,
    text: &'static str,
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

/// Serves a static file. Browsers cache it for one year.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    let wanted = format!("/assets/{name}");
    let found = [&*STYLES, &*SCRIPTS, &*ICONS].into_iter().find(|asset| asset.address == wanted);
    match found {
        Some(asset) => {
            let forever = "public, max-age=31536000, immutable";
            ([(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, forever)], asset.text)
                .into_response()
        }
        None => PageError::Missing { what: "the file".to_owned() }.into_response(),
    }
}
