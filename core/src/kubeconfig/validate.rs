//! Whether entries make sense, each by itself and in contexts (KC-48…KC-61). Nothing is read: that
//! files can be opened (KC-54, KC-56) is for a host to find out, see
//! [`Profile::files`](crate::Profile::files).

use super::entries::{ClusterEntry, ContextEntry, EntryOrigin, ExecEntry, Kubeconfig, UserEntry};
use crate::profile::check::check_proxy;
use crate::profile::problem::{ConfigError, EmptyReason, Problem, ProblemKind, add, entry};
use crate::profile::{InteractiveMode, Origin};
use crate::redact;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

/// Where problems of one entry go, each with its place.
pub(super) struct Report<'a> {
    pub(super) title: String,
    /// Where a field of the entry came from.
    pub(super) origin: &'a dyn Fn(&'static str) -> Origin,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Report<'_> {
    /// A problem of a field.
    pub(super) fn field(&mut self, field: &'static str, kind: ProblemKind) {
        let problem = Problem::new(kind).of(&self.title);
        add(self.problems, problem.from(&(self.origin)(field), field));
    }

    /// A problem of the entry as a whole; the line is that of a field of it.
    pub(super) fn entry(&mut self, near: &'static str, kind: ProblemKind) {
        let problem = Problem::new(kind).of(&self.title);
        add(
            self.problems,
            match (self.origin)(near) {
                Origin::File { path, line, .. } => problem.in_file(&path, line),
                _ => problem,
            },
        );
    }
}

impl Kubeconfig {
    /// Checks every entry and every context, used or not (KC-61). [`Kubeconfig::select`] checks
    /// what it selects, which is enough to connect.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.is_empty() {
            return Err(Problem::new(ProblemKind::EmptyConfig(self.empty_reason())).into());
        }
        let mut problems = Vec::new();
        if !self.current_context.is_empty() && !self.contexts.contains_key(&self.current_context) {
            problems.push(self.context_not_found());
        }
        for (name, context) in &self.contexts {
            self.check_context(name, context, &mut problems);
        }
        for (name, user) in &self.users {
            each("user", name, &user.origin, &mut problems, |report| check_user(user, report));
        }
        for (name, cluster) in &self.clusters {
            each("cluster", name, &cluster.origin, &mut problems, |report| {
                if cluster.is_empty() {
                    report.entry("server", ProblemKind::NoServer);
                } else {
                    check_cluster(cluster, report);
                }
            });
        }
        ConfigError::check(problems)
    }

    /// Checks one context (the current one, if `context` is empty) with its user and its cluster;
    /// the rest may be as broken as it likes.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn validate_context(&self, context: &str) -> Result<(), ConfigError> {
        if self.is_empty() {
            return self.validate();
        }
        let name = if context.is_empty() { &self.current_context } else { context };
        if name.is_empty() {
            return Err(Problem::new(ProblemKind::NoContextChosen).into());
        }
        let Some(context) = self.contexts.get(name) else {
            return Err(Problem::new(ProblemKind::ContextNotFound)
                .of(&entry("context", name))
                .into());
        };
        let mut problems = Vec::new();
        self.check_context(name, context, &mut problems);
        if let Some(user) = self.users.get(&context.user) {
            let name = &context.user;
            each("user", name, &user.origin, &mut problems, |report| check_user(user, report));
        }
        if let Some(cluster) = self.clusters.get(&context.cluster) {
            let name = &context.cluster;
            each("cluster", name, &cluster.origin, &mut problems, |report| {
                check_cluster(cluster, report);
            });
        }
        ConfigError::check(problems)
    }

    /// Why nothing is in it.
    pub(super) fn empty_reason(&self) -> EmptyReason {
        if self.files.is_empty() {
            EmptyReason::NoFile(self.missing.clone())
        } else {
            EmptyReason::EmptyFiles(self.files.clone())
        }
    }

    pub(super) fn context_not_found(&self) -> Problem {
        let origin = &self.current_context_origin;
        Problem::new(ProblemKind::ContextNotFound)
            .of(&entry("context", &self.current_context))
            .in_file(&origin.path, origin.line_of("current-context"))
    }

    fn check_context(&self, name: &str, context: &ContextEntry, problems: &mut Vec<Problem>) {
        each("context", name, &context.origin, problems, |report| {
            if name.is_empty() {
                report.entry("", ProblemKind::EmptyName);
            }
            let mut reference = |field: &'static str, target: &str, exists: bool| {
                if target.is_empty() {
                    report.field(field, ProblemKind::NotSet);
                } else if !exists {
                    report.field(field, ProblemKind::Dangling(entry(field, target)));
                }
            };
            reference("user", &context.user, self.users.contains_key(&context.user));
            reference("cluster", &context.cluster, self.clusters.contains_key(&context.cluster));
            let namespace = &context.namespace;
            if !namespace.is_empty() && !is_dns_label(namespace) {
                report.field("namespace", ProblemKind::Namespace(namespace.clone()));
            }
        });
    }
}

