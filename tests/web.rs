//! The pages, in a real browser and request by request.

mod article;
mod gallery;
mod jobs;
mod settings;
mod sync;
