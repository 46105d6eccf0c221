//! Verification of a provider's tokens, as a pure function.

mod problem;

pub use problem::TokenProblem;
