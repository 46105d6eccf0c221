//! The laws, over random scripts.
//!
//! A failure names the seed and the shortest script that shows it. `KUBECRED_SCRIPTS` sets how many
//! scripts are tried (12,000 by default), `KUBECRED_SEED` where to start.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use world::laws::{self, Tally};
use world::profiles;
use world::script::Script;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

/// A script from each seed: some short, so that the end comes at any point of a life.
fn script(seed: u64) -> Script {
    Script::random(seed, 5 + (seed as usize * 7) % 90)
}

fn broken(script: &Script) -> Option<String> {
    let result = catch_unwind(AssertUnwindSafe(|| laws::hold(script)));
    let payload = result.err()?;
    let text = payload.downcast_ref::<String>().cloned();
    Some(text.or_else(|| payload.downcast_ref::<&str>().map(|t| (*t).into())).unwrap_or_default())
}

/// Leaves out whatever the failure does not need.
fn shrink(mut script: Script) -> Script {
    let mut chunk = script.ops.len();
    while chunk > 0 {
        let mut at = 0;
        while at < script.ops.len() {
            let mut shorter = script.clone();
            shorter.ops.drain(at..(at + chunk).min(script.ops.len()));
            if broken(&shorter).is_some() { script = shorter } else { at += chunk }
        }
        chunk /= 2;
    }
    script
}

fn try_all(seeds: impl Iterator<Item = u64>) -> Tally {
    std::panic::set_hook(Box::new(|_| {}));
    let mut total = Tally::default();
    for seed in seeds {
        let script = script(seed);
        match catch_unwind(AssertUnwindSafe(|| laws::hold(&script))) {
            Ok(tally) => total += tally,
            Err(_) => {
                let short = shrink(script);
                let profile = profiles::all()[short.profile].0;
                let policy = profiles::policies()[short.policy].0;
                let text = broken(&short).unwrap_or_default();
                let _ = std::panic::take_hook();
                panic!("seed {seed}, {profile}, policy {policy}: {:?}\n{text}", short.ops);
            }
        }
    }
    total
}

#[test]
fn the_laws_hold_over_random_scripts() {
    let (first, count) = (number("KUBECRED_SEED", 0), number("KUBECRED_SCRIPTS", 12_000));
    let next = AtomicU64::new(first);
    let one = || {
        try_all(std::iter::from_fn(|| {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            (seed < first + count).then_some(seed)
        }))
    };
    let total = std::thread::scope(|scope| {
        let other = scope.spawn(one);
        let mut total = one();
        total += other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        total
    });
    // Laws over lives in which nothing happens would prove nothing.
    assert!(total.started > count, "{total:?}");
    assert!(total.served > count, "{total:?}");
    assert!(total.failed > count / 4, "{total:?}");
    assert!(total.rejected > count / 20, "{total:?}");
    println!("{count} scripts: {total:?}");
}
