//! Token requests, and their responses: verified, stored, printed (LG-60…LG-89).

use super::{Flow, Goal, Login, Purpose, Step, wrong_reply};
use crate::content::header_text;
use crate::login::authorization;
use crate::login::entry::Entry;
use crate::login::outcome::{Event, GrantedBy, LoginError, Step as Request};
use crate::login::protocol::{Action, Reply};
use crate::login::provider::{MOST_BYTES, wrong};
use crate::login::settings::{ClientCredential, Grant, Operation, TokenKind};
use crate::login::verify::{self, Claims, Expected, Nonce, TokenProblem};
use crate::oauth::{Answer, AnswerProblem, ClientAuthMethod, Granted, TokenRequest, read_answer};
use crate::protocol::{Failure, SendRequest};
use crate::secret::Secret;
use crate::time::UnixTime;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// Tokens larger than this get a warning (LG-81).
const LARGE_TOKEN: usize = 8 * 1024;

/// The form of a request to the provider. The values are wiped afterwards.
pub(super) type Form = Vec<(String, Secret)>;

/// A token request in flight.
#[derive(Debug)]
pub(super) struct TokenCall {
    pub(super) step: Request,
    pub(super) form: Form,
    pub(super) method: ClientAuthMethod,
    /// Another authentication method to try, if the provider refuses this one (LG-60).
    pub(super) otherwise: Option<ClientAuthMethod>,
}

/// The tokens of a response, not verified yet.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) granted: Granted,
    pub(super) step: Request,
    /// The request named the scopes; so if there is no ID token, it is not repeated with them
    /// (LG-88).
    pub(super) scopes_sent: bool,
}

/// A field of a form.
pub(super) fn field(name: &str, value: impl Into<Secret>) -> (String, Secret) {
    (name.into(), value.into())
}

impl Login {
    /// Sends the refresh token, once: if the response is lost, the provider may have replaced the
    /// token, so this run does not send it again (LG-89).
    pub(super) fn refresh(&mut self) -> Step {
        let Some(token) = self.refresh_token.take() else { return self.set_goal(Goal::Login) };
        self.presented = Some(token.clone());
        let form =
            alloc::vec![field("grant_type", "refresh_token"), ("refresh_token".into(), token)];
        self.call_token_endpoint(Request::Refresh, form)
    }

    /// Sends a token request, with the client's authentication (LG-24).
    pub(super) fn call_token_endpoint(&mut self, step: Request, form: Form) -> Step {
        let methods = self.provider.as_ref().and_then(|provider| provider.auth_methods.as_deref());
        let (method, otherwise) = match &self.settings.client_credential {
            ClientCredential::Public | ClientCredential::AssertionFile(_) => {
                (ClientAuthMethod::Body, None)
            }
            ClientCredential::Secret(_) | ClientCredential::SecretFile(_) => {
                ClientAuthMethod::order(self.entry.auth_method, methods, true)
            }
        };
        self.send_token_call(TokenCall { step, form, method, otherwise })
    }

    fn send_token_call(&mut self, call: TokenCall) -> Step {
        let endpoint = self.provider.as_ref().map(|provider| provider.token_endpoint.clone());
        let request = self.client_request(&endpoint.unwrap_or_default(), &call.form, call.method);
        self.call = Some(call);
        self.job(Purpose::Token, request, Action::SendRequest);
        Ok(())
    }

    /// A request with the client's authentication.
    pub(super) fn client_request(
        &self,
        endpoint: &str,
        form: &Form,
        method: ClientAuthMethod,
    ) -> SendRequest {
        let secret = match &self.settings.client_credential {
            ClientCredential::Secret(secret) => Some(secret),
            _ => self.files.client_secret.as_ref(),
        };
        let mut fields: Vec<(&str, &[u8])> =
            form.iter().map(|(name, value)| (&**name, value.expose())).collect();
        if let Some(assertion) = &self.files.assertion {
            // RFC 7523, 2.2.
            let kind = b"urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            fields.push(("client_assertion_type", kind));
            fields.push(("client_assertion", assertion.expose()));
        }
        let request = TokenRequest {
            endpoint,
            client_id: &self.settings.client_id,
            client_secret: secret,
            method,
            fields,
            tls: self.tls(),
            proxy: self.settings.proxy.clone(),
            limit: MOST_BYTES,
        };
        let mut request = request.into_http();
        request.headers.extend(self.settings.request_headers.iter().cloned());
        request
    }

