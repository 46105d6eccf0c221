//! From an authenticated request to an answer: the right connections, URI and encoding.

use super::body::Body;
use super::pool::IdentityPool;
use super::{ClientError, gzip};
use crate::net::pool::Outgoing;
use crate::net::{ConnectionSettings, ServerNames, proxy_authorization};
use crate::{Auth, Credential, clock};
use arc_swap::ArcSwapOption;
use http::header::{ACCEPT_ENCODING, PROXY_AUTHORIZATION, RANGE, UPGRADE, USER_AGENT};
use http::{HeaderValue, Method, Request, Response};
use kubecred_core::Secret;
use kubecred_host::TlsMaterial;
use kubecred_host::net::{self, Address, ProxyKind, Route};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant as Moment, timeout};
use tower_service::Service;

pub(crate) const USER_AGENT_OURS: &str = concat!("kubecred/", env!("CARGO_PKG_VERSION"));

/// Requests may go on for so long on the connections of the certificate before, while one is made
/// with the new one.
const CONNECT_AHEAD: Duration = Duration::from_secs(2);

/// Sends requests over the connections that belong to their credential.
#[derive(Clone)]
pub(crate) struct Transport(Arc<Inner>);

struct Inner {
    auth: Auth,
    address: Address,
    settings: ConnectionSettings,
    proxy_authorization: Option<HeaderValue>,
    gzip: bool,
    /// The connections of the newest credential.
    pool: ArcSwapOption<IdentityPool>,
    coming: Mutex<Option<Coming>>,
    /// Those of requests that came with credentials of their own before there was one.
    own_authorization: Mutex<Option<(Arc<TlsMaterial>, Arc<IdentityPool>)>>,
}

/// The connections that will be next, as soon as they are connected.
struct Coming {
    pool: Arc<IdentityPool>,
    /// When they are used in any case. The task that connects may have ended with its runtime.
    until: Moment,
}

impl Transport {
    pub(crate) fn new(
        auth: Auth,
        address: Address,
        keep_alive: Option<Duration>,
    ) -> Result<Self, ClientError> {
        let cluster = &auth.profile().cluster;
        let route = net::route(&cluster.proxy, &address.base(), auth.proxies())?;
        let proxy_authorization = match &route {
            Route::Proxy(endpoint) if !address.is_https() && endpoint.kind != ProxyKind::Socks5 => {
                proxy_authorization(endpoint)
            }
            _ => None,
        };
        let names = ServerNames::of_cluster(cluster, &address)?;
        let provider = auth.crypto_provider()?;
        let settings = ConnectionSettings::new(cluster, route, names, provider);
        let settings = ConnectionSettings { keep_alive, ..settings };
        let gzip = !cluster.disable_compression;
        Ok(Self(Arc::new(Inner {
            auth,
            address,
            settings,
            proxy_authorization,
            gzip,
            pool: ArcSwapOption::empty(),
            coming: Mutex::new(None),
            own_authorization: Mutex::new(None),
        })))
    }

    /// Sends a request without asking for an encoding of the answer.
    pub(crate) async fn send_as_is(
        &self,
        mut request: Request<Outgoing>,
    ) -> Result<Response<Body>, ClientError> {
        let pool = self.0.prepare(&mut request).await?;
        let answer = pool.pool.clone().call(request).await?.map(Body::new);
        Ok(pool.told(answer))
    }
}

impl Service<Request<Outgoing>> for Transport {
    type Response = Response<Body>;
    type Error = ClientError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, ClientError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ClientError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Outgoing>) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { inner.send(request).await })
    }
}

impl Inner {
    async fn send(
        self: &Arc<Self>,
        mut request: Request<Outgoing>,
    ) -> Result<Response<Body>, ClientError> {
        let pool = self.prepare(&mut request).await?;
        let headers = request.headers();
        // Whoever asks for an encoding, or for a part of one, gets what they asked for.
        let plain = headers.contains_key(ACCEPT_ENCODING) || headers.contains_key(RANGE);
        let upgrade = headers.contains_key(UPGRADE);
        let mut client = pool.pool.clone();
        let answer = if self.gzip && !plain && !upgrade && request.method() != Method::HEAD {
            gzip::send(&mut client, request).await?
        } else {
            client.call(request).await?.map(Body::new)
        };
        Ok(pool.told(answer))
    }

