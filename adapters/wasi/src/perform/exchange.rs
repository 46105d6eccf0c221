//! One HTTP request through `wasi:http`, and its answer as it comes in.

use super::unsupported;
use http::Uri;
use kubecred_core::protocol::HttpResponse;
use kubecred_core::{Failure, FailureKind, Secret};
use kubecred_host::fs::Bounded;
use std::mem::replace;
use std::time::Duration;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method,
    OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
};
use wasip2::io::poll::Pollable;
use wasip2::io::streams::{InputStream, StreamError};

/// The most that a stream takes at once.
const CHUNK: usize = 4096;
/// The most that is read at once.
const READ: u64 = 64 * 1024;

/// What is to be sent.
pub(crate) struct Message<'a> {
    pub(crate) method: http::Method,
    pub(crate) url: Uri,
    pub(crate) headers: Vec<(&'a str, &'a [u8])>,
    pub(crate) body: &'a [u8],
    /// For connecting, and for each pause in the answer.
    pub(crate) timeout: Option<Duration>,
}

impl Message<'_> {
    /// Fails for a URL that is neither http nor https, or has no host.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match (self.url.scheme_str(), self.url.host()) {
            (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(()),
            _ => Err(unsupported("the URL is neither http nor https")),
        }
    }

    fn request(&self) -> Result<OutgoingRequest, Failure> {
        let fields = Fields::new();
        for (name, value) in &self.headers {
            fields.append(name, value).map_err(|error| {
                unsupported(&format!("the header {name:?} cannot be sent: {error}"))
            })?;
        }
        let request = OutgoingRequest::new(fields);
        let scheme = match self.url.scheme_str() {
            Some("http") => Scheme::Http,
            _ => Scheme::Https,
        };
        let authority = self.url.authority().map_or("", |authority| authority.as_str());
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let path = self.url.path_and_query().map_or("/", |path| path.as_str());
        request
            .set_method(&method(&self.method))
            .and_then(|()| request.set_scheme(Some(&scheme)))
            .and_then(|()| request.set_authority(Some(authority)))
            .and_then(|()| request.set_path_with_query(Some(path)))
            .map_err(|()| unsupported("the method or the URL cannot be sent"))?;
        Ok(request)
    }

    fn options(&self) -> Option<RequestOptions> {
        let nanos = u64::try_from(self.timeout?.as_nanos()).unwrap_or(u64::MAX);
        let options = RequestOptions::new();
        // An embedder that has no such limits has others, and we look at the clock as well.
        let _ = options.set_connect_timeout(Some(nanos));
        let _ = options.set_first_byte_timeout(Some(nanos));
        let _ = options.set_between_bytes_timeout(Some(nanos));
        Some(options)
    }
}

fn method(method: &http::Method) -> Method {
    match method.as_str() {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "PATCH" => Method::Patch,
        "OPTIONS" => Method::Options,
        other => Method::Other(other.to_owned()),
    }
}

/// What will come back. What is made from another stands before it: it has to be given back first.
pub(crate) struct Answer {
    ready: Pollable,
    future: FutureIncomingResponse,
}

impl Answer {
    /// Sends the request.
    pub(crate) fn start(message: &Message<'_>) -> Result<Self, Failure> {
        let request = message.request()?;
        let body = request.body().map_err(|()| unsupported("the request takes no body"))?;
        let sent = outgoing_handler::handle(request, message.options());
        let future = sent.map_err(|error| network(&error))?;
        // The server may answer without hearing the end: that is an answer too, not a failure.
        if write(&body, message.body).is_ok() {
            let _ = OutgoingBody::finish(body, None);
        }
        Ok(Self { ready: future.subscribe(), future })
    }

    /// What to wait for before looking again.
    pub(crate) fn ready(&self) -> &Pollable {
        &self.ready
    }

    /// The head of it, if that is there.
    pub(crate) fn look(&self) -> Option<Result<IncomingResponse, Failure>> {
        Some(match self.future.get()? {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(network(&error)),
            Err(()) => Err(other("the answer was taken already")),
        })
    }
}

