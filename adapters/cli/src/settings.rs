//! From flags, variables and files to a profile: which server, and who to be.

use crate::connection_flags::ConnectionFlags;
use crate::report::{Exit, Report};
use crate::verbose_log::VerboseLog;
use kubecred_core::kubeconfig::{Kuberc, KubercPolicy, namespace_flag, parse_timeout};
use kubecred_core::{
    ConfigError, Environment, Failure, Overrides, Profile, Secret, StdinState, Step, detect,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// The limit for everything, if there is one (KC-69).
pub(crate) fn timeout(flags: &ConnectionFlags) -> Result<Option<Duration>, Report> {
    parse_timeout(flags.request_timeout.as_deref().unwrap_or_default())
        .map_err(|error| Report::new(Exit::Usage, error))
}

/// Reads kuberc, which says which plugins may run. Blocks while it reads.
pub(crate) fn plugin_policy(
    flags: &ConnectionFlags,
    log: VerboseLog,
) -> Result<KubercPolicy, Report> {
    let environment = environment(StdinState::default());
    let kuberc = Kuberc::search(flags.kuberc.as_deref(), &environment)
        .map_err(|error| Report::new(Exit::Usage, error))?;
    let Some(kuberc) = kuberc else { return Ok(KubercPolicy::default()) };
    let reads = kuberc.paths().iter().map(|path| read(path, log));
    kuberc.read(reads).map_err(|error| explain(&error))
}

/// Reads the kubeconfigs, or what a pod has instead, and lays the flags over. Blocks while it reads.
pub(crate) fn profile(
    flags: &ConnectionFlags,
    stdin: StdinState,
    log: VerboseLog,
) -> Result<Profile, Report> {
    let environment = environment(stdin);
    let overrides = overrides(flags, &environment)?;
    let mut detection = detect(flags.kubeconfig.as_deref(), overrides, &environment);
    loop {
        let reads = detection.reads().iter().map(|path| read(path, log)).collect();
        match detection.feed(reads).map_err(|error| explain(&error))? {
            Step::Read(next) => detection = *next,
            Step::Done(profile) => return Ok(*profile),
        }
    }
}

pub(crate) fn explain(error: &ConfigError) -> Report {
    let report = Report::new(Exit::Configuration, error);
    if error.is_empty_config() {
        return report.advise(
            "Name a kubeconfig with --kubeconfig or KUBECONFIG, or a server with --server; \
             kubecred demo needs neither.",
        );
    }
    report
}

/// Any kind of file: `--kubeconfig <(..)` is a pipe.
pub(crate) fn read(path: &str, log: VerboseLog) -> Result<Secret, Failure> {
    let outcome = kubecred_tokio::read_kubeconfig(path);
    match &outcome {
        Ok(bytes) => log.tell(format_args!("read {path}: {} bytes", bytes.len())),
        Err(failure) => log.tell(format_args!("no {path}: {failure}")),
    }
    outcome
}

/// The variables and the working directory of this process. A variable that is not UTF-8 is an error
/// where it is needed.
pub(crate) fn environment(stdin: StdinState) -> Environment {
    kubecred_tokio::environment().with_stdin(stdin)
}

/// The flags, for the core.
///
/// # Errors
/// When `KUBERNETES_MASTER` is not UTF-8.
pub(crate) fn overrides(
    flags: &ConnectionFlags,
    environment: &Environment,
) -> Result<Overrides, Report> {
    let master = environment.text("KUBERNETES_MASTER").map_err(|error| explain(&error))?;
    let text = |flag: &Option<String>| flag.clone().unwrap_or_default();
    let secret = |flag: &Option<String>| Secret::from(flag.as_deref().unwrap_or_default());
    let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in &flags.as_user_extra {
        extra.entry(key.clone()).or_default().push(value.clone());
    }
    Ok(Overrides {
        context: text(&flags.context),
        cluster: text(&flags.cluster),
        user: text(&flags.user),
        namespace: namespace_flag(flags.namespace.as_deref().unwrap_or_default()).into(),
        server: text(&flags.server),
        tls_server_name: text(&flags.tls_server_name),
        insecure_skip_tls_verify: flags.insecure_skip_tls_verify.unwrap_or_default(),
        certificate_authority: text(&flags.certificate_authority),
        proxy_url: text(&flags.proxy_url),
        disable_compression: flags.disable_compression.unwrap_or_default(),
        client_certificate: text(&flags.client_certificate),
        client_key: text(&flags.client_key),
        token: secret(&flags.token),
        impersonate_user: text(&flags.as_user),
        impersonate_uid: text(&flags.as_uid),
        impersonate_groups: flags.as_group.clone(),
        impersonate_extra: extra,
        username: text(&flags.username),
        password: secret(&flags.password),
        default_server: master.unwrap_or_default().into(),
        ..Overrides::default()
    })
}
