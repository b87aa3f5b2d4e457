//! The route of static files.

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::assets::{ICONS, SCRIPTS, STYLES};
use crate::error::PageError;

/// Serves a static file. Browsers cache it for one year.
pub(super) async fn serve_asset(Path(name): Path<String>) -> Response {
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
