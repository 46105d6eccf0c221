//! The laws of a login over random hosts, providers and users. Each run checks them: see
//! `world::login::chaos`.

use world::login::chaos;

/// Bytes of which one in sixteen says that something goes wrong.
fn bytes(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) as u8
    };
    (0..200).map(|_| next()).collect()
}

#[test]
fn two_hundred_random_runs_keep_the_laws() {
    for seed in 0..200 {
        let bytes = bytes(seed);
        let result = std::panic::catch_unwind(|| chaos(&bytes));
        assert!(result.is_ok(), "with seed {seed}");
    }
}

/// Every single job that goes wrong, in every way, in every flow.
#[test]
fn each_job_may_fail_be_answered_wrongly_or_be_forgotten() {
    for grant in 0..7 {
        for storage in 0..4 {
            for at in 0..10 {
                for fate in [242, 254, 255] {
                    let mut bytes = vec![grant, storage];
                    bytes.extend([0; 15 + 12]);
                    bytes[17 + at] = fate;
                    let result = std::panic::catch_unwind(|| chaos(&bytes));
                    assert!(result.is_ok(), "with {bytes:?}");
                }
            }
        }
    }
}
