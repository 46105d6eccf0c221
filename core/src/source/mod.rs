//! The sources of credentials, each as pure functions: what to ask a host for, and what its answer
//! means. When to ask is the slot's affair.

pub mod exec;
