//! Routes, each with what it needs: none can be added without saying it.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, patch, post};

use crate::WebContext;
use crate::auth::{AuthMiddleware, authorize_api, authorize_page};
use rollcall_model::role::Permission;

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteAccess {
    /// Nothing: signing in, styles, signs of life.
    Open,
    /// Somebody who may do this.
    Needs(Permission),
}

/// A route as it was declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteDeclaration {
    /// `GET`, `POST`, `PATCH` or `DELETE`.
    pub method: Method,
    /// With `{name}` for what varies.
    pub path: &'static str,
    /// What it needs.
    pub access: RouteAccess,
}

/// Routes under construction.
pub(super) struct RouteTable {
    web: WebContext,
    router: Router<WebContext>,
    table: Vec<RouteDeclaration>,
}

impl RouteTable {
    pub(crate) fn new(web: &WebContext) -> Self {
        Self { web: web.clone(), router: Router::new(), table: Vec::new() }
    }

    /// Something to be read.
    pub(crate) fn get<H, T>(self, path: &'static str, access: RouteAccess, handler: H) -> Self
    where
        H: Handler<T, WebContext>,
        T: 'static,
    {
        self.add(Method::GET, path, access, get(handler))
    }

    /// Something to be done.
    pub(crate) fn post<H, T>(self, path: &'static str, access: RouteAccess, handler: H) -> Self
    where
        H: Handler<T, WebContext>,
        T: 'static,
    {
        self.add(Method::POST, path, access, post(handler))
    }

    /// Something to be changed in part.
    pub(crate) fn patch<H, T>(self, path: &'static str, access: RouteAccess, handler: H) -> Self
    where
        H: Handler<T, WebContext>,
        T: 'static,
    {
        self.add(Method::PATCH, path, access, patch(handler))
    }

    /// Something to be ended.
    pub(crate) fn delete<H, T>(self, path: &'static str, access: RouteAccess, handler: H) -> Self
    where
        H: Handler<T, WebContext>,
        T: 'static,
    {
        self.add(Method::DELETE, path, access, delete(handler))
    }

    fn add(
        mut self,
        method: Method,
        path: &'static str,
        access: RouteAccess,
        handler: MethodRouter<WebContext>,
    ) -> Self {
        let handler = match access {
            RouteAccess::Open => handler,
            RouteAccess::Needs(may) => {
                let at = AuthMiddleware { web: self.web.clone(), may };
                // Programs ask for these: they bring a key.
                if path.starts_with("/api/") || path == "/metrics" {
                    handler.layer(from_fn_with_state(at, authorize_api))
                } else {
                    handler.layer(from_fn_with_state(at, authorize_page))
                }
            }
        };
        self.router = self.router.route(path, handler);
        self.table.push(RouteDeclaration { method, path, access });
        self
    }

    pub(crate) fn into_router(self) -> Router {
        self.router.with_state(self.web)
    }

    pub(crate) fn into_declarations(self) -> Vec<RouteDeclaration> {
        self.table
    }
}
