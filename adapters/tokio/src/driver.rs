//! The loop: feeds the machine, carries out what it asks for, stores what holds. Decides nothing.

use crate::clock::Clock;
use crate::perform::{Host, perform};
use crate::shared::Shared;
use kubecred_core::{Action, ActionId, Authenticator, Event, Input, Now};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep_until;

/// Something for the machine, and whom to tell when the snapshot shows what came of it.
pub(crate) struct Post {
    pub(crate) input: Input,
    pub(crate) done: Option<oneshot::Sender<()>>,
}

pub(crate) struct Driver {
    pub(crate) machine: Authenticator,
    pub(crate) clock: Clock,
    /// When the machine was last told something. The snapshot shows what held then: a task that waits
    /// for an answer sees a failure, even if the pause after it is over by the time it is stored.
    pub(crate) now: Now,
    pub(crate) inbox: mpsc::UnboundedReceiver<Post>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) host: Arc<Host>,
    pub(crate) events: broadcast::Sender<Event>,
    pub(crate) jobs: JoinSet<(ActionId, Input)>,
    pub(crate) running: HashMap<ActionId, AbortHandle>,
    pub(crate) connection: u64,
    /// Calls of `close`, answered once refreshed tokens are saved.
    pub(crate) leaving: Vec<Post>,
}

impl Driver {
    pub(crate) async fn run(mut self) {
        let mut posts: Vec<Post> = Vec::new();
        loop {
            self.carry_out();
            self.store();
            if self.machine.is_closed() {
                self.jobs.shutdown().await; // closed means that nothing of ours runs any more
            }
            for done in posts.drain(..).filter_map(|post| post.done) {
                let _ = done.send(()); // the caller may have gone
            }
            if self.machine.is_closed() {
                return;
            }
            self.wait(&mut posts).await;
            if !self.leaving.is_empty() && !self.machine.is_saving() {
                self.tell(Input::Close);
                posts.append(&mut self.leaving);
            }
        }
    }

    /// Waits for the first thing that happens, and tells the machine.
    async fn wait(&mut self, posts: &mut Vec<Post>) {
        let wake = self.machine.poll_timeout().map(|instant| self.clock.at(instant));
        let timer = async {
            match wake {
                Some(moment) => sleep_until(moment).await,
                None => std::future::pending().await,
            }
        };
        let input = tokio::select! {
            post = self.inbox.recv(), if !self.is_orphaned() => return self.take(post, posts),
            Some(ended) = self.jobs.join_next() => match ended {
                Ok((id, input)) => { self.running.remove(&id); input }
                Err(_) => Input::Tick, // cancelled
            },
            () = timer => Input::Tick,
        };
        self.tell(input);
    }

    fn tell(&mut self, input: Input) {
        self.now = self.clock.now();
        self.machine.handle_input(self.now, input);
    }

    /// Takes everything that has been posted, so that a burst costs one snapshot.
    fn take(&mut self, first: Option<Post>, posts: &mut Vec<Post>) {
        // All handles are gone.
        posts.push(first.unwrap_or(Post { input: Input::Close, done: None }));
        while let Ok(post) = self.inbox.try_recv() {
            posts.push(post);
        }
        self.now = self.clock.now();
        for post in std::mem::take(posts) {
            if post.input == Input::Close {
                self.leaving.push(post);
            } else {
                self.machine.handle_input(self.now, post.input.clone());
                posts.push(post);
            }
        }
    }

    /// All handles are gone, and the machine has been told.
    fn is_orphaned(&self) -> bool {
        self.inbox.is_closed() && !self.leaving.is_empty()
    }

    fn carry_out(&mut self) {
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::ReadFile(_)
                | Action::RunCommand(_)
                | Action::SendRequest(_)
                | Action::WriteFile(_)
                | Action::Provide(_) => self.start(action),
                Action::Cancel(id) => {
                    if let Some(job) = self.running.remove(&id) {
                        job.abort();
                    }
                }
                Action::SetHeaders(set) => self.connection += u64::from(set.reconnect),
                Action::RefreshAt(_) => {} // `poll_timeout` says the same
                Action::Report(event) => {
                    let _ = self.events.send(event); // there may be no subscriber
                }
            }
        }
    }

    fn start(&mut self, action: Action) {
        let Some(id) = action.job_id() else { return };
        let host = Arc::clone(&self.host);
        let job = self.jobs.spawn(async move { (id, perform(action, &host).await) });
        self.running.insert(id, job);
    }

    fn store(&self) {
        self.shared.store(&self.machine, self.connection, self.now);
    }
}

/// However the task ends, with the runtime or by a panic: no caller may wait for ever.
impl Drop for Driver {
    fn drop(&mut self) {
        self.tell(Input::Close);
        self.store();
    }
}
