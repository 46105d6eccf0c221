//! Logging out: revokes the tokens if requested, and removes them from every store (LG-115…LG-117).

use super::cache::KEYRING_TIMEOUT;
use super::token::field;
use super::{Goal, Login, Purpose, Step, wrong_reply};
use crate::login::authorization::with_query;
use crate::login::outcome::{Event, LoginError, Step as Request, Success};
use crate::login::protocol::{Action, DeleteEntry, KeyringDelete, KeyringGet, Reply};
use crate::login::provider::{endpoint, wrong};
use crate::login::settings::{Operation, Storage, TokenKind};
use crate::oauth::{Answer, read_answer};
use crate::protocol::{Failure, FailureKind};
use alloc::borrow::Cow;
use alloc::string::String;

impl Login {
    pub(super) fn log_out(&mut self) -> Step {
        let Operation::Logout { revoke, end_session } = self.operation else { return Ok(()) };
        self.limit_run();
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
            (None, None) => return self.end_session(),
        };
        if !revoke {
            return self.end_session();
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
            Answer::Granted(_) => LoginError::Status { step, status: response.status },
        };
        self.not_revoked(error)
    }

    /// Reports that revoking failed; the tokens are removed all the same (LG-116).
    pub(super) fn not_revoked(&mut self, error: LoginError) -> Step {
        self.report(Event::NotRevoked(error));
        self.drop_item()
    }

    /// The provider's own logout page, for the user to open (LG-117).
    fn end_session(&mut self) -> Step {
        let wanted = matches!(self.operation, Operation::Logout { end_session: true, .. });
        let url = self.provider.as_ref().map(|provider| provider.end_session_endpoint.clone());
        let url = url.unwrap_or_default();
        if wanted {
            match endpoint(&url, "end_session_endpoint") {
                Ok(url) => {
                    let client_id = Cow::Borrowed(&*self.settings.client_id);
                    let url = with_query(url, &[("client_id".into(), client_id)]);
                    self.report(Event::EndSession { url });
                }
                Err(error) => self.report(Event::NotRevoked(error)),
            }
        }
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

    /// An entry that stays is an error; a keyring that is not there had nothing.
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
            }
            Err(failure) => {
                let what = "cannot remove the tokens from the cache".into();
                return Err(LoginError::Host { what, failure });
            }
        }
        if purpose == Purpose::DropItem {
            return self.drop_entry();
        }
        self.end(Ok(Success::LoggedOut));
        Ok(())
    }
}
