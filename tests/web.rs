//! The pages, in a real browser and request by request.

mod api;
mod article;
mod bad_days;
mod deeds;
mod gallery;
mod groups;
mod jobs;
mod lists;
mod ops;
mod pictures;
mod provider;
mod proxies;
mod routes;
mod settings;
mod sign_in;
mod sync;
