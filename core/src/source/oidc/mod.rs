//! The auth-provider `oidc`: an id-token that was got at login, and the refresh that brings another
//! (OI-10…OI-26).
//!
//! ```text
//!  id-token still good ───────────────────────────────────────────▶ served, no request
//!  kubeconfig read again: has another process a newer one? ─────▶ served, no request
//!  roots read ─▶ discovery, once in a life ─▶ refresh ────────────▶ served, then written back
//! ```
//!
//! Where it differs from client-go, which refreshes in the request that finds the token expired: a
//! token that is no JWT leads to a refresh if there can be one (OI-11); a 401 leads to a refresh
//! (client-go does nothing, OI-14); discovery happens once (OI-20); a refresh token is never
//! presented again after the provider has refused it, nor one that another process has used up if
//! the kubeconfig knows better (OI-22); a new token is used whether or not it can be written back,
//! and only if it is one (OI-24…OI-26).

use super::roots_file;
use super::{CredentialParts, JobFailure, JobRequest, Lifecycle, Progress, Source, read};
use crate::content::FileRole;
use crate::cx::Cx;
use crate::error::{Endpoint, Error, IdTokenProblem, OidcProblem, OidcStep};
use crate::oauth::{
    self, Answer, AnswerProblem, ClientAuthMethod, EndpointProblem, Metadata, TokenRequest, Trail,
    id_token,
};
use crate::policy::{Policy, Renewal};
use crate::profile::{Oidc, Proxy, Roots};
use crate::protocol::{HttpResponse, Reply, Tls, TrustAnchors};
use crate::redact;
use crate::secret::Secret;
use crate::store::{Adopted, StoredTokens};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

/// An OpenID provider, as one user of one kubeconfig sees it.
#[derive(Debug)]
pub(crate) struct OidcSource {
    user: String,
    config: Oidc,
    tokens: StoredTokens,
    state: State,
    /// The id-token in use has been handed out.
    handed_out: bool,
    /// The provider does not take the refresh token in use.
    refused: Option<OidcProblem>,
    provider: Option<Metadata>,
    /// How the client said who it is when the provider last took it.
    method: Option<ClientAuthMethod>,
}

/// What the job in flight is for.
#[derive(Debug)]
enum State {
    Idle,
    /// What the store says by now.
    ReadingStore,
    /// The provider's certificate authority.
    ReadingRoots,
    /// Where to refresh.
    Discovering {
        roots: TrustAnchors,
        trail: Trail,
    },
    /// The refresh.
    Refreshing(Attempt),
}

/// One presentation of the refresh token.
#[derive(Debug)]
struct Attempt {
    roots: TrustAnchors,
    method: ClientAuthMethod,
    /// How else the client could say who it is.
    otherwise: Option<ClientAuthMethod>,
}

impl Source for OidcSource {
    fn begin(&mut self, cx: &Cx<'_>) -> Result<Progress, Error> {
        if let Some(parts) = self.in_hand(cx, cx.policy.id_token_leeway) {
            return Ok(Progress::Done(parts));
        }
        match self.tokens.read(cx.policy.max_reply) {
            Some(request) => {
                self.state = State::ReadingStore;
                Ok(Progress::Request(JobRequest::Read(request)))
            }
            None => self.refresh(cx),
        }
    }

    fn accept(&mut self, cx: &Cx<'_>, reply: Reply) -> Result<Progress, Error> {
        match (mem::replace(&mut self.state, State::Idle), reply) {
            (State::ReadingStore, Reply::File(bytes)) => {
                self.adopt(&bytes.0);
                match self.in_hand(cx, cx.policy.id_token_leeway) {
                    Some(parts) => Ok(Progress::Done(parts)),
                    None => self.refresh(cx),
                }
            }
            (State::ReadingRoots, Reply::File(bytes)) => {
                let roots = roots_file::checked(self.roots_path(), bytes.0)?;
                self.ask(cx, TrustAnchors::Pem(roots))
            }
            (State::Discovering { roots, trail }, Reply::Http(response)) => {
                let next = trail.follow(&response);
                let next =
                    next.map_err(|problem| self.wrong(answered(OidcStep::Discovery, problem)));
                if let Some(next) = next? {
                    return Ok(self.discover(cx, roots, next));
                }
                self.provider = Some(discovered(&response).map_err(|problem| self.wrong(problem))?);
                self.ask(cx, roots)
            }
            (State::Refreshing(attempt), Reply::Http(response)) => {
                self.refreshed(cx, attempt, &response)
            }
            _ => Err(Error::WrongReply),
        }
    }