    /// All secrets, which must not appear in errors.
    pub(super) fn secrets(&self) -> Vec<&Secret> {
        let mut secrets: Vec<&Secret> = Vec::new();
        if let ClientCredential::Secret(secret) = &self.settings.client_credential {
            secrets.push(secret);
        }
        let files = &self.files;
        let read = [&files.client_secret, &files.assertion, &files.subject, &files.password];
        secrets.extend(read.into_iter().flatten());
        let form = self.call.as_ref().map(|call| &call.form);
        let hidden = ["code", "code_verifier", "refresh_token", "password", "device_code"];
        let form = form.into_iter().flatten();
        secrets.extend(
            form.filter(|(name, _)| hidden.contains(&name.as_str())).map(|(_, value)| value),
        );
        let entry = &self.entry;
        let stored = [&entry.token, &entry.id_token, &entry.refresh_token, &self.presented];
        secrets.extend(stored.into_iter().flatten());
        if let Flow::Code(code) = &self.flow {
            secrets.extend(code.secrets_to_hide());
        }
        secrets
    }

    pub(super) fn token_answered(&mut self, outcome: Result<Reply, Failure>) -> Step {
        let Some(mut call) = self.call.take() else { return wrong_reply() };
        let step = call.step;
        let response = match outcome {
            Ok(Reply::Http(response)) => response,
            Ok(_) => return wrong_reply(),
            Err(failure) => {
                if self.device_polling() {
                    return self.device_poll_failed();
                }
                let error = LoginError::NotSent { step, failure };
                return match step {
                    Request::Refresh => self.refresh_failed(error),
                    _ => Err(error),
                };
            }
        };
        let scopes_sent = call.form.iter().any(|(name, _)| name == "scope");
        let otherwise = call.otherwise.take();
        let method = call.method;
        let form = core::mem::take(&mut call.form);
        // Put back, so that its secrets are hidden in the provider's error text.
        self.call = Some(TokenCall { form, ..call });
        let answer = read_answer(&response, &self.secrets());
        let call = self.call.take();
        match answer {
            Answer::Granted(granted) => {
                self.entry.auth_method = Some(method);
                self.received = Some(Box::new(Received { granted, step, scopes_sent }));
                self.verify()
            }
            Answer::Refused { problem, .. } => match (otherwise, call) {
                (Some(method), Some(call)) if is_client_problem(&problem, response.status) => {
                    self.send_token_call(TokenCall { method, otherwise: None, ..call })
                }
                _ => self.token_refused(step, problem),
            },
        }
    }

    fn token_refused(&mut self, step: Request, problem: AnswerProblem) -> Step {
        if self.device_polling() {
            return self.device_poll_refused(problem);
        }
        let is_grant = step == Request::Refresh && is_grant_problem(&problem);
        let error = wrong(step, problem);
        if step != Request::Refresh {
            return Err(error);
        }
        if is_grant {
            self.report(Event::RefreshTokenRefused(error));
            self.entry.forget_refresh_token();
            self.entry_changed = true;
            return self.set_goal(Goal::Login);
        }
        match &error {
            LoginError::Status { status: 500.., .. } => self.refresh_failed(error),
            _ => Err(error),
        }
    }

    /// The refresh failed. A cached token that is still valid is printed; no browser opens (LG-84).
    pub(super) fn refresh_failed(&mut self, error: LoginError) -> Step {
        if self.entry.is_valid(self.now) {
            self.report(Event::RefreshFailed(error));
            return self.print_entry(GrantedBy::Cache);
        }
        Err(error)
    }

    /// Which token is the credential. Client credentials and token exchange give access tokens.
    pub(super) fn token_kind(&self) -> TokenKind {
        match self.settings.grant {
            Grant::ClientCredentials | Grant::TokenExchange => TokenKind::Access,
            _ => self.settings.token,
        }
    }

