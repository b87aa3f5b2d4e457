//! CSV export (RFC 4180). Cells are escaped so that a spreadsheet does not run formulas.
//!
//! An export holds a connection to the database while it is written. A few are written at the same time, so that
//! connections remain for pages, workers and runs.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use rollcall_model::resource_limits::{ResourceLimit, ResourceLimits};

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
    let slot = if let Ok(slot) = free.try_acquire() {
        slot
    } else {
        ResourceLimit::ExportsAtOnce.record_reached();
        free.acquire().await.expect("the semaphore is never closed")
    };
    let response = next.run(request).await;
    drop(slot);
    response
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
