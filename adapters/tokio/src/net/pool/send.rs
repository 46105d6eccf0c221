//! Sends one request, again if need be and if that is harmless.

use super::body::{Place, PooledBody};
use super::connection::Single;
use super::queue::Lane;
use super::state::{Grant, Stream};
use super::{Outgoing, Pool, PoolError, framing};
use crate::net::informational::{Limit, TooMany};
use http::header::{HOST, UPGRADE};
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderValue, Method, Request, Response, Uri, Version};
use http_body::Body as _;
use hyper::client::conn::TrySendError;
use std::error::Error;
use std::io;
use std::sync::Arc;

/// A request is sent so many times at most. Each time but the first needs a connection that ended in
/// that moment.
const MAX_TRIES: usize = 5;

/// A request is given to so many connections at most that end before they send it. A connection that
/// the server ends is offered until its own task has heard of it.
const MAX_UNSENT: usize = 100;

/// What came of one try.
type Outcome = Result<Response<PooledBody>, Failed>;

/// No answer.
enum Failed {
    /// And there will be none.
    Finally(PoolError),
    /// The connection broke, or the server said something else than an answer.
    Broke(Box<TrySendError<Request<Outgoing>>>, SentOn),
}

impl From<TooMany> for Failed {
    fn from(error: TooMany) -> Self {
        Self::Finally(error.into())
    }
}

/// What was known of the connection when the request was sent.
#[derive(Clone, Copy)]
struct SentOn {
    /// It had carried no request before.
    is_first: bool,
    /// It had answered one before.
    is_reused: bool,
}

impl Pool {
    /// Sends a request whose URI is whole.
    pub(super) async fn send(
        &self,
        mut request: Request<Outgoing>,
    ) -> Result<Response<PooledBody>, PoolError> {
        let original = Original::of(&request);
        let (mut sent, mut unsent) = (0, 0);
        loop {
            original.restore(&mut request);
            // A GET that becomes another protocol may well change something: `exec` runs a command.
            let copy = copy(&request).filter(|_| !is_upgrade(&request));
            let (mut failed, sent_on) = match self.send_once(request, &original).await {
                Ok(response) => return Ok(response),
                Err(Failed::Finally(error)) => return Err(error),
                Err(Failed::Broke(failed, sent_on)) => (failed, sent_on),
            };
            let message = failed.take_message();
            let error = failed.into_error();
            let again = if let Some(message) = message {
                unsent += 1;
                tokio::task::yield_now().await;
                Some(message).filter(|_| unsent < MAX_UNSENT)
            } else {
                sent += 1;
                let is_harmless = |copy: &Request<Outgoing>| {
                    may_repeat(&error, copy.method(), sent_on, sent == 1)
                };
                copy.filter(|copy| sent < MAX_TRIES && is_harmless(copy))
            };
            match again {
                Some(again) => request = again,
                None => return Err(PoolError::Http(error)),
            }
        }
    }

    async fn send_once(&self, request: Request<Outgoing>, original: &Original) -> Outcome {
        let connect = |error| Failed::Finally(PoolError::Connect(error));
        if is_upgrade(&request) {
            let single = self.fresh().await.map_err(|error| connect(error.into()))?;
            return self.send_single(single, request, &original.uri).await;
        }
        match self.place(original.lane).await {
            Grant::Stream(stream) => send_stream(stream, request).await,
            Grant::Single(single) => self.send_single(single, request, &original.uri).await,
            Grant::Failed(error) => Err(connect(error)),
        }
    }

    async fn send_single(
        &self,
        single: Single,
        mut request: Request<Outgoing>,
        uri: &Uri,
    ) -> Outcome {
        let mut single = single;
        *request.version_mut() = Version::HTTP_11;
        if let Some(host) = host(uri) {
            request.headers_mut().entry(HOST).or_insert(host);
        }
        if !single.is_proxied {
            *request.uri_mut() = path_of(uri);
        }
        let is_upgrade = is_upgrade(&request);
        let is_reused = single.is_reused;
        let limit = Limit::of(&mut request);
        // With a body, the answer may end before the request does, which may then take any time.
        let has_body = !request.body().is_end_stream();
        let sent_on = SentOn { is_first: !is_reused, is_reused };
        let answer = limit.hold(single.sender.try_send_request(request)).await?;
        let answer = answer.map_err(|failed| Failed::Broke(failed.into(), sent_on))?;
        framing::check(answer.headers()).map_err(|error| Failed::Finally(error.into()))?;
        if is_upgrade {
            return Ok(answer.map(|body| PooledBody::new(body, None)));
        }
        let number = self.0.connections.lend();
        let place = Place::Single(Arc::downgrade(&self.0.connections), number);
        let place = Some(place).filter(|_| !has_body);
        let pool = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            // Not before the answer's body has been read; and not at all if the connection ends.
            let is_open = single.sender.ready().await.is_ok();
            let Some(pool) = pool.upgrade().map(Self) else { return };
            let missing = pool.0.connections.put_back(number, is_open.then_some(single));
            for (lane, missing) in missing {
                for _ in 0..missing {
                    pool.dial(lane);
                }
            }
        });
        Ok(answer.map(|body| PooledBody::new(body, place)))
    }
}

