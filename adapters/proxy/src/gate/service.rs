//! The gate as a service: a reverse proxy, or a check endpoint.

use super::access::{Access, Unknown};
use super::authenticate::{Credentials, Verdict, take_off};
use super::exchange::{Counters, Exchange, Fate};
use super::forward::{self, Circumstances, NoAnswer, ReplyBody, Tunnel};
use super::watched::Watched;
use super::{
    AccessRule, Caller, GateError, Groups, Origin, Reviewer, Route, check, identity, layer, path,
    reply, route,
};
use crate::hop;
use crate::server::{Closing, Drain, Peer};
use bytes::Bytes;
use http::header::HOST;
use http::{Method, Request, Response, Version};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use kubecred_host::Clock;
use kubecred_tokio::Client;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tower_service::Service;

/// The token of a stream is reviewed again this often, unless it is said otherwise.
const REVIEW_EVERY: Duration = Duration::from_secs(30);

/// An answer of a known length up to this is not watched.
const SHORT: u64 = 1 << 20;

/// What callers are told to wait when it cannot be said whether they may.
const PAUSE: Duration = Duration::from_secs(1);

/// Lets in requests with a good token: a service for [`Server`](crate::server::Server). A clone is
/// the same gate.
///
/// ```no_run
/// # async fn show(client: kubecred_tokio::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use kubecred_core::Profile;
/// use kubecred_core::reviewer::Settings;
/// use kubecred_proxy::gate::{Gate, Reviewer, Route};
/// use kubecred_proxy::server::{Drain, Listener, Server};
///
/// let drain = Drain::new();
/// let reviewer = Reviewer::new(client, Settings::for_audiences(["reports"]))?;
/// let application = Route::parse("http://127.0.0.1:8080", &Profile::new("https://unused"))?;
/// let gate = Gate::builder(reviewer).drain(&drain).upstream(application).build();
/// let listener = Listener::tcp("0.0.0.0:8443".parse()?)?;
/// Server::new(&drain).serve(listener, gate).await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

type Sink = Arc<dyn Fn(&Exchange) + Send + Sync>;

struct Inner {
    reviewer: Reviewer,
    form: Form,
    access: Option<Access>,
    open_paths: BTreeSet<String>,
    groups: Groups,
    review_every: Duration,
    drain: Drain,
    log: Option<Sink>,
    clock: Clock,
    counters: Counters,
    /// Whether something is decided by the path.
    judges_paths: bool,
}

enum Form {
    Proxy(Vec<Route>),
    Check { origin: Origin, mount: String },
}

/// Settings of a [`Gate`] to be.
#[must_use]
pub struct GateBuilder(Inner);

impl GateBuilder {
    /// Asks whether the user may make the request as well, by SubjectAccessReview through `client`.
    pub fn access(mut self, rule: AccessRule, client: Client) -> Self {
        self.0.judges_paths |= rule == AccessRule::Path;
        self.0.access = Some(Access::new(rule, client, self.0.reviewer.clone()));
        self
    }

    /// Lets every request for exactly this path in: without a credential as `system:anonymous`, and
    /// without asking what the user may. A bad token is refused there, too (RV-5).
    ///
    /// # Errors
    /// When the path is not plain.
    pub fn open_path(mut self, path: &str) -> Result<Self, GateError> {
        if path::canonical(path).as_deref() != Some(path) {
            return Err(GateError::Path(path.to_owned()));
        }
        self.0.open_paths.insert(path.to_owned());
        self.0.judges_paths = true;
        Ok(self)
    }

    /// How groups are written; repeated unless it is said otherwise.
    pub fn groups(mut self, groups: Groups) -> Self {
        self.0.groups = groups;
        self
    }

    /// How often the token of a stream (a WebSocket, an answer without end) is reviewed again; every
    /// 30 s unless it is said otherwise. When it is not good any more, the stream is cut.
    pub fn review_streams_every(mut self, pause: Duration) -> Self {
        self.0.review_every = pause.max(Duration::from_secs(1));
        self
    }

