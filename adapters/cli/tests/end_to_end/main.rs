//! `kubecred` and `kubectl`, real processes with the same kubeconfig, against one server that
//! writes down what it sees: both must send the same.
//!
//! A test runs kubectl, which is the oracle, then kubecred, and compares everything
//! (`observation.rs`). Where kubecred means to differ, the test is in `differences.rs`, with the
//! rule and the reason.
#![cfg(unix)]

#[path = "../support/case.rs"]
#[expect(dead_code, reason = "generated cases need more of it")]
mod case;
#[path = "../support/observation.rs"]
#[expect(dead_code, reason = "generated cases need more of it")]
mod observation;
#[path = "../support/plugin.rs"]
#[expect(dead_code, reason = "generated cases need more of it")]
mod plugin;
#[path = "../support/programs.rs"]
mod programs;

mod asked_again;
mod aws;
mod certificates;
mod differences;
mod exec;
mod exec_failures;
mod files;
mod impersonation;
#[cfg(target_os = "linux")]
mod in_cluster;
mod key_exchange;
mod overrides;
mod proxies;
mod refusals;
mod rotation;
mod static_credentials;
mod tls;
mod tls_failures;
mod trust;
mod trust_matrix;
mod versions;
