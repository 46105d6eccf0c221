//! The program as people use it: run as a process, against an API server on loopback.

mod arguments;
mod credential;
mod demo;
mod errors;
mod get;
mod kubectl;
mod kuberc;
mod oidc;
mod stage;
mod timeout;
