//! The proxy as a service: a request from its arrival to its answer.

use super::body::ProxyBody;
use super::caller::Callers;
use super::metrics::Metrics;
use super::path::ApiPath;
use super::record::Recording;
use super::refusal::Refusal;
use super::route::{Route, Routes};
use super::settings::{Settings, SettingsError, Upstreams};
use super::target::{self, Onward, Target};
use super::tunnel::Tunnel;
use super::{Contexts, headers};
use crate::server::Peer;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONNECTION};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;
use kubecred_tokio::client;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

type BoxError = Box<dyn Error + Send + Sync>;

/// A proxy to an API server. A clone is the same. Requests should carry their
/// [`Peer`] (`Arc<Peer>`) as an extension, as those of [`Server`](crate::server::Server) do.
#[derive(Clone)]
pub struct Proxy(Arc<Inner>);

struct Inner {
    settings: Settings,
    callers: Callers,
    routes: Routes,
    target: Arc<Target>,
    metrics: Arc<Metrics>,
}

impl Proxy {
    /// A proxy to these servers. Connects to nothing yet, and logs in when it is first needed; who
    /// wants to know early awaits [`Auth::credential`](kubecred_tokio::Auth::credential) before.
    ///
    /// # Errors
    /// When the settings contradict each other, or the profile's cannot be honoured.
    pub fn new(upstreams: Upstreams, settings: Settings) -> Result<Self, SettingsError> {
        let routes = Routes::new(&settings, upstreams.contexts)?;
        let problems = settings.problems.clone();
        let target = Target::new(upstreams.default, settings.upstream, problems)?;
        Ok(Self(Arc::new(Inner {
            callers: Callers {
                filter: settings.filter.clone(),
                names: settings.names.iter().map(|name| name.to_ascii_lowercase()).collect(),
                origins: settings.allow_origins.clone(),
                token: settings.token.clone(),
            },
            routes,
            target: Arc::new(target),
            metrics: Arc::default(),
            settings,
        })))
    }

    /// What is counted, in the text format of Prometheus.
    #[must_use]
    pub fn metrics(&self) -> String {
        let mut logins = vec![(String::new(), self.0.target.auth().stats())];
        for (name, target) in self.0.routes.contexts.iter().flat_map(Contexts::opened) {
            logins.push((name, target.auth().stats()));
        }
        self.0.metrics.text(&logins)
    }

    /// Whether there is a credential for the default context at this moment.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self.0.target.auth().try_credential(), Ok(Some(_)))
    }

    /// Lets go of contexts that have not been used for ten minutes, for ever.
    pub async fn forget_idle_contexts(&self) {
        match &self.0.routes.contexts {
            Some(contexts) => contexts.forget_idle().await,
            None => std::future::pending().await,
        }
    }

    /// Ends the logins, and waits until refreshed tokens are saved.
    pub async fn close(&self) {
        self.0.target.auth().close().await;
        for (_, target) in self.0.routes.contexts.iter().flat_map(Contexts::opened) {
            target.auth().close().await;
        }
    }
}

