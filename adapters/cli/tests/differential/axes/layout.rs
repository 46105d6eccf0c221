//! How the kubeconfig is written and found. The usual way is YAML in the file of `--kubeconfig`.

use crate::axis::{Axis, Variant, always, no, ok};
use crate::draft::{Draft, Layout, MAIN, Node};
use crate::layout::{Written, decoy, json_line, json_lines, yaml};
use serde_json::{Value, json};

pub(crate) const AXES: &[Axis] = &[LAYOUTS];

/// Sets the layout to that of a function.
macro_rules! layout {
    ($write:expr) => {
        |d: &mut Draft| d.layout = Layout::Odd($write)
    };
}

/// Adds something to the YAML.
fn around(written: &mut Written, before: &str, after: &str) {
    let text = format!("{before}{}{after}", yaml(&written.config));
    written.text(&text);
}

fn chain(written: &mut Written, list: &str) {
    written.env("KUBECONFIG", list);
}

const LAYOUTS: Axis = Axis { name: "layout", with: &[], applies: always, variants: VARIANTS };

const VARIANTS: &[Variant] = &[
    ok("JSON", layout!(|w| w.text_of(json_line))),
    ok("JSON in lines", layout!(|w| w.text_of(json_lines))),
    ok(
        "JSON with tabs",
        layout!(|w| {
            let text = json_lines(&w.config).replace("  ", "\t");
            w.text(&text);
        }),
    ),
    ok("JSON with escaped slashes", |d| d.layout = Layout::EscapedSlashes),
    ok(
        "JSON after a byte order mark",
        layout!(|w| {
            let text = format!("\u{feff}{}", json_line(&w.config));
            w.text(&text);
        }),
    ),
    ok("a byte order mark", layout!(|w| around(w, "\u{feff}", ""))),
    ok(
        "CRLF",
        layout!(|w| {
            let text = yaml(&w.config).replace('\n', "\r\n");
            w.text(&text);
        }),
    ),
    ok("a second document", layout!(|w| around(w, "---\n", "---\n{ broken: ["))),
    ok("an end and more", layout!(|w| around(w, "%YAML 1.1\n---\n", "...\n}}}"))),
    ok("comments", layout!(|w| around(w, "# one\n\n  # two\n", "# three"))),
    ok(
        "no line break at its end",
        layout!(|w| {
            let text = yaml(&w.config);
            w.text(text.trim_end());
        }),
    ),
    ok("a field twice", layout!(|w| around(w, "current-context: gone\n", ""))),
    ok(
        "anchors and a merge key",
        layout!(|w| {
            let mut other = w.split(&["clusters"])["clusters"].take();
            let entries: Vec<Value> = other.as_array_mut().expect("clusters").drain(..).collect();
            let Some(main) = entries.first() else { return w.text_of(yaml) };
            let anchored = format!("x-shared: &shared {}\n", main["cluster"]);
            let list = format!(
                "clusters:\n- name: {MAIN}\n  cluster:\n    <<: *shared\n    insecure-skip-tls-verify: false\n"
            );
            around(w, &anchored, &list);
        }),
    ),
    no("a tab", layout!(|w| around(w, "\tx: y\n", ""))),
    no("broken at its end", layout!(|w| around(w, "", "\n{"))),
    no("a list", layout!(|w| w.text("- a\n"))),
    no("text", layout!(|w| w.text("bogus value"))),
    no("a file that is missing", layout!(|w| w.flag("no/such/config"))),
    no("a folder", layout!(|w| w.flag("home"))),
    no("an empty file", layout!(|w| w.text(""))),
    no("a file of comments", layout!(|w| w.text("# nothing\n"))),
    ok(
        "in a folder",
        layout!(|w| {
            // Relative paths are taken from there.
            let text = yaml(&w.config);
            w.text_in("./home/../config", &text);
            w.files.remove("./home/../config");
            w.put("config", &text);
        }),
    ),
    ok(
        "behind a link",
        layout!(|w| {
            w.put_yaml("real/config");
            w.files.insert("link".to_owned(), Node::Link("real/config".to_owned()));
            w.flag("link");
        }),
    ),
    ok(
        "by KUBECONFIG",
        layout!(|w| {
            w.put_yaml("config");
            chain(w, "config");
        }),
    ),
    ok(
        "in the home directory",
        layout!(|w| {
            // Relative paths are taken from there, and lead back to where the files are.
            w.put_yaml("config");
            w.files.insert("home/.kube/config".to_owned(), Node::Link("../../config".to_owned()));
            for path in ["client.crt", "client.key", "token", "ca.crt", "plugin"] {
                let link = Node::Link(format!("../../{path}"));
                w.files.insert(format!("home/.kube/{path}"), link);
            }
        }),
    ),
    ok(
        "by the flag, against KUBECONFIG and the home directory",
        layout!(|w| {
            w.text_of(yaml);
            w.put("decoy", &decoy());
            w.put("home/.kube/config", &decoy());
            chain(w, "decoy");
        }),
    ),
    ok(
        "by KUBECONFIG, against the home directory",
        layout!(|w| {
            w.put_yaml("config");
            w.put("home/.kube/config", &decoy());
            chain(w, "config");
        }),
    ),
    ok(
        "an empty flag",
        layout!(|w| {
            w.put_yaml("config");
            w.flag("");
            chain(w, "config");
        }),
    ),
    ok(
        "a list with odd elements",
        layout!(|w| {
            w.put_yaml("config");
            chain(w, ":no/such/file::config:./config:config:");
        }),
    ),
    no(
        "a list of nothing",
        layout!(|w| {
            w.put("home/.kube/config", &yaml(&w.config.clone()));
            chain(w, ":");
        }),
    ),
    no("a list of files that are missing", layout!(|w| chain(w, "no/a:no/b"))),
    no(
        "a list with a blank",
        layout!(|w| {
            w.put_yaml("config");
            chain(w, " config");
        }),
    ),
    no(
        "a list with a broken file",
        layout!(|w| {
            w.put_yaml("config");
            w.put("broken", "a: [");
            chain(w, "config:broken");
        }),
    ),
    no(
        "a list with a folder",
        layout!(|w| {
            w.put_yaml("config");
            chain(w, "config:home");
        }),
    ),
    ok(
        "before another",
        layout!(|w| {
            w.put_yaml("config");
            w.put("decoy", &decoy());
            chain(w, "config:decoy");
        }),
    ),
    no(
        "behind another",
        layout!(|w| {
            w.put_yaml("config");
            w.put("decoy", &decoy());
            chain(w, "decoy:config");
        }),
    ),
    ok(
        "in two",
        layout!(|w| {
            let users = w.split(&["users", "current-context"]);
            w.put_yaml("config");
            w.put("users", &yaml(&users));
            chain(w, "users:config");
        }),
    ),
    ok(
        "in three, the last in a folder",
        layout!(|w| {
            let users = w.split(&["users"]);
            let contexts = w.split(&["contexts", "kind"]);
            w.put_yaml("config");
            w.put("users", &yaml(&users));
            w.put("home/contexts", &yaml(&contexts));
            chain(w, "«dir»/users:config:home/contexts");
        }),
    ),
    ok(
        "behind an empty file",
        layout!(|w| {
            w.put_yaml("config");
            w.put("empty", "");
            w.put("null", "---\n~\n");
            chain(w, "empty:null:config");
        }),
    ),
    ok(
        "behind an empty user of the same name",
        layout!(|w| {
            w.put_yaml("config");
            w.put("mask", &yaml(&json!({ "users": [{ "name": MAIN }] })));
            chain(w, "mask:config");
        }),
    ),
    ok(
        "behind a user of the same name",
        layout!(|w| {
            w.put_yaml("config");
            w.put(
                "mask",
                &yaml(&json!({ "users": [{ "name": MAIN, "user": { "token": "good as well" } }] })),
            );
            chain(w, "mask:config");
        }),
    ),
    no(
        "behind an empty cluster of the same name",
        layout!(|w| {
            w.put_yaml("config");
            w.put("mask", &yaml(&json!({ "clusters": [{ "name": MAIN, "cluster": {} }] })));
            chain(w, "mask:config");
        }),
    ),
    no(
        "behind an empty context of the same name",
        layout!(|w| {
            w.put_yaml("config");
            w.put("mask", &yaml(&json!({ "contexts": [{ "name": MAIN }] })));
            chain(w, "mask:config");
        }),
    ),
    ok(
        "behind an empty current-context",
        layout!(|w| {
            w.put_yaml("config");
            w.put("mask", &yaml(&json!({ "current-context": "" })));
            chain(w, "mask:config");
        }),
    ),
    no(
        "behind a current-context that is missing",
        layout!(|w| {
            w.put_yaml("config");
            w.put("mask", &yaml(&json!({ "current-context": "gone" })));
            chain(w, "mask:config");
        }),
    ),
];
