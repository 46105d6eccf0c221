//! The objects of the Kubernetes authentication APIs, and the requests that create them.
//!
//! A call consists of an [`ApiRequest`](call::ApiRequest), which a host sends with its HTTP client
//! and credential, and a function that reads the response; [`calls`] has both as one trait, for hosts
//! that make all of them. Unknown fields are ignored, and null is
//! treated as absent. `kind` and `apiVersion` of a response are checked. Limits: 1 MiB for a
//! response, 16 KiB for a token, 4,096 groups, 1,024 extra keys. Errors name the field, never its
//! value; tokens are [`Secret`](crate::Secret)s.

pub mod bound_object;
pub mod call;
pub mod calls;
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
