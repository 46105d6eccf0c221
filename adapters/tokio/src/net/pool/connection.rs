//! One connection: how it is made, and what is known of it.

use super::Outgoing;
use super::settled::Watched;
use crate::clock;
use crate::net::connect::{ConnectError, Connector};
use crate::net::proxied_stream::ProxiedStream;
use crate::net::tls::find_failure;
use http::Uri;
use hyper::client::conn::{http1, http2};
use hyper_util::client::legacy::connect::Connection as _;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
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
    /// HTTP/2.
    Shared(Shared),
    /// HTTP/1.1.
    Single(Single),
}

/// A connection of HTTP/2, for many requests at a time.
#[derive(Debug)]
pub(super) struct Shared {
    sender: http2::SendRequest<Outgoing>,
    /// How many requests may be on it.
    limit: usize,
    /// How many requests are on it. Changed under the pool's lock only.
    streams: AtomicUsize,
}

impl Shared {
    /// How many requests may be on it.
    pub(super) fn limit(&self) -> usize {
        self.limit
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

    pub(super) fn add(&self) {
        self.streams.fetch_add(1, Ordering::Relaxed);
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
        return shared(link).await.map(Made::Shared);
    }
    let (sender, connection) = http1::handshake(link).await.map_err(broken)?;
    // It ends with the connection. What went wrong is told to the request that it happened to.
    tokio::spawn(async { drop(connection.with_upgrades().await) });
    let is_proxied = connected.is_proxied();
    Ok(Made::Single(Single { sender, is_proxied, is_reused: false, idle_since: clock::moment() }))
}

async fn shared(link: ProxiedStream) -> Result<Shared, ConnectError> {
    let (link, worked_through) = Watched::new(link);
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        // None until the server has said how many, so that none is sent in vain.
        .initial_max_send_streams(0)
        .keep_alive_interval(PING_AFTER)
        .keep_alive_timeout(PING_TIMEOUT)
        .keep_alive_while_idle(true);
    let (sender, connection) = builder.handshake(link).await.map_err(broken)?;
    let (settled, settings) = oneshot::channel();
    tokio::spawn(drive(connection, worked_through, settled));
    let limit = timeout(SETTINGS_LIMIT, settings)
        .await
        .map_err(|_| ConnectError::TimedOut("the server's HTTP/2 settings"))?
        .map_err(|_| ConnectError::Ended)??;
    // Told to those who wait, or they would connect for as long as the server goes on like that.
    if sender.is_closed() {
        return Err(ConnectError::Ended);
    }
    Ok(Shared { sender, limit: limit.min(MAX_STREAMS), streams: AtomicUsize::new(0) })
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
    mut connection: http2::Connection<Watched<ProxiedStream>, Outgoing, TokioExecutor>,
    worked_through: Arc<Notify>,
    settled: oneshot::Sender<Result<usize, ConnectError>>,
) {
    let limit = loop {
        tokio::select! {
            () = worked_through.notified() => match connection.current_max_send_streams() {
                0 => {}
                limit => break Ok(limit),
            },
            outcome = &mut connection => break Err(match outcome {
                Ok(()) => ConnectError::Ended,
                Err(error) => broken(error),
            }),
        }
    };
    // From here on the transport need not tell.
    drop(worked_through);
    let is_open = limit.is_ok();
    // Whoever wanted it may have given up.
    let _ = settled.send(limit);
    if is_open {
        // What goes wrong is told to the requests that it happens to.
        let _ = connection.await;
    }
}
