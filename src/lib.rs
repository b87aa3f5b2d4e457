pub mod connectors;
pub mod model;
