//! Runs [`kubecred_fuzz::api_reply`] on libFuzzer's bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kubecred_fuzz::api_reply(bytes));
