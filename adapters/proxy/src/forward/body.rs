//! The bodies that go through.

use super::record::Recording;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use http_body_util::combinators::UnsyncBoxBody;
use kubecred_tokio::client;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use tower_http::services::fs::ServeFileSystemResponseBody;

type BoxError = Box<dyn Error + Send + Sync>;

/// The body of an answer of the proxy.
#[derive(Debug)]
pub struct ProxyBody {
    content: Content,
    /// Ends with the body.
    recording: Option<Recording>,
    has_ended: bool,
}

#[derive(Debug)]
enum Content {
    /// Of the proxy itself.
    Whole(Full<Bytes>),
    /// From upstream, as it comes.
    Upstream(client::Body),
    /// A file.
    File(UnsyncBoxBody<Bytes, std::io::Error>),
}

impl ProxyBody {
    pub(crate) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self { content: Content::Whole(Full::new(bytes.into())), recording: None, has_ended: false }
    }

    pub(crate) fn upstream(body: client::Body) -> Self {
        Self { content: Content::Upstream(body), recording: None, has_ended: false }
    }

    pub(crate) fn file(body: ServeFileSystemResponseBody) -> Self {
        Self { content: Content::File(UnsyncBoxBody::new(body)), recording: None, has_ended: false }
    }

    pub(crate) fn recorded(mut self, recording: Recording) -> Self {
        self.recording = Some(recording);
        self
    }
}

impl Drop for ProxyBody {
    fn drop(&mut self) {
        // One of the proxy's own is not read when the request was HEAD.
        let is_cut =
            !self.has_ended && !matches!(self.content, Content::Whole(_)) && !self.is_end_stream();
        if let Some(recording) = self.recording.as_mut().filter(|_| is_cut) {
            recording.broke();
        }
    }
}

impl Body for ProxyBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = match &mut self.content {
            Content::Whole(body) => Pin::new(body).poll_frame(context).map_err(Into::into),
            Content::Upstream(body) => Pin::new(body).poll_frame(context),
            Content::File(body) => Pin::new(body).poll_frame(context).map_err(Into::into),
        };
        let frame = ready!(frame);
        if let Some(recording) = &mut self.recording {
            match &frame {
                Some(Ok(frame)) => {
                    recording.sent(frame.data_ref().map_or(0, |data| data.len() as u64));
                }
                Some(Err(_)) => recording.broke(),
                None => {}
            }
        }
        self.has_ended |= frame.is_none();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(body) => body.is_end_stream(),
            Content::Upstream(body) => body.is_end_stream(),
            Content::File(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(body) => body.size_hint(),
            Content::Upstream(body) => body.size_hint(),
            Content::File(body) => body.size_hint(),
        }
    }
}

/// The body of a request on its way, counted.
#[derive(Debug)]
pub(crate) struct Counted<B> {
    pub(crate) body: B,
    pub(crate) bytes: Arc<AtomicU64>,
}

impl<B> Body for Counted<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame {
            let size = frame.data_ref().map_or(0, |data| data.len() as u64);
            self.bytes.fetch_add(size, Ordering::Relaxed);
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
