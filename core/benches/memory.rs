//! What a machine costs a process that holds 100,000 of them, each with a token file of its own:
//! bytes while it is idle and while it holds a token, and the time of a tick that finds nothing to
//! do. Fails over the goals for bytes.

use kubecred_core::protocol::{Action, FileBytes};
use kubecred_core::{Authentication, Authenticator, Input, Now, Policy, Profile, Roots};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

const MACHINES: u32 = 100_000;
const GOAL_IDLE: u64 = 1536;
const GOAL_HOLDING: u64 = 2560;
/// About what the kubelet writes for a pod.
const TOKEN_BYTES: usize = 900;

fn main() {
    let mut machines = Vec::with_capacity(MACHINES as usize);
    let policy = Arc::new(Policy::default());
    let idle = allocation_counter::measure(|| {
        for number in 0..MACHINES {
            let mut profile = Profile::new("https://10.0.0.1:6443");
            profile.cluster.roots = Roots::System;
            let path = format!("/var/run/secrets/{number:06}/token");
            profile.authentication = Authentication::token_file(path);
            machines.push(Authenticator::new(&profile, Arc::clone(&policy), u64::from(number)));
        }
    });
    let own = size_of::<Authenticator>() as u64;
    let each = |bytes: i64| own + u64::try_from(bytes).unwrap_or(0) / u64::from(MACHINES);
    let idle_each = each(idle.bytes_current);
    let idle_tick = tick(&mut machines);

    let token = "t".repeat(TOKEN_BYTES);
    let filled = allocation_counter::measure(|| machines.iter_mut().for_each(|m| fill(m, &token)));
    let holding_each = each(idle.bytes_current + filled.bytes_current);
    let holding_tick = tick(&mut machines);

    println!("machine               bytes   goal   ns per tick   ({MACHINES} in one process)");
    println!("idle                 {idle_each:>6} {GOAL_IDLE:>6}   {idle_tick:>11.0}");
    println!(
        "with a token of {TOKEN_BYTES}  {holding_each:>6} {GOAL_HOLDING:>6}   {holding_tick:>11.0}"
    );
    assert!(idle_each <= GOAL_IDLE, "an idle machine is over its goal");
    assert!(holding_each <= GOAL_HOLDING, "a machine with a token is over its goal");
}

/// Answers the first demand of a machine with a token.
fn fill(machine: &mut Authenticator, token: &str) {
    let now = Now::from_millis(0, 1_700_000_000_000);
    machine.handle_input(now, Input::Demand);
    while let Some(action) = machine.poll_action() {
        if let Action::ReadFile(job) = action {
            machine.handle_input(now, job.done(Ok(FileBytes(token.into()))));
        }
    }
    assert!(machine.credential(now).is_ok());
}

/// Nanoseconds per tick, each with the draining of what it causes.
fn tick(machines: &mut [Authenticator]) -> f64 {
    let mut best = f64::MAX;
    for round in 1..=5 {
        let now = Now::from_millis(round, 1_700_000_000_000);
        let start = Instant::now();
        for machine in machines.iter_mut() {
            machine.handle_input(now, Input::Tick);
            while let Some(action) = machine.poll_action() {
                black_box(action);
            }
        }
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(MACHINES));
    }
    best
}