    /// Makes the request whole, and says over which connections it goes.
    async fn prepare(
        self: &Arc<Self>,
        request: &mut Request<Outgoing>,
    ) -> Result<Arc<IdentityPool>, ClientError> {
        let pool = match request.extensions_mut().remove::<Credential>() {
            Some(credential) => self.pool(&credential)?,
            None => self.pool_without_credential().await?,
        };
        *request.uri_mut() = self.address.join(request.uri())?;
        let headers = request.headers_mut();
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(USER_AGENT_OURS));
        if let Some(login) = &self.proxy_authorization {
            headers.insert(PROXY_AUTHORIZATION, login.clone());
        }
        Ok(pool)
    }

    /// The connections for this credential. An older one may use newer connections; and for a
    /// moment a newer one uses the older connections, so that no request waits for a handshake.
    fn pool(self: &Arc<Self>, credential: &Credential) -> Result<Arc<IdentityPool>, ClientError> {
        let fits = |pool: &Arc<IdentityPool>| pool.connection >= credential.connection();
        if let Some(pool) = self.pool.load_full().filter(fits) {
            return Ok(pool);
        }
        // One at a time makes one, or each of a crowd would make its own connections.
        let mut coming = lock(&self.coming);
        let current = self.pool.load_full();
        if let Some(pool) = current.clone().filter(fits) {
            return Ok(pool);
        }
        let is_in_time = coming.as_ref().is_none_or(|coming| clock::moment() < coming.until);
        let current = current.filter(|pool| is_in_time && pool.is_usable());
        let next = match coming.as_ref().map(|coming| &coming.pool).filter(|pool| fits(pool)) {
            Some(next) => Arc::clone(next),
            None => {
                let tls = (credential.roots(), credential.identity());
                let server = self.address.base();
                let next = IdentityPool::new(&self.settings, server, Some(credential), tls)?;
                let next = Arc::new(next);
                if current.is_some() {
                    self.connect_ahead(Arc::clone(&next));
                    // The time of one rotation is not prolonged by the next.
                    let until = match &*coming {
                        Some(before) => before.until,
                        None => clock::moment() + CONNECT_AHEAD,
                    };
                    *coming = Some(Coming { pool: Arc::clone(&next), until });
                }
                next
            }
        };
        if let Some(current) = current {
            return Ok(current);
        }
        *coming = None;
        // The old one goes with its idle connections, when its last request is answered.
        self.pool.store(Some(Arc::clone(&next)));
        Ok(next)
    }

    /// Connects, and lets requests use that from then on; or after a while in any case.
    fn connect_ahead(self: &Arc<Self>, next: Arc<IdentityPool>) {
        let inner = Arc::downgrade(self);
        tokio::spawn(async move {
            // What goes wrong is told to the next request.
            let _ = timeout(CONNECT_AHEAD, next.pool.connect_ahead()).await;
            let Some(inner) = inner.upgrade() else { return };
            let mut coming = lock(&inner.coming);
            if coming.take_if(|coming| Arc::ptr_eq(&coming.pool, &next)).is_some() {
                inner.pool.store(Some(next));
            }
        });
    }

    /// The connections for a request that brings credentials of its own: for it nothing is run.
    async fn pool_without_credential(self: &Arc<Self>) -> Result<Arc<IdentityPool>, ClientError> {
        if let Some(credential) = self.auth.peek() {
            return self.pool(&credential);
        }
        let material = self.auth.connection().await?;
        let mut made = lock(&self.own_authorization);
        if let Some((_, pool)) = made.as_ref().filter(|(of, _)| *of == material) {
            return Ok(Arc::clone(pool));
        }
        let tls = (material.roots.as_ref().map(Secret::expose), material.identity.as_ref());
        let pool = IdentityPool::new(&self.settings, self.address.base(), None, tls)?;
        let pool = Arc::new(pool);
        *made = Some((material, Arc::clone(&pool)));
        Ok(pool)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("address", &self.0.address)
            .field("route", &self.0.settings.route)
            .finish_non_exhaustive()
    }
}
