//! The handle that a program holds.

use crate::clock::Clock;
use crate::driver::{Driver, Lack};
use crate::needs::Embedder;
use crate::perform::Host;
use crate::{AuthError, Builder, Credential};
use http::HeaderMap;
use kubecred_core::{Authenticator, Event, Generation, Input, Policy, Profile, Stats, Unavailable};
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// The credentials of one profile, kept fresh. Cheap to clone; all clones share one machine.
///
/// Nothing runs until somebody asks, and nothing runs but in a call. When the last clone is dropped,
/// or one is closed, secrets are wiped.
#[derive(Clone)]
pub struct Auth {
    inner: Rc<Inner>,
}

struct Inner {
    driver: RefCell<Driver>,
    clock: Clock,
    embedder: Embedder,
    profile: Profile,
}

impl Auth {
    /// Everything that can be chosen.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// For a profile that is at hand.
    pub fn from_profile(profile: Profile) -> Self {
        Self::builder().profile(profile)
    }

    pub(crate) fn start(profile: Profile, policy: Policy, seed: u64, host: Host) -> Self {
        let clock = Clock::start();
        let embedder = host.embedder.clone();
        let machine = Authenticator::new(&profile, policy, seed);
        let driver = RefCell::new(Driver::new(machine, clock, host));
        Self { inner: Rc::new(Inner { driver, clock, embedder, profile }) }
    }

    /// What to put on a request now. Waits while it is being fetched.
    ///
    /// # Errors
    /// When the last attempt failed and the pause after it is not over, or after
    /// [`Auth::close`].
    pub fn credential(&self) -> Result<Credential, AuthError> {
        let mut driver = self.inner.driver.borrow_mut();
        driver.work();
        match driver.ask() {
            Ok(credential) => return Ok(credential),
            // Somebody asks; the pause after a failure may be over.
            Err(Lack::Failed(_) | Lack::Pending) => driver.feed(Input::Demand),
            Err(Lack::Closed | Lack::Unfit(_)) => {}
        }
        settled(&mut driver)
    }

    /// What can be put on a request at this moment; `None` while it is being fetched. Never waits
    /// for an answer to a request of its own, and starts the fetching like [`Auth::credential`].
    ///
    /// # Errors
    /// As [`Auth::credential`].
    pub fn try_credential(&self) -> Result<Option<Credential>, AuthError> {
        let mut driver = self.inner.driver.borrow_mut();
        driver.work();
        if let Err(Lack::Failed(_) | Lack::Pending) = &driver.ask() {
            driver.feed(Input::Demand);
        }
        driver.ask().map(Some).or_else(|lack| lack.error().map_or(Ok(None), Err))
    }

    /// Tells that the server answered 401 to a request with this generation, and waits for what
    /// comes of it. `true`: a newer credential is at hand, so sending the request again is useful.
    pub fn unauthorized(&self, refused: Generation) -> bool {
        let newer = |credential: &Credential| credential.generation() > refused;
        let mut driver = self.inner.driver.borrow_mut();
        driver.work();
        if driver.ask().is_ok_and(|credential| newer(&credential)) {
            return true;
        }
        driver.feed(Input::Reject(refused));
        settled(&mut driver).is_ok_and(|credential| newer(&credential))
    }

    /// Does what is due, without waiting for an answer to a request of its own. Returns how long
    /// there is nothing to do, unless an answer comes in; `None`: until somebody asks for a
    /// credential. For guests with a loop of their own; others need not call it.
    pub fn work(&self) -> Option<Duration> {
        let mut driver = self.inner.driver.borrow_mut();
        driver.work();
        driver.until_tick()
    }

    /// Waits for refreshed tokens to be written back, if they are to be, and wipes secrets. From then
    /// on there is only [`AuthError::Closed`].
    pub fn close(&self) {
        let mut driver = self.inner.driver.borrow_mut();
        while driver.machine.is_saving() {
            driver.wait();
        }
        driver.feed(Input::Close);
    }

    /// The settings in use.
    pub fn profile(&self) -> &Profile {
        &self.inner.profile
    }

    /// What happened since this was last asked, for logs and counters: the latest 256 events.
    pub fn take_events(&self) -> Vec<Event> {
        self.inner.driver.borrow_mut().events.drain(..).collect()
    }

    /// Counters since the start.
    pub fn stats(&self) -> Stats {
        self.inner.driver.borrow().machine.stats()
    }

    pub(crate) fn embedder(&self) -> &Embedder {
        &self.inner.embedder
    }

    pub(crate) fn clock(&self) -> Clock {
        self.inner.clock
    }

    /// The headers for whom the profile passes, which need no credential: what a machine says that
    /// has nothing else to say.
    pub(crate) fn impersonation(&self) -> Result<HeaderMap, AuthError> {
        let mut bare = Profile::new(String::new());
        bare.authentication.impersonation = self.profile().authentication.impersonation.clone();
        let now = self.inner.clock.now();
        match Authenticator::new(&bare, Policy::default(), 0).credential(now) {
            Ok(lent) => Credential::new(&lent, 0).map(|credential| credential.headers().clone()),
            Err(Unavailable::Failed(error)) => Err(AuthError::Source(error.clone())),
            Err(Unavailable::Closed | Unavailable::Pending) => Ok(HeaderMap::new()),
        }
    }
}

/// Waits until the machine has made up its mind.
fn settled(driver: &mut Driver) -> Result<Credential, AuthError> {
    loop {
        match driver.ask() {
            Ok(credential) => return Ok(credential),
            Err(lack) => match lack.error() {
                Some(error) => return Err(error),
                None => driver.wait(),
            },
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
