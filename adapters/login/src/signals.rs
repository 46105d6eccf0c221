//! Signals that ask this process to end.

/// A signal that asks this process to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Interrupt {
    /// SIGHUP: the terminal is closed.
    HangUp,
    /// SIGINT, or Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

/// Takes these signals from when it is made: none is lost between two waits.
#[cfg(unix)]
pub(crate) struct Signals([(Option<tokio::signal::unix::Signal>, Interrupt); 3]);

#[cfg(unix)]
impl Signals {
    pub(crate) fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let take = |kind, interrupt| (signal(kind).ok(), interrupt);
        Self([
            take(SignalKind::hangup(), Interrupt::HangUp),
            take(SignalKind::interrupt(), Interrupt::Interrupt),
            take(SignalKind::terminate(), Interrupt::Terminate),
        ])
    }

    /// Waits for the first of them.
    pub(crate) async fn next(&mut self) -> Interrupt {
        let [hangup, interrupt, terminate] = &mut self.0;
        tokio::select! {
            signal = wait(hangup) => signal,
            signal = wait(interrupt) => signal,
            signal = wait(terminate) => signal,
        }
    }
}

/// For ever, if the signal cannot be taken.
#[cfg(unix)]
async fn wait(
    (signal, interrupt): &mut (Option<tokio::signal::unix::Signal>, Interrupt),
) -> Interrupt {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
    *interrupt
}

/// Takes Ctrl-C.
#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn new() -> Self {
        Self
    }

    /// Waits for it.
    pub(crate) async fn next(&mut self) -> Interrupt {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Interrupt::Interrupt,
            Err(_) => std::future::pending().await,
        }
    }
}
