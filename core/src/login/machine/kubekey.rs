//! The token that kubekey has left in the keyring: one that is verified and still good is as good as
//! a login. The item is kubekey's, and stays as it is.

use super::cache::KEYRING_TIMEOUT;
use super::token::Received;
use super::{Goal, Login, Purpose, Step, wrong_reply};
use crate::login::outcome::Step as Request;
use crate::login::protocol::{Action, KeyringGet, Reply};
use crate::login::settings::{Operation, TokenKind};
use crate::oauth::Granted;
use crate::protocol::Failure;
use crate::secret::Secret;
use alloc::boxed::Box;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// The service of kubekey's items; the account is `CLIENT@ISSUER`.
const SERVICE: &str = "github.com/metno/kubekey";

/// How the library that kubekey uses marks an item on macOS.
const ENCODED: &[u8] = b"go-keyring-base64:";

impl Login {
    /// Asks the keyring, if this user of kubekey has no token here yet. Says whether it has asked.
    pub(super) fn asks_for_kubekeys_token(&mut self) -> bool {
        let wanted = self.settings.kubekey
            && self.operation == Operation::Token
            && self.token_kind() == TokenKind::Id
            && self.entry.token.is_none();
        if wanted {
            let account = [&self.settings.client_id, "@", &self.settings.issuer].concat();
            let service = SERVICE.into();
            let request = KeyringGet { service, account, timeout: KEYRING_TIMEOUT };
            self.job(Purpose::KubekeyItem, request, Action::KeyringGet);
        }
        wanted
    }

    pub(super) fn kubekeys_token_read(&mut self, outcome: Result<Reply, Failure>) -> Step {
        let item = match outcome {
            Ok(Reply::Item(item)) => item.0,
            Ok(_) => return wrong_reply(),
            Err(failure) => {
                self.report_keyring(failure);
                None
            }
        };
        let Some(token) = item.as_ref().and_then(token) else { return self.set_goal(Goal::Login) };
        let granted = Granted { id_token: Some(token), ..Granted::default() };
        let received = Received { granted, step: Request::Token, scopes_sent: true };
        self.received = Some(Box::new(received));
        self.set_goal(Goal::Adopt)
    }

    /// Verifies it; one that is not good is none.
    pub(super) fn adopt(&mut self) -> Step {
        if self.provider.as_ref().is_none_or(|provider| provider.keys.is_none()) {
            return self.fetch_keys();
        }
        let Some(received) = self.received.take() else { return wrong_reply() };
        match self.verified(&received) {
            Ok(mut entry) if entry.is_fresh(self.now) => {
                // No login was asked for a refresh token.
                entry.wants_consent = self.entry.wants_consent;
                self.entry = entry;
                self.entry_is_new = true;
                self.store()
            }
            _ => self.set_goal(Goal::Login),
        }
    }
}

/// The token of an item, which is the token, a dot, and when it ends in seconds.
fn token(item: &Secret) -> Option<Secret> {
    let decoded = match item.expose().strip_prefix(ENCODED) {
        Some(encoded) => Secret::new(BASE64_STANDARD.decode(encoded).ok()?),
        None => item.clone(),
    };
    let (token, end) = decoded.expose_str()?.rsplit_once('.')?;
    end.bytes().all(|byte| byte.is_ascii_digit()).then(|| Secret::from(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_a_token_and_its_end() {
        let read = |item: &str| token(&Secret::from(item));
        assert_eq!(read("a.b.c.1700000000"), Some("a.b.c".into()));
        let encoded = BASE64_STANDARD.encode("a.b.c.17");
        assert_eq!(read(&alloc::format!("go-keyring-base64:{encoded}")), Some("a.b.c".into()));
        for bad in ["", "a", "a.b.c", "a.b.c.1x", "go-keyring-base64:?"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
