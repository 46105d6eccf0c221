//! Random kubeconfigs in every style, with comments everywhere, and random changes of them: what is
//! read afterwards, here and by kubectl, is what was wanted, and the other lines are as they were.

use std::collections::BTreeSet;

use kubecred_core::kubeconfig::edit::Rewritten;
use kubecred_core::kubeconfig::{
    AuthProvider, ClusterEntry, ContextEntry, ExecEntry, Extension, UserEntry, search,
};
use kubecred_core::protocol::EnvVar;
use kubecred_core::{Environment, Kubeconfig, Secret, yaml};
use serde_json::{Map, Value, json};

use crate::kubectl::{Random, view, without_empties};
use crate::style::{Line, Style};

/// How many files are changed, and how many of those kubectl is asked about (50 ms each).
const FILES: u64 = 2500;
const ASKED: u64 = 80;

pub(crate) const LISTS: [(&str, &str); 3] =
    [("clusters", "cluster"), ("users", "user"), ("contexts", "context")];

/// Texts that need care, and such as kubeconfigs are made of.
const TEXTS: &[&str] = &[
    "abc",
    "yes",
    "0123",
    "1e3",
    "~",
    "a b",
    "a: b",
    "a #b",
    "- x",
    "",
    "it's",
    "\"q\"",
    "caf\u{e9}",
    "two\nlines\n",
    "tab\there",
    "https://[::1]:6443/x?y=z",
    "eyJh.eyJi.c-_d",
    "system:masters",
    "C:\\kube",
    "{x}",
    "[",
    "null",
    "\u{1F600}",
    "x,y",
    "&a",
    "*a",
    "!t",
    "%",
    "@",
    "|",
    "\u{85}",
];

#[test]
fn what_is_changed_reads_as_wanted_and_what_is_not_stays_as_it_was() {
    let threads = 2;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for seed in (0..FILES).filter(|seed| seed % threads == thread) {
                    change_one(seed, seed < ASKED);
                }
            });
        }
    });
}

fn change_one(seed: u64, ask: bool) {
    let mut random = Random::new(seed + 1);
    let json = kubeconfig(&mut random);
    let style = Style::random(&mut random);
    let lines = style.render(&json, &mut random);
    let text = style.text(&lines);
    let environment = Environment::new([("KUBECONFIG", "/f/config")]).in_directory("/f");
    let chain = search(None, &environment)
        .open([Ok(Secret::from(text.as_slice().to_vec()))])
        .unwrap_or_else(|error| panic!("seed {seed}: {error}\n{}", show(&text)));

    let mut wanted = chain.config().clone();
    for _ in 0..=random.below(3) {
        change(&mut wanted, &mut random);
    }
    let changes =
        chain.changes(&wanted).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{}", show(&text)));
    let Some(change) = changes.first() else { return };
    let new = change.contents.expose();
    let context = || format!("seed {seed}\n{}\n=======\n{}", show(&text), show(new));

    assert_eq!(change.rewritten, Rewritten::Fields, "{}", context());
    let read = Kubeconfig::from_bytes(new).unwrap_or_else(|e| panic!("{e}: {}", context()));
    assert_eq!(plain(&read), plain(&wanted), "{}", context());
    let changed = changed(&chain.config().clone(), &wanted);
    check_unknown_fields(&text, new, &changed, &context);
    if style.is_json() {
        serde_json::from_slice::<Value>(new).unwrap_or_else(|e| panic!("{e}: {}", context()));
    } else {
        check_lines(&lines, new, &style, &changed, &context);
    }
    if ask {
        let view = |bytes: &[u8]| without_empties(view(bytes));
        let expected = view(wanted.to_yaml().unwrap().expose());
        assert_eq!(view(new), expected, "{}", context());
    }
}

