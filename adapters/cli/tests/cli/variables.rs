//! Variables that are not UTF-8: variable × command. One that a command reads is an error that names
//! it, and never counts as unset; one that it does not read changes nothing.
//! (The same for each host as a library: `tests/hosts`.)

use crate::stage::{Ended, Stage, command, ended, start};
use serde_json::json;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// The commands, with the arguments that make them work.
const COMMANDS: &[&[&str]] = &[
    &["get", "/version"],
    &["whoami"],
    &["credential"],
    &["create", "token", "robot", "-n", "default"],
    &["config", "view"],
    &["config", "explain"],
    &["config", "current-context"],
    &["config", "get-contexts"],
    &["config", "use-context", "main"],
    &["config", "set", "contexts.main.namespace", "web"],
];

/// Who reads the variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readers {
    /// Every command.
    All,
    /// Those that make a connection, or explain one.
    Connecting,
    /// Those that send something, if it goes to a host that a proxy may be for.
    Sending,
}

const VARIABLES: &[(&str, Readers)] = &[
    ("KUBECONFIG", Readers::All),
    ("KUBERC", Readers::Connecting),
    ("KUBERNETES_MASTER", Readers::Connecting),
    ("HTTPS_PROXY", Readers::Sending),
    ("https_proxy", Readers::Sending),
    ("NO_PROXY", Readers::Sending),
    ("no_proxy", Readers::Sending),
];

impl Readers {
    fn include(self, command: &[&str]) -> bool {
        let edits_or_shows = command[0] == "config" && command[1] != "explain";
        match self {
            Self::All => true,
            Self::Connecting => !edits_or_shows,
            Self::Sending => !edits_or_shows && command[0] != "credential",
        }
    }
}

async fn run(stage: &Stage, arguments: &[&str], variables: &[(&str, &[u8])]) -> Ended {
    let mut command = command(stage.folder.path());
    command.args(arguments).env("KUBECONFIG", "config");
    for (name, value) in variables {
        command.env(name, OsStr::from_bytes(value));
    }
    ended(start(&mut command)).await
}

async fn stage() -> Stage {
    let stage = Stage::new().await;
    stage.accounts().allow_token("t0ken", "ann");
    stage.kubeconfig_with(json!({}), json!({ "token": "t0ken" }));
    stage
}

#[tokio::test]
async fn kc_2_a_variable_that_is_not_utf8_is_an_error_in_each_command_that_reads_it() {
    let mut ran = 0;
    for (name, readers) in VARIABLES {
        for arguments in COMMANDS {
            let stage = stage().await;
            let before = std::fs::read(stage.folder.path().join("config")).unwrap();
            // With a proxy that is needed, or the exceptions to it would not be looked at.
            let proxied = name.eq_ignore_ascii_case("no_proxy");
            let proxy: &[(&str, &[u8])] =
                if proxied { &[("HTTPS_PROXY", b"http://127.0.0.1:1")] } else { &[] };
            let good = run(&stage, arguments, proxy).await;
            std::fs::write(stage.folder.path().join("config"), &before).unwrap();
            let bad = run(&stage, arguments, &[proxy, &[(name, b"config\xff")]].concat()).await;
            let what = format!("{name} × {arguments:?}: {bad:?}");
            ran += 1;
            // A server on loopback is reached without a proxy, whatever the variables say.
            let looked_at = readers.include(arguments) && *readers != Readers::Sending;
            if looked_at && !arguments.starts_with(&["config", "explain"]) {
                assert_ne!(bad.code, Some(0), "{what}");
                assert!(bad.stderr.contains(&format!("${name} is not UTF-8")), "{what}");
                assert_eq!(bad.stdout, "", "{what}");
                assert_eq!(std::fs::read(stage.folder.path().join("config")).unwrap(), before);
            } else if looked_at {
                let said = format!("{}{}", bad.stdout, bad.stderr);
                assert!(said.contains(name) && said.contains("not UTF-8"), "{what}");
            } else {
                assert_eq!(bad.code, good.code, "{what}");
                // Each token that is created is another.
                assert!(arguments[0] == "create" || bad.stdout == good.stdout, "{what}");
            }
        }
    }
    assert_eq!(ran, VARIABLES.len() * COMMANDS.len());
}

/// To a server that is not on loopback, each command that sends would take the proxy.
#[tokio::test]
async fn kc_2_a_proxy_variable_that_is_not_utf8_is_an_error_where_a_proxy_may_be_needed() {
    let stage = stage().await;
    let elsewhere = json!({ "server": "https://192.0.2.1:6443" });
    stage.kubeconfig_with(elsewhere, json!({ "token": "t0ken" }));
    for (name, _) in VARIABLES.iter().filter(|(_, readers)| *readers == Readers::Sending) {
        let proxied = name.eq_ignore_ascii_case("no_proxy");
        let proxy: &[(&str, &[u8])] =
            if proxied { &[("HTTPS_PROXY", b"http://127.0.0.1:1")] } else { &[] };
        for arguments in COMMANDS.iter().filter(|command| Readers::Sending.include(command)) {
            let bad =
                run(&stage, arguments, &[proxy, &[(name, b"http://proxy\xff")]].concat()).await;
            let what = format!("{name} × {arguments:?}: {bad:?}");
            assert_ne!(bad.code, Some(0), "{what}");
            let said = match arguments[0] {
                "config" => bad.stdout.contains(&format!("${name}: the variable is not UTF-8")),
                _ => bad.stderr.contains(&format!("${name} is not UTF-8")),
            };
            assert!(said, "{what}");
        }
    }
}
