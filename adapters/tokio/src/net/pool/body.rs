//! The body of an answer, which holds its stream for as long as it comes.

use super::state::{Connections, Stream};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::sync::Weak;
use std::task::{Context, Poll};

/// The body of an answer.
pub(crate) struct PooledBody {
    body: Incoming,
    /// Given back as soon as the body has ended. `None`: it is given back later, or never.
    place: Option<Place>,
}

/// What the request was sent on.
pub(super) enum Place {
    /// A stream of HTTP/2.
    Stream {
        /// Gives itself back when it is dropped.
        _stream: Stream,
    },
    /// A connection of HTTP/1.1, by its number.
    Single(Weak<Connections>, u64),
}

impl PooledBody {
    pub(super) fn new(body: Incoming, place: Option<Place>) -> Self {
        let mut body = Self { body, place };
        if body.body.is_end_stream() {
            body.end();
        }
        body
    }

    fn end(&mut self) {
        if let Some(Place::Single(connections, number)) = self.place.take()
            && let Some(connections) = connections.upgrade()
        {
            connections.read_to_end(number);
        }
    }
}

impl Body for PooledBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let outcome = Pin::new(&mut self.body).poll_frame(context);
        let is_over = matches!(outcome, Poll::Ready(None | Some(Err(_))));
        if is_over || self.body.is_end_stream() {
            self.end();
        }
        outcome
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
