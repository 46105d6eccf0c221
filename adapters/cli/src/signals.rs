//! What ends the program from outside.

use crate::report::{Exit, Report};
use std::future::poll_fn;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
#[cfg(unix)]
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};
#[cfg(not(unix))]
use tokio::signal::windows::{CtrlC as Stream, ctrl_c};

/// Each kind of signal, for as long as the process lives. tokio keeps its handler for good once there is
/// one, so that a signal that comes while nothing listens would be lost: between a login and what
/// follows it, say.
static RECEIVED: Mutex<Vec<Listening>> = Mutex::new(Vec::new());

struct Listening {
    stream: Stream,
    exit: Exit,
    text: &'static str,
}

/// Waits for Ctrl-C or the system's wish that the program ends, and says with which code it does:
/// 128 and the signal's number, as shells have it. Without this, a plugin would go on.
///
/// A signal is received once, and by whoever waits next if nothing waited when it came. One task waits
/// at a time.
pub(crate) async fn ended() -> Report {
    poll_fn(|context| next(&mut received(), context)).await
}

/// Passes over signals that have come so far.
pub(crate) fn forget() {
    let mut received = received();
    while next(&mut received, &mut Context::from_waker(Waker::noop())).is_ready() {}
}

fn next(received: &mut [Listening], context: &mut Context<'_>) -> Poll<Report> {
    for listening in received {
        // There is always a next one.
        if listening.stream.poll_recv(context).is_ready() {
            return Poll::Ready(Report::new(listening.exit, listening.text));
        }
    }
    Poll::Pending
}

/// Listens from the first call on. What cannot be listened to does what the system has it do.
fn received() -> MutexGuard<'static, Vec<Listening>> {
    let mut received = RECEIVED.lock().unwrap_or_else(PoisonError::into_inner);
    if received.is_empty() {
        let mut listen = |stream: io::Result<Stream>, exit, text| {
            received.extend(stream.ok().map(|stream| Listening { stream, exit, text }));
        };
        #[cfg(unix)]
        {
            listen(signal(SignalKind::interrupt()), Exit::Interrupted, "interrupted");
            listen(signal(SignalKind::terminate()), Exit::Terminated, "terminated (SIGTERM)");
            listen(signal(SignalKind::hangup()), Exit::HungUp, "the terminal is gone (SIGHUP)");
        }
        #[cfg(not(unix))]
        listen(ctrl_c(), Exit::Interrupted, "interrupted");
    }
    received
}
