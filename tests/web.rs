//! The pages, in a real browser and request by request.

mod api;
mod article;
mod gallery;
