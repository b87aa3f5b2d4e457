//! Request bodies of the API. Syntax errors are reported with line and column, invalid values with the name of the field.

use axum::body::{Body as Bytes, Bytes as Whole};
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;

use super::json_tree::{JsonTree, TreeError};
use super::problem::ApiProblem;
use crate::body_limit::{self, BodyError, MAX_BODY_BYTES};
use crate::form_data::ZERO_CHARACTER_MESSAGE;

/// Maximum length of a text field in characters. Longer texts do not fit into a database index.
pub(super) const MAX_TEXT_LENGTH: usize = 500;

/// JSON body.
#[derive(Debug)]
pub(super) struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiProblem;

    async fn from_request(request: Request<Bytes>, _: &S) -> Result<Self, ApiProblem> {
        let bytes = read_body_of_type(request, "application/json", "not_json").await?;
        parse_json(&bytes).map(Self)
    }
}

/// CSV body.
#[derive(Debug)]
pub(super) struct CsvBody(pub Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for CsvBody {
    type Rejection = ApiProblem;

    async fn from_request(request: Request<Bytes>, _: &S) -> Result<Self, ApiProblem> {
        read_body_of_type(request, "text/csv", "not_csv").await.map(|bytes| Self(bytes.into()))
    }
}

/// Reads a body and checks its content type.
async fn read_body_of_type(
    request: Request<Bytes>,
    wanted: &str,
    refusal: &'static str,
) -> Result<Whole, ApiProblem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case(wanted) {
        body_limit::discard_body(request.into_body()).await;
        let text = format!("the request body is not `{wanted}`");
        return Err(ApiProblem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, refusal, text));
    }
    body_limit::read_body(request.into_body(), body_limit::MAX_BODY_BYTES).await.map_err(
        |error| match error {
            BodyError::TooLarge => {
                let text = format!("the request body is larger than {MAX_BODY_BYTES} bytes, or incomplete");
                ApiProblem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", text)
            }
            BodyError::TimedOut => {
                let text = "the request body was not complete in time";
                ApiProblem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", text)
            }
        },
    )
}

/// Optional JSON body.
#[derive(Debug)]
pub(super) struct OptionalJsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJsonBody<T> {
    type Rejection = ApiProblem;

    async fn from_request(request: Request<Bytes>, state: &S) -> Result<Self, ApiProblem> {
        let headers = request.headers();
        let length = headers.get(header::CONTENT_LENGTH).is_none_or(|length| length == "0");
        if length && !headers.contains_key(header::TRANSFER_ENCODING) {
            return Ok(Self(T::default()));
        }
        JsonBody::from_request(request, state).await.map(|JsonBody(body)| Self(body))
    }
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiProblem> {
    let whole: JsonTree = serde_json::from_slice(bytes).map_err(|error| invalid_json(&error))?;
    check_text_limits(&whole, String::new())?;
    serde_path_to_error::deserialize(whole).map_err(|error| {
        let path = error.path().to_string();
        let TreeError { field, message } = error.into_inner();
        // The path of an unknown or missing field ends at its parent.
        let field = match (path.as_str(), field) {
            (".", Some(name)) => name,
            (path, Some(name)) if !path.ends_with(&name) => format!("{path}.{name}"),
            (path, _) => path.to_owned(),
        };
        ApiProblem::invalid_field(field, message)
    })
}

fn invalid_json(error: &serde_json::Error) -> ApiProblem {
    ApiProblem::new(
        StatusCode::BAD_REQUEST,
        "broken_json",
        format!("the request body is not valid JSON: {error}"),
    )
}

/// Refuses texts that cannot be stored in the database.
fn check_text_limits(value: &JsonTree, path: String) -> Result<(), ApiProblem> {
    match value {
        JsonTree::Text(text) if text.contains('\0') => {
            Err(ApiProblem::invalid_field(path, ZERO_CHARACTER_MESSAGE))
        }
        JsonTree::Text(text) if text.chars().count() > MAX_TEXT_LENGTH => {
            Err(ApiProblem::invalid_field(path, format!("a text has at most {MAX_TEXT_LENGTH} characters")))
        }
        JsonTree::List(list) => {
            list.iter().enumerate().try_for_each(|(at, one)| check_text_limits(one, format!("{path}[{at}]")))
        }
        JsonTree::Fields(fields) => fields.iter().try_for_each(|(name, one)| {
            check_text_limits(one, if path.is_empty() { name.clone() } else { format!("{path}.{name}") })
        }),
        JsonTree::Null | JsonTree::Bool(_) | JsonTree::Number(_) | JsonTree::Text(_) => Ok(()),
    }
}
