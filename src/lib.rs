pub mod config;
pub mod connectors;
pub mod model;
