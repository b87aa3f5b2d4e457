//! What is sent to the API, and what is wrong with it: with line and column where it is no JSON, with the name of the
//! field where it is other than it should be.

use axum::body::{Body as Bytes, Bytes as Whole};
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::error::Category;

use super::problem::Problem;
use crate::web::received::{self, MOST_BYTES};

/// The longest text of a field, in characters: an index of the database takes as many.
pub(super) const LONGEST: usize = 500;

/// A body of JSON.
#[derive(Debug)]
pub(super) struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request<Bytes>, _: &S) -> Result<Self, Problem> {
        let bytes = bytes(request, "application/json", "not_json").await?;
        read(&bytes).map(Self)
    }
}

/// A body of CSV.
#[derive(Debug)]
pub(super) struct Sheet(pub Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for Sheet {
    type Rejection = Problem;

    async fn from_request(request: Request<Bytes>, _: &S) -> Result<Self, Problem> {
        bytes(request, "text/csv", "not_csv").await.map(|bytes| Self(bytes.into()))
    }
}

/// What was sent, where it is of the kind that is wanted.
async fn bytes(request: Request<Bytes>, wanted: &str, refusal: &'static str) -> Result<Whole, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case(wanted) {
        received::let_go(request.into_body()).await;
        let text = format!("what was sent is not `{wanted}`");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, refusal, text));
    }
    received::whole(request.into_body()).await.map_err(|_| {
        let text = format!("what was sent is larger than {MOST_BYTES} bytes, or broke off");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", text)
    })
}

/// A body of JSON that may be left out.
#[derive(Debug)]
pub(super) struct MaybeBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for MaybeBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request<Bytes>, state: &S) -> Result<Self, Problem> {
        let headers = request.headers();
        let length = headers.get(header::CONTENT_LENGTH).is_none_or(|length| length == "0");
        if length && !headers.contains_key(header::TRANSFER_ENCODING) {
            return Ok(Self(T::default()));
        }
        Body::from_request(request, state).await.map(|Body(body)| Self(body))
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let whole: Value = serde_json::from_slice(bytes).map_err(broken)?;
    check(&whole, String::new())?;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let cause = error.into_inner();
        if cause.classify() != Category::Data {
            return broken(cause);
        }
        let text = cause.to_string();
        let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
        // What is unknown or missing is named in the text; the path ends above what is missing.
        let named = text.split('`').nth(1).filter(|_| text.contains(" field `"));
        let field = match (path.as_str(), named) {
            (".", Some(name)) => name.to_owned(),
            (path, Some(name)) if !path.ends_with(name) => format!("{path}.{name}"),
            (path, _) => path.to_owned(),
        };
        Problem::invalid(field, text)
    })
}

fn broken(error: serde_json::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "broken_json", format!("what was sent is no JSON: {error}"))
}

/// Texts that no database keeps are refused before anybody looks at them.
fn check(value: &Value, path: String) -> Result<(), Problem> {
    match value {
        Value::String(text) if text.contains('\0') => {
            Err(Problem::invalid(path, "a text cannot hold the character U+0000"))
        }
        Value::String(text) if text.chars().count() > LONGEST => {
            Err(Problem::invalid(path, format!("a text has at most {LONGEST} characters")))
        }
        Value::Array(list) => {
            list.iter().enumerate().try_for_each(|(at, one)| check(one, format!("{path}[{at}]")))
        }
        Value::Object(fields) => fields.iter().try_for_each(|(name, one)| {
            check(one, if path.is_empty() { name.clone() } else { format!("{path}.{name}") })
        }),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}
