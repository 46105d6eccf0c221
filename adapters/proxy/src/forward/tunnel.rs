//! An upgraded connection: bytes both ways, until both ends have said all.

use super::record::Recording;
use crate::server::{Drain, Held};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split};

/// Bytes that are read at once.
const PIECE: usize = 16 << 10;

/// When one side has said all, the other may be silent for so long before it is taken for gone.
const LINGER: Duration = Duration::from_secs(60);

/// Both ends of a connection that is to become another protocol.
pub(crate) struct Tunnel {
    pub(crate) caller: OnUpgrade,
    pub(crate) upstream: OnUpgrade,
    pub(crate) recording: Recording,
    pub(crate) drain: Drain,
}

impl Tunnel {
    /// Passes bytes on in a task of its own. The end of what one side sends is passed on by itself
    /// (PX-36): what the other still has to say arrives.
    pub(crate) fn start(self) {
        let held = self.drain.hold();
        tokio::spawn(self.run(held));
    }

    async fn run(mut self, _held: Held) {
        let Ok((caller, upstream)) = tokio::try_join!(self.caller, self.upstream) else {
            return self.recording.broke();
        };
        let (caller, upstream) = (halves(caller), halves(upstream));
        let bytes_in = std::sync::Arc::clone(self.recording.bytes_in());
        let bytes_out = AtomicU64::new(0);
        let exchange = async {
            let onward = pass(caller.0, upstream.1, &bytes_in);
            let back = pass(upstream.0, caller.1, &bytes_out);
            tokio::pin!(onward, back);
            tokio::select! {
                ended = &mut onward => linger(ended, back, &bytes_out).await,
                ended = &mut back => linger(ended, onward, &bytes_in).await,
            }
        };
        let ended = tokio::select! {
            ended = exchange => ended,
            () = self.drain.ended() => Err(io::ErrorKind::ConnectionAborted.into()),
        };
        if ended.is_err() {
            self.recording.broke();
        }
        self.recording.sent(bytes_out.load(Ordering::Relaxed));
    }
}

fn halves(stream: Upgraded) -> (ReadHalf<TokioIo<Upgraded>>, WriteHalf<TokioIo<Upgraded>>) {
    split(TokioIo::new(stream))
}

/// Passes on what one side sends, and that it has sent all.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    bytes: &AtomicU64,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let size = from.read(&mut piece).await?;
        let Some(read) = piece.get(..size).filter(|read| !read.is_empty()) else { break };
        to.write_all(read).await?;
        to.flush().await?;
        bytes.fetch_add(size as u64, Ordering::Relaxed);
    }
    to.shutdown().await
}

/// After one direction has ended, the other goes on for as long as something moves. If it broke, so
/// does the other.
async fn linger(
    ended: io::Result<()>,
    other: impl Future<Output = io::Result<()>>,
    bytes: &AtomicU64,
) -> io::Result<()> {
    ended?;
    tokio::pin!(other);
    loop {
        let before = bytes.load(Ordering::Relaxed);
        match tokio::time::timeout(LINGER, &mut other).await {
            Ok(ended) => return ended,
            Err(_) if bytes.load(Ordering::Relaxed) == before => {
                return Err(io::ErrorKind::TimedOut.into());
            }
            Err(_) => {}
        }
    }
}
