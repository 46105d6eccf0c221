//! What ends the program from outside.

use crate::report::{Exit, Report};

/// Waits for Ctrl-C or the system's wish that the program ends, and says with which code it does:
/// 128 and the signal's number, as shells have it. Without this, a plugin would go on.
pub(crate) async fn ended() -> Report {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let received = async |kind| match signal(kind) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        };
        tokio::select! {
            () = received(SignalKind::interrupt()) => Report::new(Exit::Interrupted, "interrupted"),
            () = received(SignalKind::terminate()) => Report::new(Exit::Terminated, "terminated (SIGTERM)"),
            () = received(SignalKind::hangup()) => Report::new(Exit::HungUp, "the terminal is gone (SIGHUP)"),
        }
    }
    #[cfg(not(unix))]
    match tokio::signal::ctrl_c().await {
        Ok(()) => Report::new(Exit::Interrupted, "interrupted"),
        Err(_) => std::future::pending().await,
    }
}
