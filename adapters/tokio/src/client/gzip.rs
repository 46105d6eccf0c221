//! Answers that are compressed because we offered it, as Go's transport offers and undoes it: in any
//! number of gzip members, and with an error for what follows them.

use super::body::Body;
use crate::net::pool::{Pool, PoolError, PooledBody};
use async_compression::tokio::bufread::GzipDecoder;
use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderValue, Request, Response};
use http_body::{Body as HttpBody, Frame};
use http_body_util::{BodyDataStream, BodyExt};
use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::AsyncRead;
use tokio_util::io::{StreamReader, poll_read_buf};
use tower_service::Service;

/// How much is decompressed at a time.
const PIECE: usize = 16 << 10;

/// Sends a request that asks for no encoding of its own.
pub(super) async fn send(
    pool: &mut Pool,
    mut request: Request<crate::net::pool::Outgoing>,
) -> Result<Response<Body>, PoolError> {
    request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    let mut answer = pool.call(request).await?;
    let encoding = answer.headers().get(CONTENT_ENCODING);
    if !encoding.is_some_and(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"gzip")) {
        return Ok(answer.map(Body::new));
    }
    answer.headers_mut().remove(CONTENT_ENCODING);
    answer.headers_mut().remove(CONTENT_LENGTH);
    Ok(answer.map(|body| Body::new(Gunzip::new(body))))
}

/// A body that is decompressed as it comes.
struct Gunzip {
    decoder: Pin<Box<dyn AsyncRead + Send>>,
    /// Something has come. What is empty is no member of gzip, and no error.
    has_begun: Arc<AtomicBool>,
}

impl Gunzip {
    fn new(body: PooledBody) -> Self {
        let has_begun = Arc::new(AtomicBool::new(false));
        let body = body.map_err(io::Error::other).map_frame({
            let has_begun = Arc::clone(&has_begun);
            move |frame| {
                if frame.data_ref().is_some_and(|data| !data.is_empty()) {
                    has_begun.store(true, Ordering::Relaxed);
                }
                frame
            }
        });
        let mut decoder = GzipDecoder::new(StreamReader::new(BodyDataStream::new(body)));
        decoder.multiple_members(true);
        Self { decoder: Box::pin(decoder), has_begun }
    }
}

impl HttpBody for Gunzip {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let mut piece = BytesMut::with_capacity(PIECE);
        Poll::Ready(match ready!(poll_read_buf(self.decoder.as_mut(), context, &mut piece)) {
            Ok(0) => None,
            Ok(_) => Some(Ok(Frame::data(piece.freeze()))),
            Err(error)
                if error.kind() == io::ErrorKind::UnexpectedEof
                    && !self.has_begun.load(Ordering::Relaxed) =>
            {
                None
            }
            Err(error) => Some(Err(cause(error))),
        })
    }
}

/// What the connection says, and not that reading failed for it.
fn cause(error: io::Error) -> Box<dyn Error + Send + Sync> {
    let is_ours = error.kind() == io::ErrorKind::Other && error.get_ref().is_some();
    match is_ours {
        true => error.into_inner().unwrap_or_else(|| "it cannot be read".into()),
        false => format!("it is no gzip: {error}").into(),
    }
}