    /// Verifies the tokens. Fetches the keys first, if they are needed.
    pub(super) fn verify(&mut self) -> Step {
        let Some(received) = self.received.take() else { return wrong_reply() };
        let kind = self.token_kind();
        let granted = &received.granted;
        if kind == TokenKind::Id && granted.id_token.is_none() {
            return self.no_id_token(*received);
        }
        let access_jwt = granted.access_token.as_ref().filter(|_| kind == TokenKind::Access);
        let access_jwt = access_jwt.filter(|token| verify::is_jwt(token));
        let needs_keys = granted.id_token.is_some() || access_jwt.is_some();
        let has_keys = self.provider.as_ref().is_some_and(|provider| provider.keys.is_some());
        if needs_keys && !has_keys {
            self.received = Some(received);
            return self.fetch_keys();
        }
        match self.verified(&received) {
            Ok(entry) => {
                self.entry = entry;
                self.entry_is_new = true;
                self.say_what_is_odd();
                self.refresh_token = None;
                self.store()
            }
            Err(LoginError::Token(TokenProblem::UnknownKey | TokenProblem::Signature))
                if !self.keys_fetched_again =>
            {
                self.keys_fetched_again = true;
                self.received = Some(received);
                self.fetch_keys()
            }
            Err(error) => Err(error),
        }
    }

    /// Verifies the tokens, and makes the cache entry from them.
    pub(super) fn verified(&self, received: &Received) -> Result<Entry, LoginError> {
        let granted = &received.granted;
        let provider = self.provider.as_ref().ok_or(LoginError::WrongReply)?;
        let no_keys = verify::KeySet::default();
        let keys = provider.keys.as_ref().unwrap_or(&no_keys);
        let before = self.entry.claims(self.settings.token);
        let is_refresh = received.step == Request::Refresh;
        let before = before.filter(|_| is_refresh);
        let now = self.now.wall;
        let id_claims = match &granted.id_token {
            Some(token) => {
                header_text(token.expose())
                    .map_err(|_| LoginError::Token(TokenProblem::NotHeaderText))?;
                let extra = |name: &str| self.settings.extra_params.get(name).map(String::as_str);
                let expected = Expected {
                    issuer: &provider.issuer,
                    client_id: &self.settings.client_id,
                    algorithms: &provider.algorithms,
                    nonce: self.expected_nonce(is_refresh, before.as_ref()),
                    access_token: granted.access_token.as_ref(),
                    before: before.as_ref(),
                    max_age: extra("max_age").and_then(|age| age.parse().ok()),
                    acr_values: extra("acr_values"),
                    now,
                };
                let claims = verify::id_token(token, keys, &expected);
                Some(claims.map_err(LoginError::Token)?)
            }
            None => None,
        };
        let mut entry = Entry {
            issuer: self.settings.issuer.clone(),
            client_id: self.settings.client_id.clone(),
            subject: self.entry.subject.clone(),
            issued: Some(now),
            auth_method: self.entry.auth_method,
            wants_consent: self.entry.wants_consent,
            ..Entry::default()
        };
        match self.token_kind() {
            TokenKind::Id => {
                entry.token = granted.id_token.clone();
                entry.expires = id_claims.as_ref().map(|claims| claims.expires);
            }
            TokenKind::Access => {
                let (token, expires) = access_token(granted, keys, &provider.issuer, now)?;
                entry.token = Some(token);
                entry.expires = expires;
                entry.id_token = granted.id_token.clone().or_else(|| self.entry.id_token.clone());
            }
        }
        if let Some(claims) = id_claims {
            entry.subject = claims.subject;
        }
        self.check_issued_type(granted)?;
        self.keep_refresh_token(&mut entry, granted, is_refresh);
        Ok(entry)
    }

    /// If the response to a refresh has no refresh token, the old one is kept (LG-86). Workloads
    /// keep no refresh token (LG-108).
    fn keep_refresh_token(&self, entry: &mut Entry, granted: &Granted, is_refresh: bool) {
        if matches!(self.settings.grant, Grant::ClientCredentials | Grant::TokenExchange) {
            return;
        }
        entry.refresh_token = granted.refresh_token.clone();
        if entry.refresh_token.is_some() {
            entry.wants_consent = false;
        } else if is_refresh {
            entry.refresh_in_keyring = self.entry.refresh_in_keyring;
            entry.refresh_token = self.entry.refresh_token.clone();
        } else {
            entry.wants_consent = self.wants_offline_access();
        }
    }

    /// `issued_token_type` must be the requested type (RFC 8693, 2.2.1; LG-109).
    fn check_issued_type(&self, granted: &Granted) -> Result<(), LoginError> {
        if self.settings.grant != Grant::TokenExchange {
            return Ok(());
        }
        let requested = self.settings.exchange.as_ref();
        let requested = requested.and_then(|exchange| exchange.requested_token_type.as_ref());
        match (requested, &granted.issued_token_type) {
            (_, None) => Err(LoginError::NoToken("issued_token_type")),
            (Some(requested), Some(issued)) if requested != issued => {
                Err(LoginError::NoToken("token of the requested type"))
            }
            _ => Ok(()),
        }
    }

