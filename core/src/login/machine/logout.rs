//! Logging out: revokes the tokens if requested, and removes them from every store (LG-115…LG-117).

use super::cache::KEYRING_TIMEOUT;
use super::token::field;
use super::{Flow, Goal, Login, Purpose, Step, wrong_reply};
use crate::login::authorization::with_query;
use crate::login::outcome::{Event, LoginError, Step as Request, Success};
use crate::login::protocol::{Action, DeleteEntry, KeyringDelete, KeyringGet, Reply};
use crate::login::provider::{endpoint, wrong};
use crate::login::settings::{BrowserMode, Operation, Storage, TokenKind};
use crate::oauth::{Answer, read_answer};
use crate::protocol::{Failure, FailureKind};
use crate::secret::Secret;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

impl Login {
    pub(super) fn log_out(&mut self) -> Step {
        let Operation::Logout { revoke, end_session } = self.operation else { return Ok(()) };
        self.limit_run();
        if self.settings.kubekey {
            let text = "kubekey's own item, if there is one, stays in the keyring \
                        (service github.com/metno/kubekey)";
            self.report(Event::Warning(text));
        }
        self.refresh_token = self.entry.refresh_token.clone();
        if revoke && self.entry.refresh_in_keyring && self.refresh_token.is_none() {
            let request = KeyringGet {
                service: self.settings.keyring_service.clone(),
                account: self.key.clone(),
                timeout: KEYRING_TIMEOUT,
            };
            self.goal = Goal::Revoke;
            self.job(Purpose::RefreshItem, request, Action::KeyringGet);
            return Ok(());
        }
        if revoke || end_session { self.begin_revocation() } else { self.drop_item() }
    }

    pub(super) fn begin_revocation(&mut self) -> Step {
        self.goal = Goal::Revoke;
        // The tokens are removed even if the provider cannot be reached.
        match self.prepare() {
            Err(error) => self.not_revoked(error),
            Ok(()) => Ok(()),
        }
    }

    /// Revokes the refresh token first, since most providers then revoke the access token too (RFC
    /// 7009, 2.1); and then the access token, if it is the credential.
    pub(super) fn revoke_next(&mut self) -> Step {
        let Operation::Logout { revoke, .. } = self.operation else { return Ok(()) };
        let access = (self.token_kind() == TokenKind::Access).then(|| self.entry.token.take());
        let (token, hint) = match (self.refresh_token.take(), access.flatten()) {
            (Some(token), access) => {
                self.entry.token = access;
                (token, "refresh_token")
            }
            (None, Some(token)) => (token, "access_token"),
            (None, None) => return self.drop_item(),
        };
        if !revoke {
            return self.drop_item();
        }
        let Some(provider) = &self.provider else { return wrong_reply() };
        let form = alloc::vec![(String::from("token"), token), field("token_type_hint", hint)];
        let url = match endpoint(&provider.revocation_endpoint, "revocation_endpoint") {
            Ok(url) => url,
            Err(error) => return self.not_revoked(error),
        };
        let request = self.client_request(url, &form, self.usual_method());
        self.job(Purpose::Revoke, request, Action::SendRequest);
        Ok(())
    }

    /// The status is 200 also for a token that the provider does not know (RFC 7009, 2.2).
    pub(super) fn revoked(&mut self, outcome: Result<Reply, Failure>) -> Step {
        let step = Request::Revocation;
        let response = match outcome {
            Ok(Reply::Http(response)) => response,
            Ok(_) => return wrong_reply(),
            Err(failure) => return self.not_revoked(LoginError::NotSent { step, failure }),
        };
        if response.status == 200 {
            return self.revoke_next();
        }
        let error = match read_answer(&response, &self.secrets()) {
            Answer::Refused { problem, .. } => wrong(step, problem),
            Answer::Granted(_) => {
                LoginError::Status { step, status: response.status, message: String::new() }
            }
        };
        self.not_revoked(error)
    }

