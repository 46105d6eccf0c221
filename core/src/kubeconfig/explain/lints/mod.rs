//! What is wrong or odd, each in a file of its own kind.

mod certificates;
mod connection;
mod dry_run;
mod entries;
mod fields;
mod files;
pub(super) mod nearest;
mod notices;
mod plugin;
mod problems;
mod server;
mod templates;
mod tokens;

use super::LintContext;
use super::explanation::{Lint, Severity};
use crate::profile::Origin;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

impl LintContext<'_> {
    /// All of them, the worst first, and otherwise in the order of a profile.
    pub(super) fn lints(&self) -> Vec<Lint> {
        let mut lints = Vec::new();
        self.problems_of_settings(&mut lints);
        self.notices(&mut lints);
        self.templates(&mut lints);
        self.files(&mut lints);
        self.fields(&mut lints);
        self.entries_of_files(&mut lints);
        self.plugin(&mut lints);
        self.server(&mut lints);
        self.certificates(&mut lints);
        self.tokens(&mut lints);
        if self.problems.is_empty() && self.kuberc.is_empty() {
            self.dry_run(&mut lints);
        }
        self.connection(&mut lints);
        lints.sort_by_key(|lint| core::cmp::Reverse(lint.severity));
        lints
    }
}

/// The codes of all lints.
pub const CODES: &[&str] = &[
    "auth-provider-not-used",
    "authority-and-insecure",
    "bad-authority",
    "bad-base64",
    "bad-certificate",
    "bad-header-text",
    "bad-key",
    "bad-namespace",
    "bad-plugin-policy",
    "bad-proxy",
    "bad-server",
    "bad-server-name",
    "certificate-beside-token",
    "certificate-ends-soon",
    "certificate-key-mismatch",
    "certificate-without-key",
    "content-not-path",
    "credentials-withheld",
    "differs-from-kubectl",
    "duplicate-key",
    "duplicate-name",
    "early-authority",
    "early-certificate",
    "empty-authority",
    "empty-credential",
    "expired-authority",
    "expired-certificate",
    "expired-token",
    "file-and-data",
    "id-token-expired",
    "impersonation-without-user",
    "incomplete-plugin",
    "insecure",
    "key-without-certificate",
    "kubectl-plugin-not-found",
    "kuberc",
    "malformed-kubeconfig",
    "masked-entry",
    "misplaced-field",
    "missing-cluster",
    "missing-context",
    "missing-entry",
    "missing-file",
    "missing-files",
    "missing-user",
    "no-configuration",
    "no-context",
    "no-credential",
    "no-files",
    "no-server",
    "no-such-entry",
    "not-utf8",
    "notice",
    "oidc",
    "password-without-username",
    "plain-http",
    "plugin-cannot-run",
    "plugin-needs-terminal",
    "plugin-not-allowed",
    "plugin-not-found",
    "plugin-not-run",
    "pod-instead-of-kubeconfig",
    "problem",
    "proxy-from-environment",
    "proxy-not-used",
    "readable-key",
    "readable-kubeconfig",
    "readable-token-file",
    "relative-plugin",
    "scopes-not-used",
    "server-path",
    "server-query",
    "server-user",
    "server-without-scheme",
    "several-methods",
    "token-beside-token-file",
    "unexpanded-path",
    "unknown-field",
    "unknown-interactive-mode",
    "unknown-plugin-version",
    "unknown-version",
    "unreadable-file",
    "unreadable-kubeconfig",
    "unrendered-template",
    "unusable-auth-provider",
    "unusable-kuberc",
];

impl Lint {
    fn new(severity: Severity, code: &str, rule: &str, message: impl Into<String>) -> Self {
        debug_assert!(CODES.contains(&code), "{code}");
        Self {
            severity,
            code: code.to_owned(),
            rule: rule.to_owned(),
            origin: Origin::Default,
            message: message.into(),
            advice: String::new(),
        }
    }

    fn error(code: &str, rule: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, rule, message)
    }

    fn warning(code: &str, rule: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, rule, message)
    }

    fn note(code: &str, rule: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, code, rule, message)
    }

    fn at(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: advice.into(), ..self }
    }
}
