pub mod enrollment;
pub mod model;
pub mod store;
