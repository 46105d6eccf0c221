//! Random sets of files, in every style, and what is made of them together: the same that kubectl
//! makes of them, and nothing of what it refuses.

use crate::kubectl::{Folder, Random};
use crate::random::{LISTS, kubeconfig};
use crate::style::Style;
use kubecred_core::kubeconfig::search;
use kubecred_core::{Environment, Failure, FailureKind, Secret};
use serde_json::{Value, json};

/// How many sets there are; each takes kubectl 50 ms.
const SETS: u64 = 320;

/// The first seed, unless `KUBECRED_SEED` is another.
const SEED: u64 = 1;

const NAMES: [&str; 3] = ["one", "two", "three"];

#[test]
fn kc_32_random_sets_of_files_are_merged_as_kubectl_merges_them() {
    let first = match std::env::var("KUBECRED_SEED") {
        Ok(seed) => seed.parse().expect("KUBECRED_SEED is a number"),
        Err(_) => SEED,
    };
    let compare = |thread: u64| {
        let seeds = (first..first + SETS).filter(move |seed| seed % 2 == thread);
        seeds.map(compare_one).filter(|accepted| *accepted).count()
    };
    let accepted = std::thread::scope(|scope| {
        let other = scope.spawn(|| compare(1));
        compare(0) + other.join().expect("the other half agrees")
    }) as u64;
    assert!((SETS / 2..SETS * 9 / 10).contains(&accepted), "{accepted}: the mix is no test");
}

/// Whether both accept the set that comes of a seed.
fn compare_one(seed: u64) -> bool {
    let mut random = Random::new(seed);
    let folder = Folder::new();
    let names = &NAMES[..1 + random.below(NAMES.len())];
    let mut texts = Vec::new();
    for name in names {
        let text = file(&mut random);
        if let Some(text) = &text {
            folder.write(name, text);
        }
        texts.push(text);
    }
    let theirs = folder.kubectl(names, &["view", "--raw", "--output=json"]);
    let environment = Environment::new([("KUBECONFIG", folder.list(names))]).in_directory("/f");
    let reads = texts.iter().map(|text| match text {
        Some(text) => Ok(Secret::from(text.clone())),
        None => Err(Failure::new(FailureKind::NotFound, "no such file")),
    });
    let ours = search(None, &environment).open(reads.collect::<Vec<_>>());
    let context = || {
        let texts = texts.iter().flatten().map(|text| String::from_utf8_lossy(text));
        format!("KUBECRED_SEED={seed}\n{}", texts.collect::<Vec<_>>().join("\n=======\n"))
    };
    if !theirs.status.success() {
        let said = String::from_utf8_lossy(&theirs.stderr);
        assert!(ours.is_err(), "kubectl refuses: {said}\n{}", context());
        return false;
    }
    let ours = ours.unwrap_or_else(|error| panic!("we refuse: {error}\n{}", context()));
    let ours = ours.config().to_json().expect("text");
    let ours: Value = serde_json::from_slice(ours.expose()).expect("JSON");
    let theirs: Value = serde_json::from_slice(&theirs.stdout).expect("kubectl's JSON");
    assert_eq!(squeezed(ours), squeezed(theirs), "{}", context());
    true
}

/// One file of a set; sometimes there is none, or nothing in it, or something wrong with it.
fn file(random: &mut Random) -> Option<Vec<u8>> {
    match random.below(20) {
        0 => return None,
        1 => return Some(random.pick(&["", "---\n", "# nothing\n", "null\n"]).as_bytes().to_vec()),
        _ => {}
    }
    let mut config = kubeconfig(random);
    if random.chance(12) {
        spoil(&mut config, random);
    }
    let style = Style::random(random);
    let lines = style.render(&config, random);
    Some(style.text(&lines))
}

/// Puts something where it may not belong.
fn spoil(config: &mut Value, random: &mut Random) {
    let (list, kind) = *random.pick(&LISTS);
    let odd = [json!(12), json!(true), json!("text"), json!(["a"]), json!({ "a": 1 }), Value::Null];
    let odd = random.pick(&odd).clone();
    let field = *random.pick(&["name", "server", "token", "cluster", "exec", "as-groups", kind]);
    let place = match random.below(4) {
        0 => Some(&mut config[list]),
        1 => config.get_mut(list).and_then(|items| items.get_mut(0)),
        2 => config.get_mut(list).and_then(|items| items.get_mut(0)?.get_mut(field)),
        _ => config.get_mut(list).and_then(|items| items.get_mut(0)?.get_mut(kind)?.get_mut(field)),
    };
    if let Some(place) = place {
        *place = odd;
    } else if random.chance(50) {
        // The same name twice.
        let items = config.get_mut(list).and_then(Value::as_array_mut);
        if let Some((items, first)) = items.and_then(|items| {
            let first = items.first()?.clone();
            Some((items, first))
        }) {
            items.push(first);
        }
    }
}

/// Without what says nothing: which of the empty values are written differs between versions.
fn squeezed(value: Value) -> Value {
    let says_nothing = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    };
    match value {
        Value::Array(items) => items.into_iter().map(squeezed).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(key, value)| match key.as_str() {
                // Anything may be in there, and nothing is left out.
                "extension" => (key, value),
                _ => (key, squeezed(value)),
            });
            let says = |(key, value): &(String, Value)| key == "extension" || !says_nothing(value);
            Value::Object(fields.filter(says).collect())
        }
        other => other,
    }
}