fn write(body: &OutgoingBody, bytes: &[u8]) -> Result<(), ()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let stream = body.write()?;
    bytes.chunks(CHUNK).try_for_each(|chunk| stream.blocking_write_and_flush(chunk).map_err(|_| ()))
}

/// What `wasi:http` says went wrong.
fn network(error: &ErrorCode) -> Failure {
    let kind = match error {
        ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::DnsTimeout
        | ErrorCode::HttpResponseTimeout => FailureKind::TimedOut,
        ErrorCode::HttpRequestDenied => FailureKind::Denied,
        _ => FailureKind::Network,
    };
    Failure::new(kind, error.to_string())
}

/// A request on its way, as far as it has come.
pub(crate) struct Exchange {
    stage: Stage,
    limit: u64,
}

enum Stage {
    Waiting(Answer),
    Reading { answer: HttpResponse, incoming: Incoming, body: Bounded },
    Over,
}

impl Exchange {
    pub(crate) fn start(message: &Message<'_>, limit: u64) -> Result<Self, Failure> {
        Ok(Self { stage: Stage::Waiting(Answer::start(message)?), limit })
    }

    /// What to wait for before looking again.
    pub(crate) fn ready(&self) -> Option<&Pollable> {
        match &self.stage {
            Stage::Waiting(answer) => Some(answer.ready()),
            Stage::Reading { incoming, .. } => Some(&incoming.ready),
            Stage::Over => None,
        }
    }

    /// The answer, once it is all there.
    pub(crate) fn look(&mut self) -> Option<Result<HttpResponse, Failure>> {
        loop {
            match replace(&mut self.stage, Stage::Over) {
                Stage::Waiting(answer) => match answer.look() {
                    None => {
                        self.stage = Stage::Waiting(answer);
                        return None;
                    }
                    Some(outcome) => {
                        drop(answer);
                        match outcome.and_then(|response| self.read(response)) {
                            Ok(reading) => self.stage = reading,
                            Err(failure) => return Some(Err(failure)),
                        }
                    }
                },
                Stage::Reading { answer, incoming, mut body } => {
                    let bytes = match incoming.read() {
                        Ok(Some(bytes)) => bytes,
                        Ok(None) => {
                            return Some(Ok(HttpResponse { body: body.into_secret(), ..answer }));
                        }
                        Err(failure) => return Some(Err(failure)),
                    };
                    let none_yet = bytes.is_empty();
                    if let Err(failure) = body.push(&bytes) {
                        return Some(Err(failure));
                    }
                    self.stage = Stage::Reading { answer, incoming, body };
                    if none_yet {
                        return None;
                    }
                }
                Stage::Over => return Some(Err(other("it is over already"))),
            }
        }
    }

    fn read(&self, response: IncomingResponse) -> Result<Stage, Failure> {
        let mut answer = HttpResponse::new(response.status(), Secret::default());
        for (name, value) in response.headers().entries() {
            answer.push_header(&name, &value);
        }
        let incoming = Incoming::new(response)?;
        Ok(Stage::Reading { answer, incoming, body: Bounded::new(self.limit) })
    }
}

/// The body of an answer on its way. What is made from another stands before it: it has to be given
/// back first.
pub(crate) struct Incoming {
    pub(crate) ready: Pollable,
    stream: InputStream,
    _body: IncomingBody,
    _response: IncomingResponse,
}

impl Incoming {
    pub(crate) fn new(response: IncomingResponse) -> Result<Self, Failure> {
        let taken = |()| other("the body was taken already");
        let body = response.consume().map_err(taken)?;
        let stream = body.stream().map_err(taken)?;
        Ok(Self { ready: stream.subscribe(), stream, _body: body, _response: response })
    }

    /// The next bytes; none if there are none yet; `None` at the end.
    pub(crate) fn read(&self) -> Result<Option<Vec<u8>>, Failure> {
        match self.stream.read(READ) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(StreamError::Closed) => Ok(None),
            Err(StreamError::LastOperationFailed(error)) => {
                let known = wasip2::http::types::http_error_code(&error);
                Err(match known {
                    Some(code) => network(&code),
                    None => Failure::new(FailureKind::Network, error.to_debug_string()),
                })
            }
        }
    }
}

fn other(what: &str) -> Failure {
    Failure::new(FailureKind::Other, what)
}