    /// Counts streams in this drain, and cuts them at its end.
    pub fn drain(mut self, drain: &Drain) -> Self {
        self.0.drain = drain.clone();
        self
    }

    /// Tells of each request.
    pub fn log(mut self, log: impl Fn(&Exchange) + Send + Sync + 'static) -> Self {
        self.0.log = Some(Arc::new(log));
        self
    }

    /// Sends requests on to this application; of several, to the one whose route fits best.
    pub fn upstream(mut self, route: Route) -> Self {
        self.0.judges_paths |= route.is_by_path();
        match &mut self.0.form {
            Form::Proxy(routes) => routes.push(route),
            form @ Form::Check { .. } => *form = Form::Proxy(vec![route]),
        }
        self
    }

    /// Answers a proxy's questions, whatever the path below `mount`, instead of sending requests on.
    pub fn check(mut self, origin: Origin, mount: &str) -> Self {
        let mount = format!("/{}", mount.trim_matches('/'));
        self.0.form = Form::Check { origin, mount };
        self
    }

    /// The gate.
    pub fn build(self) -> Gate {
        Gate { inner: Arc::new(self.0) }
    }
}

impl Gate {
    /// A gate with this reviewer. It leads nowhere before [`GateBuilder::upstream`] or
    /// [`GateBuilder::check`].
    pub fn builder(reviewer: Reviewer) -> GateBuilder {
        GateBuilder(Inner {
            reviewer,
            form: Form::Proxy(Vec::new()),
            access: None,
            open_paths: BTreeSet::new(),
            groups: Groups::default(),
            review_every: REVIEW_EVERY,
            drain: Drain::new(),
            log: None,
            clock: Clock::start(),
            counters: Counters::default(),
            judges_paths: false,
        })
    }

