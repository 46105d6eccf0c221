//! How long it takes to load a kubeconfig and select its current context, beside kube-rs (its
//! loader, and its types read by `serde_yaml`) and kubectl (a whole process, start included).
//!
//! Each context has a cluster with an inline CA and a user with an inline certificate and key, or
//! an exec plugin.

#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

#[path = "../../../core/benches/generated.rs"]
mod generated;

use base64::prelude::{BASE64_STANDARD, Engine};
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use kubecred_core::kubeconfig::{Overrides, search};
use kubecred_core::{Environment, Secret};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const CA: &str = include_str!("../../../tests/vectors/certificates/rsa.crt");

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    println!("load a kubeconfig and select its current context; milliseconds, best of several");
    println!(
        "{:>9} {:>7} {:>10} {:>10} {:>12} {:>12}  kubecred's share",
        "contexts", "MB", "kubecred", "kube-rs", "serde_yaml", "kubectl"
    );
    for (contexts, rounds) in [(10, 100), (1_000, 15), (10_000, 3)] {
        let text = with_a_real_ca(&generated::kubeconfig(contexts));
        let path = folder.path().join("config");
        std::fs::write(&path, &text).expect("the folder can be written");
        let file = Secret::from(text.as_str());
        let ours = fastest(rounds, || kubecred(&file)).expect("it is a good kubeconfig");
        let kube = fastest(rounds, || runtime.block_on(kube_rs(&text)));
        let yaml = fastest(rounds, || serde_yaml::from_str::<Kubeconfig>(&text).map(drop));
        let kubectl = fastest(rounds.min(10), || kubectl(&path));
        let share = |peer: &Result<Duration, String>| match peer {
            Ok(peer) => format!("{:.2}", ours.as_secs_f64() / peer.as_secs_f64()),
            Err(_) => "-".into(),
        };
        println!(
            "{contexts:>9} {:>7.2} {:>10.3} {:>10} {:>12} {:>12}  {} of kube-rs, {} of kubectl",
            text.len() as f64 / 1e6,
            ours.as_secs_f64() * 1e3,
            shown(&kube),
            shown(&yaml),
            shown(&kubectl),
            share(&kube),
            share(&kubectl),
        );
        for (peer, result) in [("kube-rs", &kube), ("serde_yaml", &yaml), ("kubectl", &kubectl)] {
            if let Err(reason) = result {
                println!("{:>9} {peer} refuses it: {reason}", "");
            }
        }
    }
    println!("goals at 1,000 contexts: half of kube-rs, a tenth of kubectl");
}

/// A file that is read is a secret without a copy, and a clone of one shares its bytes.
fn kubecred(file: &Secret) -> Result<(), kubecred_core::kubeconfig::ConfigError> {
    let environment = Environment::new([("HOME", "/home/me")]).in_directory("/");
    let config = search(None, &environment).load([Ok(file.clone())])?;
    config.select(&Overrides::default(), &environment).map(drop)
}

async fn kube_rs(text: &str) -> Result<(), kube::config::KubeconfigError> {
    let config = Kubeconfig::from_yaml(text)?;
    Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.map(drop)
}

fn kubectl(path: &Path) -> Result<(), String> {
    let mut command = Command::new(kubecred_kubectl::kubectl());
    command.args(["config", "get-contexts", "-o", "name", "--kubeconfig"]).arg(path);
    match command.stdout(Stdio::null()).stderr(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(status.to_string()),
        Err(error) => Err(format!("it cannot be run: {error}")),
    }
}

/// The best time of so many runs, or why one failed.
fn fastest<E: ToString>(
    rounds: u32,
    mut run: impl FnMut() -> Result<(), E>,
) -> Result<Duration, String> {
    let mut best = Duration::MAX;
    for _ in 0..rounds {
        let start = Instant::now();
        run().map_err(|error| error.to_string().lines().next().unwrap_or_default().to_owned())?;
        best = best.min(start.elapsed());
    }
    Ok(best)
}

fn shown(result: &Result<Duration, String>) -> String {
    match result {
        Ok(time) => format!("{:.3}", time.as_secs_f64() * 1e3),
        Err(_) => "refused".into(),
    }
}

/// The generator's CA is noise of the right size; kube-rs looks into the one that it selects.
fn with_a_real_ca(text: &str) -> String {
    let noise = text.split("certificate-authority-data: ").nth(1).and_then(|s| s.lines().next());
    text.replace(noise.expect("the generator writes a CA"), &BASE64_STANDARD.encode(CA))
}
