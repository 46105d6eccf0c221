//! The auth-provider `oidc`: an id-token that was got at login, and the refresh that brings another
//! (OI-10…OI-26).
//!
//! ```text
//!  id-token still good ───────────────────────────────────────────▶ served, nobody is asked
//!  kubeconfig read again: has somebody else got a newer one? ─────▶ served, nobody is asked
//!  roots read ─▶ discovery, once in a life ─▶ refresh ────────────▶ served, then written back
//! ```
//!
//! Where it differs from client-go, which refreshes in the request that finds the token expired: a
//! token that is no JWT leads to a refresh if there can be one (OI-11); a 401 leads to a refresh
//! (client-go does nothing, OI-14); discovery happens once (OI-20); a refresh token is never
//! presented again after the provider has refused it, nor one that another process has used up if
//! the kubeconfig knows better (OI-22); a new token is used whether or not it can be written back,
//! and only if it is one (OI-24…OI-26).

mod grant;
pub(crate) mod id_token;
mod kubeconfig;
mod provider;
mod word;

use super::{Fetched, Next, Work, file};
use crate::credential::Header;
use crate::error::{Endpoint, Error, FileRole, IdTokenProblem, OidcProblem, OidcStep};
use crate::policy::Policy;
use crate::profile::{Oidc, Roots};
use crate::protocol::{Failure, FailureKind, HttpResponse, ReadFile, Reply};
use crate::redact;
use crate::secret::Secret;
use crate::time::Now;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
pub(crate) use kubeconfig::Edit;

use grant::{Answer, Style};
use provider::Provider;

/// An OpenID provider, as one user of one kubeconfig sees it.
#[derive(Clone, Debug)]
pub(crate) struct OidcSource {
    user: String,
    config: Oidc,
    tokens: Tokens,
    /// What the kubeconfig holds, as far as is known.
    filed: Tokens,
    /// What was written there last, without a word from the host whether it has got there.
    tried: Option<Tokens>,
    /// The id-token in hand has been handed out.
    served: bool,
    /// The provider does not take the refresh token in hand.
    refused: Option<OidcProblem>,
    provider: Option<Provider>,
    /// What the provider took the last time.
    style: Option<Style>,
}

/// What a login brings, and a refresh replaces. None of them is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) id: Option<Secret>,
    pub(crate) refresh: Option<Secret>,
}

impl Tokens {
    fn new(id: Option<&Secret>, refresh: Option<&Secret>) -> Self {
        let there = |token: Option<&Secret>| token.filter(|token| !token.is_empty()).cloned();
        Self { id: there(id), refresh: there(refresh) }
    }
}

/// What the job in flight is for.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    /// What the kubeconfig says by now.
    Kubeconfig,
    /// The provider's certificate authority.
    Roots,
    /// Where to refresh.
    Discovery { roots: Roots },
    /// The refresh. `otherwise`: how else the client could say who it is.
    Refresh { roots: Roots, style: Style, otherwise: Option<Style> },
}

impl OidcSource {
    pub(crate) fn new(user: &str, config: &Oidc) -> Self {
        let mut config = config.clone();
        let tokens = Tokens::new(config.id_token.as_ref(), config.refresh_token.as_ref());
        (config.id_token, config.refresh_token) = (None, None);
        config.client_secret = config.client_secret.filter(|secret| !secret.is_empty());
        Self {
            user: user.into(),
            config,
            filed: tokens.clone(),
            tokens,
            tried: None,
            served: false,
            refused: None,
            provider: None,
            style: None,
        }
    }

    /// Whether asking again can bring something else.
    pub(crate) fn has_more(&self) -> bool {
        self.tokens.refresh.is_some() || self.config.origin.is_some()
    }

    /// Whether there is something to refresh with, so that a timer may.
    pub(crate) fn can_refresh(&self) -> bool {
        self.tokens.refresh.is_some() && self.refused.is_none()
    }

    pub(super) fn begin(&mut self, now: Now, policy: &Policy) -> Result<Next, Error> {
        if let Some(fetched) = self.in_hand(now, policy.id_token_leeway) {
            return Ok(Next::Done(fetched));
        }
        match &self.config.origin {
            Some(origin) => Ok(read(Stage::Kubeconfig, &origin.path, policy)),
            None => self.refresh(now, policy),
        }
    }

    pub(super) fn accept(
        &mut self,
        now: Now,
        stage: Stage,
        reply: Reply,
        policy: &Policy,
    ) -> Result<Next, Error> {
        match (stage, reply) {
            (Stage::Kubeconfig, Reply::File(bytes)) => {
                self.look(&bytes.0);
                match self.in_hand(now, policy.id_token_leeway) {
                    Some(fetched) => Ok(Next::Done(fetched)),
                    None => self.refresh(now, policy),
                }
            }
            (Stage::Roots, Reply::File(bytes)) => {
                let path = self.roots_path();
                let roots = file::roots(path, bytes.0)?.roots.unwrap_or_default();
                self.ask(Roots::Pem(roots), policy)
            }
            (Stage::Discovery { roots }, Reply::Http(response)) => {
                let provider = provider::read(&response).map_err(|problem| self.wrong(problem))?;
                self.provider = Some(provider);
                self.ask(roots, policy)
            }
            (Stage::Refresh { roots, style, otherwise }, Reply::Http(response)) => {
                self.refreshed(roots, style, otherwise, &response, policy)
            }
            _ => Err(Error::WrongReply),
        }
    }

