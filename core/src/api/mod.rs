//! The wire types of the Kubernetes APIs that concern authentication.

mod document;
pub mod exec_credential;
