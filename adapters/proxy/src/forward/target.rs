//! One API server with one login, and how a request gets there: with the credential, once more after
//! a 401, and what is said when there is no answer.

use super::body::Counted;
use super::headers;
use super::record::Recording;
use super::refusal::Refusal;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body::Body;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use kubecred_core::Generation;
use kubecred_tokio::client::{self, ConnectError, Upstream, UpstreamOptions};
use kubecred_tokio::{Auth, AuthError, ClientError, Credential};
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

type BoxError = Box<dyn Error + Send + Sync>;

/// A body of a request whose length is known, up to this, is read before the request is sent, so that
/// it can be sent again after a 401.
const KEEP: u64 = 64 << 10;

/// How long a request that got 401 waits for a newer credential, before the 401 is passed on.
const RENEWAL: Duration = Duration::from_secs(30);

/// Seconds after which a request that was not sent may be sent again.
const AGAIN: u32 = 1;

/// What goes wrong, for the operator: it may name files of this machine, which callers are not told.
pub type Problems = Arc<dyn Fn(&str) + Send + Sync>;

/// One API server with one login.
pub(crate) struct Target {
    upstream: Upstream,
    /// The profile's impersonation, for requests that bring their own authorization.
    impersonation: HeaderMap,
    problems: Option<Problems>,
    /// What was told last: the same is not told for each of many requests.
    told: Mutex<String>,
}

/// The body of a request to upstream.
enum Outgoing {
    /// It can be sent twice.
    Kept(Bytes),
    Stream(UnsyncBoxBody<Bytes, BoxError>),
}

/// A request as it goes upstream, but for the credential.
pub(crate) struct Onward {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Outgoing,
}

impl Onward {
    /// Reads a small body, and leaves a large one to be passed on as it comes.
    pub(crate) async fn new<B>(
        (method, uri, headers): (Method, Uri, HeaderMap),
        body: B,
        recording: &Recording,
    ) -> Result<Self, Refusal>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        if body.is_end_stream() {
            return Ok(Self { method, uri, headers, body: Outgoing::Kept(Bytes::new()) });
        }
        let is_small = body.size_hint().exact().is_some_and(|size| size <= KEEP);
        let body = Counted { body, bytes: Arc::clone(recording.bytes_in()) };
        let body = if is_small {
            let whole = body.collect().await;
            let whole = whole.map_err(|_| Refusal::bad_request("the request's body broke off"))?;
            Outgoing::Kept(whole.to_bytes())
        } else {
            Outgoing::Stream(UnsyncBoxBody::new(body))
        };
        Ok(Self { method, uri, headers, body })
    }

    fn copy(&self) -> Option<Self> {
        let Outgoing::Kept(bytes) = &self.body else { return None };
        Some(Self {
            method: self.method.clone(),
            uri: self.uri.clone(),
            headers: self.headers.clone(),
            body: Outgoing::Kept(bytes.clone()),
        })
    }
}

impl Target {
    pub(crate) fn new(
        auth: Auth,
        options: UpstreamOptions,
        problems: Option<Problems>,
    ) -> Result<Self, ClientError> {
        let upstream = Upstream::new(auth, options)?;
        let impersonation = upstream.auth().impersonation()?.clone();
        Ok(Self { upstream, impersonation, problems, told: Mutex::default() })
    }

    pub(crate) fn auth(&self) -> &Auth {
        self.upstream.auth()
    }

    /// Whether the profile impersonates someone.
    pub(crate) fn impersonates(&self) -> bool {
        !self.impersonation.is_empty()
    }

    /// Sends it; once more after a 401, if a newer credential can be had and the body too (PX-30,
    /// PX-31). A caller's own authorization is left alone.
    pub(crate) async fn send(
        &self,
        mut request: Onward,
        recording: &mut Recording,
    ) -> Result<Response<client::Body>, Refusal> {
        let method = request.method.clone();
        let explain = |error: ClientError| self.explain(&error, &method);
        if request.headers.contains_key(AUTHORIZATION) {
            headers::add_impersonation(&mut request.headers, &self.impersonation);
            return self.forward(request, None).await.map_err(explain);
        }
        let credential = self.credential().await?;
        let generation = credential.generation();
        let renews = self.auth().renews();
        let again = if renews { request.copy() } else { None };
        let answer = self.forward(request, Some(&credential)).await.map_err(explain)?;
        if answer.status() != StatusCode::UNAUTHORIZED || !renews {
            return Ok(answer);
        }
        let Some(again) = again else {
            // Its body is gone. The next request has the new credential.
            let auth = self.auth().clone();
            tokio::spawn(async move { auth.unauthorized(generation).await });
            return Ok(answer);
        };
        let Some(credential) = self.newer(generation).await else { return Ok(answer) };
        recording.renewed();
        drop(answer);
        self.forward(again, Some(&credential)).await.map_err(explain)
    }