    /// What follows from a host's failure. `waited`: for how long, if the machine itself called the
    /// job off.
    pub(super) fn recover(
        &mut self,
        now: Now,
        stage: &Stage,
        failure: Failure,
        waited: Option<Duration>,
        policy: &Policy,
    ) -> Result<Next, Error> {
        let failure = match waited {
            Some(limit) => {
                let detail = format!("no answer within {} s", limit.as_secs_f32());
                Failure::new(FailureKind::TimedOut, detail)
            }
            None => failure,
        };
        let step = match stage {
            // It was worth a look. What is in hand may do.
            Stage::Kubeconfig => return self.refresh(now, policy),
            Stage::Roots => {
                let path = self.roots_path().into();
                return Err(Error::File { role: FileRole::Roots, path, failure });
            }
            Stage::Discovery { .. } => OidcStep::Discovery,
            Stage::Refresh { .. } => {
                self.provider = None;
                OidcStep::Refresh
            }
        };
        Err(self.wrong(OidcProblem::NotSent { step, failure }))
    }

    /// The id-token in hand, if it has not been handed out, and is good for longer than `leeway`.
    fn in_hand(&mut self, now: Now, leeway: Duration) -> Option<Fetched> {
        let token = self.tokens.id.as_ref().filter(|_| !self.served)?;
        let expires = id_token::expiry(token).ok().flatten()?;
        let usable = now.wall.saturating_add(leeway) < expires;
        let authorization = Some(file::bearer(token.expose()));
        let fetched = Fetched { authorization, expires: Some(expires), ..Fetched::default() };
        self.served |= usable;
        usable.then_some(fetched)
    }

    /// Begins a refresh, if there can be one.
    fn refresh(&mut self, now: Now, policy: &Policy) -> Result<Next, Error> {
        if self.tokens.refresh.is_none() {
            // Nothing better is to be had: it is used to its end.
            if let Some(fetched) = self.in_hand(now, Duration::ZERO) {
                return Ok(Next::Done(fetched));
            }
            let broken = self.tokens.id.as_ref().and_then(|token| id_token::expiry(token).err());
            return Err(self.wrong(match broken {
                Some(problem) => OidcProblem::IdToken(problem),
                None => OidcProblem::NoRefreshToken,
            }));
        }
        if let Some(problem) = &self.refused {
            return Err(self.wrong(problem.clone()));
        }
        provider::check_clear(&self.config.issuer, Endpoint::Issuer)
            .map_err(|problem| self.wrong(problem))?;
        match &self.config.roots {
            Roots::File(path) => Ok(read(Stage::Roots, path, policy)),
            roots => self.ask(roots.clone(), policy),
        }
    }

    /// Asks the provider where to refresh or, if that is known, to refresh.
    fn ask(&self, roots: Roots, policy: &Policy) -> Result<Next, Error> {
        let Some(provider) = &self.provider else {
            let request = provider::request(&self.config.issuer, roots.clone(), policy.max_reply);
            return Ok(next(Stage::Discovery { roots }, Work::Send(request)));
        };
        let has_secret = self.config.client_secret.is_some();
        let (style, otherwise) = Style::order(self.style, provider.styles.as_deref(), has_secret);
        self.present(provider, roots, style, otherwise, policy)
    }

    /// Presents the refresh token.
    fn present(
        &self,
        provider: &Provider,
        roots: Roots,
        style: Style,
        otherwise: Option<Style>,
        policy: &Policy,
    ) -> Result<Next, Error> {
        let Some(token) = &self.tokens.refresh else {
            return Err(self.wrong(OidcProblem::NoRefreshToken));
        };
        let (endpoint, limit) = (&provider.token_endpoint, policy.max_reply);
        let request = grant::request(endpoint, &self.config, token, style, roots.clone(), limit);
        Ok(next(Stage::Refresh { roots, style, otherwise }, Work::Send(request)))
    }

    fn refreshed(
        &mut self,
        roots: Roots,
        style: Style,
        otherwise: Option<Style>,
        response: &HttpResponse,
        policy: &Policy,
    ) -> Result<Next, Error> {
        let secrets = [&self.tokens.id, &self.tokens.refresh, &self.config.client_secret];
        let secrets = secrets.map(|secret| secret.as_ref());
        let secrets: Vec<&Secret> = secrets.into_iter().flatten().collect();
        match (grant::read(response, &secrets), otherwise, &self.provider) {
            (Answer::Granted { id_token, refresh_token }, ..) => {
                self.style = Some(style);
                self.keep(id_token, refresh_token).map_err(|problem| self.wrong(problem))
            }
            (Answer::Refused { client: true, .. }, Some(other), Some(provider)) => {
                self.present(provider, roots, other, None, policy)
            }
            (Answer::Refused { problem, grant, .. }, ..) => {
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
    ) -> Result<Next, OidcProblem> {
        self.tokens.refresh = refresh_token.or_else(|| self.tokens.refresh.take());
        let token = id_token.ok_or(OidcProblem::NoIdToken)?;
        let expires = id_token::expiry(&token).map_err(OidcProblem::NewIdToken)?;
        let expires = expires.ok_or(OidcProblem::NewIdToken(IdTokenProblem::NoExpiry))?;
        let authorization = Some(file::bearer(token.expose()));
        self.tokens.id = Some(token);
        self.served = true;
        let expires = Some(expires);
        Ok(Next::Done(Fetched { authorization, expires, ..Fetched::default() }))
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

fn next(stage: Stage, work: Work) -> Next {
    Next::Work(super::Stage::Oidc(stage), work)
}

fn read(stage: Stage, path: &str, policy: &Policy) -> Next {
    next(stage, Work::Read(ReadFile { path: path.into(), limit: policy.max_reply }))
}

fn header(name: &'static str, value: Secret) -> Header {
    Header { name: Cow::Borrowed(name), value }
}
