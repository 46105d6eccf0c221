//! `--write-kubeconfig`: a kubeconfig that holds the server and the token, for giving away.

use crate::report::{Exit, Report};
use crate::session::Session;
use kubecred_core::api::token_request::TokenRequest;
use kubecred_core::kubeconfig::{ClusterEntry, ContextEntry, UserEntry};
use kubecred_core::{Kubeconfig, Profile, Proxy, Roots};
use std::fs::OpenOptions;
use std::io::Write;

/// Writes it to a new file that only its owner may read. An existing file is not touched.
pub(super) fn write(
    path: &str,
    session: &Session,
    account: &str,
    granted: &TokenRequest,
) -> Result<(), Report> {
    let profile = session.auth.profile();
    let config = kubeconfig(profile, account, granted)?;
    let failed = |error: std::io::Error| {
        Report::new(Exit::Output, format_args!("cannot write {path:?}: {error}"))
    };
    let yaml = config.to_yaml().map_err(|error| Report::new(Exit::Output, error))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => failed(error).advise("Remove it, or name another."),
        _ => failed(error),
    })?;
    file.write_all(yaml.expose()).and_then(|()| file.sync_all()).map_err(failed)
}

fn kubeconfig(
    profile: &Profile,
    account: &str,
    granted: &TokenRequest,
) -> Result<Kubeconfig, Report> {
    let source = &profile.cluster;
    let name = match source.name.as_str() {
        "" => "kubernetes",
        name => name,
    };
    let mut cluster = ClusterEntry {
        server: source.server.clone(),
        tls_server_name: source.tls_server_name.clone().unwrap_or_default(),
        insecure_skip_tls_verify: source.insecure_skip_tls_verify,
        disable_compression: source.disable_compression,
        ..ClusterEntry::default()
    };
    if let Proxy::Url(url) = &source.proxy {
        cluster.proxy_url.clone_from(url);
    }
    match &source.roots {
        Roots::System => {}
        Roots::Pem(pem) => cluster.certificate_authority_data = pem.clone(),
        // With its content: the file is to work elsewhere too.
        Roots::File(path) => {
            let pem = std::fs::read(path).map_err(|error| {
                let text = format_args!("cannot read certificate-authority {path:?}: {error}");
                Report::new(Exit::Configuration, text)
            })?;
            cluster.certificate_authority_data = pem.into();
        }
    }
    let token = granted.status.token.clone();
    let namespace = profile.namespace.name.clone();
    let context = ContextEntry {
        cluster: name.into(),
        user: account.into(),
        namespace,
        ..ContextEntry::default()
    };
    let mut config = Kubeconfig { current_context: account.into(), ..Kubeconfig::default() };
    config.clusters.insert(name.into(), cluster);
    config.users.insert(account.into(), UserEntry { token, ..UserEntry::default() });
    config.contexts.insert(account.into(), context);
    Ok(config)
}
