//! Runs [`kubecred_fuzz::kubeconfig`] on libFuzzer's bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kubecred_fuzz::kubeconfig(bytes));
