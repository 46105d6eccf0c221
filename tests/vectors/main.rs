//! Plays every vector, and asks kubectl where it can tell whether a vector is right. `README.md`
//! says what is in them.
#![cfg(unix)]

mod answer;
mod api;
mod api_cases;
mod connection;
mod kubeconfig;
mod kubectl;
mod timeline;

use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The vectors there are. A file that is lost, or is not looked at, is a failure.
const COUNT: usize = 266;

/// A folder's vectors by file name, each of which begins with the rule that it is about.
fn vectors<T: DeserializeOwned>(folder: &str) -> Vec<(String, T)> {
    let mut vectors = Vec::new();
    let rules = rules();
    for path in files(folder) {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let rule = name.splitn(3, '-').take(2).collect::<Vec<_>>().join("-");
        assert!(rules.contains(&rule), "{}: {rule} is no rule", path.display());
        let text = std::fs::read_to_string(&path).expect("a vector is text");
        let vector = serde_json::from_str(&text);
        let vector = vector.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        vectors.push((name, vector));
    }
    vectors
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(folder);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{folder:?}: {e}"));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let json = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
    assert!(files.iter().all(json), "{folder:?} holds something that is no vector");
    files
}

fn rules() -> BTreeSet<String> {
    let table = include_str!("../rules/rules.tsv");
    table.lines().skip(1).filter_map(|line| Some(line.split('\t').next()?.to_owned())).collect()
}

/// A variant's name as vectors spell it: `NoSuchEntry("user")` is `no-such-entry`.
fn kebab(variant: &str) -> String {
    let name = variant.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let mut kebab = String::new();
    for char in name.chars() {
        if char.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(char.to_lowercase());
    }
    kebab
}

#[track_caller]
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn the_vectors_are_all_there() {
    let count: usize =
        ["answer", "api", "kubeconfig", "timeline"].map(|name| files(name).len()).iter().sum();
    assert_eq!(count, COUNT, "change the number when a vector comes; none should go");
}
