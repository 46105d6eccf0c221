//! One connection: its handshake, then its requests, each authenticated and answered.

use crate::accounts::Accounts;
use crate::body::ReplyBody;
use crate::caller::Caller;
use crate::exchange::{Exchange, Journal, Tally};
use crate::held::Held;
use crate::respond::{self, Script};
use crate::status;
use crate::tls::ClientCheck;
use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// A client that has not finished its handshake by then is let go.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// kube-apiserver takes no larger request than this either.
const BODY_LIMIT: usize = 3 * 1024 * 1024;

/// Tokens can be long; this is what kube-apiserver takes.
const HEADER_LIMIT: u32 = 1024 * 1024;

/// What all connections of one server share.
pub(crate) struct Shared {
    pub(crate) accounts: Accounts,
    pub(crate) script: Option<Script>,
    pub(crate) journal: Journal,
    pub(crate) tally: Tally,
    pub(crate) answered: watch::Sender<u64>,
    pub(crate) check: ClientCheck,
    /// `None` is plain HTTP.
    pub(crate) tls: Option<RwLock<Arc<ServerConfig>>>,
    pub(crate) http1_only: bool,
    /// Streams that a client may have open on one connection of HTTP/2.
    pub(crate) max_streams: u32,
    /// Requests that stay open.
    pub(crate) held: Held,
    /// Counts the calls for all connections to end when they have answered what they have.
    pub(crate) go_away: watch::Sender<u64>,
}

/// Serves a connection until either side ends it. What goes wrong on it ends it too, and is nobody else's affair.
pub(crate) async fn serve(shared: Arc<Shared>, stream: TcpStream, connection: u64) {
    let config =
        shared.tls.as_ref().map(|tls| tls.read().unwrap_or_else(PoisonError::into_inner).clone());
    let Some(config) = config else {
        return serve_http(shared, stream, Caller::plain(connection)).await;
    };
    let Ok(Ok(stream)) = timeout(HANDSHAKE_LIMIT, TlsAcceptor::from(config).accept(stream)).await
    else {
        shared.tally.handshakes_failed.fetch_add(1, Ordering::Relaxed);
        return;
    };
    shared.tally.handshakes.fetch_add(1, Ordering::Relaxed);
    let caller = Caller::of_handshake(connection, stream.get_ref().1, &shared.check);
    serve_http(shared, stream, caller).await;
}

async fn serve_http<S>(shared: Arc<Shared>, stream: S, caller: Caller)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http2().max_concurrent_streams(shared.max_streams).max_header_list_size(HEADER_LIMIT);
    let http = if shared.http1_only { http.http1_only() } else { http };
    let caller = Arc::new(caller);
    let mut go_away = shared.go_away.subscribe();
    let service = service_fn(move |request| {
        let (shared, caller) = (Arc::clone(&shared), Arc::clone(&caller));
        async move { Ok::<_, Infallible>(exchange(&shared, &caller, request).await) }
    });
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    loop {
        tokio::select! {
            // An error here is the client's going away in the middle of something.
            _ = connection.as_mut() => return,
            Ok(()) = go_away.changed() => connection.as_mut().graceful_shutdown(),
        }
    }
}

async fn exchange(
    shared: &Shared,
    caller: &Caller,
    request: Request<Incoming>,
) -> Response<ReplyBody> {
    let (parts, body) = request.into_parts();
    let (parts, reply) = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => answer(shared, caller, Request::from_parts(parts, body.to_bytes())).await,
        Err(_) => {
            let message = "the request's body is too large, or broke off";
            (
                parts,
                status::refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message),
            )
        }
    };
    shared.tally.count(reply.status());
    if shared.journal.is_kept() {
        shared.journal.write(Exchange::new(&parts, caller, reply.status()));
    }
    shared.answered.send_modify(|answered| *answered += 1);
    reply
}

async fn answer(
    shared: &Shared,
    caller: &Caller,
    mut request: Request<Bytes>,
) -> (Parts, Response<ReplyBody>) {
    if shared.accounts.take_rejection() {
        return (request.into_parts().0, status::unauthorized());
    }
    let user = shared.accounts.authenticate(caller, request.headers(), SystemTime::now());
    if let Some(script) = &shared.script {
        if let Some(user) = &user {
            request.extensions_mut().insert(user.clone());
        }
        if let Some(reply) = script(&request) {
            return (request.into_parts().0, reply.map(ReplyBody::Whole));
        }
    }
    let (parts, body) = request.into_parts();
    let reply = match user {
        Some(user) => {
            let state = (&shared.accounts, &shared.held);
            respond::reply(&parts, &body, caller, user, state).await
        }
        None => status::unauthorized(),
    };
    (parts, reply)
}
