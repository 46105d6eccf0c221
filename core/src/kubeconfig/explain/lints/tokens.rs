//! Tokens: when they end, and what goes beside them.

use super::LintContext;
use crate::kubeconfig::explain::explanation::{Lint, Severity, Source};
use crate::oauth::id_token;
use crate::profile::{Authorization, Origin};
use crate::secret::Secret;
use alloc::format;
use alloc::vec::Vec;

const TOKEN: [&str; 1] = ["token"];
const TOKEN_FILE: [&str; 1] = ["tokenFile"];

impl LintContext<'_> {
    pub(super) fn tokens(&self, lints: &mut Vec<Lint>) {
        match &self.profile.authentication.authorization {
            Authorization::Token(token) => self.expiry(token, Severity::Error, &TOKEN, lints),
            Authorization::TokenFile { path, fallback } => {
                if let Some(token) = self.content(path) {
                    let token = Secret::new(token.expose().trim_ascii());
                    self.expiry(&token, Severity::Error, &TOKEN_FILE, lints);
                }
                if let Some(token) = fallback.as_ref().filter(|_| self.is_kubeconfig()) {
                    self.expiry(&token.0, Severity::Warning, &TOKEN, lints);
                    let text = "both token and tokenFile are set; tokenFile takes precedence";
                    let lint = Lint::warning("token-beside-token-file", "UA-7", text);
                    lints.push(lint.at(self.origin(&TOKEN)).advise("Remove one of them."));
                }
            }
            Authorization::Oidc(oidc) if oidc.refresh_token.is_some() => {
                let end = oidc.id_token.as_ref().and_then(|token| id_token::expiry(token).ok()?);
                if let Some(end) = end.filter(|end| *end <= self.now) {
                    let text =
                        format!("the id-token expired at {end}; it is refreshed when needed");
                    let lint = Lint::note("id-token-expired", "OI-12", text);
                    lints.push(lint.at(self.selection.user_origin("auth-provider")));
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

    /// What a JWT says of itself. Whether it is true is not checked here.
    fn expiry(&self, token: &Secret, severity: Severity, at: &[&str], lints: &mut Vec<Lint>) {
        let Ok(Some(end)) = id_token::expiry(token) else { return };
        if end <= self.now {
            let text = format!("the token expired at {end} by its own exp claim (not verified)");
            let lint = Lint::new(severity, "expired-token", "OI-12", text).at(self.origin(at));
            lints.push(lint.advise("Get a new one."));
        }
    }

    /// `--token` replaces a token file here, and not in kubectl (UA-7).
    fn flag(&self, lints: &mut Vec<Lint>) {
        let file = self.selection.config.users.get(self.selection.user_name);
        let file = file.filter(|user| !user.token_file.is_empty() && self.is_kubeconfig());
        if !matches!(self.profile.authentication.authorization, Authorization::Token(_))
            || file.is_none()
        {
            return;
        }
        let text =
            "--token takes precedence over the kubeconfig's tokenFile; in kubectl it has no effect";
        let lint = Lint::note("differs-from-kubectl", "UA-7", text);
        lints.push(lint.at(Origin::Override("token".into())));
    }

    /// Both are sent, and the server looks at the certificate first (UA-2, KB-21).
    fn beside_certificate(&self, lints: &mut Vec<Lint>) {
        let who = &self.profile.authentication;
        let (header, name) = match who.authorization {
            Authorization::Token(_) => ("token", &TOKEN),
            Authorization::TokenFile { .. } => ("token", &TOKEN_FILE),
            Authorization::Basic { .. } => ("user name", &["username"]),
            _ => return,
        };
        if who.certificate.is_none() {
            return;
        }
        let text = format!(
            "both a {header} and a client certificate are sent; the server looks at the certificate \
             first"
        );
        let lint = Lint::warning("certificate-beside-token", "KB-21", text);
        lints.push(lint.at(self.origin(name)).advise("Keep one of them."));
    }
}
