//! Bodies of replies: some bytes, or a great many.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc::UnboundedReceiver;

/// A piece of filler: one line of text again and again.
static FILLER: [u8; 16 * 1024] = {
    let mut filler = [b'.'; 16 * 1024];
    let mut at = 63;
    while at < filler.len() {
        filler[at] = b'\n';
        at += 64;
    }
    filler
};

/// The body of a reply.
#[derive(Debug)]
pub(crate) enum ReplyBody {
    /// Bytes to be sent at once; none once they have been.
    Whole(Bytes),
    /// This many bytes of filler, made as they are sent.
    Filler(u64),
    /// Pieces as they come, to the end of their sender.
    Events(UnboundedReceiver<Bytes>),
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = match &mut *self {
            Self::Whole(bytes) => std::mem::take(bytes),
            Self::Filler(left) => {
                let size =
                    usize::try_from(*left).map_or(FILLER.len(), |left| left.min(FILLER.len()));
                *left -= size as u64;
                Bytes::from_static(&FILLER[..size])
            }
            Self::Events(events) => {
                return events
                    .poll_recv(context)
                    .map(|event| event.map(|event| Ok(Frame::data(event))));
            }
        };
        Poll::Ready((!piece.is_empty()).then(|| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.size_hint().exact() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Filler(left) => SizeHint::with_exact(*left),
            Self::Events(_) => SizeHint::default(),
        }
    }
}
