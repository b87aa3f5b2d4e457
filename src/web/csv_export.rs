//! CSV export (RFC 4180). Cells are escaped so that a spreadsheet does not run formulas.
//!
//! An export holds a connection to the database while it is written. A few are written at the same time, so that
//! connections remain for pages, workers and runs.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::error::PageError;
use rollcall_model::resource_limits::{ResourceLimit, ResourceLimits};

/// Bytes that are handed to a connection at once.
const PART_BYTES: usize = 64 << 10;

/// Rows read per query.
pub(super) const BATCH_ROWS: i64 = 2000;

/// Exports that may begin.
#[derive(Debug, Clone)]
pub(super) struct ExportSlots(Arc<Semaphore>);

impl Default for ExportSlots {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ResourceLimits::default().size(ResourceLimit::ExportsAtOnce))))
    }
}

/// Middleware of the routes of exports: waits until an export may begin.
pub(super) async fn wait_for_export(
    State(ExportSlots(free)): State<ExportSlots>,
    request: Request,
    next: Next,
) -> Response {
    let slot = if let Ok(slot) = Arc::clone(&free).try_acquire_owned() {
        slot
    } else {
        ResourceLimit::ExportsAtOnce.record_reached();
        free.acquire_owned().await.expect("the semaphore is never closed")
    };
    let (mut parts, body) = next.run(request).await.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return PageError::Broken { what: "an export could not be written".to_owned() }.into_response();
    };
    parts.headers.insert(header::CONTENT_LENGTH, bytes.len().into());
    Response::from_parts(parts, hold_until_sent(bytes, slot))
}

/// A body that holds a slot until it is sent. It ends with an error if it is not received in time.
fn hold_until_sent(bytes: Bytes, slot: OwnedSemaphorePermit) -> Body {
    let limit = ResourceLimit::ExportSeconds;
    let end = Instant::now() + Duration::from_secs(limit.default_value());
    let parts = stream::unfold((bytes, slot), move |(mut rest, slot)| async move {
        if rest.is_empty() {
            return None;
        }
        if Instant::now() > end {
            limit.record_reached();
            return Some((Err(io::Error::from(io::ErrorKind::TimedOut)), (Bytes::new(), slot)));
        }
        let part = rest.split_to(rest.len().min(PART_BYTES));
        Some((Ok(part), (rest, slot)))
    });
    Body::from_stream(parts)
}

/// Writer of a CSV file.
pub(super) struct CsvWriter {
    writer: csv::Writer<Vec<u8>>,
}

/// Prefixes a text that looks like a formula with a quote (OWASP, CSV injection).
fn escape_formula(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

impl CsvWriter {
    pub(crate) fn new<const N: usize>(header: [&str; N]) -> Self {
        let mut sheet = Self { writer: csv::Writer::from_writer(Vec::new()) };
        sheet.write_row(header);
        sheet
    }

    pub(crate) fn write_row<const N: usize>(&mut self, fields: [&str; N]) {
        self.writer.write_record(fields.map(escape_formula)).expect("writing to memory does not fail");
    }

    /// Builds the response that downloads the file under this name.
    pub(crate) fn into_download(self, name: &str) -> Response {
        let bytes = self.writer.into_inner().unwrap_or_default();
        let name = format!("attachment; filename=\"{name}\"");
        let kind = "text/csv; charset=utf-8; header=present";
        ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name.as_str())], bytes).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slot of an export is free when it is sent, not before; a client that does not read it loses it in time.
    #[tokio::test(start_paused = true)]
    async fn export_that_is_not_received_ends() {
        use futures_util::StreamExt;
        let free = Arc::new(Semaphore::new(1));
        let bytes = Bytes::from(vec![b'x'; 3 * PART_BYTES]);
        for waits in [false, true] {
            let slot = Arc::clone(&free).try_acquire_owned().expect("a slot");
            let mut parts = hold_until_sent(bytes.clone(), slot).into_data_stream();
            assert_eq!(parts.next().await.expect("a part").expect("bytes").len(), PART_BYTES);
            assert_eq!(free.available_permits(), 0);
            if waits {
                let seconds = ResourceLimit::ExportSeconds.default_value() + 1;
                tokio::time::advance(Duration::from_secs(seconds)).await;
                assert!(parts.next().await.expect("an error").is_err());
            } else {
                assert_eq!(parts.by_ref().count().await, 2);
            }
            drop(parts);
            assert_eq!(free.available_permits(), 1);
        }
    }

    #[test]
    fn what_looks_like_a_formula_is_a_text() {
        let mut sheet = CsvWriter::new(["name"]);
        sheet.write_row(["=HYPERLINK(\"x\")"]);
        sheet.write_row(["Łoś, \"Ada\""]);
        let bytes = sheet.writer.into_inner().expect("bytes");
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert_eq!(text, "name\n\"'=HYPERLINK(\"\"x\"\")\"\n\"Łoś, \"\"Ada\"\"\"\n");
    }
}