fn each(
    kind: &str,
    name: &str,
    origin: &EntryOrigin,
    problems: &mut Vec<Problem>,
    check: impl FnOnce(&mut Report<'_>),
) {
    let title = entry(kind, name);
    let of_field = |field: &'static str| origin.of_field(&title, field);
    check(&mut Report { title: title.clone(), origin: &of_field, problems });
}

/// A cluster of which something is set (KC-51…KC-53).
pub(super) fn check_cluster(cluster: &ClusterEntry, report: &mut Report<'_>) {
    if cluster.server.is_empty() {
        report.entry("server", ProblemKind::NoServer);
    }
    let hint = "put it into certificate-authority-data, in base64";
    check_path("certificate-authority", &cluster.certificate_authority, hint, report);
    if let Some(problem) = check_proxy(&cluster.proxy_url) {
        report.field("proxy-url", ProblemKind::BadProxy(problem));
    }
    if !cluster.certificate_authority.is_empty() && !cluster.certificate_authority_data.is_empty() {
        let kind = ProblemKind::FileAndData("certificate-authority");
        report.entry("certificate-authority", kind);
    }
}

/// A user, by itself (KC-56…KC-59).
pub(super) fn check_user(user: &UserEntry, report: &mut Report<'_>) {
    for (field, path, hint) in [
        (
            "client-certificate",
            &user.client_certificate,
            "put it into client-certificate-data, in base64",
        ),
        ("client-key", &user.client_key, "put it into client-key-data, in base64"),
        ("tokenFile", &user.token_file, "put it into token"),
    ] {
        check_path(field, path, hint, report);
    }
    let has_data = !user.client_certificate_data.is_empty();
    if has_data || !user.client_certificate.is_empty() {
        let has_key_data = !user.client_key_data.is_empty();
        if has_data && !user.client_certificate.is_empty() {
            let kind = ProblemKind::FileAndData("client-certificate");
            report.entry("client-certificate", kind);
        }
        match (has_key_data, !user.client_key.is_empty()) {
            (true, true) => report.entry("client-key", ProblemKind::FileAndData("client-key")),
            (false, false) => {
                let field = if has_data { "client-certificate-data" } else { "client-certificate" };
                report.entry(field, ProblemKind::CertificateWithoutKey);
            }
            _ => {}
        }
    }
    if let Some(exec) = &user.exec {
        check_exec(exec, user.auth_provider.is_some(), report);
    }
    if !user.token.is_empty() && (!user.username.is_empty() || !user.password.is_empty()) {
        report.entry("token", ProblemKind::SeveralMethods("token"));
    }
    let impersonates = !user.impersonate_uid.is_empty()
        || !user.impersonate_groups.is_empty()
        || !user.impersonate_extra.is_empty();
    if impersonates && user.impersonate_user.is_empty() {
        report.entry("as", ProblemKind::ImpersonationWithoutUser);
    }
}

/// What belongs into a file, where its path belongs.
fn check_path(field: &'static str, path: &str, hint: &'static str, report: &mut Report<'_>) {
    if redact::is_secret_path(path) {
        report.field(field, ProblemKind::ContentNotPath(hint));
    }
}

fn check_exec(exec: &ExecEntry, has_auth_provider: bool, report: &mut Report<'_>) {
    if has_auth_provider {
        report.entry("exec", ProblemKind::ExecAndAuthProvider);
    }
    if exec.command.is_empty() {
        report.field("exec.command", ProblemKind::ExecIncomplete);
    }
    if exec.api_version.is_empty() {
        report.field("exec.apiVersion", ProblemKind::ExecIncomplete);
    }
    for _ in exec.env.iter().filter(|variable| variable.name.is_empty()) {
        report.field("exec.env: name", ProblemKind::ExecIncomplete);
    }
    if exec.interactive_mode.is_empty() {
        report.field("exec.interactiveMode", ProblemKind::ExecIncomplete);
    } else if interactive_mode(&exec.interactive_mode).is_none() {
        let kind = ProblemKind::InteractiveMode(exec.interactive_mode.clone());
        report.field("exec.interactiveMode", kind);
    }
}

pub(super) fn interactive_mode(mode: &str) -> Option<InteractiveMode> {
    match mode {
        "Always" => Some(InteractiveMode::Always),
        "IfAvailable" => Some(InteractiveMode::IfAvailable),
        "Never" => Some(InteractiveMode::Never),
        _ => None,
    }
}

/// RFC 1123, as Kubernetes has it.
pub(super) fn is_dns_label(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= 63
        && name.bytes().all(|byte| plain(byte) || byte == b'-')
        && name.bytes().next().is_some_and(plain)
        && name.bytes().last().is_some_and(plain)
}

/// `cluster "prod"`, or words for the one without a name (KC-51).
pub(super) fn title(kind: &str, name: &str) -> String {
    if name.is_empty() { ["default ", kind].concat() } else { entry(kind, name) }.to_owned()
}