    fn recover(&mut self, cx: &Cx<'_>, job: JobFailure) -> Result<Progress, Error> {
        let step = match mem::replace(&mut self.state, State::Idle) {
            // It was worth a look. What is in hand may do.
            State::ReadingStore => return self.refresh(cx),
            State::ReadingRoots => {
                let (role, path) = (FileRole::Roots, self.roots_path().into());
                return Err(Error::File { role, path, failure: job.of_request() });
            }
            State::Discovering { .. } => OidcStep::Discovery,
            State::Refreshing(_) | State::Idle => {
                self.provider = None;
                OidcStep::Refresh
            }
        };
        Err(self.wrong(OidcProblem::NotSent { step, failure: job.of_request() }))
    }

    fn lifecycle(&self, policy: &Policy) -> Lifecycle {
        let refetch_on_401 = self.tokens.current.refresh.is_some() || self.tokens.has_store();
        let can_refresh = self.tokens.current.refresh.is_some() && self.refused.is_none();
        if can_refresh {
            let leeway = Some(policy.id_token_leeway);
            Lifecycle { leeway, refetch_on_401, ..Lifecycle::renewed(policy) }
        } else {
            let renewal = Renewal::WhenExpired;
            Lifecycle { renewal, refetch_on_401, ..Lifecycle::renewed(policy) }
        }
    }

    fn stored_tokens(&mut self) -> Option<&mut StoredTokens> {
        Some(&mut self.tokens)
    }
}

impl OidcSource {
    /// A login of this user with these tokens.
    pub(crate) fn new(user: &str, config: &Oidc, tokens: StoredTokens) -> Self {
        let mut config = config.clone();
        (config.id_token, config.refresh_token) = (None, None);
        config.client_secret = config.client_secret.filter(|secret| !secret.is_empty());
        Self {
            user: user.into(),
            config,
            tokens,
            state: State::Idle,
            handed_out: false,
            refused: None,
            provider: None,
            method: None,
        }
    }

    /// Takes over what another process has put into the store.
    fn adopt(&mut self, content: &Secret) {
        let Adopted { new_id, new_refresh } = self.tokens.adopt(content);
        if new_refresh {
            self.refused = None;
        }
        if new_id {
            self.handed_out = false;
        }
    }

    /// The id-token in hand, if it has not been handed out, and is good for longer than `leeway`.
    fn in_hand(&mut self, cx: &Cx<'_>, leeway: Duration) -> Option<CredentialParts> {
        let token = self.tokens.current.id.as_ref().filter(|_| !self.handed_out)?;
        let expires = id_token::expiry(token).ok().flatten()?;
        let usable = cx.now.wall.saturating_add(leeway) < expires;
        let parts = CredentialParts::bearer(token.expose());
        self.handed_out |= usable;
        usable.then_some(CredentialParts { expires: Some(expires), ..parts })
    }

    /// Begins a refresh, if there can be one.
    fn refresh(&mut self, cx: &Cx<'_>) -> Result<Progress, Error> {
        if self.tokens.current.refresh.is_none() {
            // Nothing better is to be had: it is used to its end.
            if let Some(parts) = self.in_hand(cx, Duration::ZERO) {
                return Ok(Progress::Done(parts));
            }
            let token = self.tokens.current.id.as_ref();
            return Err(self.wrong(match token.and_then(|token| id_token::expiry(token).err()) {
                Some(problem) => OidcProblem::IdToken(problem),
                None => OidcProblem::NoRefreshToken,
            }));
        }
        if let Some(problem) = &self.refused {
            return Err(self.wrong(problem.clone()));
        }
        check_clear(&self.config.issuer, Endpoint::Issuer)
            .map_err(|problem| self.wrong(problem))?;
        match &self.config.roots {
            Roots::File(path) => {
                let progress = read(path, cx);
                self.state = State::ReadingRoots;
                Ok(progress)
            }
            Roots::Pem(pem) => self.ask(cx, TrustAnchors::Pem(pem.clone())),
            Roots::System => self.ask(cx, TrustAnchors::System),
        }
    }

    /// Asks the provider where to refresh or, if that is known, to refresh.
    fn ask(&mut self, cx: &Cx<'_>, roots: TrustAnchors) -> Result<Progress, Error> {
        let Some(provider) = &self.provider else {
            let url = oauth::discovery_url(&self.config.issuer);
            return Ok(self.discover(cx, roots, Trail::new(url)));
        };
        let has_secret = self.config.client_secret.is_some();
        let supported = provider.auth_methods.as_deref();
        let (method, otherwise) = ClientAuthMethod::order(self.method, supported, has_secret);
        self.present(cx, Attempt { roots, method, otherwise })
    }

    /// Asks for the discovery document.
    fn discover(&mut self, cx: &Cx<'_>, roots: TrustAnchors, trail: Trail) -> Progress {
        let tls = Tls { roots: roots.clone(), ..Tls::default() };
        let limit = cx.policy.max_reply;
        let request = oauth::discovery_request(&trail.url, tls, Proxy::Environment, limit);
        self.state = State::Discovering { roots, trail };
        Progress::Request(JobRequest::Send(request))
    }

