//! The Kubernetes APIs that concern authentication: their objects, and calls of them as data.
//!
//! A call is an [`ApiRequest`](call::ApiRequest), which any host can send with the credential that
//! it has, and a function that reads the answer. Known fields are read and written, unknown ones
//! are passed over, and null is absence. `kind` and `apiVersion` of an answer are checked. What is
//! read is bounded: 1 MiB of answer, 16 KiB of token, 4,096 groups, 1,024 extra keys. Errors name
//! the field, never its value; tokens are [`Secret`](crate::Secret)s.

pub mod bound_object;
pub mod call;
pub(crate) mod document;
pub mod exec_credential;
pub(crate) mod gcloud;
pub(crate) mod json;
pub mod meta;
pub(crate) mod reader;
pub mod self_subject_review;
pub mod status;
pub mod subject_access_review;
pub mod token_request;
pub mod token_review;
pub mod user_info;
pub mod warning;
pub(crate) mod word;

#[cfg(test)]
mod tests;
