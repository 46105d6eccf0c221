//! An answer that takes long: it is cut when its token is not good any more.

use super::upstream::BoxError;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A body that ends with an error when `refused` is done.
pub(crate) struct Watched<B> {
    pub(crate) body: B,
    pub(crate) refused: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl<B> Body for Watched<B>
where
    B: Body<Data = Bytes, Error = BoxError> + Unpin,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.refused.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err("the token is not good any more".into())));
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
