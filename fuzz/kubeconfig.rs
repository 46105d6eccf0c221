//! Kubeconfig files.

use crate::MARK;
use kubecred_core::kubeconfig::Kuberc;
use kubecred_core::kubeconfig::explain::{Explanation, FileFacts};
use kubecred_core::yaml::{self, Limits, Node};
use kubecred_core::{
    Authentication, Authenticator, Authorization, Environment, Exec, Failure, FailureKind, Input,
    Kubeconfig, Now, Overrides, PluginPolicy, Policy, Profile, Secret, UnixTime,
};

/// Fields whose values nobody may see.
const SECRET: [&str; 6] =
    ["token", "password", "client-key-data", "id-token", "refresh-token", "value"];

/// Any kubeconfig, or kuberc: it is read or refused, errors and `Debug` show no secret value, every context of
/// it can be tried, and the YAML that it is can be written and read back.
///
/// # Panics
/// When that is not so.
pub fn kubeconfig(bytes: &[u8]) {
    let marked = mark_secrets(bytes);
    for bytes in [bytes, &marked] {
        let quotable = is_quotable(bytes);
        let hides = |shown: String| assert!(quotable || !shown.contains(MARK), "it shows: {shown}");
        match Kubeconfig::from_bytes(bytes) {
            Err(error) => hides(format!("{error} {error:?}")),
            Ok(config) => {
                hides(format!("{config:?}"));
                select_all(&config, &hides);
            }
        }
        kuberc(bytes, &hides);
        hides(format!("{:?}", explain(bytes)));
        rewrite(bytes);
    }
}

/// The same bytes as kuberc: they are read or refused, and nothing that is forbidden becomes
/// allowed.
fn kuberc(bytes: &[u8], hides: &dyn Fn(String)) {
    let environment = Environment::new([("HOME", "/home/me")]);
    for flag in [None, Some("/etc/kuberc")] {
        let file = Kuberc::search(flag, &environment).expect("no contradiction");
        let read = file.expect("it is not switched off").read([Ok(Secret::new(bytes))]);
        let about_plugins = String::from_utf8_lossy(bytes).contains("credentialPlugin");
        let hides = |shown| {
            if !about_plugins {
                hides(shown)
            }
        };
        match read {
            Err(error) => hides(format!("{error} {error:?}")),
            Ok(policy) => {
                hides(format!("{policy:?}"));
                let mut profile = Profile::new("https://h");
                let exec = Exec { policy: PluginPolicy::DenyAll, ..Exec::new("login") };
                profile.authentication = Authentication::exec(exec);
                match policy.apply(&mut profile) {
                    Err(error) => hides(format!("{error} {error:?}")),
                    Ok(()) => assert!(matches!(
                        &profile.authentication.authorization,
                        Authorization::Exec(exec) if exec.policy == PluginPolicy::DenyAll
                    )),
                }
            }
        }
    }
}

/// As a host does that can read nothing but the kubeconfig.
fn explain(bytes: &[u8]) -> Explanation {
    let environment = Environment::new([("HOME", "/home/me")]).in_directory("/work");
    let request =
        kubecred_core::kubeconfig::explain::explain(None, Overrides::default(), &environment);
    let file = FileFacts { contents: Secret::new(bytes), mode: Some(0o644) };
    let inputs = request.open([Ok(file)]);
    let missing = |_: &String| Err(Failure::new(FailureKind::NotFound, "no such file"));
    let reads: Vec<_> = inputs.paths().iter().map(missing).collect();
    inputs.finish(reads, Vec::new(), UnixTime::from_secs(1_700_000_000))
}

fn select_all(config: &Kubeconfig, hides: &dyn Fn(String)) {
    let environment = Environment::new([("HOME", "/home/me")]).in_directory("/work");
    let names = config.contexts.keys().take(8).map(String::as_str);
    for context in names.chain([""]) {
        let overrides = Overrides { context: context.into(), ..Overrides::default() };
        match config.select(&overrides, &environment) {
            Err(error) => hides(format!("{error} {error:?}")),
            Ok(profile) => use_profile(&profile, hides),
        }
    }
}

fn use_profile(profile: &Profile, hides: &dyn Fn(String)) {
    hides(format!("{profile:?}"));
    let mut machine = Authenticator::new(profile, Policy::default(), 0);
    let now = Now::default();
    machine.handle_input(now, Input::Demand);
    let actions: Vec<_> = std::iter::from_fn(|| machine.poll_action()).collect();
    hides(format!("{machine:?} {actions:?} {:?}", machine.credential(now)));
}

/// What is read as a tree is written so that it reads back the same.
fn rewrite(bytes: &[u8]) {
    let Ok(tree) = yaml::from_slice::<serde_json::Value>(bytes) else { return };
    let Ok(text) = yaml::to_string(&tree) else { return };
    let again = yaml::from_slice::<serde_json::Value>(text.as_bytes());
    assert_eq!(again.ok(), Some(tree), "written as {text}");
}

/// Puts the mark behind the values of secret fields, as far as lines tell.
fn mark_secrets(bytes: &[u8]) -> Vec<u8> {
    let mut marked = Vec::with_capacity(bytes.len() + 64);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii();
        let text = text.strip_prefix(b"- ").unwrap_or(text);
        let secret = SECRET.iter().any(|name| {
            text.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b": "))
        });
        if !secret {
            marked.extend_from_slice(line);
            continue;
        }
        let end = line.trim_ascii_end();
        // Inside the quotes, if there are any.
        let (head, quote) = match end.split_last() {
            Some((quote @ (b'"' | b'\''), head)) => (head, std::slice::from_ref(quote)),
            _ => (end, &[][..]),
        };
        marked.extend_from_slice(head);
        marked.extend_from_slice(MARK.as_bytes());
        marked.extend_from_slice(quote);
        marked.extend_from_slice(&line[end.len()..]);
    }
    marked
}

/// Whether the mark stands where errors may quote it: in a key, a name, a path. What is no YAML at
/// all is never quoted.
fn is_quotable(bytes: &[u8]) -> bool {
    let Ok(document) = yaml::parse(bytes, &Limits::default()) else { return false };
    document.root().is_some_and(|root| quotable(&root))
}

fn quotable(node: &Node<'_>) -> bool {
    let pairs = node
        .entries()
        .any(|(key, value)| key.contains(MARK) || !SECRET.contains(&key) && quotable(&value));
    pairs || node.items().any(|item| quotable(&item)) || shows(node)
}

fn shows(node: &Node<'_>) -> bool {
    node.as_str().is_some_and(|text| text.contains(MARK))
}
