//! The program as people use it: run as a process, against an API server on loopback.

mod api;
mod arguments;
mod cache;
mod completion;
mod credential;
mod demo;
mod docs;
mod errors;
mod explain;
mod gate;
mod get;
#[cfg(target_os = "linux")]
mod hostile;
mod kubectl;
mod kuberc;
mod lints;
mod manners;
mod oidc;
mod stage;
mod timeout;
mod truth;
mod variables;
mod views;