    /// What it has done, in the text format of Prometheus.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.inner.counters.render(&self.inner.reviewer.stats())
    }

    async fn handle(self, request: Request<Incoming>) -> Response<ReplyBody> {
        let inner = &self.inner;
        let started = inner.clock.now().monotonic;
        let peer = request.extensions().get::<Arc<Peer>>().cloned().unwrap_or_default();
        let mut told = Told {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            ..Told::default()
        };
        let response = match &inner.form {
            Form::Proxy(routes) => self.proxy(routes, request, &peer, &mut told).await,
            Form::Check { origin, mount } => {
                self.check(*origin, mount, &request, &mut told).await.map(whole)
            }
        };
        inner.counters.count(told.fate);
        if let Some(log) = &inner.log {
            log(&Exchange {
                method: told.method,
                path: told.path,
                status: response.status(),
                user: told.caller.map(|caller| caller.username.clone()),
                reason: told.reason,
                token: told.token,
                peer: peer.address.map(|address| address.ip()),
                duration: inner.clock.now().monotonic.since(started),
            });
        }
        response
    }

    async fn proxy(
        &self,
        routes: &[Route],
        mut request: Request<Incoming>,
        peer: &Peer,
        told: &mut Told,
    ) -> Response<ReplyBody> {
        let inner = &self.inner;
        if *request.method() == Method::CONNECT || hop::is_ambiguous(request.headers()) {
            told.fate = Fate::Invalid;
            return reply::bad_request("the request is not one that can be passed on").map(whole);
        }
        let credentials = Credentials::of(request.headers(), true);
        let (caller, plain) = match self.admit(&credentials, request.version(), told).await {
            Ok(admitted) => admitted,
            Err(response) => {
                // A connection is not to be used for trying tokens (RV-22).
                if told.fate == Fate::Unauthorized
                    && let Some(closing) = request.extensions().get::<Closing>()
                {
                    closing.close();
                }
                return response.map(whole);
            }
        };
        // In HTTP/2, and where the whole URL is the target, the host is there.
        if let Some(host) = request.uri().authority().and_then(|host| host.as_str().parse().ok()) {
            request.headers_mut().insert(HOST, host);
        }
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
        let Some(route) = route::find(routes, host.unwrap_or_default(), &plain) else {
            (told.fate, told.reason) = (Fate::Invalid, Some("no upstream takes it".to_owned()));
            let message = "there is no application for this host and path";
            return reply::not_found(message).map(whole);
        };
        let upgrade = hop::upgrade(request.headers()).cloned();
        let tls = peer.tls;
        let circumstances = Circumstances { peer: peer.address.map(|peer| peer.ip()), tls };
        take_off(request.headers_mut(), Some(&credentials));
        let written = forward::prepare(request.headers_mut(), &circumstances, |headers| {
            identity::set(headers, caller.user(), &inner.groups, false)
        });
        if let Err(problem) = written {
            return told.unwritable(&problem).map(whole);
        }
        let method = request.method().clone();
        let answer = forward::send(&route.upstream, request, upgrade).await;
        match answer {
            Ok((response, tunnel)) => {
                told.fate = Fate::Admitted;
                let watch = Watch { gate: self.clone(), credentials, caller, method, path: plain };
                watch.over(response, tunnel)
            }
            Err(NoAnswer::Invalid(reason)) => {
                (told.fate, told.reason) = (Fate::Invalid, Some(reason));
                reply::bad_request("the request cannot be passed on").map(whole)
            }
            Err(NoAnswer::Unreachable(reason)) => {
                (told.fate, told.reason) = (Fate::Unreachable, Some(reason));
                reply::bad_gateway("the application does not answer").map(whole)
            }
        }
    }

    async fn check(
        &self,
        origin: Origin,
        mount: &str,
        request: &Request<Incoming>,
        told: &mut Told,
    ) -> Response<Full<Bytes>> {
        let checked = origin.read(request.method(), request.uri(), request.headers(), mount);
        let checked = match checked {
            Ok(checked) => checked,
            Err(problem) => {
                (told.fate, told.reason) = (Fate::Invalid, Some(problem.clone()));
                return reply::bad_request(&format!("the check is set up wrongly: {problem}"));
            }
        };
        (told.method, told.path) = (checked.method, checked.path);
        // A subprotocol cannot be taken off by a check, and would reach the application.
        let credentials = Credentials::of(request.headers(), false);
        // The connection is the proxy's, and is not closed for what one of its callers brings.
        let caller = match self.admit(&credentials, Version::HTTP_2, told).await {
            Ok((caller, _)) => caller,
            Err(response) => return response,
        };
        let mut response = check::allowed();
        if let Err(problem) =
            identity::set(response.headers_mut(), caller.user(), &self.inner.groups, true)
        {
            return told.unwritable(&problem);
        }
        if origin == Origin::Envoy {
            check::remove_at_envoy(response.headers_mut(), request.headers());
        }
        told.fate = Fate::Admitted;
        response
    }

    /// Who sends the request, and its plain path; or the answer, if it is not let in.
    async fn admit(
        &self,
        credentials: &Credentials,
        version: Version,
        told: &mut Told,
    ) -> Result<(Caller, String), Response<Full<Bytes>>> {
        let inner = &self.inner;
        told.token = credentials.token().map(|token| inner.reviewer.key(token.expose()));
        let plain = match path::canonical(&told.path) {
            Some(plain) => Some(plain.into_owned()),
            None if inner.judges_paths => None,
            None => Some(told.path.clone()),
        };
        let Some(plain) = plain else {
            (told.fate, told.reason) = (Fate::Invalid, Some("the path is not plain".to_owned()));
            let message = "the path has dot segments, encoded slashes or the like";
            return Err(reply::bad_request(message));
        };
        let is_open = inner.open_paths.contains(&plain);
        let caller = match credentials.judge(&inner.reviewer).await {
            Verdict::Accepted(caller) => caller,
            Verdict::NoCredential if is_open => Caller::anonymous(),
            refused => {
                let response = layer::refusal(&refused, version);
                (told.fate, told.reason) = match refused {
                    Verdict::Unavailable(reason, _) => {
                        (Fate::Unavailable, Some(reason.to_string()))
                    }
                    Verdict::Refused(reason) => (Fate::Unauthorized, Some(reason.to_string())),
                    _ => (Fate::Unauthorized, Some("no token".to_owned())),
                };
                return Err(response);
            }
        };
        told.caller = Some(caller.clone());
        if let Some(access) = inner.access.as_ref().filter(|_| !is_open) {
            let outcome = access.allows(caller.user(), &told.method, &plain).await;
            if let Some(refusal) = told.access(outcome) {
                return Err(refusal);
            }
        }
        Ok((caller, plain))
    }
}

