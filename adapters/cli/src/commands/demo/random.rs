//! Names and secrets that nobody guesses while a demo lasts.

use std::hash::{BuildHasher, RandomState};

/// 32 hexadecimal digits from the keys that the standard library takes from the system.
pub(crate) fn hex() -> String {
    let [a, b] = [0, 1].map(|n: u8| RandomState::new().hash_one(n));
    format!("{a:016x}{b:016x}")
}
