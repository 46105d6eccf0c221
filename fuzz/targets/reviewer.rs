//! Runs [`kubecred_fuzz::reviewer`] on libFuzzer's bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kubecred_fuzz::reviewer(bytes));
