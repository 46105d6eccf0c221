//! How long a kubeconfig takes to read: this reader and `serde_yaml`, side by side.

mod generated;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The fields that a client needs.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Kubeconfig {
    clusters: Vec<Named>,
    users: Vec<Named>,
    contexts: Vec<Named>,
    current_context: String,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    #[serde(default)]
    cluster: BTreeMap<String, String>,
    #[serde(default)]
    context: BTreeMap<String, String>,
    #[serde(default)]
    user: User,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct User {
    client_certificate_data: String,
    client_key_data: String,
    exec: Option<Exec>,
}

#[derive(Deserialize)]
struct Exec {
    command: String,
    args: Vec<String>,
    env: Vec<BTreeMap<String, String>>,
}

fn main() {
    println!("{:>9} {:>8} {:>11} {:>11} {:>6}", "contexts", "MB", "ours/ms", "serde_yaml", "ratio");
    for (contexts, rounds) in [(10, 200), (1_000, 20), (10_000, 5)] {
        let text = generated::kubeconfig(contexts);
        let bytes = text.as_bytes();
        let ours = fastest(rounds, || read(kubecred_core::yaml::from_slice(bytes), contexts));
        let theirs = fastest(rounds, || read(serde_yaml::from_slice(bytes), contexts));
        println!(
            "{contexts:>9} {:>8.2} {:>11.3} {:>11.3} {:>6.2}",
            bytes.len() as f64 / 1e6,
            ours.as_secs_f64() * 1e3,
            theirs.as_secs_f64() * 1e3,
            theirs.as_secs_f64() / ours.as_secs_f64(),
        );
    }
}

/// Checks that all was read, and uses every field.
fn read<E: std::fmt::Debug>(file: Result<Kubeconfig, E>, contexts: usize)
where
    Kubeconfig: DeserializeOwned,
{
    let file = file.expect("a kubeconfig");
    assert_eq!(file.current_context, format!("ctx-{}", contexts - 1));
    for list in [&file.clusters, &file.users, &file.contexts] {
        assert_eq!(list.len(), contexts);
        for entry in list {
            let Named { name, cluster, context, user } = entry;
            let User { client_certificate_data, client_key_data, exec } = user;
            black_box((name, cluster, context, client_certificate_data, client_key_data));
            if let Some(Exec { command, args, env }) = exec {
                black_box((command, args, env));
            }
        }
    }
}

fn fastest(rounds: usize, mut work: impl FnMut()) -> Duration {
    let once = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..rounds).map(once).min().unwrap_or_default()
}
