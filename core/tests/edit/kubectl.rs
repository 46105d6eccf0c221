//! The oracle: the `kubectl` on `PATH`, and files for it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use kubecred_core::kubeconfig::edit::Chain;
use kubecred_core::kubeconfig::search;
use kubecred_core::{Environment, Failure, FailureKind, Secret};
use serde_json::Value;
use tempfile::TempDir;

/// A folder with kubeconfigs, which is the home directory and the working directory as well.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    /// With these files.
    pub(crate) fn with<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>) -> Self {
        let folder = Self::new();
        for (name, text) in files {
            folder.write(name, text.as_bytes());
        }
        folder
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("a path that is text").to_owned()
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect("a file");
    }

    /// What is in a file, if there is one.
    pub(crate) fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path(name)).ok()
    }

    /// `KUBECONFIG` for these files.
    pub(crate) fn list(&self, names: &[&str]) -> String {
        names.iter().map(|name| self.path(name)).collect::<Vec<_>>().join(":")
    }

    /// Runs `kubectl config` on these files.
    pub(crate) fn kubectl(&self, names: &[&str], args: &[&str]) -> Output {
        let mut command = Command::new(kubecred_kubectl::kubectl());
        command.arg("config").args(args).current_dir(self.0.path()).env("HOME", self.0.path());
        match names {
            [] => command.env_remove("KUBECONFIG"),
            names => command.env("KUBECONFIG", self.list(names)),
        };
        command.output().expect("kubectl can be run")
    }

    /// The same, and it must not fail.
    pub(crate) fn kubectl_ok(&self, names: &[&str], args: &[&str]) -> String {
        let output = self.kubectl(names, args);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "kubectl config {args:?}: {error}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// What kubectl finds in these files.
    pub(crate) fn view(&self, names: &[&str]) -> Value {
        let json = self.kubectl_ok(names, &["view", "--raw", "--output=json"]);
        serde_json::from_str(&json).expect("kubectl's JSON")
    }

    /// The same files as we find them.
    pub(crate) fn chain(&self, names: &[&str]) -> Chain {
        let mut environment =
            Environment::new([("HOME", self.path(""))]).in_directory(self.path(""));
        if !names.is_empty() {
            environment.variables.insert("KUBECONFIG".to_owned(), self.list(names));
        }
        let search = search(None, &environment);
        let reads = search.paths().iter().map(|path| read(Path::new(path)));
        search.open(reads.collect::<Vec<_>>()).expect("files that can be read")
    }
}

fn read(path: &Path) -> Result<Secret, Failure> {
    let bytes = fs::read(path).map_err(|_| Failure::new(FailureKind::NotFound, "no such file"));
    bytes.map(Secret::from)
}

/// What kubectl finds in one file of these bytes.
pub(crate) fn view(bytes: &[u8]) -> Value {
    let folder = Folder::new();
    folder.write("config", bytes);
    folder.view(&["config"])
}

/// The same with `null` for what is empty: kubectl shows which it was, and minds neither.
pub(crate) fn without_empties(json: Value) -> Value {
    match json {
        Value::Array(items) if items.is_empty() => Value::Null,
        Value::Array(items) => items.into_iter().map(without_empties).collect(),
        Value::Object(map) if map.is_empty() => Value::Null,
        Value::Object(map) => {
            map.into_iter().map(|(key, value)| (key, without_empties(value))).collect()
        }
        json => json,
    }
}

/// Xorshift: the same numbers every time.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }

    /// Whether to do something that is done so many times in a hundred.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
