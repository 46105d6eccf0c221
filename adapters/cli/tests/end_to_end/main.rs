//! `kubecred` and `kubectl`, real processes with the same kubeconfig, against one server that
//! writes down what it sees: both must send the same.
//!
//! A test runs kubectl, which is the oracle, then kubecred, and compares everything
//! (`observation.rs`). Where kubecred means to differ, the test is in `differences.rs`, with the
//! rule and the reason.
#![cfg(unix)]

mod aws;
mod case;
mod certificates;
mod differences;
mod exec;
mod exec_failures;
mod files;
mod impersonation;
#[cfg(target_os = "linux")]
mod in_cluster;
mod observation;
mod overrides;
mod plugin;
mod programs;
mod proxies;
mod refusals;
mod rotation;
mod static_credentials;
mod tls;
mod trust;
mod versions;
