//! Answers as they come in.

use super::ClientError;
use crate::perform::{Answer, Incoming, wait};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use kubecred_core::{Failure, FailureKind, Instant};
use kubecred_host::Clock;
use std::fmt;
use std::io::{self, Read};
use std::time::Duration;

/// When it is enough.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timer {
    pub(super) clock: Clock,
    /// The time that there was, and when it is over.
    pub(super) limit: Option<(Duration, Instant)>,
}

impl Timer {
    /// How long there is left.
    pub(super) fn left(self) -> Option<Duration> {
        let (_, end) = self.limit?;
        Some(end.since(self.clock.now().monotonic))
    }

    /// The time that there was, if it is over.
    fn over(self) -> Option<Duration> {
        let (limit, end) = self.limit?;
        (self.clock.now().monotonic >= end).then_some(limit)
    }
}

/// Waits for the head of the answer.
pub(super) fn receive(answer: Answer, timer: Timer) -> Result<Response<Body>, ClientError> {
    let outcome = loop {
        if let Some(outcome) = answer.look() {
            break outcome;
        }
        if let Some(limit) = timer.over() {
            return Err(ClientError::TimedOut(limit));
        }
        wait(&[answer.ready()], timer.left());
    };
    let response = outcome.map_err(ClientError::Http)?;
    let unfit = |what: &str| ClientError::Http(Failure::new(FailureKind::Network, what));
    let status = StatusCode::from_u16(response.status()).map_err(|_| unfit("not a status"))?;
    let fields = response.headers().entries();
    let incoming = Incoming::new(response).map_err(ClientError::Http)?;
    let body = Body { incoming: Some(incoming), chunk: Vec::new(), taken: 0, timer };
    let mut whole = Response::new(body);
    *whole.status_mut() = status;
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unfit("not a header"))?;
        let value = HeaderValue::from_bytes(&value).map_err(|_| unfit("not a header"))?;
        whole.headers_mut().append(name, value);
    }
    Ok(whole)
}

/// The body of an answer: read it as it comes in, so that a watch can be followed, or take all of
/// it ([`Body::bytes`]).
pub struct Body {
    /// `None`: that was the end.
    incoming: Option<Incoming>,
    chunk: Vec<u8>,
    /// So much of the chunk.
    taken: usize,
    timer: Timer,
}

impl Body {
    /// All of it, if it is not longer than `limit`.
    ///
    /// # Errors
    /// When the connection breaks, the time is over, or there is more.
    pub fn bytes(self, limit: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        match u64::try_from(bytes.len()) {
            Ok(len) if len <= limit => Ok(bytes),
            _ => Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("the answer has more than {limit} bytes"),
            )),
        }
    }

    /// Waits for the next bytes; `false`: there are no more.
    fn fill(&mut self) -> io::Result<bool> {
        while let Some(incoming) = &self.incoming {
            match incoming.read() {
                Err(failure) => return Err(io::Error::other(failure.to_string())),
                Ok(None) => self.incoming = None,
                Ok(Some(chunk)) if chunk.is_empty() => {
                    if let Some(limit) = self.timer.over() {
                        let error = ClientError::TimedOut(limit);
                        return Err(io::Error::new(io::ErrorKind::TimedOut, error));
                    }
                    wait(&[&incoming.ready], self.timer.left());
                }
                Ok(Some(chunk)) => {
                    (self.chunk, self.taken) = (chunk, 0);
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

impl Read for Body {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.chunk.len() && !self.fill()? {
            return Ok(0);
        }
        let rest = self.chunk.get(self.taken..).unwrap_or_default();
        let count = rest.len().min(space.len());
        for (to, from) in space.iter_mut().zip(rest) {
            *to = *from;
        }
        self.taken += count;
        Ok(count)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("ended", &self.incoming.is_none()).finish_non_exhaustive()
    }
}
