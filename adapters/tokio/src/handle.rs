//! The handle that a program holds.

use crate::clock::Clock;
use crate::driver::{Driver, Post};
use crate::perform::Host;
use crate::shared::{Shared, Unavailable};
use crate::{AuthError, Builder, Credential};
use http::HeaderMap;
use kubecred_core::{
    Authenticator, Bearer, ConfigError, Event, Generation, Input, Material, Policy, Profile, Stats,
};
use kubecred_host::headers::impersonation;
use std::collections::HashMap;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinSet;

/// How many events a subscriber may be behind before it misses some.
const EVENTS: usize = 256;

/// The credentials of one profile, kept fresh. Cheap to clone; all clones share one machine.
///
/// Nothing runs until somebody asks. When the last clone is dropped, or one is closed, running
/// plugins are stopped and secrets wiped. Close it before the program ends: see [`Auth::close`].
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
    /// Everything that can be chosen.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// For a profile that is at hand.
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
        // What needs no job, a literal token for one, is there at once.
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
            renews: renews(&profile),
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

    /// What to put on a request now. Waits while it is being fetched; what is at hand costs no
    /// waiting, no lock and no allocation.
    ///
    /// # Errors
    /// When the last attempt failed and the pause after it is not over, or after
    /// [`Auth::close`].
    pub async fn credential(&self) -> Result<Credential, AuthError> {
        match self.ask() {
            Err(Unavailable::Failed(_)) => self.send(Input::Demand).await, // its pause may be over
            Err(Unavailable::Pending) => {}
            Ok(credential) => return Ok(credential),
            Err(Unavailable::Closed) => return Err(AuthError::Closed),
            Err(Unavailable::Invalid(error)) => return Err(error),
        }
        self.settled().await
    }

    /// What can be put on a request at this moment; `None` while it is being fetched. Never
    /// waits, and starts the fetching like [`Auth::credential`].
    ///
    /// # Errors
    /// As [`Auth::credential`].
    pub fn try_credential(&self) -> Result<Option<Credential>, AuthError> {
        match self.ask() {
            Ok(credential) => Ok(Some(credential)),
            Err(Unavailable::Pending) => Ok(None),
            Err(Unavailable::Closed) => Err(AuthError::Closed),
            Err(Unavailable::Invalid(error)) => Err(error),
            Err(Unavailable::Failed(error)) => Err(AuthError::Source(error)),
        }
    }

    /// Tells that the server answered 401 to a request with this generation, and waits for what
    /// comes of it. `true`: a newer credential is at hand, so sending the request again is
    /// useful. Of ten thousand requests that tell the same, one causes a refresh.
    pub async fn unauthorized(&self, refused: Generation) -> bool {
        let newer = |credential: &Credential| credential.generation() > refused;
        if self.ask().is_ok_and(|credential| newer(&credential)) {
            return true;
        }
        self.send(Input::Reject(refused)).await;
        self.settled().await.is_ok_and(|credential| newer(&credential))
    }

    /// Stops running plugins, wipes secrets, and ends every waiting call with
    /// [`AuthError::Closed`]. Returns when nothing runs any more, and waits for refreshed tokens
    /// to be written back to the kubeconfig: without them the next program may have to log in.
    pub async fn close(&self) {
        self.send(Input::Close).await;
    }

    /// The settings in use.
    pub fn profile(&self) -> &Profile {
        &self.inner.profile
    }

    /// What happens from now on, for logs and counters.
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

    /// Lends what can be put on a request at this moment, if there is something; as
    /// [`Auth::try_credential`].
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

    /// Whether the profile makes sense.
    #[cfg(feature = "client")]
    pub(crate) fn check(&self) -> Result<(), AuthError> {
        self.inner.shared.invalid.clone().map_or(Ok(()), Err)
    }

    /// What is held at this moment, good or not, without asking for it.
    #[cfg(feature = "client")]
    pub(crate) fn peek(&self) -> Option<Credential> {
        self.inner.shared.read().peek()
    }

    /// What the variables say of proxies.
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

    /// The headers of the profile's impersonation, which need no credential. None if it impersonates
    /// no one.
    ///
    /// # Errors
    /// When they cannot be sent over HTTP.
    pub fn impersonation(&self) -> Result<&HeaderMap, AuthError> {
        self.inner.impersonation.as_ref().map_err(Clone::clone)
    }

    /// Reads the snapshot; tells the machine if it wants to know that the credential is in use.
    fn ask(&self) -> Result<Credential, Unavailable> {
        let (answer, demand) = self.inner.shared.read().ask(self.inner.clock);
        if demand {
            // If the driver is gone, the snapshot says so.
            let _ = self.inner.inbox.send(Post { input: Input::Demand, done: None });
        }
        answer
    }

    /// Returns when the snapshot shows what came of this input.
    async fn send(&self, input: Input) {
        let (done, heard) = oneshot::channel();
        if self.inner.inbox.send(Post { input, done: Some(done) }).is_ok() {
            let _ = heard.await; // or the driver is gone, which is an answer too
        }
    }

    /// Waits until the machine has made up its mind.
    async fn settled(&self) -> Result<Credential, AuthError> {
        loop {
            let mut changed = pin!(self.inner.shared.changed.notified());
            changed.as_mut().enable(); // before looking: no change may fall in between
            match self.ask() {
                Ok(credential) => return Ok(credential),
                Err(Unavailable::Pending) => changed.await,
                Err(Unavailable::Closed) => return Err(AuthError::Closed),
                Err(Unavailable::Failed(error)) => return Err(AuthError::Source(error)),
                Err(Unavailable::Invalid(error)) => return Err(error),
            }
        }
    }
}

/// Whether the credentials come from somewhere where there may be others.
fn renews(profile: &Profile) -> bool {
    let from_file = |material: &Material| matches!(material, Material::File(_));
    let bearer = &profile.authentication.bearer;
    matches!(bearer, Bearer::Exec(_) | Bearer::Oidc(_) | Bearer::TokenFile { .. })
        || profile
            .authentication
            .certificate
            .as_ref()
            .is_some_and(|pair| from_file(&pair.certificate) || from_file(&pair.key))
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

/// What happens inside an [`Auth`], in order.
#[derive(Debug)]
pub struct Events {
    receiver: broadcast::Receiver<Event>,
}

impl Events {
    /// The next event; `None` when the authenticator is closed. One who is slow misses the oldest.
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
