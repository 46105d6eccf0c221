//! [`Auth`], through which a program gets credentials.

use crate::clock::Clock;
use crate::driver::{Driver, Post};
use crate::perform::Host;
use crate::shared::Shared;
use crate::{AuthError, Builder, Credential};
use http::HeaderMap;
use kubecred_core::{Authenticator, ConfigError, Event, Generation, Input, Policy, Profile, Stats};
use kubecred_host::availability::Unavailable;
use kubecred_host::headers::impersonation;
use std::collections::HashMap;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinSet;
#[cfg(feature = "client")]
use {kubecred_core::Availability, kubecred_host::TlsMaterial};

/// The number of events that are kept for a slow subscriber.
const EVENTS: usize = 256;

/// Holds the credentials of one profile, and refreshes them. Cheap to clone; all clones share one
/// state machine.
///
/// Nothing is fetched before the first call of [`Auth::credential`]. When the last clone is
/// dropped, or one is closed, running plugins are stopped and secrets wiped. Call [`Auth::close`]
/// before the program exits.
#[derive(Clone)]
pub struct Auth {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    clock: Clock,
    inbox: mpsc::UnboundedSender<Post>,
    events: broadcast::WeakSender<Event>,
    #[cfg(feature = "client")]
    host: Arc<Host>,
    impersonation: Result<HeaderMap, AuthError>,
    renews: bool,
    profile: Profile,
}