    fn expected_nonce<'n>(&'n self, is_refresh: bool, before: Option<&'n Claims>) -> Nonce<'n> {
        if is_refresh {
            return match before {
                Some(before) => Nonce::OfLogin(before.nonce.as_ref()),
                None => Nonce::Any,
            };
        }
        match &self.flow {
            Flow::Code(code) => Nonce::Sent(code.nonce()),
            Flow::Paste(secrets) => Nonce::Sent(&secrets.nonce),
            _ => Nonce::Any,
        }
    }

    /// The response has no ID token. If there is a refresh token, it is sent once more with the
    /// scopes (LG-88); otherwise, after a refresh, the old ID token is used until it expires.
    fn no_id_token(&mut self, received: Received) -> Step {
        let Received { granted, step, scopes_sent } = received;
        if let Some(rotated) = &granted.refresh_token {
            self.entry.refresh_token = Some(rotated.clone());
            self.entry_changed = true;
        }
        let token = granted.refresh_token.or_else(|| self.presented.clone());
        if let Some(token) = token
            && !scopes_sent
        {
            self.presented = Some(token.clone());
            let offline = self.wants_offline_access();
            let scope = authorization::scope(&self.settings, offline);
            let form = alloc::vec![
                field("grant_type", "refresh_token"),
                ("refresh_token".into(), token),
                field("scope", scope),
            ];
            return self.call_token_endpoint(Request::Refresh, form);
        }
        if step == Request::Refresh && self.entry.is_valid(self.now) {
            self.report(Event::RefreshFailed(LoginError::NoToken("id_token")));
            return self.store();
        }
        Err(LoginError::NoToken("id_token"))
    }

    fn say_what_is_odd(&mut self) {
        let bytes = self.entry.token.as_ref().map_or(0, Secret::len);
        if bytes > LARGE_TOKEN {
            self.report(Event::LargeToken { bytes });
        }
        let claims = self.entry.claims(self.settings.token);
        if claims.is_some_and(|claims| claims.groups_left_out) {
            self.report(Event::GroupsLeftOut);
        }
    }

    /// Prints the token, after it has been stored or storing has failed.
    pub(super) fn print(&mut self) -> Step {
        let by = match self.goal {
            Goal::Refresh => GrantedBy::Refresh,
            _ if self.operation == Operation::Token && matches!(self.flow, Flow::None) => {
                GrantedBy::Refresh
            }
            _ => GrantedBy::Login,
        };
        self.print_entry(by)
    }
}

/// The access token and its expiry (LG-61, LG-80).
fn access_token(
    granted: &Granted,
    keys: &verify::KeySet,
    issuer: &str,
    now: UnixTime,
) -> Result<(Secret, Option<UnixTime>), LoginError> {
    let token = granted.access_token.clone().ok_or(LoginError::NoToken("access_token"))?;
    let bearer = granted.token_type.as_deref().is_some_and(|kind| {
        kind.eq_ignore_ascii_case("bearer") || granted.issued_token_type.is_some() && kind == "N_A"
    });
    if !bearer {
        return Err(LoginError::Token(TokenProblem::TokenType));
    }
    header_text(token.expose()).map_err(|_| LoginError::Token(TokenProblem::NotHeaderText))?;
    if verify::is_jwt(&token) {
        let claims = verify::access_token(&token, keys, issuer, now).map_err(LoginError::Token)?;
        return Ok((token, Some(claims.expires)));
    }
    let life = granted.expires_in.and_then(|life| u64::try_from(life).ok());
    Ok((token, life.map(|life| now.saturating_add(Duration::from_secs(life)))))
}

/// Whether the provider refused the client's authentication. The code or token has then not been
/// used up.
fn is_client_problem(problem: &AnswerProblem, status: u16) -> bool {
    match problem {
        AnswerProblem::Refused { code, .. } => code == "invalid_client",
        AnswerProblem::Status { .. } => status == 401,
        AnswerProblem::Malformed(_) => false,
    }
}

/// Whether the refresh token is not valid any more (LG-85). Dex reports that as `invalid_request`.
fn is_grant_problem(problem: &AnswerProblem) -> bool {
    let AnswerProblem::Refused { code, description } = problem else { return false };
    let names_it = || description.to_ascii_lowercase().contains("refresh token");
    code == "invalid_grant" || code == "invalid_request" && names_it()
}
