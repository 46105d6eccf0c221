//! Notices when the server's first SETTINGS have been read, which say how many streams it allows.
//!
//! hyper tells the number, but not when it is known. HTTP/2 reads frame by frame until there is
//! nothing left; so when the transport is asked for more after it has given something, what it gave
//! has been worked through.

use hyper::rt::{Read, ReadBufCursor, Write};
use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::Notify;

/// A transport that says when what it gave has been worked through.
pub(super) struct Watched<T> {
    transport: T,
    /// Something was given since the last sign.
    has_given: bool,
    worked_through: Arc<Notify>,
}

impl<T> Watched<T> {
    /// The transport, and what is notified.
    pub(super) fn new(transport: T) -> (Self, Arc<Notify>) {
        let worked_through = Arc::new(Notify::new());
        let signal = Arc::clone(&worked_through);
        (Self { transport, has_given: false, worked_through }, signal)
    }
}

impl<T: Read + Unpin> Read for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<Result<()>> {
        // Nobody listens any more once the settings are known.
        if std::mem::take(&mut self.has_given) && Arc::strong_count(&self.worked_through) > 1 {
            self.worked_through.notify_one();
        }
        let outcome = Pin::new(&mut self.transport).poll_read(context, buffer);
        self.has_given = outcome.is_ready();
        outcome
    }
}

impl<T: Write + Unpin> Write for Watched<T> {
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
