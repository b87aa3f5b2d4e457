//! The pages, in a real browser and request by request.

mod article;
mod gallery;
mod settings;