impl Inner {
    async fn answer<B>(self: Arc<Self>, request: Request<B>) -> Response<ProxyBody>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        let peer = request.extensions().get::<Arc<Peer>>().cloned().unwrap_or_default();
        let caller = match (&self.settings.access_log, peer.address) {
            (Some(_), Some(address)) => address.ip().to_string(),
            _ => String::new(),
        };
        let log = (&self.metrics, &self.settings.access_log);
        let path = request.uri().path();
        let mut recording = Recording::begin(request.method(), path, caller, log);
        match self.handle(request, &peer, &mut recording).await {
            Ok(Answer::Whole(answer)) => {
                recording.answered(answer.status());
                answer.map(|body| body.recorded(recording))
            }
            Ok(Answer::Upgraded { answer, caller, upstream, protocol }) => {
                recording.answered(answer.status());
                recording.upgraded(&protocol);
                let drain = self.settings.drain.clone();
                Tunnel { caller, upstream, recording, drain }.start();
                answer
            }
            Err(refusal) => {
                recording.answered(refusal.code());
                refusal.into_response().map(|body| body.recorded(recording))
            }
        }
    }

    async fn handle<B>(
        &self,
        mut request: Request<B>,
        peer: &Peer,
        recording: &mut Recording,
    ) -> Result<Answer, Refusal>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        self.callers.check(&request, peer.tls)?;
        if self.callers.token.is_some() {
            request.headers_mut().remove(AUTHORIZATION);
        }
        if request.method() == Method::CONNECT {
            let message = "the proxy makes no tunnels by CONNECT";
            return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message));
        }
        let raw = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        match self.routes.find(&raw)? {
            Route::File { files, path } => {
                let path = ApiPath::new(&path)?;
                files.get(request.method(), &path, request.headers()).await.map(Answer::Whole)
            }
            Route::Api { context, path } => {
                let path = ApiPath::new(&path)?;
                if let Some(filter) = &self.callers.filter {
                    filter.check(request.method(), &path)?;
                }
                let opened;
                let target = match context {
                    None => &self.target,
                    Some(name) => {
                        recording.goes_to(name);
                        opened = self.routes.open(name, &self.settings).await?;
                        &opened
                    }
                };
                let rule = self.settings.impersonation;
                headers::check_impersonation(request.headers(), rule, target.impersonates())?;
                // What the caller's path has and the server's has not.
                let under = raw.strip_suffix(path.raw()).unwrap_or_default();
                self.pass(request, (&path, under), target, (peer, recording)).await
            }
        }
    }

    /// Sends a request on that may be sent.
    async fn pass<B>(
        &self,
        mut request: Request<B>,
        (path, under): (&ApiPath<'_>, &str),
        target: &Target,
        (peer, recording): (&Peer, &mut Recording),
    ) -> Result<Answer, Refusal>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        let wanted = headers::upgrade(request.version(), request.headers());
        let caller = wanted.as_ref().map(|_| hyper::upgrade::on(&mut request));
        let (mut head, body) = request.into_parts();
        let ip = peer.address.map(|address| address.ip());
        headers::to_upstream(&mut head.headers, wanted.as_ref(), ip);
        for (name, value) in &self.settings.upstream_headers {
            head.headers.insert(name, value.clone());
        }
        let parts = (head.method, target::uri(path.raw())?, head.headers);
        let onward = Onward::new(parts, body, recording).await?;
        let mut answer = target.send(onward, recording).await?;
        *answer.version_mut() = http::Version::HTTP_11;
        let Some(caller) = caller else {
            headers::from_upstream(answer.headers_mut(), under);
            return Ok(Answer::Whole(answer.map(ProxyBody::upstream)));
        };
        if target::is_upgraded(&answer, wanted.as_ref()) {
            let upstream = hyper::upgrade::on(&mut answer);
            let protocol = answer.headers().get(http::header::UPGRADE).or(wanted.as_ref());
            let protocol = protocol.and_then(|value| value.to_str().ok()).unwrap_or_default();
            let protocol = protocol.to_owned();
            let answer = answer.map(|_: client::Body| ProxyBody::whole(Bytes::new()));
            return Ok(Answer::Upgraded { answer, caller, upstream, protocol });
        }
        refused_upgrade(answer)
    }
}

/// What an upgrade that was refused is answered with; the connection ends, for the caller may have
/// begun to speak the other protocol (PX-35).
fn refused_upgrade(mut answer: Response<client::Body>) -> Result<Answer, Refusal> {
    let status = answer.status();
    if !status.is_client_error() && !status.is_server_error() {
        let message = format!("invalid upgrade response: status code {}", status.as_u16());
        return Err(Refusal::new(StatusCode::BAD_GATEWAY, "BadGateway", message));
    }
    headers::from_upstream(answer.headers_mut(), "");
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(Answer::Whole(answer.map(ProxyBody::upstream)))
}

enum Answer {
    Whole(Response<ProxyBody>),
    Upgraded {
        answer: Response<ProxyBody>,
        caller: hyper::upgrade::OnUpgrade,
        upstream: hyper::upgrade::OnUpgrade,
        protocol: String,
    },
}

impl<B> Service<Request<B>> for Proxy
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<ProxyBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<ProxyBody>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { Ok(inner.answer(request).await) })
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}
