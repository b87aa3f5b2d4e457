//! API routes, each declared together with its OpenAPI description.

use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::api_query::MAX_PAGE_SIZE;
use crate::WebContext;
use crate::routes::{RouteAccess, RouteTable};

/// Path prefix of the API.
pub(super) const ROOT: &str = "/api/v1";

/// OpenAPI description of a route.
pub(super) struct ApiOperation {
    id: &'static str,
    summary: &'static str,
    parameters: Vec<Value>,
    body: Option<(&'static str, Value)>,
    needs_body: bool,
    answer: (StatusCode, Value),
    headers: Map<String, Value>,
    refusals: Vec<StatusCode>,
    schemas: Vec<(String, RefOr<Schema>)>,
}

/// Describes a route that returns `T`.
pub(super) fn operation_returning<T: ToSchema>(id: &'static str, summary: &'static str) -> ApiOperation {
    let mut schemas = Vec::new();
    let answer = schema_reference::<T>(&mut schemas);
    ApiOperation {
        id,
        summary,
        parameters: Vec::new(),
        body: None,
        needs_body: true,
        answer: (StatusCode::OK, answer),
        headers: Map::new(),
        refusals: Vec::new(),
        schemas,
    }
}

/// Describes a route that returns a page of `T`.
pub(super) fn operation_returning_page<T: ToSchema>(id: &'static str, summary: &'static str) -> ApiOperation {
    let after = "Cursor: the `next` of the previous page.";
    let limit = "Maximum number of items.";
    let mut operation = operation_returning_list::<T>(id, summary).text_param("after", after);
    let schema = json!({"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": 50});
    operation.parameters.push(parameter("limit", limit, schema));
    operation
}

/// Describes a route that returns all `T` as a single page.
pub(super) fn operation_returning_list<T: ToSchema>(id: &'static str, summary: &'static str) -> ApiOperation {
    let mut operation = operation_returning::<T>(id, summary);
    let next = "Cursor of the next page, for the parameter `after`. Null on the last page.";
    operation.answer.1 = json!({
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": operation.answer.1},
            "next": {"type": ["string", "null"], "description": next},
        },
    });
    operation
}

fn schema_reference<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) -> Value {
    let name = T::name().into_owned();
    T::schemas(schemas);
    schemas.push((name.clone(), T::schema()));
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn parameter(name: &str, description: &str, schema: Value) -> Value {
    json!({"name": name, "in": "query", "description": description, "required": false, "schema": schema})
}

impl ApiOperation {
    /// Adds a required JSON body.
    pub(super) fn json_body<T: ToSchema>(mut self) -> Self {
        self.body = Some(("application/json", schema_reference::<T>(&mut self.schemas)));
        self
    }

    /// Adds a required CSV body.
    pub(super) fn csv_body(mut self, description: &str) -> Self {
        self.body = Some(("text/csv", json!({"type": "string", "description": description})));
        self
    }

    /// Adds an optional JSON body.
    pub(super) fn optional_json_body<T: ToSchema>(self) -> Self {
        Self { needs_body: false, ..self.json_body::<T>() }
    }

    /// Adds a text parameter to the query.
    pub(super) fn text_param(mut self, name: &str, description: &str) -> Self {
        self.parameters.push(parameter(name, description, json!({"type": "string"})));
        self
    }

    /// Adds an enumeration parameter to the query.
    pub(super) fn enum_param(mut self, name: &str, description: &str, words: &[&str]) -> Self {
        self.parameters.push(parameter(name, description, json!({"type": "string", "enum": words})));
        self
    }

    /// Adds a date parameter to the query.
    pub(super) fn date_param(mut self, name: &str, description: &str) -> Self {
        self.parameters.push(parameter(name, description, json!({"type": "string", "format": "date"})));
        self
    }

    /// Declares that the route returns 201 with a `Location` header.
    pub(super) fn returns_created(mut self) -> Self {
        self.answer.0 = StatusCode::CREATED;
        self.headers.insert("Location".to_owned(), header("Path of the created object."));
        self
    }

    /// Declares that the response has an ETag header.
    pub(super) fn returns_etag(mut self) -> Self {
        self.headers.insert("ETag".to_owned(), header("Version of the object, for `If-Match`."));
        self
    }

    /// Declares that the route evaluates `If-Match`.
    pub(super) fn accepts_if_match(mut self) -> Self {
        self.parameters.push(json!({
            "name": "If-Match", "in": "header", "required": false, "schema": {"type": "string"},
            "description": "Expected ETag. The request is refused with 412 if the object has a different one.",
        }));
        self.refusals.push(StatusCode::PRECONDITION_FAILED);
        self
    }

    /// Declares that the route can return 409.
    pub(super) fn returns_conflict(mut self) -> Self {
        self.refusals.push(StatusCode::CONFLICT);
        self
    }

    fn into_value(mut self, path: &str, access: RouteAccess, method: &Method) -> Value {
        use StatusCode as S;
        let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let named: Vec<&str> = names.collect();
        for name in &named {
            let schema = match *name {
                "id" => json!({"type": "integer", "format": "int64", "minimum": 1}),
                _ => json!({"type": "string"}),
            };
            let one = json!({"name": name, "in": "path", "required": true, "schema": schema});
            self.parameters.push(one);
        }
        let mut refusals = vec![S::SERVICE_UNAVAILABLE];
        if access != RouteAccess::Open {
            refusals.extend([S::UNAUTHORIZED, S::FORBIDDEN]);
        }
        if !named.is_empty() {
            refusals.push(S::NOT_FOUND);
        }
        if self.body.is_some() {
            refusals.extend([S::BAD_REQUEST, S::PAYLOAD_TOO_LARGE, S::UNSUPPORTED_MEDIA_TYPE]);
        }
        let asks = self.parameters.iter().any(|one| one["in"] == "query");
        if self.body.is_some() || asks || method == Method::GET {
            refusals.push(S::UNPROCESSABLE_ENTITY);
        }
        refusals.append(&mut self.refusals);
        let problem =
            json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}});
        let mut responses: Map<String, Value> = refusals
            .into_iter()
            .map(|status| {
                let words = status.canonical_reason().unwrap_or_default();
                (status.as_u16().to_string(), json!({"description": words, "content": problem}))
            })
            .collect();
        let (status, schema) = self.answer;
        let answer = json!({
            "description": self.summary, "headers": self.headers, "content": {"application/json": {"schema": schema}},
        });
        responses.insert(status.as_u16().to_string(), answer);
        let room = path.trim_start_matches(ROOT).split('/').nth(1).unwrap_or_default();
        let mut operation = json!({
            "operationId": self.id, "summary": self.summary, "tags": [room], "parameters": self.parameters,
            "responses": responses,
        });
        match access.permission() {
            None => operation["security"] = json!([]),
            Some(may) => operation["description"] = json!(format!("Needs {}.", may.in_words())),
        }
        if let Some((kind, schema)) = self.body {
            let content = json!({kind: {"schema": schema}});
            operation["requestBody"] = json!({"required": self.needs_body, "content": content});
        }
        operation
    }
}

