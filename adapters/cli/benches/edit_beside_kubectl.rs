//! How long a change of a large kubeconfig takes: `kubecred config` beside `kubectl config`, whole
//! processes, on the same file. Of `kubecred` comments and unknown fields stay, so it reads more.
//!
//! `cargo bench --bench edit_beside_kubectl`; the change of 50,000 entries is to take at most twice
//! as long as kubectl's.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SIZES: [usize; 3] = [500, 5_000, 50_000];

const ROUNDS: usize = 5;

/// A change: its name, arguments of `config`, and a file by its size.
type Change = (&'static str, &'static [&'static str], fn(usize) -> String);

/// `KEY` is one of the entries.
const CHANGES: [Change; 6] = [
    ("add a key", &["set-credentials", "me", "--auth-provider-arg=new=value"], settings),
    ("change a key", &["set-credentials", "me", "--auth-provider-arg=KEY=other"], settings),
    ("remove a key", &["set-credentials", "me", "--auth-provider-arg=KEY-"], settings),
    ("use a context", &["use-context", "KEY"], contexts),
    ("add a context", &["set-context", "new", "--cluster=c"], contexts),
    ("delete a context", &["delete-context", "KEY"], contexts),
];

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let kubectl = kubecred_kubectl::kubectl().to_string_lossy().into_owned();
    println!("median wall time of {ROUNDS} runs each, in milliseconds");
    println!(
        "{:<18} {:>7} {:>10} {:>10}  kubecred's share",
        "change", "entries", "kubecred", "kubectl"
    );
    for (name, arguments, text) in CHANGES {
        for size in SIZES {
            let before = text(size);
            let path = folder.path().join("config");
            let ours = median(env!("CARGO_BIN_EXE_kubecred"), arguments, &before, &path);
            let peer = median(&kubectl, arguments, &before, &path);
            println!(
                "{name:<18} {size:>7} {:>10.1} {:>10.1}  {:.2} (goal: at most 2)",
                ours.as_secs_f64() * 1e3,
                peer.as_secs_f64() * 1e3,
                ours.as_secs_f64() / peer.as_secs_f64()
            );
        }
    }
    println!("kubectl is {kubectl}");
}

/// The time of the change, each on a file as it was before.
fn median(program: &str, arguments: &[&str], before: &str, path: &Path) -> Duration {
    let arguments: Vec<_> =
        arguments.iter().map(|argument| argument.replace("KEY", &key(250))).collect();
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            std::fs::write(path, before).expect("the folder can be written");
            let start = Instant::now();
            let status = Command::new(program)
                .args(["config", "--kubeconfig"])
                .arg(path)
                .args(&arguments)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .status();
            let time = start.elapsed();
            assert!(status.is_ok_and(|status| status.success()), "{program} {arguments:?}");
            let after = std::fs::read_to_string(path).expect("it is there");
            assert_ne!(after, before, "{program} {arguments:?} changed nothing");
            time
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

fn key(nth: usize) -> String {
    format!("key-{nth:06}")
}

/// A user with so many settings of an auth-provider.
fn settings(count: usize) -> String {
    let mut text = String::from(
        "users:\n- name: me\n  user:\n    auth-provider:\n      name: oidc\n      config:\n",
    );
    for nth in 0..count {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "        {}: value", key(nth));
    }
    text
}

/// So many contexts.
fn contexts(count: usize) -> String {
    let mut text = String::from("contexts:\n");
    for nth in 0..count {
        let _ = writeln!(text, "- name: {}\n  context:\n    cluster: c\n    user: u", key(nth));
    }
    text
}
