//! The laws of a reviewer of tokens over random callers and servers. Each run checks them: see
//! `world::reviewer`.

use world::Chance;
use world::reviewer::chaos;

#[test]
fn five_hundred_random_runs_keep_the_laws() {
    for seed in 0..500 {
        let mut chance = Chance::new(seed);
        let bytes = chance.bytes(600);
        let result = std::panic::catch_unwind(|| chaos(&bytes));
        assert!(result.is_ok(), "with seed {seed}");
    }
}

/// Mostly unknown tokens, with a server that is slow: what was accepted stays.
#[test]
fn floods_of_unknown_tokens_keep_the_laws() {
    for seed in 0..200 {
        let mut chance = Chance::new(seed);
        let mut bytes = chance.bytes(1);
        for _ in 0..400 {
            let step = match chance.below(10) {
                0 => 0,
                1 => 3,
                2 => 6 + 8 * 9,
                _ => 5,
            };
            bytes.push(step);
            bytes.extend(chance.bytes(1));
        }
        let result = std::panic::catch_unwind(|| chaos(&bytes));
        assert!(result.is_ok(), "with seed {seed}");
    }
}
