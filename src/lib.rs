pub mod connectors;
pub mod enrollment;
pub mod groups;
pub mod model;
pub mod store;
pub mod sync;
