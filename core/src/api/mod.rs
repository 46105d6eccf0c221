//! The wire types of the Kubernetes APIs that concern authentication.

pub(crate) mod document;
pub mod exec_credential;
