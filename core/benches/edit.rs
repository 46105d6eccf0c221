//! How long a change of a kubeconfig takes, by its size: ten times as many keys should take ten
//! times as long, in every operation and in every way in which a file may be written.
//!
//! `cargo bench --bench edit` prints a line for each operation and form. The last column is the time
//! per key of the largest file, divided by that of the smallest: about 1 where it is linear.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use kubecred_core::Secret;
use kubecred_core::kubeconfig::edit::Chain;
use kubecred_core::kubeconfig::{AuthProvider, ContextEntry, Kubeconfig};

const SIZES: [usize; 3] = [500, 5_000, 50_000];

/// How the mapping or list that is changed is written.
#[derive(Clone, Copy, Debug)]
enum Form {
    Lines,
    Brackets,
    OneLine,
}

type Change = fn(&mut Kubeconfig, usize);

/// Changes of a mapping: the configuration of an auth-provider.
const OF_KEYS: &[(&str, Change)] = &[
    ("add a key", |config, _| drop(settings(config).insert("new".into(), "value".into()))),
    ("change a value", |config, n| {
        settings(config).insert(key(n / 2), "other".into());
    }),
    ("remove a key", |config, n| drop(settings(config).remove(&key(n / 2)))),
    ("remove every second key", |config, n| {
        for nth in (0..n).step_by(2) {
            settings(config).remove(&key(nth));
        }
    }),
    ("change all values", |config, _| {
        settings(config).values_mut().for_each(|value| *value = "other".into());
    }),
    ("add as many keys", |config, n| {
        for nth in 0..n {
            settings(config).insert(format!("more-{nth:06}"), "value".into());
        }
    }),
    ("take the user away", |config, _| drop(config.users.remove("me"))),
];

/// Changes of a list: the contexts.
const OF_ITEMS: &[(&str, Change)] = &[
    ("use a context", |config, n| config.use_context(&key(n / 2)).expect("a context")),
    ("rename a context", |config, n| config.rename_context(&key(n / 2), "new").expect("one")),
    ("delete a context", |config, n| config.delete_context(&key(n / 2)).expect("a context")),
    ("add a context", |config, _| {
        config.contexts.insert("new".into(), ContextEntry::default());
    }),
    ("set a namespace", |config, n| {
        config.contexts.get_mut(&key(n / 2)).expect("a context").namespace = "other".into();
    }),
    ("set all namespaces", |config, _| {
        config.contexts.values_mut().for_each(|context| context.namespace = "other".into());
    }),
    ("delete every second context", |config, n| {
        for nth in (0..n).step_by(2) {
            config.contexts.remove(&key(nth));
        }
    }),
    ("add as many contexts", |config, n| {
        for nth in 0..n {
            config.contexts.insert(format!("more-{nth:06}"), ContextEntry::default());
        }
    }),
];

fn main() {
    println!(
        "{:<28} {:<9} {:>9} {:>9} {:>9} {:>6}",
        "milliseconds", "", "500", "5000", "50000", "ratio"
    );
    for form in [Form::Lines, Form::Brackets, Form::OneLine] {
        for (name, change) in OF_KEYS {
            report(name, form, |n| mapping(n, form), *change);
        }
        for (name, change) in OF_ITEMS {
            report(name, form, |n| list(n, form), *change);
        }
    }
}

fn report(name: &str, form: Form, text: impl Fn(usize) -> String, change: Change) {
    let times = SIZES.map(|n| time(&text(n), n, change));
    let [small, .., large] = times.map(|time| time.as_secs_f64() * 1e3);
    let per_key = large / SIZES[2] as f64 / (small / SIZES[0] as f64);
    let [a, b, c] = times.map(|time| time.as_secs_f64() * 1e3);
    println!("{name:<28} {:<9} {a:>9.2} {b:>9.1} {c:>9.0} {per_key:>6.1}", format!("{form:?}"));
}

/// The fastest of some runs of reading and changing a file.
fn time(text: &str, n: usize, change: Change) -> Duration {
    let once = |_| {
        let start = Instant::now();
        let chain = Chain::of_file("/config", Secret::from(text)).expect("a kubeconfig");
        let mut wanted = chain.config().clone();
        change(&mut wanted, n);
        black_box(chain.changes(&wanted).expect("a change"));
        start.elapsed()
    };
    (0..2_500_usize.div_ceil(n).max(2)).map(once).min().unwrap_or_default()
}

fn settings(config: &mut Kubeconfig) -> &mut std::collections::BTreeMap<String, Secret> {
    let user = config.users.get_mut("me").expect("the user");
    let AuthProvider { config, .. } = user.auth_provider.as_mut().expect("an auth-provider");
    config
}

fn key(nth: usize) -> String {
    format!("key-{nth:06}")
}

/// A user with so many settings of an auth-provider.
fn mapping(n: usize, form: Form) -> String {
    let mut out = String::new();
    let (open, between, close) = match form {
        Form::Lines => (
            "users:\n- name: me\n  user:\n    auth-provider:\n      name: oidc\n      config:\n",
            "",
            "\n",
        ),
        Form::Brackets => (
            "users:\n- name: me\n  user:\n    auth-provider:\n      name: oidc\n      config: {\n",
            ",",
            "\n      }\n",
        ),
        Form::OneLine => (
            r#"{"users": [{"name": "me", "user": {"auth-provider": {"name": "oidc", "config": {"#,
            ",",
            "}}}}]}\n",
        ),
    };
    out.push_str(open);
    for nth in 0..n {
        let comma = if nth + 1 < n { between } else { "" };
        _ = match form {
            Form::Lines => writeln!(out, "        {}: value", key(nth)),
            Form::Brackets => writeln!(out, "        {}: value{comma}", key(nth)),
            Form::OneLine => write!(out, "\"{}\": \"value\"{comma} ", key(nth)),
        };
    }
    out.truncate(out.trim_end().len());
    out + &close.replace("\\n", "\n")
}

/// So many contexts.
fn list(n: usize, form: Form) -> String {
    let mut out = String::from(match form {
        Form::Lines => "contexts:\n",
        Form::Brackets => "contexts: [\n",
        Form::OneLine => r#"{"contexts": ["#,
    });
    for nth in 0..n {
        let (name, comma) = (key(nth), if nth + 1 < n { "," } else { "" });
        _ = match form {
            Form::Lines => writeln!(out, "- name: {name}\n  context:\n    cluster: c\n    user: u"),
            Form::Brackets => {
                writeln!(out, "  {{name: {name}, context: {{cluster: c, user: u}}}}{comma}")
            }
            Form::OneLine => write!(
                out,
                r#"{{"name": "{name}", "context": {{"cluster": "c", "user": "u"}}}}{comma} "#
            ),
        };
    }
    out.push_str(match form {
        Form::Lines => "",
        Form::Brackets => "]\n",
        Form::OneLine => "]}\n",
    });
    out
}
