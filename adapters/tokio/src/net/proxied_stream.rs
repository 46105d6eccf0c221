//! One connection, whatever it is made of.

use crate::tls::TlsFailure;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use std::io::{Error, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection, for hyper.
pub(crate) struct ProxiedStream {
    stream: TokioIo<Box<dyn Stream>>,
    h2: bool,
    to_proxy: bool,
}

impl ProxiedStream {
    pub(super) fn new(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self { stream: TokioIo::new(Box::new(stream)), h2: false, to_proxy: false }
    }

    /// HTTP/2 was agreed on.
    pub(super) fn speaking_h2(self) -> Self {
        Self { h2: true, ..self }
    }

    /// It ends at a proxy, which wants to be told whole URLs.
    pub(super) fn ending_at_proxy(self) -> Self {
        Self { to_proxy: true, ..self }
    }
}

impl Connection for ProxiedStream {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.to_proxy);
        if self.h2 { connected.negotiated_h2() } else { connected }
    }
}

impl Read for ProxiedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<Result<()>> {
        // In words that reach the caller: HTTP/2 keeps only the text.
        Pin::new(&mut self.stream).poll_read(context, buffer).map_err(|error| {
            let failure = TlsFailure::wrapped(&error);
            failure.map_or(error, Error::other)
        })
    }
}

impl Write for ProxiedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }
}