    /// Reports that revoking failed; the tokens are removed all the same (LG-116).
    pub(super) fn not_revoked(&mut self, error: LoginError) -> Step {
        self.report(Event::NotRevoked(error));
        self.drop_item()
    }

    fn drop_item(&mut self) -> Step {
        if matches!(self.settings.storage, Storage::Auto | Storage::Keyring) {
            let request = KeyringDelete {
                service: self.settings.keyring_service.clone(),
                account: self.key.clone(),
                timeout: KEYRING_TIMEOUT,
            };
            self.job(Purpose::DropItem, request, Action::KeyringDelete);
            return Ok(());
        }
        self.drop_entry()
    }

    fn drop_entry(&mut self) -> Step {
        let request = DeleteEntry { key: self.key.clone() };
        self.job(Purpose::DropEntry, request, Action::DeleteEntry);
        Ok(())
    }

    /// An entry that stays is an error; a keyring that is not there (any more) cannot be cleared, which is said.
    pub(super) fn dropped(&mut self, purpose: Purpose, outcome: Result<Reply, Failure>) -> Step {
        match outcome {
            Ok(Reply::Stored(_)) => {}
            Ok(_) => return wrong_reply(),
            Err(failure) if purpose == Purpose::DropItem => {
                let had_item =
                    self.entry.refresh_in_keyring || self.settings.storage == Storage::Keyring;
                if had_item && failure.kind != FailureKind::Unsupported {
                    let what = "cannot remove the tokens from the keyring".into();
                    return Err(LoginError::Host { what, failure });
                }
                if had_item {
                    self.report_keyring(failure);
                }
            }
            Err(failure) => {
                let what = "cannot remove the tokens from the cache".into();
                return Err(LoginError::Host { what, failure });
            }
        }
        if purpose == Purpose::DropItem {
            return self.drop_entry();
        }
        self.end_session()
    }

    /// The provider's own logout page, once nothing is left here (LG-117). The token that tells the
    /// provider which session is meant goes by the start address: arguments of processes are public.
    fn end_session(&mut self) -> Step {
        let wanted = matches!(self.operation, Operation::Logout { end_session: true, .. });
        let Some(provider) = self.provider.as_ref().filter(|_| wanted) else {
            return self.logged_out();
        };
        let page = endpoint(&provider.end_session_endpoint, "end_session_endpoint");
        let page = match page {
            Ok(url) => with_query(url, &[self.client_parameter()]),
            Err(error) => {
                self.report(Event::NotRevoked(error));
                return self.logged_out();
            }
        };
        let mode = self.settings.browser;
        let usable = self.facts.desktop.is_usable() && mode != BrowserMode::Never;
        if usable || mode == BrowserMode::Always {
            self.goal = Goal::EndSession;
            self.limit_run();
            return self.draw(Flow::None);
        }
        self.report(Event::EndSession { url: page });
        self.logged_out()
    }

    /// Where the browser goes from the start address.
    pub(super) fn end_session_url(&self) -> String {
        let provider = self.provider.as_ref();
        let endpoint = provider.map_or("", |provider| &*provider.end_session_endpoint);
        let hint = self.entry.stored_id_token(self.settings.token).and_then(Secret::expose_str);
        let hint = hint.map(|hint| ("id_token_hint".into(), hint.into()));
        let parameters: Vec<Parameter<'_>> =
            core::iter::once(self.client_parameter()).chain(hint).collect();
        with_query(endpoint, &parameters)
    }

    fn client_parameter(&self) -> Parameter<'_> {
        ("client_id".into(), Cow::Borrowed(&*self.settings.client_id))
    }

    /// Nothing is left here, and the browser is on its way, or was waited for in vain.
    pub(super) fn logged_out(&mut self) -> Step {
        self.end(Ok(Success::LoggedOut));
        Ok(())
    }
}

/// A parameter of a query: its name and value.
type Parameter<'a> = (Cow<'a, str>, Cow<'a, str>);