impl Auth {
    /// A builder, with all options.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// An `Auth` for a profile.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn from_profile(profile: Profile) -> Self {
        Self::builder().profile(profile)
    }

    pub(crate) fn start(
        profile: Profile,
        invalid: Option<ConfigError>,
        policy: Policy,
        jitter_seed: u64,
        host: Host,
    ) -> Self {
        let clock = Clock::start();
        let mut machine = Authenticator::new(&profile, policy, jitter_seed);
        // A literal token and the like need no job, and are available at once.
        let now = clock.now();
        machine.handle_input(now, Input::Tick);
        let invalid = invalid.map(AuthError::Profile);
        let shared = Arc::new(Shared::new(&machine, now, invalid));
        let host = Arc::new(host);
        let (inbox, posts) = mpsc::unbounded_channel();
        let (events, _) = broadcast::channel(EVENTS);
        let inner = Inner {
            shared: Arc::clone(&shared),
            clock,
            inbox,
            events: events.downgrade(),
            #[cfg(feature = "client")]
            host: Arc::clone(&host),
            impersonation: impersonation(&profile, clock.now()),
            renews: profile.authentication.is_refreshable(),
            profile,
        };
        let driver = Driver {
            machine,
            clock,
            now,
            inbox: posts,
            shared,
            host,
            events,
            jobs: JoinSet::new(),
            running: HashMap::new(),
            connection: 0,
            leaving: Vec::new(),
        };
        tokio::spawn(driver.run());
        Self { inner: Arc::new(inner) }
    }

    /// The credential for a request. Waits while it is being fetched. If it is available, this
    /// takes no lock and allocates nothing.
    ///
    /// # Errors
    /// If the last fetch failed, and the pause after it is not over, or after [`Auth::close`].
    pub async fn credential(&self) -> Result<Credential, AuthError> {
        match self.ask() {
            Ok(credential) => Ok(credential),
            Err(Unavailable::Failed(_)) => {
                self.send(Input::Demand).await; // its pause may be over
                self.settled(true).await
            }
            Err(Unavailable::Pending) => self.settled(false).await,
            Err(Unavailable::Closed) => Err(AuthError::Closed),
            Err(Unavailable::Invalid(error)) => Err(*error),
        }
    }

    /// The credential for a request, without waiting; `None` while it is being fetched. Starts a
    /// fetch if there is none, as [`Auth::credential`] does.
    ///
    /// # Errors
    /// As [`Auth::credential`].
    pub fn try_credential(&self) -> Result<Option<Credential>, AuthError> {
        self.ask().map(Some).or_else(|unavailable| unavailable.error().map_or(Ok(None), Err))
    }

    /// Reports that the server answered 401 to a request with this generation, and waits for the
    /// refresh. Returns `true` if there is a newer credential, with which to send the request
    /// again. Concurrent reports of one generation cause one refresh.
    pub async fn unauthorized(&self, refused: Generation) -> bool {
        let newer = |credential: &Credential| credential.generation() > refused;
        if self.ask().is_ok_and(|credential| newer(&credential)) {
            return true;
        }
        self.send(Input::Reject(refused)).await;
        self.settled(true).await.is_ok_and(|credential| newer(&credential))
    }

    /// Stops running plugins, wipes secrets, and fails waiting calls with [`AuthError::Closed`].
    /// First waits until refreshed tokens have been written to the kubeconfig: if they are lost,
    /// the user may have to log in again. Returns when no job runs any more.
    pub async fn close(&self) {
        self.send(Input::Close).await;
    }

    /// The settings in use.
    pub fn profile(&self) -> &Profile {
        &self.inner.profile
    }

    /// A stream of the events from now on, for logs and counters.
    pub fn events(&self) -> Events {
        let receiver = match self.inner.events.upgrade() {
            Some(sender) => sender.subscribe(),
            None => broadcast::channel(1).1, // closed
        };
        Events { receiver }
    }

    /// Counters since the start.
    pub fn stats(&self) -> Stats {
        self.inner.shared.read().stats()
    }

    /// As [`Auth::try_credential`], but lends the credential instead of cloning it.
    #[cfg(feature = "tower")]
    pub(crate) fn with_ready<T>(&self, work: impl FnOnce(&Credential) -> T) -> Option<T> {
        let snapshot = self.inner.shared.read();
        let (credential, demand) = snapshot.ready(self.inner.clock)?;
        if demand {
            let _ = self.inner.inbox.send(Post { input: Input::Demand, done: None });
        }
        Some(work(credential))
    }

    /// Whether another credential can come of a 401: not of one that is written in the profile.
    pub fn renews(&self) -> bool {
        self.inner.renews
    }

    /// Checks that the profile is valid.
    #[cfg(feature = "client")]
    pub(crate) fn check(&self) -> Result<(), AuthError> {
        self.inner.shared.invalid.clone().map_or(Ok(()), Err)
    }

    /// The current credential, expired or not, without starting a fetch.
    #[cfg(feature = "client")]
    pub(crate) fn peek(&self) -> Option<Credential> {
        self.inner.shared.read().credential().cloned()
    }

    /// The proxy settings of the environment.
    #[cfg(feature = "client")]
    pub(crate) fn proxies(&self) -> &kubecred_host::net::ProxyVariables {
        &self.inner.host.proxies
    }

    #[cfg(feature = "client")]
    pub(crate) fn crypto_provider(
        &self,
    ) -> Result<Arc<rustls::crypto::CryptoProvider>, crate::net::tls::TlsError> {
        crate::net::tls::provider(self.inner.host.crypto.as_ref())
    }

    /// The headers of the profile's impersonation, which need no credential. None if it
    /// impersonates no one.
    ///
    /// # Errors
    /// When they cannot be sent over HTTP.
    pub fn impersonation(&self) -> Result<&HeaderMap, AuthError> {
        self.inner.impersonation.as_ref().map_err(Clone::clone)
    }

    /// Reads the snapshot, and sends a demand if the machine needs one.
    fn ask(&self) -> Result<Credential, Unavailable> {
        let answer = self.inner.shared.read().ask(self.inner.clock);
        self.demanding(answer)
    }

    fn demanding<T>(&self, (answer, demand): (T, bool)) -> T {
        if demand {
            // If the driver has ended, the snapshot is closed.
            let _ = self.inner.inbox.send(Post { input: Input::Demand, done: None });
        }
        answer
    }

    /// Sends the input, and returns when the snapshot shows its result.
    async fn send(&self, input: Input) {
        let (done, heard) = oneshot::channel();
        if self.inner.inbox.send(Post { input, done: Some(done) }).is_ok() {
            let _ = heard.await; // an error means that the driver has ended
        }
    }

    /// Waits until the machine has made up its mind. `waited`: the snapshot shows what came of an
    /// input of this task's.
    async fn settled(&self, mut waited: bool) -> Result<Credential, AuthError> {
        loop {
            let mut changed = pin!(self.inner.shared.changed.notified());
            changed.as_mut().enable(); // before looking: no change may fall in between
            let answer = match waited {
                true => {
                    let answer = self.inner.shared.read().ask_after_waiting(self.inner.clock);
                    self.demanding(answer)
                }
                false => self.ask(),
            };
            match answer.map_err(Unavailable::error) {
                Ok(credential) => return Ok(credential),
                Err(Some(error)) => return Err(error),
                Err(None) => changed.await,
            }
            waited = true;
        }
    }

    /// What TLS needs for a request that brings an `authorization` of its own: for it no plugin is
    /// run. Waits while files are read.
    #[cfg(feature = "client")]
    pub(crate) async fn connection(&self) -> Result<Arc<TlsMaterial>, AuthError> {
        self.check()?;
        let mut asked = false;
        loop {
            let mut changed = pin!(self.inner.shared.changed.notified());
            changed.as_mut().enable(); // before looking: no change may fall in between
            let now = self.inner.clock.now();
            let (said, demand) = self.inner.shared.read().connection(now);
            match said {
                Availability::Ready(material) => {
                    if demand {
                        let demand = Post { input: Input::DemandConnection, done: None };
                        let _ = self.inner.inbox.send(demand);
                    }
                    return Ok(material);
                }
                Availability::Closed => return Err(AuthError::Closed),
                Availability::Failed(error) if asked => return Err(AuthError::Source(error)),
                // The pause after a failure may be over.
                Availability::Failed(_) | Availability::Pending if demand || !asked => {
                    asked = true;
                    self.send(Input::DemandConnection).await;
                }
                Availability::Failed(_) | Availability::Pending => changed.await,
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
            .field("stats", &self.stats())
            .finish()
    }
}

/// The events of an [`Auth`], in order.
#[derive(Debug)]
pub struct Events {
    receiver: broadcast::Receiver<Event>,
}

impl Events {
    /// The next event; `None` when the `Auth` is closed. If you fall more than 256 events behind,
    /// the oldest are lost.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            match self.receiver.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}