    /// Presents the refresh token.
    fn present(&mut self, cx: &Cx<'_>, attempt: Attempt) -> Result<Progress, Error> {
        let (Some(provider), Some(token)) = (&self.provider, &self.tokens.current.refresh) else {
            return Err(self.wrong(OidcProblem::NoRefreshToken));
        };
        let request = TokenRequest {
            endpoint: &provider.token_endpoint,
            client_id: &self.config.client_id,
            client_secret: self.config.client_secret.as_ref(),
            method: attempt.method,
            fields: vec![("grant_type", b"refresh_token"), ("refresh_token", token.expose())],
            tls: Tls { roots: attempt.roots.clone(), ..Tls::default() },
            proxy: Proxy::Environment,
            limit: cx.policy.max_reply,
        };
        let request = request.into_http();
        self.state = State::Refreshing(attempt);
        Ok(Progress::Request(JobRequest::Send(request)))
    }

    fn refreshed(
        &mut self,
        cx: &Cx<'_>,
        attempt: Attempt,
        response: &HttpResponse,
    ) -> Result<Progress, Error> {
        let tokens = &self.tokens.current;
        let secrets = [&tokens.id, &tokens.refresh, &self.config.client_secret];
        let secrets: Vec<&Secret> = secrets.into_iter().flatten().collect();
        match (oauth::read_answer(response, &secrets), attempt.otherwise) {
            (Answer::Granted(granted), _) => {
                self.method = Some(attempt.method);
                let kept = self.keep(granted.id_token, granted.refresh_token);
                kept.map_err(|problem| self.wrong(problem))
            }
            (Answer::Refused { client: true, .. }, Some(method)) if self.provider.is_some() => {
                self.present(cx, Attempt { method, otherwise: None, ..attempt })
            }
            (Answer::Refused { problem, grant, .. }, _) => {
                let problem = answered(OidcStep::Refresh, problem);
                if grant {
                    self.refused = Some(problem.clone());
                }
                if matches!(problem, OidcProblem::Status { .. } | OidcProblem::Malformed { .. }) {
                    // Perhaps the provider has moved.
                    self.provider = None;
                }
                Err(self.wrong(problem))
            }
        }
    }

    /// Keeps what a refresh brought. The old refresh token may be dead from now on, so the new one
    /// is kept even if the id-token is of no use.
    fn keep(
        &mut self,
        id_token: Option<Secret>,
        refresh_token: Option<Secret>,
    ) -> Result<Progress, OidcProblem> {
        let tokens = &mut self.tokens.current;
        tokens.refresh = refresh_token.or_else(|| tokens.refresh.take());
        let token = id_token.ok_or(OidcProblem::NoIdToken)?;
        let expires = id_token::expiry(&token).map_err(OidcProblem::NewIdToken)?;
        let expires = expires.ok_or(OidcProblem::NewIdToken(IdTokenProblem::NoExpiry))?;
        let parts = CredentialParts::bearer(token.expose());
        tokens.id = Some(token);
        self.handed_out = true;
        Ok(Progress::Done(CredentialParts { expires: Some(expires), ..parts }))
    }

    fn roots_path(&self) -> &str {
        match &self.config.roots {
            Roots::File(path) => path,
            Roots::Pem(_) | Roots::System => "",
        }
    }

    fn wrong(&self, problem: OidcProblem) -> Error {
        let issuer = redact::url(&self.config.issuer);
        Error::Oidc { user: self.user.clone(), issuer, problem }
    }
}

/// Reads the discovery document. Its `issuer` is not compared with the one that was asked, as in
/// client-go: the server there names the token endpoint anyway, and the API server judges the
/// tokens; but providers whose two names differ are in use.
fn discovered(response: &HttpResponse) -> Result<Metadata, OidcProblem> {
    let metadata = oauth::read_discovery(response);
    let metadata = metadata.map_err(|problem| answered(OidcStep::Discovery, problem))?;
    check_clear(&metadata.token_endpoint, Endpoint::Token)?;
    Ok(metadata)
}

/// Whether secrets may be sent there, or be sent where it says.
fn check_clear(url: &str, which: Endpoint) -> Result<(), OidcProblem> {
    oauth::check_endpoint(url).map_err(|problem| match (problem, which) {
        (EndpointProblem::InClear, which) => OidcProblem::InClear(which),
        (EndpointProblem::NotUrl, Endpoint::Issuer) => OidcProblem::BadIssuer,
        (EndpointProblem::NotUrl, Endpoint::Token) => OidcProblem::NoTokenEndpoint,
    })
}

fn answered(step: OidcStep, problem: AnswerProblem) -> OidcProblem {
    match problem {
        AnswerProblem::Status { status, message } => OidcProblem::Status { step, status, message },
        AnswerProblem::Malformed(detail) => OidcProblem::Malformed { step, detail },
        AnswerProblem::Refused { code, description } => OidcProblem::Refused { code, description },
    }
}
