//! The names of the entries of a kubeconfig: for completion, and for what may have been meant by one
//! that does not exist.

use crate::redact;
use crate::settings;
use clap_complete::CompletionCandidate;
use kubecred_core::kubeconfig::explain::nearest;
use kubecred_core::kubeconfig::search;
use kubecred_core::redact::quoted;
use kubecred_core::{Kubeconfig, StdinState};
use std::collections::BTreeMap;

/// Names with a line about each.
#[derive(Default)]
pub(crate) struct Names {
    contexts: BTreeMap<String, String>,
    clusters: BTreeMap<String, String>,
    users: BTreeMap<String, String>,
}

impl Names {
    /// Of the kubeconfig that the words of a command line mean.
    pub(super) fn of_line(words: &[String]) -> Self {
        let mut explicit = None;
        for (word, next) in words.iter().zip(words.iter().skip(1).map(Some).chain([None])) {
            match word.strip_prefix("--kubeconfig") {
                Some("") => explicit = next.map(String::as_str),
                Some(value) => explicit = value.strip_prefix('=').or(explicit),
                None => {}
            }
        }
        let environment = settings::environment(StdinState::default());
        let home = environment.home();
        let explicit = explicit.map(|path| match path.strip_prefix("~/") {
            Some(rest) if !home.is_empty() => format!("{home}/{rest}"),
            _ => path.to_owned(),
        });
        Self::of_files(explicit.as_deref())
    }

    /// Of these files, or those of the environment. What cannot be read has no names; a pipe is not
    /// read: it would be empty for the command itself.
    pub(crate) fn of_files(explicit: Option<&str>) -> Self {
        let mut names = Self::default();
        for path in search(explicit, &settings::environment(StdinState::default())).paths() {
            if !std::fs::metadata(path).is_ok_and(|file| file.is_file()) {
                continue;
            }
            let Ok(bytes) = kubecred_tokio::read_kubeconfig(path) else { continue };
            if let Ok(config) = Kubeconfig::from_bytes(bytes.expose()) {
                names.add(&config);
            }
        }
        names
    }

    /// Of a configuration.
    pub(crate) fn of(config: &Kubeconfig) -> Self {
        let mut names = Self::default();
        names.add(config);
        names
    }

    fn add(&mut self, config: &Kubeconfig) {
        for (name, context) in &config.contexts {
            let about = match context.user.as_str() {
                "" => format!("cluster {}", context.cluster),
                user => format!("cluster {}, user {user}", context.cluster),
            };
            self.contexts.entry(name.clone()).or_insert(about);
        }
        for (name, cluster) in &config.clusters {
            let about = kubecred_core::redact::url(&cluster.server);
            self.clusters.entry(name.clone()).or_insert(about);
        }
        for name in config.users.keys() {
            self.users.entry(name.clone()).or_default();
        }
    }

    /// For a shell.
    pub(super) fn candidates(&self, kind: &str) -> Vec<CompletionCandidate> {
        let candidate = |(name, about): (&String, &String)| {
            let about = (!about.is_empty()).then(|| redact::hidden(&redact::name(about)).into());
            CompletionCandidate::new(name).help(about)
        };
        self.of_kind(kind).iter().filter(|(name, _)| !name.is_empty()).map(candidate).collect()
    }

    /// What may have been meant by a name that there is not, as advice.
    pub(crate) fn suggestion(&self, kind: &str, name: &str) -> Option<String> {
        let known = || self.of_kind(kind).keys().map(String::as_str);
        let begins = |known: &&str| !name.is_empty() && known.starts_with(name);
        let meant: Vec<&str> = match known().filter(begins).take(4).collect::<Vec<_>>() {
            none if none.is_empty() => nearest(name, known()).into_iter().collect(),
            some => some,
        };
        let list = match kind {
            "context" => "kubecred config get-contexts",
            "cluster" => "kubecred config get-clusters",
            _ => "kubecred config get-users",
        };
        let quoted: Vec<String> = meant.iter().map(|name| quoted(name)).collect();
        match quoted.as_slice() {
            [] => None,
            [one] => Some(format!("Did you mean {one}? {list} lists them.")),
            [first @ .., last] => {
                Some(format!("Did you mean {} or {last}? {list} lists them.", first.join(", ")))
            }
        }
    }

    fn of_kind(&self, kind: &str) -> &BTreeMap<String, String> {
        match kind {
            "context" => &self.contexts,
            "cluster" => &self.clusters,
            _ => &self.users,
        }
    }
}
