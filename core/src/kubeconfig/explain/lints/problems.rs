//! What makes a configuration unusable, in the words of those who check it.

use super::LintContext;
use super::nearest::nearest;
use crate::kubeconfig::explain::explanation::Lint;
use crate::profile::Origin;
use crate::profile::problem::{EmptyReason, Problem, ProblemKind, WithoutPlace};
use crate::redact::{self, quoted};
use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

impl LintContext<'_> {
    pub(super) fn problems_of_settings(&self, lints: &mut Vec<Lint>) {
        for problem in self.problems {
            let (code, rule) = name(&problem.kind);
            let lint = Lint::error(code, rule, WithoutPlace(problem).to_string());
            lints.push(lint.at(place(problem)).advise(self.advice(&problem.kind)));
        }
        for problem in self.kuberc {
            let text = WithoutPlace(problem).to_string();
            lints.push(Lint::error("unusable-kuberc", "KB-60", text).at(place(problem)));
        }
    }

    /// What to do, where the problem does not say it itself.
    fn advice(&self, kind: &ProblemKind) -> String {
        let contexts = &self.selection.config.contexts;
        let names: Vec<_> = contexts.keys().map(|name| redact::text(name)).take(5).collect();
        let known = match names.as_slice() {
            [] => "".to_owned(),
            [only] => ["The only context is ", only, "."].concat(),
            names => ["Some contexts are ", &names.join(", "), "."].concat(),
        };
        match kind {
            ProblemKind::EmptyConfig(EmptyReason::NoContext)
            | ProblemKind::ContextNotFound
            | ProblemKind::NoSuchEntry("context") => {
                let meant = nearest(self.selection.context_name, contexts.keys().map(String::as_str));
                match meant {
                    Some(name) => ["Did you mean ", &quoted(name), "?"].concat(),
                    None => ["Choose one with --context. ", &known].concat().trim_end().to_owned(),
                }
            }
            ProblemKind::NoSuchEntry(_) | ProblemKind::Dangling(_) => self.nearest_entry(kind),
            ProblemKind::EmptyConfig(EmptyReason::NoFile(_)) => {
                "Name a kubeconfig with --kubeconfig or KUBECONFIG, or a server with --server."
                    .to_owned()
            }
            ProblemKind::EmptyConfig(EmptyReason::NoCluster { .. }) => {
                "Correct the context, add the cluster, or choose one with --cluster.".to_owned()
            }
            ProblemKind::ExecIncomplete => {
                "For v1 that is command, apiVersion and interactiveMode: Never, IfAvailable or Always."
                    .to_owned()
            }
            ProblemKind::Malformed(text) if text.starts_with("expected a string") => {
                "If it is meant as text, put it in quotes.".to_owned()
            }
            ProblemKind::CertificateWithoutKey => "Add the key of this certificate.".to_owned(),
            ProblemKind::BadServer => "Write https://host:port.".to_owned(),
            _ => String::new(),
        }
    }
}

impl LintContext<'_> {
    /// The cluster or user that may have been meant.
    fn nearest_entry(&self, kind: &ProblemKind) -> String {
        let config = self.selection.config;
        let is_user = match kind {
            ProblemKind::NoSuchEntry(kind) => *kind == "user",
            ProblemKind::Dangling(target) => target.starts_with("user "),
            _ => false,
        };
        let meant = match is_user {
            true => nearest(self.selection.user_name, config.users.keys().map(String::as_str)),
            false => {
                nearest(self.selection.cluster_name, config.clusters.keys().map(String::as_str))
            }
        };
        meant.map_or_else(String::new, |name| ["Did you mean ", &quoted(name), "?"].concat())
    }
}

fn place(problem: &Problem) -> Origin {
    if !problem.file.is_empty() || problem.line > 0 {
        let (path, entry) = (problem.file.clone(), problem.entry.clone());
        return Origin::File { path, entry, line: problem.line };
    }
    match (problem.field.strip_prefix("--"), problem.field.strip_prefix('$')) {
        (Some(flag), _) => Origin::Override(flag.to_owned()),
        (_, Some(variable)) => Origin::Variable(variable.to_owned()),
        _ => Origin::Default,
    }
}

/// The lint's name, and the rule that a problem is about.
fn name(kind: &ProblemKind) -> (&'static str, &'static str) {
    match kind {
        ProblemKind::Unreadable(_) => ("unreadable-kubeconfig", "KC-9"),
        ProblemKind::Malformed(_) => ("malformed-kubeconfig", "KC-24"),
        ProblemKind::Base64(_) | ProblemKind::PemNotBase64 => ("bad-base64", "KC-28"),
        ProblemKind::ContentNotPath(_) => ("content-not-path", "KC-36"),
        ProblemKind::NotUtf8 => ("not-utf8", "KC-2"),
        ProblemKind::UnknownVersion { .. } => ("unknown-version", "KC-22"),
        ProblemKind::Duplicate => ("duplicate-name", "KC-27"),
        ProblemKind::EmptyConfig(EmptyReason::NoContext) => ("no-context", "KC-47"),
        ProblemKind::EmptyConfig(EmptyReason::NoCluster { .. }) => ("missing-cluster", "KC-45"),
        ProblemKind::EmptyConfig(_) => ("no-configuration", "KC-60"),
        ProblemKind::NoSuchEntry(_) => ("no-such-entry", "KC-43"),
        ProblemKind::ContextNotFound => ("missing-context", "KC-46"),
        ProblemKind::NoServer => ("no-server", "KC-51"),
        ProblemKind::BadServer => ("bad-server", "KC-72"),
        ProblemKind::BadProxy(_) => ("bad-proxy", "KC-52"),
        ProblemKind::FileAndData("certificate-authority") => ("file-and-data", "KC-53"),
        ProblemKind::FileAndData(_) => ("file-and-data", "KC-56"),
        ProblemKind::RootsAndInsecure(_) => ("authority-and-insecure", "UA-31"),
        ProblemKind::CertificateWithoutKey => ("certificate-without-key", "KC-56"),
        ProblemKind::SeveralMethods("tokenFile") => ("several-methods", "UA-5"),
        ProblemKind::SeveralMethods(_) => ("several-methods", "KC-57"),
        ProblemKind::ExecAndAuthProvider => ("several-methods", "KC-58"),
        ProblemKind::ExecIncomplete => ("incomplete-plugin", "KC-58"),
        ProblemKind::ExecApiVersion(_) => ("unknown-plugin-version", "EX-1"),
        ProblemKind::InteractiveMode(_) => ("unknown-interactive-mode", "KC-58"),
        ProblemKind::PluginPolicy(_) => ("bad-plugin-policy", "EX-2"),
        ProblemKind::ImpersonationWithoutUser => ("impersonation-without-user", "KC-59"),
        ProblemKind::NotForAHeader => ("bad-header-text", "UA-21"),
        ProblemKind::AuthProvider(_) => ("unusable-auth-provider", "OI-30"),
        ProblemKind::NoCertificate => ("bad-authority", "IC-5"),
        ProblemKind::Dangling(_) => ("missing-entry", "KC-44"),
        // Of profiles made by hand, of whole files, and of flags.
        _ => ("problem", "KC-48"),
    }
}