fn show(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// Without where it came from.
fn plain(config: &Kubeconfig) -> Vec<u8> {
    config.to_yaml().unwrap().expose().to_vec()
}

/// The entries that differ, as owners of lines.
fn changed(before: &Kubeconfig, after: &Kubeconfig) -> BTreeSet<String> {
    let json = |config: &Kubeconfig| -> Value {
        serde_json::from_slice(config.to_json().unwrap().expose()).unwrap()
    };
    let (before, after) = (json(before), json(after));
    let mut changed = BTreeSet::new();
    for (key, value) in before.as_object().unwrap() {
        if after.get(key) != Some(value) {
            changed.insert(key.clone());
        }
    }
    changed.extend(
        after.as_object().unwrap().keys().filter(|key| before.get(*key).is_none()).cloned(),
    );
    for (list, _) in LISTS {
        let items = |json: &Value| json[list].as_array().cloned().unwrap_or_default();
        let (before, after) = (items(&before), items(&after));
        // The line that the list begins with changes only if nothing stays in it.
        if before.iter().any(|item| after.iter().any(|other| other["name"] == item["name"])) {
            changed.remove(list);
        }
        for item in before.iter().filter(|item| !after.contains(item)) {
            changed.insert(format!("{list}/{}", item["name"].as_str().unwrap()));
        }
    }
    changed
}

/// Every line that belongs to nothing that was changed is there, in the old order.
fn check_lines(
    lines: &[Line],
    new: &[u8],
    style: &Style,
    changed: &BTreeSet<String>,
    context: &dyn Fn() -> String,
) {
    let text = style.decode(new);
    // Between brackets a comma may come or go with a neighbour.
    let bare = |line: &str| line.replace(',', "").trim_end().to_owned();
    let mut new_lines = text.lines().map(bare);
    for line in lines.iter().filter(|line| !changed.contains(&line.owner)) {
        let old = bare(&line.text);
        assert!(new_lines.any(|new| new == old), "{old:?} is gone or moved: {}", context());
    }
}

/// Fields that nobody knows are where they were, in changed entries too.
fn check_unknown_fields(
    old: &[u8],
    new: &[u8],
    changed: &BTreeSet<String>,
    context: &dyn Fn() -> String,
) {
    let read = |bytes: &[u8]| yaml::from_slice::<Value>(bytes).expect("sound YAML");
    let (old, new) = (read(old), read(new));
    let by_name = |json: &Value, list: &str| -> Map<String, Value> {
        let items = json[list].as_array().cloned().unwrap_or_default();
        items.into_iter().map(|item| (item["name"].as_str().unwrap().to_owned(), item)).collect()
    };
    assert_eq!(old["x-root"], new["x-root"], "{}", context());
    for (list, kind) in LISTS {
        let new = by_name(&new, list);
        for (name, item) in by_name(&old, list) {
            let Some(kept) = new.get(&name) else { continue };
            if !changed.contains(&format!("{list}/{name}")) {
                assert_eq!(*kept, item, "{}", context());
            }
            assert_eq!(kept["x-item"], item["x-item"], "{}", context());
            assert_eq!(kept[kind]["x-body"], item[kind]["x-body"], "{}", context());
        }
    }
}

/// A kubeconfig with some of all that may be in one, and with what may not.
pub(crate) fn kubeconfig(random: &mut Random) -> Value {
    let mut root = json!({ "apiVersion": "v1", "kind": "Config" });
    if random.chance(70) {
        root["current-context"] = json!(random.pick(TEXTS));
    }
    if random.chance(30) {
        root["x-root"] = unknown(random);
    }
    for (list, kind) in LISTS {
        match random.below(12) {
            0 => {}
            1 => root[list] = Value::Null,
            2 => root[list] = json!([]),
            _ => {
                let items = (0..=random.below(3)).map(|nth| item(nth, kind, random));
                root[list] = items.collect();
            }
        }
    }
    if random.chance(20) {
        root["extensions"] = extensions(random);
    }
    if random.chance(15) {
        root["preferences"] = json!({ "colors": random.chance(50) });
    }
    root
}

fn item(nth: usize, kind: &str, random: &mut Random) -> Value {
    let names = ["one", "two 2", "3"];
    let mut item = json!({ "name": names[nth] });
    if random.chance(15) {
        item["x-item"] = unknown(random);
    }
    if random.chance(8) {
        if random.chance(50) {
            item[kind] = Value::Null;
        }
        return item;
    }
    let mut body = match kind {
        "cluster" => {
            some(random, &["server", "tls-server-name", "certificate-authority", "proxy-url"])
        }
        "context" => some(random, &["cluster", "user", "namespace"]),
        _ => user(random),
    };
    if kind == "cluster" && random.chance(30) {
        body["insecure-skip-tls-verify"] = json!(random.chance(50));
    }
    if random.chance(15) {
        body["x-body"] = unknown(random);
    }
    if random.chance(15) {
        body["extensions"] = extensions(random);
    }
    item[kind] = body;
    item
}

fn user(random: &mut Random) -> Value {
    let mut user =
        some(random, &["token", "tokenFile", "username", "password", "as", "client-key"]);
    if random.chance(30) {
        user["client-certificate-data"] = json!("aGVsbG8=");
    }
    if random.chance(30) {
        let mut exec = some(random, &["command", "installHint"]);
        exec["apiVersion"] = json!("client.authentication.k8s.io/v1beta1");
        exec["args"] = (0..random.below(4)).map(|_| json!(random.pick(TEXTS))).collect();
        let variable = |random: &mut Random| json!({ "name": random.pick(TEXTS), "value": random.pick(TEXTS) });
        exec["env"] = (0..random.below(3)).map(|_| variable(random)).collect();
        user["exec"] = exec;
    }
    if random.chance(20) {
        user["auth-provider"] = json!({ "name": "oidc", "config": some(random, &["id-token", "a b", "refresh-token"]) });
    }
    if random.chance(15) {
        user["as-groups"] = json!([random.pick(TEXTS), random.pick(TEXTS)]);
        user["as-user-extra"] = json!({ "k": [random.pick(TEXTS)], "l": [] });
    }
    user
}

fn some(random: &mut Random, fields: &[&str]) -> Value {
    let mut body = json!({});
    for field in fields {
        if random.chance(50) {
            body[*field] = json!(random.pick(TEXTS));
        }
    }
    body
}

fn unknown(random: &mut Random) -> Value {
    let text = json!(random.pick(TEXTS));
    random
        .pick(&[json!([1, true, text]), json!({ "k": text, "l": [{}] }), text.clone(), json!(1.5)])
        .clone()
}

fn extensions(random: &mut Random) -> Value {
    let extension =
        |name: &str, random: &mut Random| json!({ "name": name, "extension": unknown(random) });
    json!([extension("e1", random), extension("e2", random)])
}

/// One change of the many that there are.
fn change(config: &mut Kubeconfig, random: &mut Random) {
    let text = |random: &mut Random| (*random.pick(TEXTS)).to_owned();
    let name =
        |random: &mut Random| (*random.pick(&["one", "two 2", "3", "new", "new 2"])).to_owned();
    match random.below(20) {
        0 => config.current_context = text(random),
        1 => drop(config.clusters.remove(&name(random))),
        2 => drop(config.users.remove(&name(random))),
        3 => drop(config.contexts.remove(&name(random))),
        4 => drop(config.rename_context(&name(random), "renamed")),
        5 => {
            let context = ContextEntry {
                cluster: text(random),
                namespace: text(random),
                ..Default::default()
            };
            config.contexts.insert(name(random), context);
        }
        6 => {
            let cluster = ClusterEntry {
                server: text(random),
                certificate_authority_data: "hi".into(),
                ..Default::default()
            };
            config.clusters.insert(name(random), cluster);
        }
        7 => match random.chance(50) {
            true => config.preferences.colors = !config.preferences.colors,
            false => drop(config.extensions.insert("e1".into(), Extension::new(unknown(random)))),
        },
        8 => drop(config.extensions.remove("e2")),
        9 | 10 => {
            let cluster = config.clusters.entry(name(random)).or_default();
            match random.below(4) {
                0 => cluster.server = text(random),
                1 => cluster.insecure_skip_tls_verify = !cluster.insecure_skip_tls_verify,
                2 => cluster.tls_server_name.clear(),
                _ => drop(cluster.extensions.insert("e1".into(), Extension::new(unknown(random)))),
            }
        }
        11 => {
            let context = config.contexts.entry(name(random)).or_default();
            context.namespace = text(random);
            context.user.clear();
        }
        _ => change_user(config.users.entry(name(random)).or_default(), random),
    }
}

fn change_user(user: &mut UserEntry, random: &mut Random) {
    let text = |random: &mut Random| (*random.pick(TEXTS)).to_owned();
    match random.below(14) {
        0 => user.token = text(random).into(),
        1 => user.username = text(random),
        2 => user.password = Secret::default(),
        3 => user.client_certificate_data = text(random).into(),
        4 => user.impersonate_groups = (0..random.below(4)).map(|_| text(random)).collect(),
        5 => drop(user.impersonate_extra.insert(text(random), vec![text(random)])),
        6 => drop(user.impersonate_extra.remove("k")),
        7 => user.auth_provider = None,
        8 => {
            let provider = user
                .auth_provider
                .get_or_insert_with(|| AuthProvider { name: "oidc".into(), ..Default::default() });
            provider.config.remove("a b");
            provider.config.insert("id-token".into(), text(random).into());
            provider.config.insert("new".into(), text(random).into());
        }
        9 => user.exec = None,
        10 => user.extensions.clear(),
        11 => drop(user.extensions.insert("e3".into(), Extension::new(unknown(random)))),
        _ => {
            let exec = user.exec.get_or_insert_with(ExecEntry::default);
            match random.below(6) {
                0 => exec.args = (0..random.below(5)).map(|_| text(random)).collect(),
                1 => exec.args.push(text(random)),
                2 => exec.args.truncate(1),
                3 => exec.env.push(EnvVar { name: text(random), value: text(random).into() }),
                4 => exec.env.iter_mut().for_each(|variable| variable.value = "v".into()),
                _ => exec.provide_cluster_info = !exec.provide_cluster_info,
            }
        }
    }
}
