//! What those who made the connection want a person to know.

use super::LintContext;
use crate::kubeconfig::explain::explanation::{Lint, Severity};
use crate::profile::{Notice, Origin};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

impl LintContext<'_> {
    pub(super) fn notices(&self, lints: &mut Vec<Lint>) {
        for notice in &self.profile.notices {
            let (severity, code, origin, advice) = self.meaning(notice);
            let message = without_place(&notice.text, &origin);
            let lint = Lint::new(severity, code, &notice.rule, message);
            lints.push(lint.at(origin).advise(advice));
        }
    }

    fn meaning(&self, notice: &Notice) -> (Severity, &'static str, Origin, &'static str) {
        let user = |field| self.selection.user_origin(field);
        let nowhere = Origin::Default;
        use Severity::{Note, Warning};
        match notice.rule.as_str() {
            "KC-8" => {
                let variable = Origin::Variable("KUBECONFIG".to_string());
                (Warning, "missing-files", variable, "Correct KUBECONFIG, or unset it.")
            }
            "KC-44" => {
                let origin = self.selection.context_origin("user");
                (Warning, "missing-user", origin, "Correct the context, or add the user.")
            }
            "KC-56" => {
                (Warning, "key-without-certificate", user("client-key"), "Add the certificate.")
            }
            "KC-71" => {
                let origin = self.selection.cluster_origin("server");
                (Warning, "credentials-withheld", origin, "")
            }
            "KC-78" => (Warning, "pod-instead-of-kubeconfig", nowhere, ""),
            "IC-5" => (Warning, "bad-authority", nowhere, ""),
            "UA-1" => {
                let origin = self.selection.cluster_origin("server");
                (Warning, "server-user", origin, "Remove it unless it is meant.")
            }
            "UA-3" => (Note, "plugin-not-run", user("exec"), ""),
            "UA-4" => (Note, "auth-provider-not-used", user("auth-provider"), ""),
            "UA-10" => (Warning, "password-without-username", user("password"), "Add username."),
            "KB-60" | "KB-61" => (Warning, "kuberc", nowhere, ""),
            "OI-1" => (Note, "scopes-not-used", user("auth-provider"), ""),
            _ => (Note, "notice", nowhere, ""),
        }
    }
}

/// A text that begins with the place that is given beside it.
fn without_place(text: &str, origin: &Origin) -> String {
    let Origin::File { path, line, .. } = origin else { return text.to_string() };
    let place = alloc::format!("{path}:{line}: ");
    text.strip_prefix(&place).unwrap_or(text).to_string()
}