fn header(description: &str) -> Value {
    json!({"description": description, "schema": {"type": "string"}})
}

/// Builder of API routes and their descriptions.
pub(super) struct ApiRoutes {
    routes: RouteTable,
    paths: Map<String, Value>,
    schemas: Map<String, Value>,
}

impl ApiRoutes {
    pub(super) fn new(routes: RouteTable) -> Self {
        let api = Self { routes, paths: Map::new(), schemas: Map::new() };
        api.add_schemas(operation_returning::<super::problem::ProblemDetails>("", ""))
    }

    fn add_schemas(mut self, operation: ApiOperation) -> Self {
        for (name, schema) in operation.schemas {
            let schema = json!(schema);
            let known = self.schemas.insert(name.clone(), schema.clone());
            debug_assert!(known.is_none_or(|known| known == schema), "two schemas are called `{name}`");
        }
        self
    }

    fn add_operation(
        mut self,
        method: &Method,
        path: &str,
        access: RouteAccess,
        mut operation: ApiOperation,
    ) -> Self {
        let schemas = std::mem::take(&mut operation.schemas);
        let value = operation.into_value(path, access, method);
        let item = self.paths.entry(path).or_insert_with(|| json!({}));
        item[method.as_str().to_lowercase()] = value;
        let described =
            ApiOperation { schemas, ..operation_returning::<super::problem::ProblemDetails>("", "") };
        self.add_schemas(described)
    }

    pub(super) fn get<H, T>(
        self,
        path: &'static str,
        access: RouteAccess,
        operation: ApiOperation,
        handler: H,
    ) -> Self
    where
        H: Handler<T, WebContext>,
        T: 'static,
    {
        let mut api = self.add_operation(&Method::GET, path, access, operation);
        api.routes = api.routes.get(path, access, handler);
        api
    }

    pub(super) fn post<H, T>(
        self,
        path: &'static str,
        access: RouteAccess,
        operation: ApiOperation,
        handler: H,
    ) -> Self
    where
        H: Handler<T, WebContext>,
        T: 'static,
    {
        let mut api = self.add_operation(&Method::POST, path, access, operation);
        api.routes = api.routes.post(path, access, handler);
        api
    }

    pub(super) fn patch<H, T>(
        self,
        path: &'static str,
        access: RouteAccess,
        operation: ApiOperation,
        handler: H,
    ) -> Self
    where
        H: Handler<T, WebContext>,
        T: 'static,
    {
        let mut api = self.add_operation(&Method::PATCH, path, access, operation);
        api.routes = api.routes.patch(path, access, handler);
        api
    }

    pub(super) fn delete<H, T>(
        self,
        path: &'static str,
        access: RouteAccess,
        operation: ApiOperation,
        handler: H,
    ) -> Self
    where
        H: Handler<T, WebContext>,
        T: 'static,
    {
        let mut api = self.add_operation(&Method::DELETE, path, access, operation);
        api.routes = api.routes.delete(path, access, handler);
        api
    }

    /// Returns the routes, and the paths and schemas of the OpenAPI document.
    pub(super) fn into_parts(self) -> (RouteTable, Map<String, Value>, Map<String, Value>) {
        (self.routes, self.paths, self.schemas)
    }
}
