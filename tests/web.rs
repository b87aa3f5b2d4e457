//! The pages, in a real browser and request by request.

mod article;
mod bad_days;
mod gallery;
mod ops;
mod provider;
mod routes;
mod sign_in;
