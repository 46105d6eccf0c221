//! The demo of a login: it is whole without a person, and leaves nothing behind.

use crate::lines::{Lines, code};
use crate::place::{Ended, run, start};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

fn demo(home: &TempDir, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubecred"));
    command.args(["demo", "login"]).args(more).env_clear().env("HOME", home.path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn is_tidy(home: &TempDir, ended: &Ended) {
    let (_, kubeconfig) = ended.stderr.split_once("lasts): ").expect("it names its kubeconfig");
    let kubeconfig = Path::new(kubeconfig.lines().next().expect("a line"));
    assert!(kubeconfig.is_absolute() && !kubeconfig.parent().expect("a folder").exists());
    assert!(!home.path().join(".kube").exists(), "its cache is its own");
    // A JWT begins with this.
    assert!(![&ended.stdout, &ended.stderr].iter().any(|text| text.contains("eyJ")), "{ended:?}");
}

#[test]
fn a_login_is_refreshed_and_revoked_without_a_person() {
    let home = TempDir::new().expect("a folder");
    let ended = run(&mut demo(&home, &["--headless", "--json"]));
    let told: Value = serde_json::from_str(ended.good()).expect("JSON");
    for (name, value) in [("logins", 1), ("failed", 0), ("revocations", 1)] {
        assert_eq!(told[name], value, "{name}: {told:#}");
    }
    assert_eq!(told["loggedOut"], true, "{told:#}");
    assert!(told["refreshes"].as_u64().is_some_and(|count| count >= 2), "{told:#}");
    assert!(told["requests"].as_u64().is_some_and(|count| count >= 3), "{told:#}");
    let timeline = told["timeline"].as_array().expect("a list");
    let at = |what: &str| {
        let holds = |entry: &Value| entry["what"].as_str().is_some_and(|text| text.contains(what));
        timeline.iter().position(holds).unwrap_or_else(|| panic!("no {what:?}: {told:#}"))
    };
    let order = [
        "shows its login page",
        "demo has logged in",
        "gives tokens for the code",
        "lets demo in, of [\"developers\"",
        "gives new tokens for the refresh token",
        "revokes the refresh token",
        "logout --revoke: Logged out. (exit code 0)",
        "(exit code 3)",
    ];
    let places = order.map(at);
    assert!(places.is_sorted(), "{places:?}: {told:#}");
    is_tidy(&home, &ended);
}

#[test]
fn without_a_browser_the_demo_prints_the_address_and_ctrl_c_ends_it() {
    let home = TempDir::new().expect("a folder");
    let mut child = start(&mut demo(&home, &["--skip-open-browser"]));
    let lines = Lines::of(child.stderr.take());
    while !lines.next().expect("an address is printed").starts_with("Open http://127.0.0.1:") {}
    let id = Pid::from_raw(child.id().cast_signed()).expect("a process");
    kill_process(id, Signal::INT).expect("it is ours");
    assert_eq!(code(&mut child), Some(130));
}
