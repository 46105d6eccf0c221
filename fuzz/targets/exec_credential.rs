//! Runs [`kubecred_fuzz::exec_credential`] on libFuzzer's bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kubecred_fuzz::exec_credential(bytes));
