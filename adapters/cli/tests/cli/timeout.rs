//! `--request-timeout` holds for everything, and an end in the middle leaves nothing behind.

use crate::stage::{Stage, ended, plugin};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

/// Far more than anything here takes, and far less than the plugin would.
const PATIENCE: Duration = Duration::from_secs(120);

/// A plugin that says who it is, and then nothing for an hour; it has a child that does the same.
const HANGS: &str = "sleep 3600 & echo $! >child.new; mv child.new child
echo $$ >plugin.new; mv plugin.new plugin
wait";

async fn process(path: &Path) -> Pid {
    let read = async {
        loop {
            if let Ok(text) = std::fs::read_to_string(path) {
                return Pid::from_raw(text.trim().parse().unwrap()).unwrap();
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, read).await.expect("the plugin starts")
}

/// Returns when the process has ended (and whoever started it, or init, has seen it end).
async fn gone(pid: Pid) {
    let dead = |pid: Pid| {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        test_kill_process(pid).is_err() || stat.is_ok_and(|stat| stat.contains(") Z "))
    };
    let wait = async {
        while !dead(pid) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, wait).await.expect("the process ends");
}

#[tokio::test]
async fn ex_23_a_plugin_that_hangs_is_stopped_when_the_time_is_up() {
    let stage = Stage::new().await;
    stage.script("login", HANGS);
    stage.kubeconfig(plugin("./login"));
    for command in [&["get", "/version"][..], &["credential"]] {
        let start = Instant::now();
        let arguments = [command, &["--request-timeout=700ms"]].concat();
        let ended = timeout(PATIENCE, stage.kubecred(&arguments)).await.expect("it ends");
        assert!(ended.failed(6).contains("0.7 s"), "{ended:?}");
        assert!(start.elapsed() >= Duration::from_millis(700));
        for name in ["plugin", "child"] {
            let path = stage.folder.path().join(name);
            gone(process(&path).await).await;
            std::fs::remove_file(path).unwrap();
        }
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for() {
    let stage = Stage::new().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    stage.kubeconfig(json!({}));
    let server = format!("--server=https://{}", silent.local_addr().unwrap());
    stage.accounts().accept_any(true);
    for arguments in [
        ["get", "/version", &server, "--request-timeout=0.2s"],
        ["get", "/slow?ms=60000", "--disable-compression", "--request-timeout=200ms"],
    ] {
        timeout(PATIENCE, stage.kubecred(&arguments)).await.expect("it ends").failed(6);
    }
}

#[tokio::test]
async fn a_pipe_that_nobody_writes_to_is_not_waited_for() {
    let stage = Stage::new().await;
    rustix::fs::mknodat(
        rustix::fs::CWD,
        stage.folder.path().join("config"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    let arguments = ["get", "/version", "--request-timeout=200ms"];
    timeout(PATIENCE, stage.kubecred(&arguments)).await.expect("it ends").failed(6);
}

#[tokio::test]
async fn ctrl_c_ends_the_plugin_too() {
    let stage = Stage::new().await;
    stage.script("login", HANGS);
    stage.kubeconfig(plugin("./login"));
    let child = stage.start(&["get", "/version", "--kubeconfig=config"]);
    let plugin = process(&stage.folder.path().join("plugin")).await;
    let us = Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
    kill_process(us, Signal::INT).unwrap();
    let ended = timeout(PATIENCE, ended(child)).await.expect("it ends");
    assert!(ended.failed(130).contains("interrupted"), "{ended:?}");
    gone(plugin).await;
}
