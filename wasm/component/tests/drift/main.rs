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

/// Interfaces, and what they take from the core.
struct Part {
    interfaces: &'static [&'static str],
    /// Files of the core of which every public type crosses the boundary.
    whole: &'static [&'static str],
    /// Single types of other files.
    single: &'static [(&'static str, &'static [&'static str])],
    /// Types of the interface that are not types of the core: a method's several results in one, a
    /// duration's unit, texts in place of methods, and what lives in the component.
    its_own: &'static [&'static str],
}

const CREDENTIALS: Part = Part {
    interfaces: &["settings", "credentials"],
    whole: &[
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
    ],
    single: &[
        ("machine/stats.rs", &["Stats"]),
        ("environment.rs", &["Environment"]),
        ("kubeconfig/entries.rs", &["ExecEntry", "AuthProvider"]),
        ("kubeconfig/overrides.rs", &["Overrides"]),
        ("path.rs", &["PathFlavour"]),
        ("time.rs", &["Now", "Instant", "UnixTime"]),
    ],
    its_own: &[
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
    ],
};

/// The world `api`.
const CALLS: Part = Part {
    interfaces: &["calls"],
    whole: &[
        "api/bound_object.rs",
        "api/call.rs",
        "api/meta.rs",
        "api/self_subject_review.rs",
        "api/status.rs",
        "api/subject_access_review.rs",
        "api/token_request.rs",
        "api/token_review.rs",
        "api/user_info.rs",
    ],
    single: &[
        ("credential.rs", &["Header"]),
        ("protocol/http.rs", &["Method"]),
        ("time.rs", &["UnixTime"]),
    ],
    its_own: &["api-error", "whoami-step"],
};

fn core(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/src").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Part {
    /// The shapes that the interfaces should have, by name; `edit` may change a file first.
    fn expected(&self, edit: impl Fn(&str, String) -> String) -> BTreeMap<String, String> {
        let mut source = Source::default();
        for file in self.whole {
            source.read(&edit(file, core(file)), None);
        }
        for (file, names) in self.single {
            source.read(&edit(file, core(file)), Some(names));
        }
        source.shapes()
    }

    fn actual(&self) -> BTreeMap<String, String> {
        let mut shapes = interface().shapes(self.interfaces);
        for name in self.its_own {
            assert!(shapes.remove(*name).is_some(), "{name} is not in the interface");
        }
        shapes
    }

    /// That the two are the same.
    fn holds(&self, at_least: usize) {
        let expected = self.expected(|_, text| text);
        assert!(expected.len() > at_least, "only {} types were found", expected.len());
        let found = differences(&expected, &self.actual());
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    /// That a change of a core's file (from, to) is seen as one of this type.
    fn sees(&self, changes: &[(&str, &str, &str, &str)]) {
        let actual = self.actual();
        for (file, from, to, about) in changes {
            let changed = self.expected(|name, text| match name == *file {
                true => text.replacen(from, to, 1),
                false => text,
            });
            let found = differences(&changed, &actual).join("\n");
            assert!(found.contains(about), "{from:?} -> {to:?}: {found:?}");
        }
    }
}

fn interface() -> Interface {
    Interface::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit"))
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
fn the_interfaces_are_the_core() {
    CREDENTIALS.holds(60);
    CALLS.holds(25);
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
    CREDENTIALS.sees(&[
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
    ]);
    CALLS.sees(&[
        ("api/status.rs", "pub code: u16", "pub code: u32", "status"),
        ("api/user_info.rs", "    pub uid: String,\n", "", "user-info"),
        ("api/token_review.rs", "    V1beta1,\n", "    V1beta2,\n", "token-review-version"),
        (
            "api/token_review.rs",
            "        reason: String,\n",
            "        why: String,\n",
            "verdict-unauthenticated",
        ),
        ("api/call.rs", "    TooLarge,\n", "    Larger,\n", "call-error"),
        ("api/meta.rs", "Option<i64>", "Option<u64>", "object-meta"),
    ]);
}
