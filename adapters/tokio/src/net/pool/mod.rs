//! The connections to one server, on one set of terms.
//!
//! hyper-util's client keeps one connection of HTTP/2, and queues requests when the server's limit
//! of streams is reached: behind as many watches as that, nothing moves any more. This pool counts
//! streams, and makes another connection before the limit is reached, as Go's client does (PX-28).
//!
//! A request that was not sent, or that the server says it has not looked at (GOAWAY, REFUSED_STREAM),
//! is sent again on another connection. So is a GET or another request that changes nothing, if the
//! connection broke without an answer: once, and again on connections that were used before, since
//! those may have been closed for idleness in that moment (PX-29).

mod body;
mod connection;
mod frames;
mod framing;
mod idle;
mod outgoing;
mod queue;
mod send;
mod state;
mod watched;

pub(crate) use body::PooledBody;
pub(crate) use framing::BadFraming;
pub(crate) use outgoing::Outgoing;

use super::connect::{ConnectError, Connector};
use super::informational::TooMany;
use super::words::Chain;
use connection::{Made, Single, make};
use http::{Request, Response, Uri};
use queue::Lane;
use state::{Claim, Connections, Grant};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::task::AbortHandle;
use tower_service::Service;

/// How often connections are looked for that nothing has used for long.
const FORGET_EVERY: Duration = Duration::from_secs(30);

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PoolError {
    /// There is no connection.
    #[error("{0}")]
    Connect(Arc<ConnectError>),
    /// The connection broke, or the other side does not speak HTTP.
    #[error("{}", Chain(.0))]
    Http(hyper::Error),
    /// The answer's head says in no way that Go takes how long its body is.
    #[error(transparent)]
    Framing(#[from] BadFraming),
    /// The server sends informational answers, and not the answer.
    #[error(transparent)]
    Informational(#[from] TooMany),
}

/// Connections to one server. A clone is the same pool.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Inner>);

struct Inner {
    connections: Arc<Connections>,
    /// For what the server likes best.
    any: Connector,
    /// For HTTP/1.1, which requests need that become another protocol.
    http1: Connector,
    server: Uri,
    /// Looks for idle connections.
    keeper: OnceLock<AbortHandle>,
}

impl Pool {
    /// A pool without connections for the server at this URL.
    pub(crate) fn new(any: Connector, http1: Connector, server: Uri) -> Self {
        let connections = Arc::new(Connections::default());
        Self(Arc::new(Inner { connections, any, http1, server, keeper: OnceLock::new() }))
    }

    /// Makes a connection before a request needs it.
    ///
    /// # Errors
    /// When there is none to be had.
    pub(crate) async fn connect_ahead(&self) -> Result<(), Arc<ConnectError>> {
        match self.place(Lane::Short).await {
            Grant::Failed(error) => Err(error),
            // A stream goes back when it is dropped.
            Grant::Stream(_) => Ok(()),
            Grant::Single(single) => {
                self.0.connections.keep(single);
                Ok(())
            }
        }
    }

    /// A place on a connection, as soon as there is one.
    async fn place(&self, lane: Lane) -> Grant {
        let (grant, dial) = match self.0.connections.claim(lane) {
            Claim::Granted { grant, dial } => (Ok(grant), dial),
            Claim::Wait { place, dial } => (Err(place), dial),
        };
        if dial {
            self.dial(lane);
        }
        match grant {
            Ok(grant) => grant,
            Err(place) => {
                place.await.unwrap_or_else(|_| Grant::Failed(Arc::new(ConnectError::Ended)))
            }
        }
    }

    /// Makes a connection, in a task of its own: the request that wants it first may be given up.
    fn dial(&self, lane: Lane) {
        self.keep();
        let pool = self.clone();
        let mut dial = Dial { connections: Arc::clone(&self.0.connections), lane: Some(lane) };
        tokio::spawn(async move {
            let connections = &pool.0.connections;
            let made = make(pool.0.any.clone(), pool.0.server.clone()).await;
            let missing = match made {
                Ok(Made::Single(single)) => connections.made(lane, single),
                Ok(Made::Shared(shared, settings)) => {
                    connections.opened(lane, &shared);
                    match settings.arrive().await {
                        Ok(()) => connections.settled(lane, &shared),
                        Err(error) => connections.unsettled(lane, &shared, error),
                    }
                }
                Err(error) => {
                    connections.failed(lane, error);
                    0
                }
            };
            dial.end();
            (0..missing).for_each(|_| pool.dial(lane));
        });
    }

    /// A connection of HTTP/1.1 for one request alone.
    async fn fresh(&self) -> Result<Single, ConnectError> {
        match make(self.0.http1.clone(), self.0.server.clone()).await? {
            Made::Single(single) => Ok(single),
            Made::Shared(..) => Err(ConnectError::NotHttp1),
        }
    }

    /// Looks for idle connections from now on, for as long as there is this pool.
    fn keep(&self) {
        let inner: Weak<Inner> = Arc::downgrade(&self.0);
        let keeper = || {
            let task = tokio::spawn(async move {
                loop {
                    tokio::time::sleep(FORGET_EVERY).await;
                    let Some(inner) = inner.upgrade() else { return };
                    inner.connections.forget_idle();
                }
            });
            task.abort_handle()
        };
        self.0.keeper.get_or_init(keeper);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(keeper) = self.keeper.get() {
            keeper.abort();
        }
    }
}

/// A connection in the making. If its runtime ends before it is made, those who wait are told.
struct Dial {
    connections: Arc<Connections>,
    /// `None`: it came to an end.
    lane: Option<Lane>,
}

impl Dial {
    fn end(&mut self) {
        self.lane = None;
    }
}

impl Drop for Dial {
    fn drop(&mut self) {
        if let Some(lane) = self.lane {
            self.connections.failed(lane, ConnectError::Ended);
        }
    }
}

impl Service<Request<Outgoing>> for Pool {
    type Response = Response<PooledBody>;
    type Error = PoolError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<PooledBody>, PoolError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), PoolError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Outgoing>) -> Self::Future {
        let pool = self.clone();
        Box::pin(async move { pool.send(request).await })
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("connections", &self.0.connections).finish_non_exhaustive()
    }
}
