//! Being a service account: a token of its own, minted with another login and kept fresh
//! (TR-18…TR-22).
//!
//! ```text
//!  due ─▶ the bootstrap login is woken, and lends its credential ─▶ TokenRequest ─▶ token
//!                                                                      │ 401, 403
//!                                                                      └─▶ the bootstrap login is
//!                                                                          told, and nothing else
//! ```
//!
//! The token is renewed at 80 % of its life, and after a day at the latest, by the seconds that the
//! server granted and the monotonic clock: the time at which it says that the token ends is believed
//! only if the two agree (TR-21). A 401 to the token brings another; a 401 or 403 to the TokenRequest
//! is the bootstrap login's. An account that does not exist is never created.

use super::{CredentialParts, JobFailure, JobRequest, Lifecycle, Progress, Source};
use crate::api::call::{ApiReply, ApiRequest, CallError};
use crate::api::token_request::TokenRequest;
use crate::content::header_text;
use crate::credential::{Header, Identity};
use crate::cx::Cx;
use crate::error::{Error, TokenRequestProblem};
use crate::headers;
use crate::policy::Policy;
use crate::profile::{Cluster, Profile, Roots, ServiceAccount};
use crate::protocol::{Reply, SendRequest, Tls, TrustAnchors};
use crate::redact;
use crate::secret::Secret;
use crate::time::UnixTime;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// No token is kept for longer than this, whatever its life (TR-18).
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);

/// What a token lives for if the server does not say (TR-2).
const DEFAULT_SECONDS: i64 = 3600;

/// How far the server's clock may be off before only the granted seconds count.
const MAX_SKEW: Duration = Duration::from_secs(30);

/// What a TokenRequest is sent with.
#[derive(Clone, Debug, Default)]
pub(crate) struct BootstrapCredential {
    pub(crate) authorization: Option<Secret>,
    pub(crate) identity: Option<Identity>,
    /// The trusted roots, if they are not the system's.
    pub(crate) roots: Option<Secret>,
}

/// Tokens for one service account.
#[derive(Debug)]
pub(crate) struct TokenRequestSource {
    account: ServiceAccount,
    call: ApiRequest,
    cluster: Cluster,
    impersonation: Vec<Header>,
    bootstrap: BootstrapCredential,
    /// The server did not accept the bootstrap credential, and its slots have not been told.
    bootstrap_rejected: bool,
    /// The last attempt failed for good: the account does not exist, or was replaced.
    permanent: bool,
}

impl TokenRequestSource {
    /// Tokens for this account of the profile's server.
    pub(crate) fn new(profile: &Profile, account: &ServiceAccount) -> Result<Self, Error> {
        let authentication = &profile.authentication;
        let impersonation =
            headers::impersonation(&authentication.impersonation, &authentication.user)?;
        let mut wanted = TokenRequest::default();
        wanted.spec.expiration_seconds =
            account.lifetime.map(|life| i64::try_from(life.as_secs()).unwrap_or(i64::MAX));
        let call = wanted.request(&account.namespace, &account.name);
        let call = call.map_err(|problem| {
            failed(account, TokenRequestProblem::Name(redact::text(&problem.name).into()))
        })?;
        // The roots are lent, with the rest.
        let cluster = Cluster { roots: Roots::System, ..profile.cluster.clone() };
        Ok(Self {
            account: account.clone(),
            call,
            cluster,
            impersonation,
            bootstrap: BootstrapCredential::default(),
            bootstrap_rejected: false,
            permanent: false,
        })
    }

    fn failed(&self, problem: TokenRequestProblem) -> Error {
        failed(&self.account, problem)
    }