/// What is told of a request while it is handled.
#[derive(Default)]
struct Told {
    method: Method,
    path: String,
    caller: Option<Caller>,
    reason: Option<String>,
    token: Option<kubecred_core::reviewer::Key>,
    fate: Fate,
}

impl Told {
    /// An identity that headers cannot have: another one is not made of it.
    fn unwritable(&mut self, problem: &identity::Unwritable) -> Response<Full<Bytes>> {
        (self.fate, self.reason) = (Fate::Unavailable, Some(problem.to_string()));
        reply::unavailable("the identity of this user cannot be passed on", PAUSE)
    }

    /// The answer, unless the user may.
    fn access(&mut self, outcome: Result<bool, Unknown>) -> Option<Response<Full<Bytes>>> {
        let reason = match outcome {
            Ok(true) => return None,
            Ok(false) => {
                (self.fate, self.reason) = (Fate::Forbidden, Some("not allowed".to_owned()));
                let user = self.caller.as_ref().map_or("", |caller| &caller.username);
                return Some(reply::forbidden(&format!("User {user:?} may not do this")));
            }
            Err(Unknown::TooMany) => "too many access reviews are in flight".to_owned(),
            Err(Unknown::TooLong) => "the access review took too long".to_owned(),
            Err(Unknown::Failed(reason)) => format!("the access review failed: {reason}"),
        };
        (self.fate, self.reason) = (Fate::Unavailable, Some(reason));
        Some(reply::unavailable("it cannot be said at the moment whether you may do this", PAUSE))
    }
}

/// A request whose answer may take long, and the right to it.
struct Watch {
    gate: Gate,
    credentials: Credentials,
    caller: Caller,
    method: Method,
    path: String,
}

impl Watch {
    /// The answer, which ends when the right to it ends, if it takes so long.
    fn over(self, response: Response<ReplyBody>, tunnel: Option<Tunnel>) -> Response<ReplyBody> {
        let drain = self.gate.inner.drain.clone();
        if let Some(tunnel) = tunnel {
            let held = drain.hold();
            tokio::spawn(async move {
                tokio::select! {
                    () = tunnel.copy() => {}
                    () = self.refused() => {}
                    () = drain.ended() => {}
                }
                drop(held);
            });
            return response;
        }
        match response.body().size_hint().exact() {
            Some(size) if size <= SHORT => response,
            _ => response.map(|body| {
                UnsyncBoxBody::new(Watched { body, refused: Box::pin(self.refused()) })
            }),
        }
    }

    /// Waits until the token is not good any more, is another's, or its user may not any more. While
    /// the API server cannot be asked, it stays as it is.
    async fn refused(self) {
        let inner = &self.gate.inner;
        if self.credentials.token().is_none() {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(inner.review_every).await;
            match self.credentials.judge(&inner.reviewer).await {
                Verdict::Accepted(caller) if caller.user() == self.caller.user() => {}
                Verdict::Unavailable(..) => continue,
                _ => break,
            }
            let Some(access) = &inner.access else { continue };
            if inner.open_paths.contains(&self.path) {
                continue;
            }
            if access.allows(self.caller.user(), &self.method, &self.path).await == Ok(false) {
                break;
            }
        }
        inner.counters.count(Fate::Cut);
    }
}

fn whole(body: Full<Bytes>) -> ReplyBody {
    UnsyncBoxBody::new(body.map_err(|never: Infallible| match never {}))
}

impl Service<Request<Incoming>> for Gate {
    type Response = Response<ReplyBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<ReplyBody>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let gate = self.clone();
        Box::pin(async move { Ok(gate.handle(request).await) })
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("reviewer", &self.inner.reviewer).finish_non_exhaustive()
    }
}

impl fmt::Debug for GateBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GateBuilder").finish_non_exhaustive()
    }
}
