//! What the boundary costs: the component in wasmtime beside the core as it is, step by step, and
//! the memory of a thousand of each. Prints a table; the figures are of the machine it runs on.

use kubecred_core::kubeconfig::search;
use kubecred_core::protocol::{Exit, FileBytes};
use kubecred_core::{
    Action, Authenticator, Environment, Input, Now, Overrides, Policy, Profile, Secret,
};
use kubecred_wasm_tests::{Guest, Settings, component, instantiate};
use native_world::{Machine, profiles};
use std::hint::black_box;
use std::time::{Duration, Instant};

const MANY: usize = 1000;

const KUBECONFIG: &str = r#"
apiVersion: v1
kind: Config
current-context: prod
contexts:
- {name: dev, context: {cluster: dev, user: dev}}
- {name: prod, context: {cluster: prod, user: prod, namespace: shop}}
clusters:
- {name: dev, cluster: {server: "https://dev.example:6443", insecure-skip-tls-verify: true}}
- {name: prod, cluster: {server: "https://prod.example:6443", certificate-authority: ca.crt}}
users:
- {name: dev, user: {token: not-a-real-one}}
- name: prod
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: aws
      args: [eks, get-token, --cluster-name, prod]
      interactiveMode: Never
"#;

fn main() {
    let compiling = Instant::now();
    component();
    println!(
        "the component is compiled in {:.0} ms, once in a process",
        compiling.elapsed().as_secs_f64() * 1e3
    );
    println!("{:<34} {:>12} {:>12} {:>8}", "", "component", "native", "ratio");
    row("a new one", instance(), native());
    row("handle: a tick", ticks(&mut guest()), ticks(&mut machine()));
    row("handle: a plugin's token", logins(guest), logins(machine));
    row("handle: a token file of 1 KB", reads(file_guest), reads(file_machine));
    row("a kubeconfig, loaded and selected", kubeconfigs(), native_kubeconfigs());
    memory();
}

fn row(what: &str, component: Duration, native: Duration) {
    let ratio = component.as_secs_f64() / native.as_secs_f64();
    println!("{what:<34} {:>12} {:>12} {ratio:>7.1}×", told(component), told(native));
}

fn told(time: Duration) -> String {
    format!("{:.2} µs", time.as_secs_f64() * 1e6)
}

/// The best of some rounds: what disturbs only slows down.
fn best(mut round: impl FnMut() -> Duration) -> Duration {
    (0..7).map(|_| round()).min().unwrap_or_default()
}

fn each(calls: u32, mut call: impl FnMut()) -> Duration {
    best(|| {
        let start = Instant::now();
        for _ in 0..calls {
            call();
        }
        start.elapsed() / calls
    })
}

fn at(millis: u64) -> Now {
    Now::from_millis(millis, 1_893_456_000_000)
}

fn guest() -> Guest {
    Guest::new(&profiles::exec(), &Policy::default(), 1)
}

fn machine() -> Authenticator {
    Authenticator::new(&profiles::exec(), Policy::default(), 1)
}

fn file_guest() -> Guest {
    Guest::new(&profiles::token_file(), &Policy::default(), 1)
}

fn file_machine() -> Authenticator {
    Authenticator::new(&profiles::token_file(), Policy::default(), 1)
}

/// An instance, and nothing in it.
fn instance() -> Duration {
    each(200, || drop(black_box(instantiate())))
}

fn native() -> Duration {
    let profile = profiles::exec();
    each(2000, || drop(black_box(Authenticator::new(&profile, Policy::default(), 1))))
}

fn ticks(machine: &mut impl Machine) -> Duration {
    log_in(machine);
    each(10_000, || {
        machine.handle_input(at(2), Input::Tick);
        while let Some(action) = machine.poll_action() {
            black_box(action);
        }
    })
}

fn log_in(machine: &mut impl Machine) -> Duration {
    machine.handle_input(at(0), Input::Demand);
    let mut jobs = std::iter::from_fn(|| machine.poll_action());
    let Some(Action::RunCommand(job)) = jobs.next() else { panic!("it runs no plugin") };
    let stdout = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",
        "status":{"token":"abc","expirationTimestamp":"2030-01-01T01:00:00Z"}}"#;
    let input = job.done(Ok(Exit { code: 0, stdout: stdout.into() }));
    let start = Instant::now();
    machine.handle_input(at(1), input);
    while let Some(action) = machine.poll_action() {
        black_box(action);
    }
    start.elapsed()
}

/// One answer each, as every machine has one login to begin with.
fn logins<M: Machine>(new: impl Fn() -> M) -> Duration {
    best(|| (0..100).map(|_| log_in(&mut new())).sum::<Duration>() / 100)
}

fn reads<M: Machine>(new: impl Fn() -> M) -> Duration {
    let answer = |machine: &mut M| {
        machine.handle_input(at(0), Input::Demand);
        let mut jobs = std::iter::from_fn(|| machine.poll_action());
        let Some(Action::ReadFile(job)) = jobs.next() else { panic!("it reads no file") };
        let input = job.done(Ok(FileBytes(Secret::from("t".repeat(1024)))));
        let start = Instant::now();
        machine.handle_input(at(1), input);
        while let Some(action) = machine.poll_action() {
            black_box(action);
        }
        start.elapsed()
    };
    best(|| (0..100).map(|_| answer(&mut new())).sum::<Duration>() / 100)
}

fn environment() -> Environment {
    Environment::new([("HOME", "/home/me")]).in_directory("/work")
}

fn kubeconfigs() -> Duration {
    let mut settings = Settings::new();
    each(200, || {
        settings.search(None, &environment());
        settings.load(vec![Ok(Secret::from(KUBECONFIG))]).expect("it loads");
        let profile = settings.select(&Overrides::default(), &environment());
        black_box(profile.expect("it can be selected"));
    })
}

fn native_kubeconfigs() -> Duration {
    each(200, || {
        let searched = search(None, &environment());
        let config = searched.load([Ok(Secret::from(KUBECONFIG))]).expect("it loads");
        let profile: Profile =
            config.select(&Overrides::default(), &environment()).expect("it can be selected");
        black_box(profile);
    })
}

/// A thousand that hold a token, by what the system says that this process has.
fn memory() {
    let (guests, before) = (Vec::with_capacity(MANY), resident());
    let guests = fill(guests, guest);
    let component = (resident() - before) / MANY;
    let linear = guests.first().map_or(0, Guest::memory);
    let (machines, before) = (Vec::with_capacity(MANY), resident());
    let machines = fill(machines, machine);
    let native = (resident() - before) / MANY;
    println!(
        "{:<34} {:>8.1} KiB {:>8.1} KiB {:>7.1}×   ({} KiB of linear memory)",
        "memory of one of a thousand",
        component as f64 / 1024.0,
        native as f64 / 1024.0,
        component as f64 / native as f64,
        linear / 1024
    );
    drop((guests, machines));
}

fn fill<M: Machine>(mut all: Vec<M>, new: impl Fn() -> M) -> Vec<M> {
    for _ in 0..MANY {
        let mut one = new();
        log_in(&mut one);
        all.push(one);
    }
    all
}

/// In bytes. Pages of 4 KiB, as on every machine that this has been run on.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("this is Linux");
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.expect("it has a number of pages") * 4096
}
