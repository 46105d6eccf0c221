//! A transport that is watched for what hyper does not tell of HTTP/2.
//!
//! hyper knows the server's limit of streams, but not when it is known. HTTP/2 reads frame by frame
//! until there is nothing left; so when the transport is asked for more after it has given the
//! settings, they have been worked through.

use super::frames::Frames;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Signs {
    /// The server's settings have been worked through.
    pub(super) settled: Notify,
    is_flooded: AtomicBool,
}

impl Signs {
    /// The connection was ended because of too many informational answers.
    pub(super) fn is_flooded(&self) -> bool {
        self.is_flooded.load(Ordering::Relaxed)
    }
}

/// The transport of a connection of HTTP/2.
pub(super) struct Watched<T> {
    transport: T,
    frames: Frames,
    is_settled: bool,
    signs: Arc<Signs>,
}

impl<T> Watched<T> {
    /// The transport, and what is seen of it.
    pub(super) fn new(transport: T) -> (Self, Arc<Signs>) {
        let signs = Arc::new(Signs::default());
        let watched = Self {
            transport,
            frames: Frames::default(),
            is_settled: false,
            signs: Arc::clone(&signs),
        };
        (watched, signs)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        if self.frames.has_settings() && !self.is_settled {
            self.is_settled = true;
            self.signs.settled.notify_one();
        }
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.transport).poll_read(context, buffer);
        let read = self.frames.read(buffer.filled().get(before..).unwrap_or_default());
        if let Err(too_many) = read {
            self.signs.is_flooded.store(true, Ordering::Relaxed);
            return Poll::Ready(Err(Error::new(ErrorKind::InvalidData, too_many)));
        }
        outcome
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.transport).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.transport).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.transport).poll_write_vectored(context, slices)
    }
}
