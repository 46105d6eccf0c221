//! A folder with kubeconfigs.

use kubecred_core::Environment;
use kubecred_core::kubeconfig::search;
use kubecred_tokio::KubeconfigFiles;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

pub(crate) const CONFIG: &str = "\
# ours
current-context: one
contexts:
- {name: one, context: {}} # the first
- {name: two, context: {}}
";

pub(crate) struct Stage(TempDir);

impl Stage {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// With `config` in it.
    pub(crate) fn with_config() -> Self {
        let stage = Self::new();
        stage.write("config", CONFIG);
        stage
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.path(name).symlink_metadata().is_ok()
    }

    /// The names of what is in it.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The files that `KUBECONFIG` names when it lists these.
    pub(crate) fn files(&self, names: &[&str]) -> KubeconfigFiles {
        let paths: Vec<_> = names.iter().map(|name| self.path(name)).collect();
        let list = std::env::join_paths(paths).unwrap().into_string().unwrap();
        let environment = Environment::new([("KUBECONFIG", list.as_str())]);
        KubeconfigFiles::new(search(None, &environment)).wait_at_most(Duration::from_secs(30))
    }

    pub(crate) fn config(&self) -> KubeconfigFiles {
        self.files(&["config"])
    }
}
