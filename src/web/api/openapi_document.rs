//! OpenAPI document of the API.

use serde_json::{Map, Value, json};

use crate::session_cookie::SESSION_COOKIE;

/// Path of the document.
pub(super) const DOCUMENT_PATH: &str = "/api/v1/openapi.json";

fn describe_document() -> Value {
    json!({
        "operationId": "describe", "summary": "This document", "tags": ["openapi.json"], "security": [],
        "responses": {"200": {"description": "This document", "content": {"application/json": {"schema": {"type": "object"}}}}},
    })
}

/// Builds the OpenAPI 3.1 document.
pub(super) fn build_document(mut paths: Map<String, Value>, schemas: Map<String, Value>) -> Value {
    paths.insert(DOCUMENT_PATH.to_owned(), json!({"get": describe_document()}));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "rollcall",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Synchronizes user groups and course enrollments with the company directory.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "Key of an API token."},
                "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
            },
        },
    })
}
