//! Size limit of request bodies.
//!
//! A body that exceeds the limit is refused, but it is read and discarded up to a second limit. Otherwise the connection
//! would close while the client is still sending, and the client would not receive the response (RFC 9112, section 9.6).

use std::error::Error;

use axum::body::{Body, Bytes};
use futures_util::StreamExt;

use crate::connections::body_deadline::BodyTimedOut;

/// Maximum body size in bytes. A page of selections needs a few thousand.
pub(super) const MAX_BODY_BYTES: usize = 1 << 20;

/// Maximum number of bytes read from a refused body before the connection is closed.
const MAX_DISCARDED_BYTES: usize = 16 << 20;

/// Why a body cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    /// The body is too large or incomplete.
    TooLarge,
    /// The body was not complete in time.
    TimedOut,
}

impl BodyError {
    fn from_read_error(error: axum::Error) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
        while let Some(error) = cause {
            if error.is::<BodyTimedOut>() {
                return Self::TimedOut;
            }
            cause = error.source();
        }
        Self::TooLarge
    }
}

/// Reads a body of at most `most` bytes.
///
/// # Errors
/// If the body is larger, incomplete or late.
pub(super) async fn read_body(body: Body, most: usize) -> Result<Bytes, BodyError> {
    let mut chunks = body.into_data_stream();
    let (mut kept, mut length) = (Vec::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(BodyError::from_read_error)?;
        length += chunk.len();
        if length > MAX_DISCARDED_BYTES {
            return Err(BodyError::TooLarge);
        }
        if length > most {
            kept = Vec::new();
        } else {
            kept.extend_from_slice(&chunk);
        }
    }
    if length > most { Err(BodyError::TooLarge) } else { Ok(kept.into()) }
}

/// Reads and discards a refused body.
pub(super) async fn discard_body(body: Body) {
    // The request is refused in any case.
    let _ = read_body(body, 0).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(bytes: usize, chunk: usize) -> Body {
        let chunks = (0..bytes.div_ceil(chunk))
            .map(move |at| Ok::<_, std::io::Error>(Bytes::from(vec![b'a'; chunk.min(bytes - at * chunk)])));
        Body::from_stream(futures_util::stream::iter(chunks))
    }

    #[tokio::test]
    async fn a_body_of_the_limit_is_kept_and_one_byte_more_is_not() {
        let kept = read_body(body(MAX_BODY_BYTES, 4096), MAX_BODY_BYTES).await.map(|bytes| bytes.len());
        assert_eq!(kept, Ok(MAX_BODY_BYTES));
        assert_eq!(read_body(body(MAX_BODY_BYTES + 1, 4096), MAX_BODY_BYTES).await, Err(BodyError::TooLarge));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_not_kept() {
        let chunks = [Ok(Bytes::from_static(b"a")), Err(std::io::Error::other("gone"))];
        assert_eq!(
            read_body(Body::from_stream(futures_util::stream::iter(chunks)), MAX_BODY_BYTES).await,
            Err(BodyError::TooLarge)
        );
    }

    #[tokio::test]
    async fn a_body_without_end_is_taken_in_for_a_while_only() {
        let taken = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let count = std::sync::Arc::clone(&taken);
        let endless = futures_util::stream::repeat_with(move || {
            count.fetch_add(1 << 20, std::sync::atomic::Ordering::Relaxed);
            Ok::<_, std::io::Error>(Bytes::from(vec![b'a'; 1 << 20]))
        });
        discard_body(Body::from_stream(endless)).await;
        assert_eq!(taken.load(std::sync::atomic::Ordering::Relaxed), MAX_DISCARDED_BYTES + (1 << 20));
    }
}
