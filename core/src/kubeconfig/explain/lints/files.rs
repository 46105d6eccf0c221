//! Kubeconfig files: where they were looked for, and who else may read them.

use super::LintContext;
use crate::kubeconfig::entries::{Kubeconfig, UserEntry};
use crate::kubeconfig::explain::explanation::{FileState, Lint, Source};
use crate::kubeconfig::search::Reason;
use crate::profile::{Authorization, Material, Origin};
use crate::redact::{self, quoted};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Everybody but the owner.
const OTHERS: u32 = 0o077;

impl LintContext<'_> {
    pub(super) fn files(&self, lints: &mut Vec<Lint>) {
        self.missing(lints);
        for file in &self.inputs.files.each {
            self.readable_kubeconfig(file, lints);
        }
        if self.source == Source::ServiceAccount {
            // The kubelet decides about modes.
            return;
        }
        let who = &self.profile.authentication;
        if let Some(Material::File(path)) = who.certificate.as_ref().map(|pair| &pair.key) {
            lints.extend(self.readable("readable-key", "client key", path, "client-key"));
        }
        if let Authorization::TokenFile { path, .. } = &who.authorization {
            lints.extend(self.readable("readable-token-file", "token file", path, "tokenFile"));
        }
    }

    /// Elements of `KUBECONFIG` that are not there, while others are (KC-5, KC-8).
    fn missing(&self, lints: &mut Vec<Lint>) {
        let search = &self.inputs.search;
        if search.reason() != Reason::Variable {
            return;
        }
        let variable = || Origin::Variable("KUBECONFIG".into());
        if search.paths().is_empty() {
            let text =
                "KUBECONFIG is set, but names no file: none is read, not even ~/.kube/config";
            lints.push(Lint::warning("no-files", "KC-3", text).at(variable()).advise("Unset it."));
        }
        let states = self.inputs.files.states.iter();
        for (path, state) in search.paths().iter().zip(states) {
            if *state != FileState::Missing {
                continue;
            }
            let odd = path.starts_with('~') || path.contains('$') || path.trim() != path;
            lints.push(match odd {
                true => Lint::warning(
                    "unexpanded-path",
                    "KC-5",
                    format!(
                        "{} is taken as it is written: ~ and variables are not expanded, and blanks count",
                        quoted(path)
                    ),
                )
                .at(variable())
                .advise("Write the whole path."),
                false => Lint::note("missing-file", "KC-8", format!("{} does not exist", redact::text(path)))
                    .at(variable()),
            });
        }
    }

    fn readable_kubeconfig(&self, file: &Kubeconfig, lints: &mut Vec<Lint>) {
        for path in &file.files {
            let Some(mode) = self.mode(path).filter(|mode| mode & OTHERS != 0) else { continue };
            let Some((name, _)) = file.users.iter().find(|(_, user)| has_secrets(user)) else {
                continue;
            };
            let text = format!(
                "holds secrets of user {}, and is accessible to other users (mode {mode:04o})",
                quoted(name)
            );
            let origin = Origin::File { path: path.clone(), entry: String::new(), line: 0 };
            let lint = Lint::warning("readable-kubeconfig", "KC-86", text).at(origin);
            lints.push(lint.advise(format!("chmod 600 {path}")));
        }
    }

    fn readable(&self, code: &str, what: &str, path: &str, setting: &str) -> Option<Lint> {
        let mode = self.mode(path).filter(|mode| mode & OTHERS != 0)?;
        let text = format!("{what} {path} is accessible to other users (mode {mode:04o})");
        let lint = Lint::warning(code, "", text).at(self.origin(&[setting]));
        Some(lint.advise(format!("chmod 600 {path}")))
    }

    fn mode(&self, path: &str) -> Option<u32> {
        Some(self.inputs.facts.get(path)?.as_ref().ok()?.mode? & 0o7777)
    }
}

fn has_secrets(user: &UserEntry) -> bool {
    let provider = |user: &UserEntry| {
        let config = user.auth_provider.as_ref().map(|provider| &provider.config);
        let secret = |key: &str| matches!(key, "id-token" | "refresh-token" | "client-secret");
        config.is_some_and(|config| config.keys().any(|key| secret(key)))
    };
    !user.token.is_empty()
        || !user.password.is_empty()
        || !user.client_key_data.is_empty()
        || provider(user)
}
