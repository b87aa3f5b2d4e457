//! Route table. Every route is declared with the access that it requires.

use std::path::Path;

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, patch, post};

use crate::WebContext;
use crate::auth::{AuthMiddleware, authorize_api, authorize_page};
use crate::csv_export::{ExportSlots, wait_for_export};
use crate::request_slots::RequestSlots;
use rollcall_model::role::Permission;

/// Access that a route requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteAccess {
    /// No authentication: sign-in, static files, health checks.
    Open,
    /// A session with this permission. Requests without a session are redirected to the sign-in page.
    Session(Permission),
    /// The same, and the user must have signed in or confirmed the password within the last 15 minutes.
    RecentSession(Permission),
    /// An API token or a session with this permission. Requests without either are refused with 401.
    TokenOrSession(Permission),
}

impl RouteAccess {
    /// The required permission. `None` for open routes.
    #[must_use]
    pub fn permission(self) -> Option<Permission> {
        match self {
            Self::Open => None,
            Self::Session(permission)
            | Self::RecentSession(permission)
            | Self::TokenOrSession(permission) => Some(permission),
        }
    }

    /// Returns true if the user must have signed in or confirmed the password a short time ago: for changes of accounts,
    /// tokens and settings, too.
    fn needs_proof(self, method: &Method) -> bool {
        match self {
            Self::Open => false,
            Self::RecentSession(_) => true,
            Self::Session(permission) | Self::TokenOrSession(permission) => {
                permission == Permission::Admin && method != Method::GET
            }
        }
    }
}

/// Declaration of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteDeclaration {
    /// `GET`, `POST`, `PATCH` or `DELETE`.
    pub method: Method,
    /// Path template. `{name}` stands for a variable part.
    pub path: &'static str,
    /// Required access.
    pub access: RouteAccess,
}

/// Builder of the router and of the list of declarations.
pub(super) struct RouteTable {
    web: WebContext,
    slots: RequestSlots,
    exports: ExportSlots,
    router: Router<WebContext>,
    table: Vec<RouteDeclaration>,
}

impl RouteTable {
    pub(crate) fn new(web: &WebContext) -> Self {
        Self {
            web: web.clone(),
            slots: RequestSlots::default(),
            exports: ExportSlots::default(),
            router: Router::new(),
            table: Vec::new(),
        }
    }

    pub(crate) fn get<H, T>(self, path: &'static str, access: RouteAccess, handler: H) -> Self
    where
        H: Handler<T, WebContext>,
        T: 'static,
    {
        self.add(Method::GET, path, access, get(handler))
    }

    pub(crate) fn post<H, T>(self, path: &'static str, access: RouteAccess, handler: H) -> Self
    where
        H: Handler<T, WebContext>,
        T: 'static,
    {
        self.add(Method::POST, path, access, post(handler))
    }

    pub(crate) fn patch<H, T>(self, path: &'static str, access: RouteAccess, handler: H) -> Self
    where
        H: Handler<T, WebContext>,
        T: 'static,
    {
        self.add(Method::PATCH, path, access, patch(handler))
    }

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
        let needs_proof = access.needs_proof(&method);
        let middleware =
            |may| AuthMiddleware { web: self.web.clone(), slots: self.slots.clone(), may, needs_proof };
        let is_export = Path::new(path).extension().is_some_and(|kind| kind == "csv");
        let handler = if is_export {
            handler.layer(from_fn_with_state(self.exports.clone(), wait_for_export))
        } else {
            handler
        };
        let handler = match access {
            RouteAccess::Open => handler,
            RouteAccess::Session(may) | RouteAccess::RecentSession(may) => {
                handler.layer(from_fn_with_state(middleware(may), authorize_page))
            }
            RouteAccess::TokenOrSession(may) => {
                handler.layer(from_fn_with_state(middleware(may), authorize_api))
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
