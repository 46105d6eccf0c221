//! How a server ends: first it stops listening, then it waits for what has begun, then it cuts.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How far a server is on the way to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    Draining,
    Ended,
}

/// The end of a server, shared by everything that has to do with it. A clone is the same.
#[derive(Clone, Debug)]
pub struct Drain {
    phase: Arc<watch::Sender<Phase>>,
    /// Connections and upgraded streams that are open.
    open: Arc<watch::Sender<usize>>,
}

impl Drain {
    /// Of a server that is to serve until told otherwise.
    #[must_use]
    pub fn new() -> Self {
        let phase = Arc::new(watch::Sender::new(Phase::Serving));
        Self { phase, open: Arc::new(watch::Sender::new(0)) }
    }

    /// From now on nothing new is accepted, and connections end when they have answered what they
    /// were asked: `Connection: close` in HTTP/1.1, GOAWAY in HTTP/2.
    pub fn begin(&self) {
        self.reach(Phase::Draining);
    }

    /// Cuts what is still open.
    pub fn end(&self) {
        self.reach(Phase::Ended);
    }

    fn reach(&self, next: Phase) {
        self.phase.send_if_modified(|phase| {
            let later = *phase < next;
            *phase = (*phase).max(next);
            later
        });
    }

    /// Waits until it has begun.
    pub async fn begun(&self) {
        self.reached(Phase::Draining).await;
    }

    /// Waits until what is open is to be cut.
    pub async fn ended(&self) {
        self.reached(Phase::Ended).await;
    }

    async fn reached(&self, wanted: Phase) {
        let mut phase = self.phase.subscribe();
        // The sender is our own and outlives the wait.
        let _ = phase.wait_for(|phase| *phase >= wanted).await;
    }

    /// Whether it has begun.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        *self.phase.borrow() >= Phase::Draining
    }

    /// Something that is open until this is dropped.
    #[must_use = "it counts while it is held"]
    pub fn hold(&self) -> Held {
        self.open.send_modify(|open| *open += 1);
        Held(Arc::clone(&self.open))
    }

    /// How many connections and upgraded streams are open.
    #[must_use]
    pub fn open(&self) -> usize {
        *self.open.borrow()
    }

    /// Waits until nothing is open.
    pub async fn finished(&self) {
        let mut open = self.open.subscribe();
        // As above.
        let _ = open.wait_for(|open| *open == 0).await;
    }

    /// Waits for `signal`, then drains for as long as `grace`, then cuts. Says how many connections
    /// and streams had to be cut.
    pub async fn run(&self, signal: impl Future<Output = ()>, grace: Duration) -> usize {
        signal.await;
        self.begin();
        let cut = match tokio::time::timeout(grace, self.finished()).await {
            Ok(()) => 0,
            Err(_) => self.open(),
        };
        self.end();
        cut
    }
}

impl Default for Drain {
    fn default() -> Self {
        Self::new()
    }
}

/// Something that is open; see [`Drain::hold`].
#[derive(Debug)]
pub struct Held(Arc<watch::Sender<usize>>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open = open.saturating_sub(1));
    }
}
