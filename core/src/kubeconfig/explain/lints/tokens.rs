//! Tokens: when they end, and what goes beside them.

use super::Evidence;
use crate::kubeconfig::explain::explanation::{Lint, Severity, Source};
use crate::profile::{Bearer, Origin};
use crate::secret::Secret;
use crate::source::id_token;
use alloc::format;
use alloc::vec::Vec;

const TOKEN: [&str; 1] = ["token"];
const TOKEN_FILE: [&str; 1] = ["tokenFile"];

impl Evidence<'_> {
    pub(super) fn tokens(&self, lints: &mut Vec<Lint>) {
        match &self.profile.authentication.bearer {
            Bearer::Token(token) => self.expiry(token, Severity::Error, &TOKEN, lints),
            Bearer::TokenFile { path, fallback } => {
                if let Some(token) = self.content(path) {
                    let token = Secret::new(token.expose().trim_ascii());
                    self.expiry(&token, Severity::Error, &TOKEN_FILE, lints);
                }
                if let Some(token) = fallback.as_ref().filter(|_| self.is_kubeconfig()) {
                    self.expiry(&token.0, Severity::Warning, &TOKEN, lints);
                    let text = "there is a token beside tokenFile, which goes before it";
                    let lint = Lint::warning("token-beside-token-file", "UA-7", text);
                    lints.push(lint.at(self.origin(&TOKEN)).advise("Remove one of them."));
                }
            }
            _ => {}
        }
        self.flag(lints);
        self.beside_certificate(lints);
    }

    fn is_kubeconfig(&self) -> bool {
        self.source != Source::ServiceAccount
    }

    /// What a JWT says of itself. Nobody here can tell whether it is true.
    fn expiry(&self, token: &Secret, severity: Severity, at: &[&str], lints: &mut Vec<Lint>) {
        let Ok(Some(end)) = id_token::expiry(token) else { return };
        if end <= self.now {
            let text = format!("the token ended at {end}, as it says itself (not verified)");
            let lint = Lint::new(severity, "expired-token", "OI-12", text).at(self.origin(at));
            lints.push(lint.advise("Get a new one: the server refuses this one."));
        }
    }

    /// `--token` replaces a token file here, and not in kubectl (UA-7).
    fn flag(&self, lints: &mut Vec<Lint>) {
        let file = self.selection.config.users.get(self.selection.user_name);
        let file = file.filter(|user| !user.token_file.is_empty() && self.is_kubeconfig());
        if !matches!(self.profile.authentication.bearer, Bearer::Token(_)) || file.is_none() {
            return;
        }
        let text = "--token goes before the kubeconfig's tokenFile; in kubectl it has no effect";
        let lint = Lint::note("differs-from-kubectl", "UA-7", text);
        lints.push(lint.at(Origin::Override("token".into())));
    }

    /// Both are sent, and the server looks at the certificate first (UA-2, KB-21).
    fn beside_certificate(&self, lints: &mut Vec<Lint>) {
        let who = &self.profile.authentication;
        let (header, name) = match who.bearer {
            Bearer::Token(_) => ("token", &TOKEN),
            Bearer::TokenFile { .. } => ("token", &TOKEN_FILE),
            Bearer::Basic { .. } => ("user name", &["username"]),
            _ => return,
        };
        if who.certificate.is_none() {
            return;
        }
        let text = format!(
            "the {header} goes out together with a client certificate, by which the server goes \
             first: the {header} seems to be ignored"
        );
        let lint = Lint::warning("certificate-beside-token", "KB-21", text);
        lints.push(lint.at(self.origin(name)).advise("Keep one of them."));
    }
}
