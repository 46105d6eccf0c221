//! `wasm/wit` and the core's types are the same: name for name, field for field, case for case, in
//! the same order. Both are read as text, so that this holds for what neither side uses, too.
//!
//! The rules: names become kebab-case; `Secret` is `list<u8>`; a case with fields of its own is a
//! record `<enum>-<case>`; an enum that may grow (`non_exhaustive`) has a last case `other`; the
//! core's `Error` is `cause`, which `error` holds beside its text.

mod interface;
mod source;

use interface::Interface;
use source::Source;
use std::collections::BTreeMap;
use std::path::Path;

/// Files of the core of which every public type crosses the boundary.
const WHOLE: [&str; 10] = [
    "protocol/mod.rs",
    "protocol/event.rs",
    "protocol/http.rs",
    "credential.rs",
    "profile.rs",
    "profile/oidc.rs",
    "error.rs",
    "failure.rs",
    "content.rs",
    "policy.rs",
];

/// Single types of other files.
const SINGLE: [(&str, &[&str]); 6] = [
    ("machine/stats.rs", &["Stats"]),
    ("environment.rs", &["Environment"]),
    ("kubeconfig/entries.rs", &["ExecEntry", "AuthProvider"]),
    ("kubeconfig/overrides.rs", &["Overrides"]),
    ("path.rs", &["PathFlavour"]),
    ("time.rs", &["Now", "Instant", "UnixTime"]),
];

/// Types of the interface that are not types of the core: a method's several results in one, a
/// duration's unit, texts in place of methods, and what lives in the component.
const ITS_OWN: [&str; 11] = [
    "authenticator",
    "config-error",
    "connection",
    "detection",
    "detection-step",
    "duration",
    "error",
    "kubeconfig",
    "problem",
    "search",
    "step",
];

fn core(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/src").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The shapes that the interface should have, by name; `edit` may change a file first.
fn expected(edit: impl Fn(&str, String) -> String) -> BTreeMap<String, String> {
    let mut source = Source::default();
    for file in WHOLE {
        source.read(&edit(file, core(file)), None);
    }
    for (file, names) in SINGLE {
        source.read(&edit(file, core(file)), Some(names));
    }
    source.shapes()
}

fn interface() -> Interface {
    Interface::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit"))
}

fn actual() -> BTreeMap<String, String> {
    let mut shapes = interface().shapes();
    for name in ITS_OWN {
        assert!(shapes.remove(name).is_some(), "{name} is not in the interface");
    }
    shapes
}

/// Every difference, in words.
fn differences(
    expected: &BTreeMap<String, String>,
    actual: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut found = Vec::new();
    for (name, shape) in expected {
        match actual.get(name) {
            None => found.push(format!("{name} is missing: {shape}")),
            Some(other) if other != shape => {
                found.push(format!("{name}\n  core: {shape}\n  wit:  {other}"));
            }
            Some(_) => {}
        }
    }
    let unknown = actual.keys().filter(|name| !expected.contains_key(*name));
    found.extend(unknown.map(|name| format!("{name} is not in the core")));
    found
}

#[test]
fn the_interface_is_the_core() {
    let expected = expected(|_, text| text);
    assert!(expected.len() > 60, "only {} types were found", expected.len());
    let found = differences(&expected, &actual());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_authenticator_can_be_asked_what_the_core_s_can() {
    let mut methods = source::methods(&core("machine/authenticator.rs"), "authenticator");
    methods.extend(source::methods(&core("machine/lend.rs"), "authenticator"));
    for part_of_handle in ["handle-input", "poll-action", "poll-timeout"] {
        assert!(methods.remove(part_of_handle), "{part_of_handle} has gone from the core");
    }
    methods.insert("handle".into());
    assert_eq!(interface().methods("authenticator"), methods);
}

#[test]
fn every_kind_of_drift_is_seen() {
    let actual = actual();
    let changes = [
        ("protocol/mod.rs", "    Tick,\n", "    Tick,\n    Tock,\n", "input"),
        ("protocol/mod.rs", "pub limit: u64", "pub limit: u32", "read-file"),
        ("protocol/mod.rs", "pub code: i32,", "pub code: i32, pub signal: u8,", "exit"),
        (
            "protocol/event.rs",
            "        millis: u64,\n",
            "        seconds: u64,\n",
            "event-clock-skew",
        ),
        ("content.rs", "    NoPem,\n", "", "content-problem"),
        ("profile.rs", "fallback: Option<Token>", "fallback: Token", "authorization-token-file"),
        ("policy.rs", "pub struct Backoff {", "pub struct Patience {", "backoff"),
        ("time.rs", "pub struct UnixTime(i64)", "pub struct UnixTime(u64)", "unix-time"),
    ];
    for (file, from, to, about) in changes {
        let changed = expected(|name, text| match name == file {
            true => text.replacen(from, to, 1),
            false => text,
        });
        let found = differences(&changed, &actual).join("\n");
        assert!(found.contains(about), "{from:?} -> {to:?}: {found:?}");
    }
}
