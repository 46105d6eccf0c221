//! One connection: how it is made, and what is known of it.

use super::Outgoing;
use super::watched::{Signs, Watched};
use crate::clock;
use crate::net::connect::{ConnectError, Connector};
use crate::net::proxied_stream::ProxiedStream;
use crate::net::tls::find_failure;
use http::Uri;
use hyper::client::conn::{http1, http2};
use hyper_util::client::legacy::connect::Connection as _;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant as Moment, timeout};
use tower_service::Service;

/// client-go's numbers (HT-23).
const PING_AFTER: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(15);

/// A server that has agreed to HTTP/2 sends its settings first.
const SETTINGS_LIMIT: Duration = Duration::from_secs(10);

/// Streams that we put on one connection at most, whatever the server allows. API servers allow 100
/// to 250, and some count their own.
const MAX_STREAMS: usize = 90;

/// A connection that was made.
pub(super) enum Made {
    /// HTTP/2, and when its limit of streams will be known.
    Shared(Arc<Shared>, Settings),
    /// HTTP/1.1.
    Single(Single),
}

/// A connection of HTTP/2, for many requests at a time.
#[derive(Debug)]
pub(super) struct Shared {
    sender: http2::SendRequest<Outgoing>,
    /// How many requests may be on it.
    limit: AtomicUsize,
    /// How many requests are on it. Changed under the pool's lock only.
    streams: AtomicUsize,
    has_carried: AtomicBool,
    has_answered: AtomicBool,
    signs: Arc<Signs>,
}

impl Shared {
    /// How many requests may be on it.
    pub(super) fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    /// How many requests are on it.
    pub(super) fn streams(&self) -> usize {
        self.streams.load(Ordering::Relaxed)
    }

    /// How many more may be.
    pub(super) fn room(&self) -> usize {
        match self.is_closed() {
            true => 0,
            false => self.limit().saturating_sub(self.streams()),
        }
    }

    /// Whether it takes no more requests: it broke, or the server told us to go away.
    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Whether it was ended because the server sent too many informational answers.
    pub(super) fn is_flooded(&self) -> bool {
        self.signs.is_flooded()
    }

    /// One more request is on it. Says whether it is the first.
    pub(super) fn add(&self) -> bool {
        self.streams.fetch_add(1, Ordering::Relaxed);
        !self.has_carried.swap(true, Ordering::Relaxed)
    }

    /// A request on it was answered.
    pub(super) fn answered(&self) {
        self.has_answered.store(true, Ordering::Relaxed);
    }

    /// Whether a request on it was answered.
    pub(super) fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    pub(super) fn remove(&self) {
        self.streams.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn sender(&self) -> http2::SendRequest<Outgoing> {
        self.sender.clone()
    }
}

/// A connection of HTTP/1.1, for one request after another.
#[derive(Debug)]
pub(super) struct Single {
    pub(super) sender: http1::SendRequest<Outgoing>,
    /// It ends at a proxy, which wants whole URLs.
    pub(super) is_proxied: bool,
    /// It has carried a request before.
    pub(super) is_reused: bool,
    /// Since when nothing uses it.
    pub(super) idle_since: Moment,
}

/// Connects, and agrees on a version of HTTP.
pub(super) async fn make(mut connector: Connector, server: Uri) -> Result<Made, ConnectError> {
    let link = connector.call(server).await?;
    let connected = link.connected();
    if connected.is_negotiated_h2() {
        return shared(link).await;
    }
    let (sender, connection) = http1::handshake(link).await.map_err(broken)?;
    // It ends with the connection. What went wrong is told to the request that it happened to.
    tokio::spawn(async { drop(connection.with_upgrades().await) });
    let is_proxied = connected.is_proxied();
    Ok(Made::Single(Single { sender, is_proxied, is_reused: false, idle_since: clock::moment() }))
}

async fn shared(link: ProxiedStream) -> Result<Made, ConnectError> {
    let (link, signs) = Watched::new(TokioIo::new(link));
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .initial_max_send_streams(1)
        .keep_alive_interval(PING_AFTER)
        .keep_alive_timeout(PING_TIMEOUT)
        .keep_alive_while_idle(true);
    let handshake = builder.handshake(TokioIo::new(link)).await;
    let (sender, connection) = handshake.map_err(broken)?;
    let (known, limit) = oneshot::channel();
    tokio::spawn(drive(connection, Arc::clone(&signs), known));
    // One request may go at once, which saves it the wait for the settings. Any server takes one.
    let shared = Arc::new(Shared {
        sender,
        limit: AtomicUsize::new(1),
        streams: AtomicUsize::new(0),
        has_carried: AtomicBool::new(false),
        has_answered: AtomicBool::new(false),
        signs,
    });
    let settings = Settings { shared: Arc::clone(&shared), limit };
    Ok(Made::Shared(shared, settings))
}

/// The server's settings, which may still be on their way.
pub(super) struct Settings {
    shared: Arc<Shared>,
    limit: oneshot::Receiver<Result<usize, ConnectError>>,
}

impl Settings {
    /// Waits for them. From then on the connection takes as many requests as they allow.
    pub(super) async fn arrive(self) -> Result<(), ConnectError> {
        let limit = timeout(SETTINGS_LIMIT, self.limit)
            .await
            .map_err(|_| ConnectError::TimedOut("the server's HTTP/2 settings"))?
            .map_err(|_| ConnectError::Ended)??;
        // Told to those who wait, or they would connect for as long as the server goes on like that.
        if self.shared.is_closed() {
            return Err(ConnectError::Ended);
        }
        // A server that allows none for now lets requests wait on it.
        self.shared.limit.store(limit.clamp(1, MAX_STREAMS), Ordering::Relaxed);
        Ok(())
    }
}

/// A server of TLS 1.3 may refuse our certificate after the handshake, in place of its settings.
fn broken(error: hyper::Error) -> ConnectError {
    match find_failure(&error) {
        Some(failure) => ConnectError::Tls { with: "the server".to_owned(), failure },
        None => ConnectError::Http { error },
    }
}

/// Carries a connection to its end. Tells how many streams the server allows, once that is known.
async fn drive(
    mut connection: http2::Connection<
        TokioIo<Watched<TokioIo<ProxiedStream>>>,
        Outgoing,
        TokioExecutor,
    >,
    signs: Arc<Signs>,
    known: oneshot::Sender<Result<usize, ConnectError>>,
) {
    let limit = tokio::select! {
        () = signs.settled.notified() => Ok(connection.current_max_send_streams()),
        outcome = &mut connection => Err(match outcome {
            Ok(()) => ConnectError::Ended,
            Err(error) => broken(error),
        }),
    };
    let is_open = limit.is_ok();
    // The pool may have gone.
    let _ = known.send(limit);
    if is_open {
        // What goes wrong is told to the requests that it happens to.
        let _ = connection.await;
    }
}
