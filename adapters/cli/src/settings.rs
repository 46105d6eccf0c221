//! From flags, variables and files to a profile: which server, and who to be.

use crate::completion::Names;
use crate::connection_flags::ConnectionFlags;
use crate::report::{Exit, Report};
use crate::verbose_log::VerboseLog;
use kubecred_core::kubeconfig::{Kuberc, KubercPolicy, ProblemKind, namespace_flag, parse_timeout};
use kubecred_core::redact::text;
use kubecred_core::{
    ConfigError, DetectionStep, Environment, Failure, Overrides, Profile, Secret, StdinState,
    detect,
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
        match detection.feed(reads).map_err(|error| suggest(&error, flags))? {
            DetectionStep::Read(next) => detection = *next,
            DetectionStep::Done(profile) => return Ok(*profile),
        }
    }
}

/// Why there is no usable configuration, and what may have been meant by a name in the flags.
fn suggest(error: &ConfigError, flags: &ConnectionFlags) -> Report {
    let report = explain(error);
    let missing = error.problems().iter().find_map(|problem| match problem.kind {
        ProblemKind::NoSuchEntry(kind) => Some(kind),
        _ => None,
    });
    let Some(kind) = missing else { return report };
    let name = match kind {
        "context" => &flags.context,
        "cluster" => &flags.cluster,
        _ => &flags.user,
    };
    let names = || Names::of_files(flags.kubeconfig.as_deref());
    report.missing(kind, name.as_deref().unwrap_or_default()).suggest(names)
}

/// Why there is no usable configuration.
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
        Ok(bytes) => log.tell(format_args!("read {}: {} bytes", text(path), bytes.len())),
        Err(failure) => log.tell(format_args!("cannot read {}: {failure}", text(path))),
    }
    outcome
}

/// What this process knows. A variable that is not UTF-8 is an error where it would be used.
pub(crate) fn environment(stdin: StdinState) -> Environment {
    kubecred_tokio::environment().with_stdin(stdin)
}

/// What a variable of this process holds; empty if it is not set.
///
/// # Errors
/// When it is not UTF-8.
pub(crate) fn variable(name: &str) -> Result<String, Report> {
    let environment = kubecred_tokio::environment();
    let text = environment.text(name).map_err(|error| explain(&error))?;
    Ok(text.unwrap_or_default().to_owned())
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
    let given = |flag: &Option<String>| flag.clone().unwrap_or_default();
    let secret = |flag: &Option<String>| Secret::from(flag.as_deref().unwrap_or_default());
    let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in &flags.as_user_extra {
        extra.entry(key.clone()).or_default().push(value.clone());
    }
    Ok(Overrides {
        context: given(&flags.context),
        cluster: given(&flags.cluster),
        user: given(&flags.user),
        namespace: namespace_flag(flags.namespace.as_deref().unwrap_or_default()).into(),
        server: given(&flags.server),
        tls_server_name: given(&flags.tls_server_name),
        insecure_skip_tls_verify: flags.insecure_skip_tls_verify.unwrap_or_default(),
        certificate_authority: given(&flags.certificate_authority),
        proxy_url: given(&flags.proxy_url),
        disable_compression: flags.disable_compression.unwrap_or_default(),
        client_certificate: given(&flags.client_certificate),
        client_key: given(&flags.client_key),
        token: secret(&flags.token),
        impersonate_user: given(&flags.as_user),
        impersonate_uid: given(&flags.as_uid),
        impersonate_groups: flags.as_group.clone(),
        impersonate_extra: extra,
        username: given(&flags.username),
        password: secret(&flags.password),
        default_server: master.unwrap_or_default().into(),
        ..Overrides::default()
    })
}
