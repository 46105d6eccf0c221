//! A kubeconfig that points to the proxy, under the names of the contexts that it serves.

use crate::report::{Exit, Report};
use kubecred_core::kubeconfig::{ClusterEntry, ContextEntry, UserEntry};
use kubecred_core::{Kubeconfig, Profile, Secret};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The only user in such a file, by which it is told from others.
const USER: &str = "kubecred-proxy";

/// Names of contexts in a path. Slashes stay: clients of Kubernetes decode them anyway.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/')
    .remove(b':')
    .remove(b'@');

/// How clients reach the proxy.
pub(super) struct Entrance {
    /// `https://127.0.0.1:8001`, with the prefix of the API.
    pub(super) url: String,
    /// The authority of its certificate, PEM; empty without TLS.
    pub(super) authority: Secret,
    /// What callers show; empty if they need not.
    pub(super) token: Secret,
}

/// One context as the default, and each of the others under its name. `others`: name and namespace.
pub(super) fn kubeconfig(
    entrance: &Entrance,
    profile: &Profile,
    others: &[(String, String)],
) -> Kubeconfig {
    let default = profile.context.clone().unwrap_or_else(|| "default".into());
    let mut config = Kubeconfig { current_context: default.clone(), ..Kubeconfig::default() };
    let token = entrance.token.clone();
    config.users.insert(USER.into(), UserEntry { token, ..UserEntry::default() });
    let mut add = |name: &str, path: &str, namespace: &str| {
        let cluster = ClusterEntry {
            server: format!("{}{path}", entrance.url),
            certificate_authority_data: entrance.authority.clone(),
            ..ClusterEntry::default()
        };
        let context = ContextEntry {
            cluster: name.into(),
            user: USER.into(),
            namespace: namespace.into(),
            ..ContextEntry::default()
        };
        config.clusters.insert(name.into(), cluster);
        config.contexts.insert(name.into(), context);
    };
    for (name, namespace) in others {
        add(name, &format!("/clusters/{}", utf8_percent_encode(name, PATH)), namespace);
    }
    add(&default, "", &profile.namespace.name);
    config
}

/// A kubeconfig on disk that goes with the proxy.
pub(super) struct WrittenFile(PathBuf);

impl WrittenFile {
    /// Writes it for its owner only. One that an earlier proxy left is replaced, no other file is.
    pub(super) fn write(path: &Path, config: &Kubeconfig) -> Result<Self, Report> {
        let failed = |error: std::io::Error| {
            Report::new(Exit::Output, format_args!("cannot write {path:?}: {error}"))
        };
        match fs::read(path) {
            Ok(found) if is_ours(&found) => fs::remove_file(path).map_err(failed)?,
            Ok(_) => {
                let there = std::io::Error::from(ErrorKind::AlreadyExists);
                return Err(failed(there).advise("Remove it, or name another."));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let yaml = config.to_yaml().map_err(|error| Report::new(Exit::Output, error))?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failed)?;
        file.write_all(yaml.expose()).map_err(failed)?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for WrittenFile {
    fn drop(&mut self) {
        if fs::read(&self.0).is_ok_and(|found| is_ours(&found)) {
            // Its token opens nothing any more.
            let _ = fs::remove_file(&self.0);
        }
    }
}

fn is_ours(bytes: &[u8]) -> bool {
    Kubeconfig::from_bytes(bytes)
        .is_ok_and(|config| config.users.len() == 1 && config.users.contains_key(USER))
}
