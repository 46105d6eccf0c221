//! What goes out and what comes in.

use super::ClientError;
use crate::net::pool::Outgoing;
use crate::tower::Replay;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;

type BoxError = Box<dyn Error + Send + Sync>;

/// A body whose length is known, up to this, is kept for a second try.
const KEEP: u64 = 1 << 20;

/// The body of a request: kept, if it is known to be small.
pub(crate) async fn outgoing<B>(body: B) -> Result<Outgoing, ClientError>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    if body.size_hint().exact().is_none_or(|size| size > KEEP) {
        return Ok(Outgoing::Stream(UnsyncBoxBody::new(body.map_err(Into::into))));
    }
    let whole = body.collect().await.map_err(|error| ClientError::Body(error.into()))?;
    Ok(Outgoing::Whole(Full::new(whole.to_bytes())))
}

impl Replay for Outgoing {
    fn replay(&self) -> Option<Self> {
        self.copy()
    }
}

/// The body of an answer, decompressed. It fails when the profile's time limit is over.
pub struct Body {
    inner: UnsyncBoxBody<Bytes, BoxError>,
    limit: Option<(Pin<Box<Sleep>>, Duration)>,
}

impl Body {
    pub(crate) fn new<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self { inner: UnsyncBoxBody::new(body.map_err(Into::into)), limit: None }
    }

    /// Fails when this time is over.
    pub(crate) fn until(self, over: Pin<Box<Sleep>>, limit: Duration) -> Self {
        Self { limit: Some((over, limit)), ..self }
    }

    /// All of it.
    ///
    /// # Errors
    /// When the connection breaks before the end, or the time limit is over.
    pub async fn bytes(self) -> Result<Bytes, BoxError> {
        Ok(self.collect().await?.to_bytes())
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some((sleep, limit)) = &mut self.limit
            && sleep.as_mut().poll(context).is_ready()
        {
            let late = ClientError::TimedOut(*limit);
            return Poll::Ready(Some(Err(late.into())));
        }
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("size", &self.size_hint()).finish_non_exhaustive()
    }
}