    fn request(&mut self, limit: u64) -> SendRequest {
        let lent = core::mem::take(&mut self.bootstrap);
        let authorization = lent.authorization.as_ref().map(headers::authorization);
        let tls = Tls {
            roots: lent.roots.map_or(TrustAnchors::System, TrustAnchors::Pem),
            identity: lent.identity,
            server_name: self.cluster.tls_server_name.clone(),
            insecure_skip_verify: self.cluster.insecure_skip_tls_verify,
        };
        let own = self.call.headers.iter().chain(&self.impersonation).cloned();
        SendRequest {
            method: self.call.method,
            url: [self.cluster.server.trim_end_matches('/'), &self.call.path].concat(),
            headers: authorization.into_iter().chain(own).collect(),
            body: self.call.body.clone(),
            tls,
            proxy: self.cluster.proxy.clone(),
            limit,
        }
    }

    fn granted(&self, cx: &Cx<'_>, granted: &TokenRequest) -> Result<Progress, Error> {
        let token = granted.status.token.expose();
        if token.is_empty() {
            return Err(self.failed(TokenRequestProblem::NoToken));
        }
        header_text(token).map_err(|problem| self.failed(TokenRequestProblem::Token(problem)))?;
        let seconds = granted.spec.expiration_seconds.unwrap_or(DEFAULT_SECONDS);
        let life = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
        let by_seconds = cx.now.wall.saturating_add(life);
        let expires = granted.status.expiration_timestamp.map_or(by_seconds, |end| {
            let skewed = distance(end, by_seconds) > MAX_SKEW;
            if skewed { by_seconds } else { end }
        });
        Ok(Progress::Done(CredentialParts {
            expires: Some(expires),
            ..CredentialParts::bearer(token)
        }))
    }

    fn refused(&mut self, error: &CallError) -> Error {
        let Some(status) = error.status() else {
            let detail = redact::text(&alloc::format!("{error}")).into();
            return self.failed(TokenRequestProblem::Malformed(detail));
        };
        let message: String = redact::text(&status.message).into();
        let code = status.code;
        self.permanent = matches!(code, 404 | 409);
        self.bootstrap_rejected = matches!(code, 401 | 403);
        self.failed(match code {
            401 | 403 => TokenRequestProblem::BootstrapRejected { status: code, message },
            404 => TokenRequestProblem::NotFound(message),
            409 => TokenRequestProblem::Replaced(message),
            _ => TokenRequestProblem::Status { status: code, message },
        })
    }
}

impl Source for TokenRequestSource {
    fn begin(&mut self, cx: &Cx<'_>) -> Result<Progress, Error> {
        self.permanent = false;
        Ok(Progress::Request(JobRequest::Send(self.request(cx.policy.max_reply))))
    }

    fn accept(&mut self, cx: &Cx<'_>, reply: Reply) -> Result<Progress, Error> {
        let Reply::Http(response) = reply else { return Err(Error::WrongReply) };
        let reply = ApiReply::of(&response);
        match TokenRequest::read_reply(&reply, &self.account.name) {
            Ok(granted) => self.granted(cx, &granted),
            Err(error) => Err(self.refused(&error)),
        }
    }

    fn recover(&mut self, _: &Cx<'_>, job: JobFailure) -> Result<Progress, Error> {
        Err(self.failed(TokenRequestProblem::NotSent(job.of_request())))
    }

    fn lifecycle(&self, policy: &Policy) -> Lifecycle {
        let (max_age, retry_slowly) = (Some(MAX_AGE), self.permanent);
        Lifecycle { max_age, retry_slowly, ..Lifecycle::renewed(policy) }
    }

    fn lend(&mut self, credential: BootstrapCredential) {
        self.bootstrap = credential;
    }

    fn bootstrap_failed(&self, error: Error) -> Error {
        self.failed(TokenRequestProblem::Bootstrap(alloc::boxed::Box::new(error)))
    }

    fn take_bootstrap_rejection(&mut self) -> bool {
        core::mem::take(&mut self.bootstrap_rejected)
    }
}

fn failed(account: &ServiceAccount, problem: TokenRequestProblem) -> Error {
    let (namespace, name) = (account.namespace.clone(), account.name.clone());
    Error::TokenRequest { namespace, name, problem }
}

fn distance(a: UnixTime, b: UnixTime) -> Duration {
    a.since(b).max(b.since(a))
}
