//! [`Auth`], which threads share, and its state machine.

use super::Builder;
use super::perform::{Host, perform};
use crate::availability::{Unavailable, answer, snapshot};
use crate::headers::impersonation;
use crate::process::Cancel;
use crate::{AuthError, Clock, Credential};
use http::HeaderMap;
use kubecred_core::protocol::Completion;
use kubecred_core::{
    Action, ActionId, Authenticator, ConfigError, Event, Failure, FailureKind, Generation, Input,
    Policy, Profile, Stats,
};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// The number of events that are kept for [`Auth::take_events`].
const EVENTS: usize = 256;

/// The longest wait before the machine is called again. (It names an earlier time while a call
/// waits.)
const PAUSE: Duration = Duration::from_secs(1);

/// Holds the credentials of one profile, and refreshes them. Cheap to clone; all clones, on all
/// threads, share one state machine.
///
/// Nothing is fetched before the first call of [`Auth::credential`]. When the last clone is
/// dropped, or one is closed, running plugins are stopped and secrets wiped. Call [`Auth::close`]
/// before the program exits.
#[derive(Clone)]
pub struct Auth {
    inner: Arc<Inner>,
    _open: Arc<Open>,
}

struct Inner {
    state: Mutex<State>,
    changed: Condvar,
    clock: Clock,
    host: Host,
    impersonation: Result<HeaderMap, AuthError>,
    /// Why there will never be a credential.
    invalid: Option<AuthError>,
    profile: Profile,
}

struct State {
    machine: Authenticator,
    connection: u64,
    /// The credential that was given out last.
    kept: Option<Credential>,
    events: VecDeque<Event>,
    running: HashMap<ActionId, Running>,
}

/// A job on a thread of its own.
struct Running {
    cancel: Cancel,
    is_command: bool,
}

/// Closes the machine when the last handle is gone. Threads of jobs are no handles.
struct Open(Weak<Inner>);

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(inner) = self.0.upgrade() {
            inner.feed(&mut inner.lock(), Input::Close);
        }
    }
}