async fn send_stream(stream: Stream, mut request: Request<Outgoing>) -> Outcome {
    *request.version_mut() = Version::HTTP_2;
    let answer = stream.shared.sender().try_send_request(request).await;
    match answer {
        Ok(answer) => {
            stream.shared.answered();
            let place = Place::Stream { _stream: stream };
            Ok(answer.map(|body| PooledBody::new(body, Some(place))))
        }
        Err(_) if stream.shared.is_flooded() => Err(TooMany.into()),
        Err(failed) => {
            let sent_on = SentOn { is_first: stream.is_first, is_reused: stream.is_reused };
            Err(Failed::Broke(failed.into(), sent_on))
        }
    }
}

fn is_upgrade(request: &Request<Outgoing>) -> bool {
    request.headers().contains_key(UPGRADE)
}

/// What a try changes.
struct Original {
    uri: Uri,
    has_host: bool,
    lane: Lane,
}

impl Original {
    fn of(request: &Request<Outgoing>) -> Self {
        let has_host = request.headers().contains_key(HOST);
        Self { uri: request.uri().clone(), has_host, lane: lane(request) }
    }

    fn restore(&self, request: &mut Request<Outgoing>) {
        request.uri_mut().clone_from(&self.uri);
        if !self.has_host {
            request.headers_mut().remove(HOST);
        }
    }
}

/// The same request, if its body can be sent twice.
fn copy(request: &Request<Outgoing>) -> Option<Request<Outgoing>> {
    let mut copy = Request::new(request.body().copy()?);
    copy.method_mut().clone_from(request.method());
    copy.headers_mut().clone_from(request.headers());
    copy.extensions_mut().clone_from(request.extensions());
    Some(copy)
}

/// Requests that last: those to watch, and to follow a log.
fn lane(request: &Request<Outgoing>) -> Lane {
    let query = request.uri().query().unwrap_or_default();
    let lasts = |pair: &str| matches!(pair.split_once('='), Some(("watch" | "follow", value)) if matches!(value, "true" | "1" | "t"));
    match query.split('&').any(lasts) || request.uri().path().starts_with("/api/v1/watch/") {
        true => Lane::Long,
        false => Lane::Short,
    }
}

/// Whether sending it again can do no harm: the server says that it has not looked at it, or it
/// changes nothing and the connection broke, which a server may do in the moment in which it is used.
/// One that ends a new connection with an error, over its first request, did not like that request
/// (it may be too large): as Go, we do not repeat it.
fn may_repeat(error: &hyper::Error, method: &Method, on: SentOn, is_first_try: bool) -> bool {
    let may_be_chance = method.is_safe() && (on.is_reused || is_first_try);
    if let Some(error) = cause::<h2::Error>(error) {
        let refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
        // h2 gives this error to requests alone that the server says it has not looked at.
        let leaves =
            error.is_go_away() && (error.reason() == Some(h2::Reason::NO_ERROR) || !on.is_first);
        let broke = error.get_io().is_some_and(is_break);
        return (error.is_remote() && (refused || leaves)) || (may_be_chance && broke);
    }
    let broke = error.is_incomplete_message()
        || error.is_canceled()
        || error.is_closed()
        || cause::<io::Error>(error).is_some_and(is_break);
    may_be_chance && broke
}

/// Whether the connection ended, which is no fault of what was sent over it.
fn is_break(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::BrokenPipe
            | Kind::ConnectionAborted
            | Kind::ConnectionReset
            | Kind::NotConnected
            | Kind::TimedOut
            | Kind::UnexpectedEof
    )
}

/// The first cause of this type.
fn cause<E: Error + 'static>(error: &hyper::Error) -> Option<&E> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// The path and query alone.
fn path_of(uri: &Uri) -> Uri {
    let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    Uri::from(path)
}

/// The Host header: with the port, unless it is the scheme's own.
fn host(uri: &Uri) -> Option<HeaderValue> {
    let own = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
    let host = uri.host()?;
    let text = match uri.port_u16() {
        Some(port) if port != own => format!("{host}:{port}"),
        _ => host.to_owned(),
    };
    text.parse().ok()
}
