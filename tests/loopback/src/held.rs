//! Requests that stay open: `/held`, answered when the test says so, and watches, which get events when it says so.

use bytes::Bytes;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

/// The open requests of a server.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// How many requests are held now.
    count: watch::Sender<usize>,
    /// How many times all of them were let go.
    released: watch::Sender<u64>,
    watches: Mutex<Vec<UnboundedSender<Bytes>>>,
    /// How many watches were ever begun.
    begun: watch::Sender<usize>,
}

/// Counts a request as held for as long as it lives.
struct Guard<'a>(&'a watch::Sender<usize>);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Held {
    /// Waits until the next [`Held::release`].
    pub(crate) async fn wait(&self) {
        let mut released = self.released.subscribe();
        self.count.send_modify(|count| *count += 1);
        let _guard = Guard(&self.count);
        // The sender is our own and outlives the wait.
        let _ = released.changed().await;
    }

    /// Lets all requests go that are held now.
    pub(crate) fn release(&self) {
        self.released.send_modify(|times| *times += 1);
    }

    /// Waits until this many are held.
    pub(crate) async fn until(&self, count: usize) {
        let _ = self.count.subscribe().wait_for(|held| *held >= count).await;
    }

    /// Begins a watch, with the events that there are.
    pub(crate) fn watch(&self, events: Bytes) -> UnboundedReceiver<Bytes> {
        let (sender, receiver) = unbounded_channel();
        if !events.is_empty() {
            // The receiver is right here.
            let _ = sender.send(events);
        }
        self.watches().push(sender);
        self.begun.send_modify(|begun| *begun += 1);
        receiver
    }

    /// Waits until this many watches were begun since the start.
    pub(crate) async fn until_watched(&self, count: usize) {
        let _ = self.begun.subscribe().wait_for(|begun| *begun >= count).await;
    }

    /// Sends an event to every watch, and says how many there are.
    pub(crate) fn announce(&self, event: &Bytes) -> usize {
        let mut watches = self.watches();
        watches.retain(|watch| watch.send(event.clone()).is_ok());
        watches.len()
    }

    /// Ends all watches.
    pub(crate) fn end_watches(&self) {
        self.watches().clear();
    }

    fn watches(&self) -> MutexGuard<'_, Vec<UnboundedSender<Bytes>>> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
