//! What a request pays in the steady state: `Authenticator::credential`, with a token, an
//! impersonated user, and both clocks compared. Fails if it allocates.

use kubecred_core::protocol::{Action, Exit};
use kubecred_core::{Authentication, Authenticator, Exec, Input, Now, Policy, Profile};
use std::hint::black_box;
use std::time::Instant;

const CALLS: u32 = 2_000_000;
const ROUNDS: u32 = 9;
const GOAL_NS: f64 = 25.0;

fn main() {
    let machine = warm();
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for call in 0..CALLS {
            let now = Now::from_millis(1000 + u64::from(call) % 1000, 1_700_000_001_000);
            let _ = black_box(machine.credential(black_box(now)));
        }
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(CALLS));
    }
    let allocations = allocation_counter::measure(|| {
        for call in 0..1000 {
            let now = Now::from_millis(1000 + call, 1_700_000_001_000);
            assert!(black_box(machine.credential(now)).is_ok());
        }
    });
    println!(
        "core credential(): {best:.1} ns (goal: under {GOAL_NS}), {} allocations in 1,000 calls",
        allocations.count_total
    );
    assert_eq!(allocations.count_total, 0, "the request path allocates");
}

/// A machine that holds an exec token for an hour.
fn warm() -> Authenticator {
    let mut profile = Profile::new("https://10.0.0.1:6443");
    profile.authentication = Authentication::exec(Exec::new("plugin"));
    profile.authentication.impersonation.user = "jane".into();
    let mut machine = Authenticator::new(&profile, Policy::default(), 0);
    let now = Now::from_millis(0, 1_700_000_000_000);
    machine.handle_input(now, Input::Demand);
    let Some(Action::RunCommand(job)) = machine.poll_action() else { panic!("no plugin run") };
    let stdout = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",
        "status":{"token":"abc","expirationTimestamp":"2023-11-14T23:13:20Z"}}"#;
    machine.handle_input(now, job.done(Ok(Exit { code: 0, stdout: stdout.into() })));
    machine.handle_input(now, Input::Demand);
    while machine.poll_action().is_some() {}
    assert!(machine.credential(now).is_ok_and(|c| !c.demand && c.expires.is_some()));
    machine
}
