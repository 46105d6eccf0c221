//! The reviewer of [`kubecred_core`] on tokio: one task feeds it, and sends what it asks through a
//! [`Client`].

use super::GateError;
use crate::server::random;
use kubecred_core::api::call::{ApiRequest, MAX_TOKEN};
use kubecred_core::reviewer::{
    Action, Decided, Decision, Input, Key, Lookup, ReviewReply, ReviewWire, Reviewer as Machine,
    Settings, Stats,
};
use kubecred_core::{ActionId, Failure, FailureKind, Instant, Job, Secret};
use kubecred_host::Clock;
use kubecred_tokio::{Client, ClientError};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinSet};

/// So many requests may wait to be taken notice of; one more is answered at once that it cannot be
/// asked.
const INBOX: usize = 1024;

/// Reviews tokens, and remembers what came of it. A clone is the same reviewer; when the last is
/// dropped, all is forgotten.
///
/// What is remembered costs no task and no allocation: a keyed hash of the token and one search.
#[derive(Clone)]
pub struct Reviewer {
    machine: Arc<RwLock<Machine>>,
    clock: Clock,
    inbox: mpsc::Sender<Post>,
}

/// A token that is to be reviewed, and who waits for it.
struct Post {
    key: Key,
    token: Secret,
    waiter: Option<oneshot::Sender<Decision>>,
}

impl Reviewer {
    /// One that asks through `client`, whose login needs the role `system:auth-delegator` (RV-9).
    ///
    /// # Errors
    /// When the system has no random numbers.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(client: Client, settings: Settings) -> Result<Self, GateError> {
        let key = random().ok_or(GateError::NoRandomNumbers)?;
        let seed = random().ok_or(GateError::NoRandomNumbers)?;
        let machine = Machine::new(settings, key, u64::from_ne_bytes(seed));
        let machine = Arc::new(RwLock::new(machine));
        let clock = Clock::start();
        let (inbox, posts) = mpsc::channel(INBOX);
        let driver = Driver {
            machine: Arc::clone(&machine),
            clock,
            client,
            inbox: posts,
            waiters: HashMap::new(),
            jobs: JoinSet::new(),
            running: HashMap::new(),
            wake_at: None,
        };
        tokio::spawn(driver.run());
        Ok(Self { machine, clock, inbox })
    }

    /// What is known of a token without asking. One that ends soon is reviewed again on the side.
    pub fn known(&self, token: &[u8]) -> Option<Decision> {
        self.look(token).1
    }

    /// Whether to let a token in: from memory, or else from the API server. One that gives up
    /// waiting does not stop the review, for which others may wait (RV-17).
    pub async fn review(&self, token: &[u8]) -> Decision {
        if token.len() > MAX_TOKEN {
            return Decision::Refused { reason: "it is longer than 16 KiB".into() };
        }
        let (key, known) = self.look(token);
        if let Some(decision) = known {
            return decision;
        }
        let (waiter, decided) = oneshot::channel();
        let post = Post { key, token: Secret::new(token), waiter: Some(waiter) };
        if self.inbox.try_send(post).is_err() {
            return unavailable("too many requests wait for reviews");
        }
        // Without an answer the reviewer is at its end, as the runtime is.
        decided.await.unwrap_or_else(|_| unavailable("the reviewer has ended"))
    }

    /// What stands for a token in logs: see [`Key`].
    pub fn key(&self, token: &[u8]) -> Key {
        self.machine().key(token)
    }

    /// What it has done and holds.
    pub fn stats(&self) -> Stats {
        self.machine().stats()
    }

    fn look(&self, token: &[u8]) -> (Key, Option<Decision>) {
        let now = self.clock.now();
        let machine = self.machine();
        let key = machine.key(token);
        let lookup = machine.lookup(now, &key);
        drop(machine);
        match lookup {
            Lookup::Unknown => (key, None),
            Lookup::Known { decision, review } => {
                if review {
                    // If there is no room, the next request tries.
                    let _ =
                        self.inbox.try_send(Post { key, token: Secret::new(token), waiter: None });
                }
                (key, Some(decision))
            }
        }
    }

    fn machine(&self) -> RwLockReadGuard<'_, Machine> {
        self.machine.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Reviewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reviewer").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

fn unavailable(reason: &str) -> Decision {
    Decision::Unavailable { reason: reason.into(), retry_after: Duration::from_secs(1) }
}

/// The task that feeds the machine.
struct Driver {
    machine: Arc<RwLock<Machine>>,
    clock: Clock,
    client: Client,
    inbox: mpsc::Receiver<Post>,
    waiters: HashMap<Key, Vec<oneshot::Sender<Decision>>>,
    jobs: JoinSet<Input>,
    running: HashMap<ActionId<ReviewWire>, AbortHandle>,
    wake_at: Option<Instant>,
}

impl Driver {
    async fn run(mut self) {
        loop {
            let wake_in = self.wake_at.map(|at| at.since(self.clock.now().monotonic));
            let input = tokio::select! {
                post = self.inbox.recv() => {
                    // The last handle is gone.
                    let Some(Post { key, token, waiter }) = post else { return };
                    if let Some(waiter) = waiter {
                        self.waiters.entry(key).or_default().push(waiter);
                    }
                    Input::Review(token)
                }
                // One that was stopped has no answer, and its flight is over.
                Some(done) = self.jobs.join_next() => match done {
                    Ok(input) => input,
                    Err(_) => continue,
                },
                () = tokio::time::sleep(wake_in.unwrap_or_default()), if wake_in.is_some() => {
                    Input::Tick
                }
            };
            self.handle(input);
        }
    }

    fn handle(&mut self, input: Input) {
        if let Input::Complete(completion) = &input {
            self.running.remove(&completion.id);
        }
        let mut actions = Vec::new();
        {
            let mut machine = self.machine.write().unwrap_or_else(PoisonError::into_inner);
            machine.handle_input(self.clock.now(), input);
            while let Some(action) = machine.poll_action() {
                actions.push(action);
            }
        }
        for action in actions {
            match action {
                Action::SendReview(job) => self.send(job),
                Action::Cancel(id) => {
                    if let Some(running) = self.running.remove(&id) {
                        running.abort();
                    }
                }
                Action::Decided(Decided { key, decision }) => {
                    for waiter in self.waiters.remove(&key).unwrap_or_default() {
                        // One that gave up waiting.
                        let _ = waiter.send(decision.clone());
                    }
                }
                Action::WakeAt(at) => self.wake_at = Some(at),
            }
        }
    }

    fn send(&mut self, job: Job<ApiRequest, ReviewWire>) {
        let client = self.client.clone();
        let (id, request) = (job.id, job.request.clone());
        let running = self.jobs.spawn(async move {
            let outcome = client.send_call(request).await;
            job.done(match outcome {
                Ok(reply) => Ok(ReviewReply {
                    status: reply.status(),
                    retry_after: reply.header("retry-after").map(str::to_owned),
                    body: reply.into_body(),
                }),
                Err(error) => Err(Failure::new(kind(&error), error.to_string())),
            })
        });
        self.running.insert(id, running);
    }
}

/// A connection that broke may be another the next moment (RV-7); one that cannot be made is told
/// at once.
fn kind(error: &ClientError) -> FailureKind {
    match error {
        error if error.connect().is_some() => FailureKind::Other,
        ClientError::Http(_) | ClientError::Answer(_) => FailureKind::Network,
        ClientError::TimedOut(_) => FailureKind::TimedOut,
        _ => FailureKind::Other,
    }
}