impl Auth {
    /// A builder, with all options.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// With the kubeconfig that `KUBECONFIG` names, or `~/.kube/config`, or without one the pod's
    /// service account.
    ///
    /// # Errors
    /// All problems of the kubeconfig.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::builder().load()
    }

    /// An `Auth` for a profile.
    pub fn from_profile(profile: Profile) -> Self {
        Self::builder().profile(profile)
    }

    pub(super) fn start(profile: Profile, policy: Policy, jitter_seed: u64, host: Host) -> Self {
        let clock = Clock::start();
        let machine = Authenticator::new(&profile, policy, jitter_seed);
        let (events, running) = (VecDeque::new(), HashMap::new());
        let state = State { machine, connection: 0, kept: None, events, running };
        let inner = Arc::new(Inner {
            state: Mutex::new(state),
            changed: Condvar::new(),
            clock,
            host,
            impersonation: impersonation(&profile, clock.now()),
            invalid: profile.check().err().map(AuthError::Profile),
            profile,
        });
        // A literal token and the like need no job, and are available at once.
        inner.feed(&mut inner.lock(), Input::Tick);
        let _open = Arc::new(Open(Arc::downgrade(&inner)));
        Self { inner, _open }
    }

    /// The credential for a request. Blocks while it is being fetched.
    ///
    /// # Errors
    /// If the last fetch failed, and the pause after it is not over, or after [`Auth::close`].
    pub fn credential(&self) -> Result<Credential, AuthError> {
        let mut state = self.inner.lock();
        self.inner.tick(&mut state);
        match self.inner.ask(&mut state) {
            Ok(credential) => return Ok(credential),
            // The pause after a failure may be over.
            Err(Unavailable::Failed(_)) => self.inner.feed(&mut state, Input::Demand),
            Err(_) => {}
        }
        self.inner.settled(state)
    }

    /// The credential for a request, without blocking; `None` while it is being fetched. Starts a
    /// fetch if there is none, as [`Auth::credential`] does.
    ///
    /// # Errors
    /// As [`Auth::credential`].
    pub fn try_credential(&self) -> Result<Option<Credential>, AuthError> {
        let mut state = self.inner.lock();
        self.inner.tick(&mut state);
        if let Err(Unavailable::Failed(_) | Unavailable::Pending) = self.inner.ask(&mut state) {
            self.inner.feed(&mut state, Input::Demand);
        }
        let answer = self.inner.ask(&mut state).map(Some);
        answer.or_else(|unavailable| unavailable.error().map_or(Ok(None), Err))
    }

    /// Reports that the server answered 401 to a request with this generation, and waits for the
    /// refresh. Returns `true` if there is a newer credential, with which to send the request
    /// again. Concurrent reports of one generation cause one refresh.
    pub fn unauthorized(&self, refused: Generation) -> bool {
        let newer = |credential: &Credential| credential.generation() > refused;
        let mut state = self.inner.lock();
        self.inner.tick(&mut state);
        if self.inner.ask(&mut state).is_ok_and(|credential| newer(&credential)) {
            return true;
        }
        self.inner.feed(&mut state, Input::Reject(refused));
        self.inner.settled(state).is_ok_and(|credential| newer(&credential))
    }

    /// Stops running plugins, wipes secrets, and fails waiting calls with [`AuthError::Closed`].
    /// First waits until refreshed tokens have been written to the kubeconfig: if they are lost,
    /// the user may have to log in again. Returns when no plugin runs any more.
    pub fn close(&self) {
        let mut state = self.inner.lock();
        while state.machine.is_saving() {
            state = self.inner.wait(state);
        }
        self.inner.feed(&mut state, Input::Close);
        while state.running.values().any(|running| running.is_command) {
            state = self.inner.wait(state);
        }
    }

    /// The settings in use.
    pub fn profile(&self) -> &Profile {
        &self.inner.profile
    }

    /// The headers of the profile's impersonation, for a request that brings an `authorization` of
    /// its own: [`headers::impersonate`](crate::headers::impersonate).
    ///
    /// # Errors
    /// When they cannot be sent over HTTP.
    pub fn impersonation(&self) -> Result<&HeaderMap, AuthError> {
        self.inner.impersonation.as_ref().map_err(Clone::clone)
    }

    /// The events since the last call, for logs and counters; at most the latest 256.
    pub fn take_events(&self) -> Vec<Event> {
        self.inner.lock().events.drain(..).collect()
    }

    /// Counters since the start.
    pub fn stats(&self) -> Stats {
        self.inner.lock().machine.stats()
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something to happen, or for the machine's next time.
    fn wait<'a>(&'a self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let now = self.clock.now().monotonic;
        let time = state.machine.poll_timeout().map_or(PAUSE, |at| at.since(now)).min(PAUSE);
        let waited = self.changed.wait_timeout(state, time);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Inner {
    /// Passes a tick to the machine, if the time for it has come.
    fn tick(self: &Arc<Self>, state: &mut State) {
        let now = self.clock.now().monotonic;
        if state.machine.poll_timeout().is_some_and(|at| at <= now) {
            self.feed(state, Input::Tick);
        }
    }

    /// Passes an input to the machine, carries out its actions, and wakes the threads that wait.
    fn feed(self: &Arc<Self>, state: &mut State, input: Input) {
        state.machine.handle_input(self.clock.now(), input);
        while let Some(action) = state.machine.poll_action() {
            match action {
                Action::Cancel(id) => {
                    if let Some(running) = state.running.get(&id) {
                        running.cancel.cancel();
                    }
                }
                Action::SetHeaders(set) => state.connection += u64::from(set.reconnect),
                Action::RefreshAt(_) => {} // `poll_timeout` says the same
                Action::Report(event) => {
                    if state.events.len() == EVENTS {
                        state.events.pop_front();
                    }
                    state.events.push_back(event);
                }
                job => self.start(state, job),
            }
        }
        self.changed.notify_all();
    }

    /// Does a job on a thread of its own.
    fn start(self: &Arc<Self>, state: &mut State, action: Action) {
        let Some(id) = action.job_id() else { return };
        let cancel = Cancel::default();
        let is_command = matches!(action, Action::RunCommand(_));
        state.running.insert(id, Running { cancel: cancel.clone(), is_command });
        let inner = Arc::clone(self);
        let work = move || {
            let answer = perform(action, &inner.host, &cancel);
            let mut state = inner.lock();
            state.running.remove(&id);
            if let Some(answer) = answer {
                inner.feed(&mut state, answer);
            }
        };
        let spawned = std::thread::Builder::new().name("kubecred-job".to_owned()).spawn(work);
        if let Err(error) = spawned {
            state.running.remove(&id);
            let failure = Failure::new(FailureKind::Other, format!("no thread: {error}"));
            let failed = Input::Complete(Completion { id, outcome: Err(failure) });
            state.machine.handle_input(self.clock.now(), failed);
        }
    }

    /// The credential for a request. Passes a demand to the machine if it needs one.
    fn ask(self: &Arc<Self>, state: &mut State) -> Result<Credential, Unavailable> {
        if let Some(error) = &self.invalid
            && !state.machine.is_closed()
        {
            return Err(Unavailable::invalid(error));
        }
        let now = self.clock.now();
        let snapshot = snapshot(&state.machine, now, state.connection, state.kept.as_ref());
        let credential = answer(snapshot.taken())?;
        state.kept = Some(credential.clone());
        if snapshot.wants_demand(now) {
            self.feed(state, Input::Demand);
        }
        Ok(credential)
    }

    /// Waits until the machine has a credential, or the reason why there is none.
    fn settled<'a>(
        self: &'a Arc<Self>,
        mut state: MutexGuard<'a, State>,
    ) -> Result<Credential, AuthError> {
        loop {
            let unavailable = match self.ask(&mut state) {
                Ok(credential) => return Ok(credential),
                Err(unavailable) => unavailable,
            };
            if let Some(error) = unavailable.error() {
                return Err(error);
            }
            // What was held may have ended while it was waited for: nothing is fetched unless it is
            // wanted.
            self.feed(&mut state, Input::Demand);
            if let Err(Unavailable::Pending) = self.ask(&mut state) {
                state = self.wait(state);
                self.tick(&mut state);
            }
        }
    }
}

/// The server and the user's name; no secrets.
impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("cluster", &self.inner.profile.cluster)
            .field("user", &self.inner.profile.authentication.user)
            .finish_non_exhaustive()
    }
}
