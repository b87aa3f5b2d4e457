//! Routes, each with what it needs: none can be added without saying it.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, patch, post};

use crate::model::role::May;
use crate::web::Web;
use crate::web::gate::{Gate, api_gate, gate};

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing: signing in, styles, signs of life.
    Open,
    /// Somebody who may do this.
    Needs(May),
}

/// A route as it was declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// `GET`, `POST`, `PATCH` or `DELETE`.
    pub method: Method,
    /// With `{name}` for what varies.
    pub path: &'static str,
    /// What it needs.
    pub access: Access,
}

/// Routes under construction.
pub(super) struct Routes {
    web: Web,
    router: Router<Web>,
    table: Vec<Route>,
}

impl Routes {
    pub fn new(web: &Web) -> Self {
        Self { web: web.clone(), router: Router::new(), table: Vec::new() }
    }

    /// Something to be read.
    pub fn get<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        self.add(Method::GET, path, access, get(handler))
    }

    /// Something to be done.
    pub fn post<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        self.add(Method::POST, path, access, post(handler))
    }

    /// Something to be changed in part.
    pub fn patch<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        self.add(Method::PATCH, path, access, patch(handler))
    }

    /// Something to be ended.
    pub fn delete<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        self.add(Method::DELETE, path, access, delete(handler))
    }

    fn add(mut self, method: Method, path: &'static str, access: Access, handler: MethodRouter<Web>) -> Self {
        let handler = match access {
            Access::Open => handler,
            Access::Needs(may) => {
                let at = Gate { web: self.web.clone(), may };
                // Programs ask for these: they bring a key.
                if path.starts_with("/api/") || path == "/metrics" {
                    handler.layer(from_fn_with_state(at, api_gate))
                } else {
                    handler.layer(from_fn_with_state(at, gate))
                }
            }
        };
        self.router = self.router.route(path, handler);
        self.table.push(Route { method, path, access });
        self
    }

    pub fn into_router(self) -> Router {
        self.router.with_state(self.web)
    }

    pub fn into_table(self) -> Vec<Route> {
        self.table
    }
}