    /// A credential newer than the one that was refused, if there is one in time.
    async fn newer(&self, refused: Generation) -> Option<Credential> {
        let renewal = async {
            match self.auth().unauthorized(refused).await {
                true => self.auth().credential().await.ok(),
                false => None,
            }
        };
        tokio::time::timeout(RENEWAL, renewal).await.ok().flatten()
    }

    async fn credential(&self) -> Result<Credential, Refusal> {
        let credential = match self.auth().try_credential() {
            Ok(Some(credential)) => Ok(credential),
            Ok(None) | Err(AuthError::Source(_)) => self.auth().credential().await,
            Err(error) => Err(error),
        };
        credential.map_err(|error| self.no_credential(&error))
    }

    async fn forward(
        &self,
        request: Onward,
        credential: Option<&Credential>,
    ) -> Result<Response<client::Body>, ClientError> {
        let mut sent = Request::new(());
        *sent.method_mut() = request.method;
        *sent.uri_mut() = request.uri;
        *sent.headers_mut() = request.headers;
        if let Some(credential) = credential {
            headers::authenticate(sent.headers_mut(), credential);
            sent.extensions_mut().insert(credential.clone());
        }
        match request.body {
            Outgoing::Kept(bytes) => self.upstream.send(sent.map(|()| Full::new(bytes))).await,
            Outgoing::Stream(body) => self.upstream.send(sent.map(|()| body)).await,
        }
    }

    /// What callers are told when there is no answer: neither a path nor an address of this side.
    fn explain(&self, error: &ClientError, method: &Method) -> Refusal {
        if let ClientError::Auth(error) = error {
            return self.no_credential(error);
        }
        self.tell(error);
        let unavailable = |message: &str| {
            // Nothing has been sent.
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message)
                .retry_after(AGAIN)
        };
        match (error, error.connect()) {
            (_, Some(ConnectError::TimedOut(_))) => {
                let message = "connecting to the API server took too long";
                Refusal::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", message).retry_after(AGAIN)
            }
            (_, Some(ConnectError::Tls { .. } | ConnectError::TlsSettings(_))) => Refusal::new(
                StatusCode::BAD_GATEWAY,
                "BadGateway",
                "the TLS handshake with the API server failed; the proxy's log says why",
            ),
            (_, Some(_)) => unavailable("cannot connect to the API server"),
            (ClientError::Body(_), _) => Refusal::bad_request("the request's body broke off"),
            (ClientError::Http(_) | ClientError::Informational(_), _) => {
                let refusal = Refusal::new(
                    StatusCode::BAD_GATEWAY,
                    "BadGateway",
                    "the connection to the API server ended without an answer",
                );
                // It may have been carried out: only what changes nothing is asked again.
                if method.is_safe() { refusal.retry_after(AGAIN) } else { refusal }
            }
            _ => Refusal::new(
                StatusCode::BAD_GATEWAY,
                "BadGateway",
                "the API server cannot be asked; the proxy's log says why",
            ),
        }
    }

    fn no_credential(&self, error: &AuthError) -> Refusal {
        self.tell(error);
        let refusal = Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailable",
            "the proxy has no credential for the API server; its log says why",
        );
        match error {
            AuthError::Source(_) => refusal.retry_after(AGAIN),
            _ => refusal,
        }
    }

    fn tell(&self, problem: &dyn fmt::Display) {
        let Some(problems) = &self.problems else { return };
        let text = problem.to_string();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if *told != text {
            problems(&text);
            *told = text;
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("upstream", &self.upstream).finish_non_exhaustive()
    }
}

/// The URI upstream: a path with its query, as it came.
pub(crate) fn uri(path: &str) -> Result<Uri, Refusal> {
    path.parse().map_err(|_| Refusal::bad_request("the path cannot be sent on"))
}

/// Whether an answer says that the connection becomes another protocol.
pub(crate) fn is_upgraded<B>(answer: &Response<B>, wanted: Option<&HeaderValue>) -> bool {
    wanted.is_some() && answer.status() == StatusCode::SWITCHING_PROTOCOLS
}
