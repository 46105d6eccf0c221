//! Runs [`kubecred_fuzz::login_token`] on libFuzzer's bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kubecred_fuzz::login_token(bytes));
