//! Changing kubeconfig files: locks, what a file is afterwards, and what goes wrong.
#![cfg(unix)]

mod locks;
mod replacing;
mod stage;
