//! The position of a learner in the population of a plan.

/// The position of a learner in [`Population`](crate::population::Population).
pub type LearnerIndex = u32;
